-- What was not collected for one trip. The words are those of domain::debt.
CREATE TABLE debt (
    debt_id uuid CONSTRAINT debt_pk PRIMARY KEY,
    trip_id text NOT NULL CONSTRAINT debt_once_per_trip UNIQUE CONSTRAINT debt_trip REFERENCES trip,
    -- Absent while nobody is known to owe it.
    instrument_id text CONSTRAINT debt_instrument REFERENCES instrument,
    currency text NOT NULL CONSTRAINT debt_currency CHECK (currency ~ '^[A-Z]{3}$'),
    cause text NOT NULL CONSTRAINT debt_cause CHECK (cause IN (
        'payment_declined', 'partial_capture', 'preauth_expired', 'capture_failed', 'capture_declined', 'late_cart', 'system_error')),
    status text NOT NULL CONSTRAINT debt_status CHECK (status IN ('open', 'settled', 'written_off')),
    incurred_minor bigint NOT NULL CONSTRAINT debt_incurred CHECK (incurred_minor > 0),
    outstanding_minor bigint NOT NULL
        CONSTRAINT debt_outstanding CHECK (outstanding_minor BETWEEN 0 AND incurred_minor),
    counts_at_gate boolean NOT NULL,
    incurred_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT debt_settled_owes_nothing CHECK ((status = 'settled') = (outstanding_minor = 0))
);
-- The gate's one read.
CREATE INDEX debt_at_gate ON debt (instrument_id) INCLUDE (currency, outstanding_minor)
    WHERE counts_at_gate AND outstanding_minor > 0;

-- The ledger: balanced double entry, inserted once and never changed. A debit is positive.
CREATE TABLE ledger_transaction (
    ledger_transaction_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT ledger_transaction_pk PRIMARY KEY,
    store_id text NOT NULL CONSTRAINT ledger_transaction_store REFERENCES store,
    currency text NOT NULL CONSTRAINT ledger_transaction_currency CHECK (currency ~ '^[A-Z]{3}$'),
    trip_id text NOT NULL CONSTRAINT ledger_transaction_trip REFERENCES trip,
    kind text NOT NULL,
    posted_at timestamptz NOT NULL
);
CREATE INDEX ledger_transaction_by_trip ON ledger_transaction (trip_id);

CREATE TABLE ledger_entry (
    ledger_transaction_id bigint NOT NULL CONSTRAINT ledger_entry_transaction REFERENCES ledger_transaction,
    entry_no integer NOT NULL,
    account text NOT NULL CONSTRAINT ledger_entry_account CHECK (account IN (
        'trip_in_flight', 'card_clearing', 'shopper_receivable', 'unresolved_receivable', 'sales', 'tax_payable', 'deposits_payable', 'capture_suspense')),
    instrument_id text,
    trip_id text,
    amount_minor bigint NOT NULL CONSTRAINT ledger_entry_not_nothing CHECK (amount_minor <> 0),
    CONSTRAINT ledger_entry_pk PRIMARY KEY (ledger_transaction_id, entry_no),
    CONSTRAINT ledger_entry_one_subject CHECK ((instrument_id IS NULL) <> (trip_id IS NULL))
);
CREATE INDEX ledger_entry_by_instrument ON ledger_entry (instrument_id, account) WHERE instrument_id IS NOT NULL;

CREATE FUNCTION ledger_must_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT sum(amount_minor) FROM ledger_entry WHERE ledger_transaction_id = NEW.ledger_transaction_id) <> 0 THEN
        RAISE EXCEPTION 'the entries of ledger transaction % do not add up to nothing', NEW.ledger_transaction_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ledger_balanced';
    END IF;
    RETURN NULL;
END
$$;
-- Asked at the end of the transaction, when all its entries are there.
CREATE CONSTRAINT TRIGGER ledger_balanced AFTER INSERT ON ledger_entry
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ledger_must_balance();

-- Who changed what. Inserted with the change; a sealer will chain the rows.
CREATE TABLE audit_entry (
    audit_entry_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT audit_entry_pk PRIMARY KEY,
    actor text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    detail jsonb NOT NULL,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX audit_entry_by_subject ON audit_entry (subject, audit_entry_id);

CREATE TRIGGER ledger_transaction_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transaction
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER ledger_entry_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_entry_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON ledger_transaction, ledger_entry, audit_entry FROM storeside_app;

-- What a person must look at. One open row per kind and subject; a repeat raises its count.
CREATE TABLE alert (
    alert_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT alert_pk PRIMARY KEY,
    kind text NOT NULL,
    subject text NOT NULL,
    times integer NOT NULL DEFAULT 1 CONSTRAINT alert_times CHECK (times > 0),
    opened_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    closed_at timestamptz
);
CREATE UNIQUE INDEX alert_open_once ON alert (kind, subject) WHERE closed_at IS NULL;

-- A refused caller, a canary that sang: never a secret, never a body. One row a minute for each kind and subject, so that who
-- is refused a thousand times a second does not fill the table.
CREATE TABLE security_event (
    security_event_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT security_event_pk PRIMARY KEY,
    kind text NOT NULL,
    subject text NOT NULL,
    minute_at timestamptz NOT NULL,
    times integer NOT NULL DEFAULT 1 CONSTRAINT security_event_times CHECK (times > 0),
    CONSTRAINT security_event_once_a_minute UNIQUE (kind, subject, minute_at)
);

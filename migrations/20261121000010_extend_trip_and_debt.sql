-- A declined trip may ask for less, a capture may be taken back or come late, and a debt says what became of it.

-- What Adjust Charge is asked for, the lowest amount that was declined, what is held, and the answers that decided something. Absent
-- in a row of the version before: then the whole total was asked for, once. They are read in the state `adjusting` only; a check that
-- they are absent elsewhere waits until no program runs that does not clear them.
ALTER TABLE trip
    ADD COLUMN adjust_minor bigint CONSTRAINT trip_adjust CHECK (adjust_minor > 0 AND adjust_minor <= total_minor),
    ADD COLUMN adjust_ceiling_minor bigint CONSTRAINT trip_adjust_ceiling CHECK (adjust_ceiling_minor > 0),
    ADD COLUMN adjust_held_minor bigint CONSTRAINT trip_adjust_held CHECK (adjust_held_minor >= 0),
    ADD COLUMN adjust_calls integer NOT NULL DEFAULT 0 CONSTRAINT trip_adjust_calls CHECK (adjust_calls >= 0),
    DROP CONSTRAINT trip_state,
    ADD CONSTRAINT trip_state CHECK (state IN (
        'entered', 'in_review', 'adjusting', 'capturing', 'capture_unknown', 'capture_unconfirmed',
        'captured', 'partly_captured', 'uncollected', 'recovered', 'cancelling', 'cancelled')),
    -- A late capture may be of another amount than the total: what is beyond it is the shopper's.
    DROP CONSTRAINT trip_capture,
    ADD CONSTRAINT trip_capture CHECK (capture_minor > 0 AND (capture_minor <= total_minor OR state = 'recovered')),
    DROP CONSTRAINT trip_capture_by_state,
    ADD CONSTRAINT trip_capture_by_state CHECK ((capture_minor IS NOT NULL) = (state IN (
        'capturing', 'capture_unknown', 'capture_unconfirmed', 'captured', 'partly_captured', 'recovered'))),
    DROP CONSTRAINT trip_cause_by_state,
    ADD CONSTRAINT trip_cause_by_state CHECK ((cause IS NOT NULL) = (state IN ('uncollected', 'recovered')));

ALTER TABLE store
    DROP CONSTRAINT store_decline,
    ADD CONSTRAINT store_decline CHECK (decline IN ('debt_in_full', 'capture_authorized', 'ladder', 'bisect')),
    -- Up to this amount one person may write a debt off; above it takes two.
    ADD COLUMN write_off_alone_minor bigint NOT NULL DEFAULT 5000
        CONSTRAINT store_write_off_alone CHECK (write_off_alone_minor >= 0);

-- The law of a debt: what was incurred is outstanding, or paid, or recovered by a late capture, or credited, or written off.
ALTER TABLE debt
    ADD COLUMN paid_minor bigint NOT NULL DEFAULT 0 CONSTRAINT debt_paid CHECK (paid_minor >= 0),
    ADD COLUMN recovered_minor bigint NOT NULL DEFAULT 0 CONSTRAINT debt_recovered CHECK (recovered_minor >= 0),
    ADD COLUMN credited_minor bigint NOT NULL DEFAULT 0 CONSTRAINT debt_credited CHECK (credited_minor >= 0),
    ADD COLUMN written_off_minor bigint NOT NULL DEFAULT 0 CONSTRAINT debt_written_off CHECK (written_off_minor >= 0),
    ADD CONSTRAINT debt_law CHECK (
        incurred_minor = outstanding_minor + paid_minor + recovered_minor + credited_minor + written_off_minor),
    DROP CONSTRAINT debt_settled_owes_nothing,
    ADD CONSTRAINT debt_status_by_amount CHECK (status = CASE
        WHEN outstanding_minor > 0 THEN 'open' WHEN written_off_minor > 0 THEN 'written_off' ELSE 'settled' END);

-- The gate's one read. What was given up counts until staff clear it.
CREATE INDEX debt_counts_at_gate ON debt (instrument_id) INCLUDE (currency, outstanding_minor, written_off_minor)
    WHERE counts_at_gate AND outstanding_minor + written_off_minor > 0;
DROP INDEX debt_at_gate;
CREATE INDEX debt_by_age ON debt (incurred_at) WHERE outstanding_minor > 0;

-- A debt's history, for the shopper, the desk and the auditor. Written once, never changed.
CREATE TABLE debt_event (
    debt_event_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT debt_event_pk PRIMARY KEY,
    debt_id uuid NOT NULL CONSTRAINT debt_event_debt REFERENCES debt,
    kind text NOT NULL CONSTRAINT debt_event_kind CHECK (kind IN (
        'incurred', 'increased', 'assigned', 'paid', 'payment_reversed', 'recovered', 'recovery_reversed', 'credited',
        'written_off', 'reopened', 'cleared', 'confirmed', 'feedback_accepted', 'entry_denied')),
    amount_minor bigint NOT NULL CONSTRAINT debt_event_amount CHECK (amount_minor >= 0),
    actor text NOT NULL,
    reason text,
    -- The till's or the telephone desk's own number of a payment: the same one counts once.
    reference text CONSTRAINT debt_event_reference_length CHECK (length(reference) BETWEEN 1 AND 100),
    happened_at timestamptz NOT NULL
);
CREATE INDEX debt_event_by_debt ON debt_event (debt_id, debt_event_id);
CREATE UNIQUE INDEX debt_event_reference_once ON debt_event (debt_id, reference) WHERE kind = 'paid' AND reference IS NOT NULL;
CREATE TRIGGER debt_event_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON debt_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON debt_event FROM storeside_app;

ALTER TABLE ledger_entry
    DROP CONSTRAINT ledger_entry_account,
    ADD CONSTRAINT ledger_entry_account CHECK (account IN (
        'trip_in_flight', 'card_clearing', 'shopper_receivable', 'unresolved_receivable', 'shopper_credit', 'sales', 'tax_payable',
        'deposits_payable', 'sales_returns', 'refund_clearing', 'payoff_clearing', 'external_payments', 'capture_suspense',
        'bad_debt_expense', 'bad_cart_loss', 'dispute_loss'));
CREATE INDEX ledger_entry_by_trip ON ledger_entry (trip_id, account) WHERE trip_id IS NOT NULL;

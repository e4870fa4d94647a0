-- What is given back for a trip, from the wish to the money. The columns below `state` are the data of domain::refund::Refund's
-- variants; the checks say which state has which. The id is Amazon's key (`refundRequestId`) as well, for the refund's whole life:
-- there is no column for a second one.
CREATE TABLE refund (
    refund_id uuid CONSTRAINT refund_pk PRIMARY KEY
        CONSTRAINT refund_id_version CHECK (refund_id::text ~ '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'),
    trip_id text NOT NULL CONSTRAINT refund_trip REFERENCES trip,
    kind text NOT NULL CONSTRAINT refund_kind CHECK (kind IN ('goods', 'credit')),
    reason_code text NOT NULL CONSTRAINT refund_reason_code CHECK (reason_code IN (
        'DAMAGED_ITEM', 'EXPIRED_ITEM', 'UNWANTED_ITEM', 'JWO_TECH_ERROR', 'OTHER')),
    currency text NOT NULL CONSTRAINT refund_currency CHECK (currency ~ '^[A-Z]{3}$'),
    amount_minor bigint NOT NULL CONSTRAINT refund_amount CHECK (amount_minor > 0),
    -- What of the amount is goods, tax and deposits; a credit is none of them.
    sales_minor bigint NOT NULL CONSTRAINT refund_sales CHECK (sales_minor >= 0),
    tax_minor bigint NOT NULL CONSTRAINT refund_tax CHECK (tax_minor >= 0),
    deposits_minor bigint NOT NULL CONSTRAINT refund_deposits CHECK (deposits_minor >= 0),
    state text NOT NULL CONSTRAINT refund_state CHECK (state IN (
        'in_review', 'waiting', 'sending', 'by_hand', 'refunded', 'credited', 'declined')),
    -- How it is given: less owed, back to the card, by a person. Known once it is approved.
    credit_minor bigint CONSTRAINT refund_credit CHECK (credit_minor >= 0),
    card_minor bigint CONSTRAINT refund_card CHECK (card_minor >= 0),
    elsewhere_minor bigint CONSTRAINT refund_elsewhere CHECK (elsewhere_minor >= 0),
    -- What a person must give back, or has given back.
    by_hand_minor bigint CONSTRAINT refund_by_hand CHECK (by_hand_minor >= 0),
    in_doubt boolean NOT NULL DEFAULT false,
    waits_until timestamptz,
    card_paid boolean NOT NULL DEFAULT false,
    reconciliation_id text CONSTRAINT refund_reconciliation_length CHECK (length(reconciliation_id) BETWEEN 1 AND 255),
    requested_by text NOT NULL,
    requested_because text CONSTRAINT refund_requested_because CHECK (length(requested_because) BETWEEN 1 AND 500),
    -- `rules` where nobody had to look.
    decided_by text,
    -- What the shopper is told of a refusal.
    decided_because text CONSTRAINT refund_decided_because CHECK (length(decided_because) BETWEEN 1 AND 500),
    requested_at timestamptz NOT NULL,
    decided_at timestamptz,
    ended_at timestamptz,
    updated_at timestamptz NOT NULL,
    CONSTRAINT refund_parts CHECK (CASE kind WHEN 'goods' THEN sales_minor + tax_minor + deposits_minor = amount_minor
                                             ELSE sales_minor + tax_minor + deposits_minor = 0 END),
    CONSTRAINT refund_split_by_state CHECK (
        (state IN ('in_review', 'declined')) = (credit_minor IS NULL)
        AND (credit_minor IS NULL) = (card_minor IS NULL) AND (credit_minor IS NULL) = (elsewhere_minor IS NULL)),
    CONSTRAINT refund_split_is_amount CHECK (credit_minor + card_minor + elsewhere_minor = amount_minor),
    CONSTRAINT refund_credited_whole CHECK (state <> 'credited' OR credit_minor = amount_minor),
    CONSTRAINT refund_sent_has_card CHECK (state NOT IN ('waiting', 'sending') OR card_minor > 0),
    CONSTRAINT refund_by_hand_by_state CHECK ((by_hand_minor IS NOT NULL) = (state IN ('by_hand', 'refunded'))),
    CONSTRAINT refund_by_hand_is_cash CHECK (by_hand_minor <= card_minor + elsewhere_minor AND (state <> 'by_hand' OR by_hand_minor > 0)),
    CONSTRAINT refund_doubt_by_state CHECK (NOT in_doubt OR state = 'by_hand'),
    CONSTRAINT refund_wait_by_state CHECK ((waits_until IS NOT NULL) = (state = 'waiting')),
    CONSTRAINT refund_card_paid_by_state CHECK (NOT card_paid OR state IN ('by_hand', 'refunded')),
    CONSTRAINT refund_reconciliation_of_paid CHECK (reconciliation_id IS NULL OR card_paid),
    CONSTRAINT refund_whole_when_done CHECK (
        state <> 'refunded' OR (CASE WHEN card_paid THEN card_minor ELSE 0 END) + by_hand_minor >= card_minor + elsewhere_minor),
    CONSTRAINT refund_decided_by_state CHECK (
        (state = 'in_review') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)),
    CONSTRAINT refund_declined_says_why CHECK (state <> 'declined' OR decided_because IS NOT NULL),
    CONSTRAINT refund_end_by_state CHECK ((ended_at IS NOT NULL) = (state IN ('refunded', 'credited', 'declined')))
);
-- One at a time: two requests at the same moment cannot both count on the same money.
CREATE UNIQUE INDEX refund_open_once ON refund (trip_id) WHERE state IN ('in_review', 'waiting', 'sending', 'by_hand');
CREATE INDEX refund_by_trip ON refund (trip_id, requested_at);
CREATE INDEX refund_open ON refund (requested_at) WHERE state IN ('in_review', 'waiting', 'sending', 'by_hand');

-- Which goods come back.
CREATE TABLE refund_line (
    refund_id uuid NOT NULL CONSTRAINT refund_line_refund REFERENCES refund,
    purchase_id uuid NOT NULL,
    line_no integer NOT NULL,
    quantity numeric NOT NULL CONSTRAINT refund_line_quantity CHECK (quantity > 0),
    price_minor bigint NOT NULL CONSTRAINT refund_line_price CHECK (price_minor >= 0),
    promotions_minor bigint NOT NULL CONSTRAINT refund_line_promotions CHECK (promotions_minor BETWEEN 0 AND price_minor),
    tax_minor bigint NOT NULL CONSTRAINT refund_line_tax CHECK (tax_minor >= 0),
    tax_included_minor bigint NOT NULL CONSTRAINT refund_line_tax_included CHECK (tax_included_minor BETWEEN 0 AND price_minor),
    deposit_minor bigint NOT NULL CONSTRAINT refund_line_deposit CHECK (deposit_minor >= 0),
    amount_minor bigint NOT NULL,
    -- The share of each tax, for the authority.
    taxes jsonb NOT NULL,
    CONSTRAINT refund_line_pk PRIMARY KEY (refund_id, line_no),
    CONSTRAINT refund_line_of_purchase FOREIGN KEY (purchase_id, line_no) REFERENCES purchase_line,
    CONSTRAINT refund_line_amount CHECK (amount_minor = price_minor - promotions_minor + tax_minor + deposit_minor)
);
CREATE INDEX refund_line_by_purchase ON refund_line (purchase_id, line_no);
-- Written once, with its refund.
CREATE TRIGGER refund_line_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON refund_line
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON refund_line FROM storeside_app;

-- The last wall, below every rule of the program: whoever promises cash of a trip must hold its row, and then see that no more is
-- promised in all than was taken, by the card and in every other way.
CREATE FUNCTION refund_within_taken() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    taken bigint;
    promised bigint;
BEGIN
    IF TG_OP = 'UPDATE' AND coalesce(NEW.card_minor + NEW.elsewhere_minor, 0) <= coalesce(OLD.card_minor + OLD.elsewhere_minor, 0) THEN
        RETURN NEW;
    END IF;
    IF coalesce(NEW.card_minor + NEW.elsewhere_minor, 0) = 0 THEN
        RETURN NEW;
    END IF;
    PERFORM 1 FROM trip WHERE trip_id = NEW.trip_id FOR UPDATE;
    SELECT coalesce(sum(entry.amount_minor), 0) INTO taken
        FROM ledger_transaction JOIN ledger_entry entry USING (ledger_transaction_id)
        WHERE ledger_transaction.trip_id = NEW.trip_id
          AND entry.account IN ('card_clearing', 'external_payments', 'payoff_clearing')
          AND ledger_transaction.kind NOT IN ('refund_done', 'refund_by_hand');
    SELECT coalesce(sum(card_minor + elsewhere_minor), 0) INTO promised
        FROM refund WHERE trip_id = NEW.trip_id AND refund_id <> NEW.refund_id;
    IF promised + NEW.card_minor + NEW.elsewhere_minor > taken THEN
        RAISE EXCEPTION 'refunds of trip % would give back more than was taken', NEW.trip_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'refund_within_taken';
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER refund_within_taken BEFORE INSERT OR UPDATE ON refund
    FOR EACH ROW EXECUTE FUNCTION refund_within_taken();

-- And no more of a line comes back than was bought.
CREATE FUNCTION refund_line_within_bought() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM trip JOIN refund USING (trip_id) WHERE refund_id = NEW.refund_id FOR UPDATE OF trip;
    IF (SELECT sum(refund_line.quantity) FROM refund_line JOIN refund USING (refund_id)
        WHERE purchase_id = NEW.purchase_id AND line_no = NEW.line_no AND state <> 'declined')
       > (SELECT quantity FROM purchase_line WHERE purchase_id = NEW.purchase_id AND line_no = NEW.line_no) THEN
        RAISE EXCEPTION 'more of line % would come back than was bought', NEW.line_no
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'refund_line_within_bought';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER refund_line_within_bought AFTER INSERT ON refund_line
    FOR EACH ROW EXECUTE FUNCTION refund_line_within_bought();

ALTER TABLE store
    ADD COLUMN refund_window_days integer NOT NULL DEFAULT 30 CONSTRAINT store_refund_window CHECK (refund_window_days BETWEEN 0 AND 3650),
    ADD COLUMN refund_after_minutes integer NOT NULL DEFAULT 1440 CONSTRAINT store_refund_after CHECK (refund_after_minutes BETWEEN 0 AND 10080),
    -- Up to this amount, and so many refunds of one instrument in 30 days, nobody must look.
    ADD COLUMN refund_auto_limit_minor bigint NOT NULL DEFAULT 5000 CONSTRAINT store_refund_auto_limit CHECK (refund_auto_limit_minor >= 0),
    ADD COLUMN refund_auto_count integer NOT NULL DEFAULT 3 CONSTRAINT store_refund_auto_count CHECK (refund_auto_count >= 0);

-- When a witness said that the trip's capture went through. Absent: it was only begun.
ALTER TABLE trip ADD COLUMN capture_confirmed_at timestamptz;

ALTER TABLE attempt
    DROP CONSTRAINT attempt_api,
    ADD CONSTRAINT attempt_api CHECK (api IN (
        'adjust_charge', 'capture_charge', 'cancel_charge', 'refund_charge', 'get_transactional_data', 'get_shopper_identity',
        'report_payment_status'));

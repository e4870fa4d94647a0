-- What Amazon's event feed told us: one row an envelope, committed before the feed is answered, so that nothing it was told
-- `200` for can be lost. The envelope's id is the key: a delivery that comes again changes nothing.
--
-- Least data: what was understood has columns; of the rest `detail` keeps the words a person needs to settle a case (reasons,
-- codes, statuses) and the names of all other fields without their values, since the feed's schema is not published and may
-- carry a card's digits or an address one day.
CREATE TABLE payment_event (
    event_id text CONSTRAINT payment_event_pk PRIMARY KEY
        CONSTRAINT payment_event_id_length CHECK (length(event_id) BETWEEN 1 AND 255),
    family text NOT NULL CONSTRAINT payment_event_family CHECK (family IN ('payment', 'cart', 'shopper', 'other')),
    name text NOT NULL CONSTRAINT payment_event_name CHECK (length(name) BETWEEN 1 AND 100),
    -- Neither refers to a row: an event may be faster than the visit it is about.
    trip_id text CONSTRAINT payment_event_trip_shape CHECK (trip_id ~ '^[0-9a-zA-Z_-]{1,255}$'),
    store_id text CONSTRAINT payment_event_store_shape CHECK (store_id ~ '^[0-9a-zA-Z_-]{1,255}$'),
    amount_minor bigint,
    currency text CONSTRAINT payment_event_currency CHECK (currency ~ '^[A-Z]{3}$'),
    -- It said a number that no money is.
    amount_is_absurd boolean NOT NULL DEFAULT false,
    reconciliation_id text CONSTRAINT payment_event_reconciliation_length CHECK (length(reconciliation_id) BETWEEN 1 AND 255),
    detail jsonb NOT NULL CONSTRAINT payment_event_detail CHECK (jsonb_typeof(detail) = 'object'),
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL,
    state text NOT NULL CONSTRAINT payment_event_state CHECK (state IN ('waiting', 'applied', 'parked', 'ignored')),
    ignored text CONSTRAINT payment_event_ignored CHECK (ignored IN (
        'not_used', 'unknown_name', 'unknown_store', 'other_store', 'stale', 'disagrees', 'absurd_amount', 'unasked',
        'answer_counts', 'moved_on')),
    applied_at timestamptz,
    CONSTRAINT payment_event_amount_whole CHECK ((amount_minor IS NULL) = (currency IS NULL)),
    CONSTRAINT payment_event_absurd_says_none CHECK (NOT amount_is_absurd OR amount_minor IS NULL),
    CONSTRAINT payment_event_happened_before CHECK (occurred_at <= received_at),
    CONSTRAINT payment_event_applied_by_state CHECK ((applied_at IS NOT NULL) = (state = 'applied')),
    CONSTRAINT payment_event_ignored_by_state CHECK ((ignored IS NOT NULL) = (state = 'ignored')),
    -- Only a payment's event can be told to a visit, and only to one it names.
    CONSTRAINT payment_event_told_to_a_trip CHECK (state NOT IN ('waiting', 'applied') OR (trip_id IS NOT NULL AND family = 'payment'))
);
CREATE INDEX payment_event_open ON payment_event (received_at) WHERE state IN ('waiting', 'parked');
CREATE INDEX payment_event_by_trip ON payment_event (trip_id, occurred_at) WHERE trip_id IS NOT NULL;

-- A shopper says that a debt was paid already, or is not theirs. No money moves by it: a person decides, and what follows is an event of
-- the debt. The debt has no state for it, since it may be paid, shrink or be given up meanwhile.
CREATE TABLE dispute (
    dispute_id uuid CONSTRAINT dispute_pk PRIMARY KEY,
    debt_id uuid NOT NULL CONSTRAINT dispute_debt REFERENCES debt,
    trip_id text NOT NULL CONSTRAINT dispute_trip REFERENCES trip,
    kind text NOT NULL CONSTRAINT dispute_kind CHECK (kind IN ('already_paid', 'not_mine')),
    state text NOT NULL CONSTRAINT dispute_state CHECK (state IN ('open', 'upheld', 'rejected')),
    currency text NOT NULL CONSTRAINT dispute_currency CHECK (currency ~ '^[A-Z]{3}$'),
    -- What was outstanding when it was opened.
    amount_minor bigint NOT NULL CONSTRAINT dispute_amount CHECK (amount_minor > 0),
    -- What need not be paid because of it.
    cleared_minor bigint CONSTRAINT dispute_cleared CHECK (cleared_minor >= 0),
    -- The shopper's own words, sealed.
    note_sealed bytea,
    opened_by text NOT NULL,
    decided_by text,
    -- The shopper reads it.
    decided_because text CONSTRAINT dispute_decided_because CHECK (length(decided_because) BETWEEN 1 AND 500),
    opened_at timestamptz NOT NULL,
    decided_at timestamptz,
    CONSTRAINT dispute_decided_by_state CHECK (
        (state = 'open') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)
        AND (decided_at IS NULL) = (decided_because IS NULL)),
    CONSTRAINT dispute_cleared_by_state CHECK ((cleared_minor IS NOT NULL) = (state = 'upheld'))
);
-- One at a time.
CREATE UNIQUE INDEX dispute_open_once ON dispute (debt_id) WHERE state = 'open';
CREATE INDEX dispute_by_trip ON dispute (trip_id, opened_at);
CREATE INDEX dispute_by_time ON dispute (opened_at) WHERE state = 'open';

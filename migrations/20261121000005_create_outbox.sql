-- What must happen outside, committed with the change that asks for it. Claimed under a lease whose number rises with every
-- claim, so that a worker that comes back late finds its claim taken and sends nothing.
CREATE TABLE outbox (
    outbox_id uuid CONSTRAINT outbox_pk PRIMARY KEY,
    kind text NOT NULL,
    trip_id text CONSTRAINT outbox_trip REFERENCES trip,
    -- Emptied when it is done, where it held something secret.
    payload jsonb NOT NULL,
    state text NOT NULL CONSTRAINT outbox_state CHECK (state IN ('waiting', 'claimed', 'done', 'exhausted', 'dropped')),
    due_at timestamptz,
    claimed_until timestamptz,
    fence bigint NOT NULL DEFAULT 0 CONSTRAINT outbox_fence CHECK (fence >= 0),
    tries integer NOT NULL DEFAULT 0 CONSTRAINT outbox_tries CHECK (tries >= 0),
    -- When it is too late: what is nearest to its deadline goes first.
    deadline_at timestamptz,
    last_problem text,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    CONSTRAINT outbox_due_by_state CHECK ((state = 'waiting') = (due_at IS NOT NULL)),
    CONSTRAINT outbox_claim_by_state CHECK ((state = 'claimed') = (claimed_until IS NOT NULL)),
    CONSTRAINT outbox_end_by_state CHECK ((state IN ('done', 'exhausted', 'dropped')) = (ended_at IS NOT NULL))
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE state = 'waiting';
CREATE INDEX outbox_lost ON outbox (claimed_until) WHERE state = 'claimed';
CREATE INDEX outbox_exhausted ON outbox (created_at) WHERE state = 'exhausted';
CREATE INDEX outbox_by_trip ON outbox (trip_id) WHERE trip_id IS NOT NULL;

-- One call to Amazon, recorded as `sent` before it is made.
CREATE TABLE attempt (
    attempt_id uuid CONSTRAINT attempt_pk PRIMARY KEY,
    outbox_id uuid NOT NULL CONSTRAINT attempt_outbox REFERENCES outbox,
    trip_id text NOT NULL CONSTRAINT attempt_trip REFERENCES trip,
    api text NOT NULL CONSTRAINT attempt_api CHECK (api IN (
        'adjust_charge', 'capture_charge', 'cancel_charge', 'get_transactional_data', 'get_shopper_identity', 'report_payment_status')),
    fence bigint NOT NULL,
    request jsonb NOT NULL,
    outcome text NOT NULL CONSTRAINT attempt_outcome CHECK (outcome IN ('sent', 'answered', 'refused', 'busy', 'not_sent', 'no_answer')),
    status integer,
    problem text,
    sent_at timestamptz NOT NULL,
    duration_ms integer,
    CONSTRAINT attempt_fence_once UNIQUE (outbox_id, fence)
);
CREATE INDEX attempt_by_trip ON attempt (trip_id, sent_at);

-- One of Amazon's APIs that the whole fleet leaves alone, by domain::pause::Pause. No row: it was never anything but flowing. The
-- names of APIs are left open, as kinds of effects are: a version that knows a new one runs beside one that does not.
CREATE TABLE pause (
    api text CONSTRAINT pause_pk PRIMARY KEY,
    state text NOT NULL CONSTRAINT pause_state CHECK (state IN ('flowing', 'asked', 'tripped', 'probing')),
    -- Failures without an answer between them, and when the first of them was.
    failures integer NOT NULL DEFAULT 0 CONSTRAINT pause_failures CHECK (failures >= 0),
    failing_since timestamptz,
    until_at timestamptz,
    -- How often in a row the breaker has tripped.
    trips integer NOT NULL DEFAULT 0 CONSTRAINT pause_trips CHECK (trips >= 0),
    -- The number of the last probe. It only rises.
    fence bigint NOT NULL DEFAULT 0 CONSTRAINT pause_fence CHECK (fence >= 0),
    -- Was a person told that this pause outlives a deadline?
    has_alerted boolean NOT NULL DEFAULT false,
    changed_at timestamptz NOT NULL,
    CONSTRAINT pause_failures_by_state CHECK (failures = 0 OR state = 'flowing'),
    CONSTRAINT pause_streak CHECK ((failures = 0) = (failing_since IS NULL)),
    CONSTRAINT pause_until_by_state CHECK ((until_at IS NULL) = (state = 'flowing')),
    CONSTRAINT pause_trips_by_state CHECK (state = 'probing' OR (trips > 0) = (state = 'tripped'))
);

-- Whose patience an effect needs: the API of Amazon's that it calls, or `own` for mail and looks at our own rows. A paused API is a
-- lane that nothing is claimed from, however much waits in it.
ALTER TABLE outbox
    ADD lane text NOT NULL DEFAULT 'own',
    -- Answers that were neither yes nor no: they are no failed tries.
    ADD polls integer NOT NULL DEFAULT 0 CONSTRAINT outbox_polls CHECK (polls >= 0);
UPDATE outbox SET lane = CASE kind
        WHEN 'fetch_transactional_data' THEN 'get_transactional_data'
        WHEN 'fetch_shopper_identity' THEN 'get_shopper_identity'
        ELSE kind END
    WHERE kind IN ('adjust_charge', 'capture_charge', 'cancel_charge', 'fetch_transactional_data', 'fetch_shopper_identity',
        'report_payment_status');

-- One claim reads a bounded number of rows from each lane: those that have waited longest, and where there are many those that are
-- nearest to their deadline.
DROP INDEX outbox_due;
CREATE INDEX outbox_due ON outbox (lane, due_at) WHERE state = 'waiting';
CREATE INDEX outbox_urgent ON outbox (lane, deadline_at) WHERE state = 'waiting';

-- The lease on a trip: at most one effect that calls Amazon for it is with a worker at any time.
CREATE UNIQUE INDEX outbox_one_call_per_trip ON outbox (trip_id) WHERE state = 'claimed' AND lane <> 'own';

-- A worker that has nothing to do hears of what was asked for, instead of finding it at its next look. Workers' own connections
-- say `storeside.wakes = off`: a worker looks again whenever it has finished something, and notifying commits wait for each other.
CREATE FUNCTION wake_workers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('outbox', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER outbox_wakes_workers AFTER INSERT ON outbox FOR EACH STATEMENT
    WHEN (current_setting('storeside.wakes', true) IS DISTINCT FROM 'off') EXECUTE FUNCTION wake_workers();

-- Money at risk: what is in flight, by when it must be charged.
CREATE INDEX trip_in_flight ON trip (deadline_at) INCLUDE (currency, total_minor)
    WHERE state IN ('adjusting', 'capturing', 'capture_unknown');

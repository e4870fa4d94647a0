-- Taps that are decided while the database is away: from what was known last, and by the store's default.
ALTER TABLE store
    -- What is said to whom nothing speaks against as far as is known.
    ADD COLUMN away_default text NOT NULL DEFAULT 'recommendation'
        CONSTRAINT store_away_default CHECK (away_default IN ('admit', 'deny', 'recommendation')),
    -- Balances that were known longer ago than this are as good as not known.
    ADD COLUMN balance_age_max_minutes integer NOT NULL DEFAULT 60
        CONSTRAINT store_balance_age_max CHECK (balance_age_max_minutes BETWEEN 1 AND 10080);

ALTER TABLE gate_decision
    -- When a decision that was made without the database was written here. Absent: the row was there before the answer was.
    ADD COLUMN replayed_at timestamptz,
    -- As of when the balances were known that it rests on. Absent in a replayed row: it rests on none.
    ADD COLUMN balances_as_of timestamptz CONSTRAINT gate_decision_balances_of_replay
        CHECK (balances_as_of IS NULL OR replayed_at IS NOT NULL);
ALTER TABLE gate_decision
    DROP CONSTRAINT gate_decision_reason,
    ADD CONSTRAINT gate_decision_reason CHECK (reason IN (
        'nothing_owed', 'below_threshold', 'recommended', 'outstanding_balance', 'recommended_denial', 'risk', 'repeat_offender',
        'conditional', 'risk_accepted', 'settled_since', 'blocked', 'allowed', 'records_away'));

-- Every process keeps the balances that count at the gate, and who is listed there, in memory, and hears of each change here: the instrument, or an empty
-- text for "read everything again". One statement that changes many rows says so once. Notifying commits wait for one another, for
-- as long as one takes to reach the disk: debts change a few times a second at most, and taps do not notify.
CREATE FUNCTION tell_changed_standings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM (SELECT FROM changed LIMIT 65) AS few) > 64 THEN
        PERFORM pg_notify('standing', '');
    ELSE
        PERFORM pg_notify('standing', changed.instrument_id) FROM changed WHERE changed.instrument_id IS NOT NULL;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER debt_tells_of_inserts AFTER INSERT ON debt REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_standings();
CREATE TRIGGER debt_tells_of_updates AFTER UPDATE ON debt REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_standings();
CREATE TRIGGER gate_listing_tells_of_inserts AFTER INSERT ON gate_listing REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_standings();
CREATE TRIGGER gate_listing_tells_of_updates AFTER UPDATE ON gate_listing REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_standings();

-- What a store's gate goes by.
CREATE FUNCTION tell_changed_gate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('standing', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER store_tells_of_changes AFTER INSERT OR UPDATE ON store
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_gate();
CREATE TRIGGER rule_set_tells_of_changes AFTER INSERT OR UPDATE ON rule_set
    FOR EACH STATEMENT EXECUTE FUNCTION tell_changed_gate();

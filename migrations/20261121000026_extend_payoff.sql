-- Whoever owes may pay, by whatever they are known: an address, a card, or one visit of a payment link. Exactly one of three. The version
-- before reads shoppers' payoffs only; what it meets of others' it looks at again later.
ALTER TABLE payoff
    ALTER COLUMN shopper_id DROP NOT NULL,
    ADD COLUMN instrument_id text CONSTRAINT payoff_instrument REFERENCES instrument,
    ADD COLUMN trip_id text CONSTRAINT payoff_trip REFERENCES trip,
    ADD CONSTRAINT payoff_viewer CHECK (num_nonnulls(shopper_id, instrument_id, trip_id) = 1);
CREATE UNIQUE INDEX payoff_live_once_by_card ON payoff (instrument_id) WHERE state IN ('created', 'open');
CREATE UNIQUE INDEX payoff_live_once_by_visit ON payoff (trip_id) WHERE state IN ('created', 'open');

-- Two who reach the same debt, by address and by card, cannot both be led to pay for it: a visit is in one live payoff at most. Kept
-- by a trigger, since the version before writes these tables as well.
ALTER TABLE payoff_allocation ADD COLUMN is_live boolean NOT NULL DEFAULT true;
UPDATE payoff_allocation SET is_live = false
    FROM payoff WHERE payoff.payoff_id = payoff_allocation.payoff_id AND payoff.state NOT IN ('created', 'open');
CREATE UNIQUE INDEX payoff_allocation_live_once ON payoff_allocation (trip_id) WHERE is_live;

CREATE FUNCTION end_payoff_allocations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE payoff_allocation SET is_live = false WHERE payoff_id = NEW.payoff_id AND is_live;
    RETURN NULL;
END
$$;
CREATE TRIGGER payoff_ends_allocations AFTER UPDATE OF state ON payoff FOR EACH ROW
    WHEN (OLD.state IN ('created', 'open') AND NEW.state NOT IN ('created', 'open'))
    EXECUTE FUNCTION end_payoff_allocations();

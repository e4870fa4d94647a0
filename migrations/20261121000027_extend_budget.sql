-- Misses are counted beside tries: a try is counted before anybody knows whether it is right, and taken back when it was.
ALTER TABLE budget
    ADD COLUMN last_at timestamptz,
    DROP CONSTRAINT budget_spent,
    ADD CONSTRAINT budget_spent CHECK (spent >= 0);

-- Visits that nobody made. A card of theirs that opens the portal is in a thief's hands: a person hears of it.
CREATE TABLE canary (
    trip_id text CONSTRAINT canary_pk PRIMARY KEY CONSTRAINT canary_trip REFERENCES trip,
    created_at timestamptz NOT NULL
);

-- A member finds the visits that were priced for them.
CREATE INDEX loyalty_account_by_email ON loyalty_account (email_index) WHERE email_index IS NOT NULL;

-- Who is a member. A visit's cart says so by `scanResult.id`, and the store's own list says what that is. No more is kept than what
-- prices and signing in need: no name, no purchases, no points.
CREATE TABLE loyalty_account (
    loyalty_number text CONSTRAINT loyalty_account_pk PRIMARY KEY
        CONSTRAINT loyalty_account_number CHECK (length(loyalty_number) BETWEEN 1 AND 255),
    email text CONSTRAINT loyalty_account_email CHECK (email = lower(email) AND length(email) <= 128),
    created_at timestamptz NOT NULL,
    -- From here on its carts are priced as everybody's.
    ended_at timestamptz,
    CONSTRAINT loyalty_account_life CHECK (created_at <= ended_at)
);

-- Which account a visit's cart was priced for. A group may have come in with several; one makes its cart a member's.
CREATE TABLE loyalty_visit (
    trip_id text CONSTRAINT loyalty_visit_pk PRIMARY KEY CONSTRAINT loyalty_visit_cart REFERENCES cart,
    loyalty_number text NOT NULL CONSTRAINT loyalty_visit_account REFERENCES loyalty_account
);
CREATE INDEX loyalty_visit_by_account ON loyalty_visit (loyalty_number);

-- Where a file of accounts waits, within one transaction, as articles do in catalog_row.
CREATE UNLOGGED TABLE loyalty_row (
    line_no bigint NOT NULL,
    loyalty_number text NOT NULL,
    email text,
    ended boolean NOT NULL
);

-- A person may say how much of an article a line is, too, or only that.
ALTER TABLE line_identification
    ALTER COLUMN sku DROP NOT NULL,
    ADD COLUMN quantity numeric CONSTRAINT line_identification_quantity CHECK (quantity > 0),
    ADD COLUMN unit text CONSTRAINT line_identification_unit CHECK (length(unit) BETWEEN 1 AND 255),
    -- Found when nothing could be charged any more: a loss, and no part of the purchase.
    ADD COLUMN late boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT line_identification_says_something CHECK (num_nonnulls(sku, quantity, unit) > 0);

-- Promotions of some weekdays and hours (UTC), and those that make another article cheaper than the ones that were bought.
ALTER TABLE promotion
    ADD COLUMN weekdays text[] NOT NULL DEFAULT '{}' CONSTRAINT promotion_weekdays
        CHECK (weekdays <@ ARRAY['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']),
    ADD COLUMN from_time time,
    ADD COLUMN until_time time,
    -- Neither articles nor categories: the ones that are bought.
    ADD COLUMN get_skus text[] NOT NULL DEFAULT '{}',
    ADD COLUMN get_categories text[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT promotion_hours CHECK (from_time < until_time),
    ADD CONSTRAINT promotion_pools_by_kind
        CHECK (kind = 'buy_get' OR cardinality(get_skus) + cardinality(get_categories) = 0);

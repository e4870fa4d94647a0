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

-- Promotions of some weekdays and hours (UTC), and those that make other articles cheaper than the ones that are bought.
ALTER TABLE promotion
    ADD COLUMN weekdays text[] NOT NULL DEFAULT '{}' CONSTRAINT promotion_weekdays
        CHECK (weekdays <@ ARRAY['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']),
    ADD COLUMN from_minute smallint CONSTRAINT promotion_from_minute CHECK (from_minute BETWEEN 0 AND 1440),
    ADD COLUMN until_minute smallint CONSTRAINT promotion_until_minute CHECK (until_minute BETWEEN 0 AND 1440),
    ADD CONSTRAINT promotion_hours CHECK (coalesce(from_minute, 0) < coalesce(until_minute, 1440)),
    -- The articles to get, where they are others than those to buy.
    ADD COLUMN get_skus text[] NOT NULL DEFAULT '{}',
    ADD COLUMN get_categories text[] NOT NULL DEFAULT '{}',
    ADD CONSTRAINT promotion_others_by_kind
        CHECK ((kind = 'buy_get_other') = (cardinality(get_skus) + cardinality(get_categories) > 0)),
    DROP CONSTRAINT promotion_kind,
    ADD CONSTRAINT promotion_kind CHECK (kind IN (
        'percent', 'amount_off', 'buy_get', 'buy_get_other', 'multi_buy', 'basket_percent', 'basket_amount', 'member_price')),
    DROP CONSTRAINT promotion_columns_by_kind,
    ADD CONSTRAINT promotion_columns_by_kind CHECK (
        (percent IS NOT NULL) = (kind IN ('percent', 'buy_get', 'buy_get_other', 'basket_percent'))
        AND (amount_minor IS NOT NULL) = (kind IN ('amount_off', 'basket_amount'))
        AND (price_minor IS NOT NULL) = (kind IN ('multi_buy', 'member_price'))
        AND (threshold_minor IS NOT NULL) = (kind IN ('basket_percent', 'basket_amount'))
        AND (buy_count IS NOT NULL) = (kind IN ('buy_get', 'buy_get_other'))
        AND (get_count IS NOT NULL) = (kind IN ('buy_get', 'buy_get_other'))
        AND (set_count IS NOT NULL) = (kind = 'multi_buy'));

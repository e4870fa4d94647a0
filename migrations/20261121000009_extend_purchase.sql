-- What a purchase must know to be priced again: when and for whom, by which settings and which version of the reckoning; and what
-- it must say to be understood: its promotions, taxes, deposits, and each step.
ALTER TABLE purchase
    ADD COLUMN engine_version integer NOT NULL DEFAULT 0 CONSTRAINT purchase_engine CHECK (engine_version >= 0),
    ADD COLUMN rounding_level text NOT NULL DEFAULT 'line',
    ADD COLUMN promotion_policy text NOT NULL DEFAULT 'stack',
    ADD COLUMN jurisdiction text NOT NULL DEFAULT 'US-NY',
    ADD COLUMN promotions_max bigint,
    ADD COLUMN cart_discount_max_minor bigint,
    ADD COLUMN occasion_at timestamptz,
    ADD COLUMN member boolean NOT NULL DEFAULT false,
    ADD COLUMN promotions_minor bigint NOT NULL DEFAULT 0,
    ADD COLUMN tax_included_minor bigint NOT NULL DEFAULT 0,
    ADD COLUMN deposits_minor bigint NOT NULL DEFAULT 0,
    ADD COLUMN applied jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN explanation jsonb NOT NULL DEFAULT '[]',
    DROP CONSTRAINT purchase_total;
UPDATE purchase SET occasion_at = trip.started_at FROM trip WHERE trip.trip_id = purchase.trip_id;
ALTER TABLE purchase
    ALTER COLUMN engine_version DROP DEFAULT,
    ALTER COLUMN rounding_level DROP DEFAULT,
    ALTER COLUMN promotion_policy DROP DEFAULT,
    ALTER COLUMN jurisdiction DROP DEFAULT,
    ALTER COLUMN occasion_at SET NOT NULL,
    ALTER COLUMN member DROP DEFAULT,
    ALTER COLUMN promotions_minor DROP DEFAULT,
    ALTER COLUMN tax_included_minor DROP DEFAULT,
    ALTER COLUMN deposits_minor DROP DEFAULT,
    ALTER COLUMN applied DROP DEFAULT,
    ALTER COLUMN explanation DROP DEFAULT,
    ADD CONSTRAINT purchase_promotions CHECK (promotions_minor BETWEEN 0 AND price_minor),
    ADD CONSTRAINT purchase_tax_included CHECK (tax_included_minor BETWEEN 0 AND price_minor - promotions_minor),
    ADD CONSTRAINT purchase_deposits CHECK (deposits_minor >= 0),
    ADD CONSTRAINT purchase_total CHECK (total_minor = price_minor - promotions_minor + tax_minor + deposits_minor);

ALTER TABLE purchase_line
    DROP COLUMN tax_percent,
    ADD COLUMN discount_minor bigint NOT NULL DEFAULT 0,
    ADD COLUMN tax_included_minor bigint NOT NULL DEFAULT 0,
    ADD COLUMN deposit_minor bigint NOT NULL DEFAULT 0,
    ADD COLUMN taxes jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN applied jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN explanation jsonb NOT NULL DEFAULT '[]';
ALTER TABLE purchase_line
    ALTER COLUMN discount_minor DROP DEFAULT,
    ALTER COLUMN tax_included_minor DROP DEFAULT,
    ALTER COLUMN deposit_minor DROP DEFAULT,
    ALTER COLUMN taxes DROP DEFAULT,
    ALTER COLUMN applied DROP DEFAULT,
    ALTER COLUMN explanation DROP DEFAULT,
    ADD CONSTRAINT purchase_line_discount CHECK (discount_minor BETWEEN 0 AND price_minor),
    ADD CONSTRAINT purchase_line_tax_included CHECK (tax_included_minor BETWEEN 0 AND price_minor - discount_minor),
    ADD CONSTRAINT purchase_line_deposit CHECK (deposit_minor >= 0);

ALTER TABLE bad_line
    DROP CONSTRAINT bad_line_cause,
    ADD CONSTRAINT bad_line_cause CHECK (cause IN (
        'unknown_item', 'unknown_unit', 'zero_quantity', 'fraction_of_piece', 'unknown_tax', 'too_large'));

-- Which article a person found a bad line to be. The cart stays as Amazon sent it; priced is the cart with these.
CREATE TABLE line_identification (
    trip_id text NOT NULL CONSTRAINT line_identification_cart REFERENCES cart,
    line_no integer NOT NULL CONSTRAINT line_identification_line CHECK (line_no > 0),
    sku text NOT NULL CONSTRAINT line_identification_sku CHECK (length(sku) BETWEEN 1 AND 255),
    identified_by text NOT NULL CONSTRAINT line_identification_staff REFERENCES staff,
    reason text NOT NULL CONSTRAINT line_identification_reason CHECK (length(reason) BETWEEN 1 AND 500),
    identified_at timestamptz NOT NULL,
    CONSTRAINT line_identification_pk PRIMARY KEY (trip_id, line_no)
);

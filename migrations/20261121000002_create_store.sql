-- A store's settings. The words are those of domain::store.
CREATE TABLE store (
    store_id text CONSTRAINT store_pk PRIMARY KEY CONSTRAINT store_id_shape CHECK (store_id ~ '^[0-9a-zA-Z_-]{1,255}$'),
    merchant_name text NOT NULL,
    merchant_address text NOT NULL,
    tax_number text NOT NULL,
    contact text NOT NULL,
    currency text NOT NULL CONSTRAINT store_currency CHECK (currency ~ '^[A-Z]{3}$'),
    gate_strategy text NOT NULL
        CONSTRAINT store_gate_strategy CHECK (gate_strategy IN ('customer_managed', 'amazon_recommendation', 'amazon_managed')),
    debt_threshold_minor bigint CONSTRAINT store_debt_threshold CHECK (debt_threshold_minor >= 0),
    feedback text NOT NULL CONSTRAINT store_feedback CHECK (feedback IN ('where_amazon_keeps_the_balance', 'always')),
    bad_cart text NOT NULL CONSTRAINT store_bad_cart CHECK (bad_cart IN ('charge_recognised', 'hold_for_review')),
    decline text NOT NULL CONSTRAINT store_decline CHECK (decline IN ('debt_in_full', 'capture_authorized')),
    rounding text NOT NULL CONSTRAINT store_rounding CHECK (rounding IN ('half_up', 'half_even', 'half_down')),
    token_life_minutes integer NOT NULL CONSTRAINT store_token_life CHECK (token_life_minutes BETWEEN 1 AND 10080),
    capture_repeat_is_safe boolean NOT NULL,
    transactional_data_proves_capture boolean NOT NULL,
    created_at timestamptz NOT NULL
);

-- One version of a store's prices and taxes. A purchase names the one that made it, and the one in force when the visit began
-- is the one that counts.
CREATE TABLE rule_set (
    rule_set_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT rule_set_pk PRIMARY KEY,
    store_id text NOT NULL CONSTRAINT rule_set_store REFERENCES store,
    in_force_from timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    CONSTRAINT rule_set_in_force_once UNIQUE (store_id, in_force_from)
);

CREATE TABLE catalog_item (
    rule_set_id bigint NOT NULL CONSTRAINT catalog_item_rule_set REFERENCES rule_set,
    sku text NOT NULL CONSTRAINT catalog_item_sku CHECK (length(sku) BETWEEN 1 AND 255),
    name text NOT NULL CONSTRAINT catalog_item_name CHECK (length(name) BETWEEN 1 AND 255),
    -- `unit` for pieces, else a unit of weight, like `lb`.
    sold_by text NOT NULL CONSTRAINT catalog_item_sold_by CHECK (length(sold_by) BETWEEN 1 AND 16),
    unit_price_minor bigint NOT NULL CONSTRAINT catalog_item_unit_price CHECK (unit_price_minor >= 0),
    tax_category text NOT NULL,
    CONSTRAINT catalog_item_pk PRIMARY KEY (rule_set_id, sku)
);

CREATE TABLE catalog_identifier (
    rule_set_id bigint NOT NULL,
    kind text NOT NULL CONSTRAINT catalog_identifier_kind CHECK (kind IN ('UPC', 'EAN', 'EAN8', 'GTIN', 'PLU', 'ISBN')),
    identifier text NOT NULL CONSTRAINT catalog_identifier_length CHECK (length(identifier) BETWEEN 1 AND 255),
    sku text NOT NULL,
    CONSTRAINT catalog_identifier_pk PRIMARY KEY (rule_set_id, identifier, kind),
    CONSTRAINT catalog_identifier_item FOREIGN KEY (rule_set_id, sku) REFERENCES catalog_item
);
CREATE INDEX catalog_identifier_by_sku ON catalog_identifier (rule_set_id, sku);

CREATE TABLE tax_rate (
    rule_set_id bigint NOT NULL CONSTRAINT tax_rate_rule_set REFERENCES rule_set,
    tax_category text NOT NULL,
    percent numeric(9, 5) NOT NULL CONSTRAINT tax_rate_percent CHECK (percent BETWEEN 0 AND 1000),
    CONSTRAINT tax_rate_pk PRIMARY KEY (rule_set_id, tax_category)
);

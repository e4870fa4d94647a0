-- A person who can sign in. The address is personal: it is here and in no log.
CREATE TABLE shopper (
    shopper_id uuid CONSTRAINT shopper_pk PRIMARY KEY,
    email text NOT NULL CONSTRAINT shopper_email_once UNIQUE
        CONSTRAINT shopper_email_shape CHECK (email = lower(email) AND length(email) <= 128),
    created_at timestamptz NOT NULL
);

-- Amazon's id for a payment instrument. Identity is asked for once and kept: `identity_asked_at` says that it was.
CREATE TABLE instrument (
    instrument_id text CONSTRAINT instrument_pk PRIMARY KEY
        CONSTRAINT instrument_id_length CHECK (length(instrument_id) BETWEEN 1 AND 255),
    shopper_id uuid CONSTRAINT instrument_shopper REFERENCES shopper,
    identity_asked_at timestamptz,
    first_seen_at timestamptz NOT NULL,
    CONSTRAINT instrument_shopper_was_asked CHECK (shopper_id IS NULL OR identity_asked_at IS NOT NULL)
);
CREATE INDEX instrument_by_shopper ON instrument (shopper_id) WHERE shopper_id IS NOT NULL;

-- One tap at a gate and the answer it got. Written before the answer is sent; a repeated tap reads it back.
CREATE TABLE gate_decision (
    gate_event_id text CONSTRAINT gate_decision_pk PRIMARY KEY
        CONSTRAINT gate_decision_id_length CHECK (length(gate_event_id) BETWEEN 1 AND 255),
    store_id text NOT NULL CONSTRAINT gate_decision_store REFERENCES store,
    instrument_id text NOT NULL CONSTRAINT gate_decision_instrument REFERENCES instrument,
    trip_id text CONSTRAINT gate_decision_trip_shape CHECK (trip_id ~ '^[0-9a-zA-Z_-]{1,255}$'),
    gate_event_kind text NOT NULL CONSTRAINT gate_decision_event_kind
        CHECK (gate_event_kind IN ('CREDIT_CARD', 'AMAZON_ONE', 'QR', 'MOBILE_WALLET', 'UNRECOGNIZED')),
    hold_minor bigint NOT NULL CONSTRAINT gate_decision_hold CHECK (hold_minor >= 0),
    currency text NOT NULL CONSTRAINT gate_decision_currency CHECK (currency ~ '^[A-Z]{3}$'),
    outstanding_minor bigint NOT NULL CONSTRAINT gate_decision_outstanding CHECK (outstanding_minor >= 0),
    authorized boolean NOT NULL,
    reason text NOT NULL CONSTRAINT gate_decision_reason CHECK (reason IN (
        'nothing_owed', 'below_threshold', 'recommended', 'outstanding_balance', 'recommended_denial', 'risk')),
    is_override boolean NOT NULL,
    decision jsonb NOT NULL,
    tapped_at timestamptz NOT NULL,
    decided_at timestamptz NOT NULL
);
CREATE INDEX gate_decision_by_trip ON gate_decision (trip_id, decided_at) WHERE trip_id IS NOT NULL;

-- One visit. The columns below `state` are the data of domain::trip::Trip's variants; the checks say which state has which.
CREATE TABLE trip (
    trip_id text CONSTRAINT trip_pk PRIMARY KEY CONSTRAINT trip_id_shape CHECK (trip_id ~ '^[0-9a-zA-Z_-]{1,255}$'),
    store_id text NOT NULL CONSTRAINT trip_store REFERENCES store,
    instrument_id text CONSTRAINT trip_instrument REFERENCES instrument,
    currency text NOT NULL CONSTRAINT trip_currency CHECK (currency ~ '^[A-Z]{3}$'),
    state text NOT NULL CONSTRAINT trip_state CHECK (state IN (
        'entered', 'in_review', 'adjusting', 'capturing', 'capture_unknown', 'capture_unconfirmed',
        'captured', 'partly_captured', 'uncollected', 'cancelling', 'cancelled')),
    total_minor bigint CONSTRAINT trip_total CHECK (total_minor > 0),
    -- What is being taken, may have been taken, or was taken.
    capture_minor bigint CONSTRAINT trip_capture CHECK (capture_minor > 0 AND capture_minor <= total_minor),
    -- How often it was unknown what became of a capture, and whether all its tries were answered with a failure.
    capture_doubts integer NOT NULL DEFAULT 0 CONSTRAINT trip_capture_doubts CHECK (capture_doubts >= 0),
    capture_failed boolean NOT NULL DEFAULT false,
    cause text CONSTRAINT trip_cause CHECK (cause IN (
        'payment_declined', 'partial_capture', 'preauth_expired', 'capture_failed', 'capture_declined', 'late_cart', 'system_error')),
    hold_minor bigint CONSTRAINT trip_hold CHECK (hold_minor >= 0),
    started_at timestamptz NOT NULL,
    deadline_at timestamptz NOT NULL,
    entered_at timestamptz,
    updated_at timestamptz NOT NULL,
    CONSTRAINT trip_total_by_state CHECK ((total_minor IS NULL) = (state IN ('entered', 'in_review', 'cancelling', 'cancelled'))),
    CONSTRAINT trip_capture_by_state CHECK ((capture_minor IS NOT NULL) = (state IN (
        'capturing', 'capture_unknown', 'capture_unconfirmed', 'captured', 'partly_captured'))),
    CONSTRAINT trip_captured_whole CHECK (state <> 'captured' OR capture_minor = total_minor),
    CONSTRAINT trip_captured_partly CHECK (state <> 'partly_captured' OR capture_minor < total_minor),
    CONSTRAINT trip_doubts_by_state CHECK (capture_doubts = 0 OR state IN ('capturing', 'capture_unknown')),
    CONSTRAINT trip_unknown_has_doubts CHECK (state <> 'capture_unknown' OR capture_doubts > 0),
    CONSTRAINT trip_failed_by_state CHECK (NOT capture_failed OR state = 'capture_unknown'),
    CONSTRAINT trip_cause_by_state CHECK ((cause IS NOT NULL) = (state = 'uncollected'))
);
CREATE INDEX trip_by_instrument ON trip (instrument_id, started_at DESC) WHERE instrument_id IS NOT NULL;

-- The first cart Amazon sent for a trip, as we understood it, and what was answered. `purchase_id` is absent for an empty cart.
CREATE TABLE cart (
    trip_id text CONSTRAINT cart_pk PRIMARY KEY CONSTRAINT cart_trip REFERENCES trip,
    request_id uuid NOT NULL,
    ended_at timestamptz NOT NULL,
    auth_events jsonb NOT NULL,
    items jsonb NOT NULL,
    items_sha256 bytea NOT NULL CONSTRAINT cart_hash_length CHECK (length(items_sha256) = 32),
    device_id text,
    payment_source_id text,
    received_at timestamptz NOT NULL
);

-- Another cart under the id of an earlier one: never charged, kept for a person.
CREATE TABLE cart_conflict (
    trip_id text NOT NULL CONSTRAINT cart_conflict_cart REFERENCES cart,
    items_sha256 bytea NOT NULL,
    request_id uuid NOT NULL,
    items jsonb NOT NULL,
    received_at timestamptz NOT NULL,
    CONSTRAINT cart_conflict_pk PRIMARY KEY (trip_id, items_sha256)
);

CREATE TABLE purchase (
    purchase_id uuid CONSTRAINT purchase_pk PRIMARY KEY,
    trip_id text NOT NULL CONSTRAINT purchase_once_per_trip UNIQUE CONSTRAINT purchase_trip REFERENCES trip,
    rule_set_id bigint NOT NULL CONSTRAINT purchase_rule_set REFERENCES rule_set,
    currency text NOT NULL CONSTRAINT purchase_currency CHECK (currency ~ '^[A-Z]{3}$'),
    rounding text NOT NULL CONSTRAINT purchase_rounding CHECK (rounding IN ('half_up', 'half_even', 'half_down')),
    price_minor bigint NOT NULL CONSTRAINT purchase_price CHECK (price_minor >= 0),
    tax_minor bigint NOT NULL CONSTRAINT purchase_tax CHECK (tax_minor >= 0),
    total_minor bigint NOT NULL,
    priced_at timestamptz NOT NULL,
    CONSTRAINT purchase_total CHECK (total_minor = price_minor + tax_minor)
);

CREATE TABLE purchase_line (
    purchase_id uuid NOT NULL CONSTRAINT purchase_line_purchase REFERENCES purchase,
    line_no integer NOT NULL,
    sku text NOT NULL,
    name text NOT NULL,
    quantity numeric NOT NULL CONSTRAINT purchase_line_quantity CHECK (quantity > 0),
    unit text NOT NULL,
    unit_price_minor bigint NOT NULL CONSTRAINT purchase_line_unit_price CHECK (unit_price_minor >= 0),
    price_minor bigint NOT NULL CONSTRAINT purchase_line_price CHECK (price_minor >= 0),
    tax_percent numeric(9, 5) NOT NULL,
    tax_minor bigint NOT NULL CONSTRAINT purchase_line_tax CHECK (tax_minor >= 0),
    line_item_id text,
    CONSTRAINT purchase_line_pk PRIMARY KEY (purchase_id, line_no)
);

CREATE TABLE bad_line (
    purchase_id uuid NOT NULL CONSTRAINT bad_line_purchase REFERENCES purchase,
    line_no integer NOT NULL,
    item jsonb NOT NULL,
    cause text NOT NULL CONSTRAINT bad_line_cause CHECK (cause IN ('unknown_item', 'unknown_unit', 'zero_quantity', 'unknown_tax')),
    CONSTRAINT bad_line_pk PRIMARY KEY (purchase_id, line_no)
);

-- What Get Transactional Data said, once per trip. Personal: last four digits and expiry.
CREATE TABLE card_facts (
    trip_id text CONSTRAINT card_facts_pk PRIMARY KEY CONSTRAINT card_facts_trip REFERENCES trip,
    brand text,
    currency text,
    tail text,
    expiration_month text,
    expiration_year text,
    pos_entry_mode text,
    authorization_response_code text,
    cryptogram_information_data text,
    pan_sequence_number text,
    application_id text,
    cardholder_verification_method_result text,
    terminal_id text,
    reconciliation_id text,
    card_statement_transaction_id text,
    fetched_at timestamptz NOT NULL
);

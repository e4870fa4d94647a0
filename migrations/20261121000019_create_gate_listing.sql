-- Instruments that staff keep out, or let in whatever is said of them, until a moment. A row that was replaced or taken back stays, so
-- that auditors can read who was on a list when.
CREATE TABLE gate_listing (
    gate_listing_id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT gate_listing_pk PRIMARY KEY,
    instrument_id text NOT NULL CONSTRAINT gate_listing_instrument REFERENCES instrument,
    -- Absent: at every store.
    store_id text CONSTRAINT gate_listing_store REFERENCES store,
    list text NOT NULL CONSTRAINT gate_listing_list CHECK (list IN ('block', 'allow')),
    until_at timestamptz NOT NULL,
    reason text NOT NULL CONSTRAINT gate_listing_reason CHECK (length(reason) BETWEEN 10 AND 500),
    listed_by text NOT NULL CONSTRAINT gate_listing_listed_by REFERENCES staff,
    listed_at timestamptz NOT NULL,
    cleared_by text CONSTRAINT gate_listing_cleared_by REFERENCES staff,
    cleared_at timestamptz,
    CONSTRAINT gate_listing_window CHECK (listed_at < until_at),
    CONSTRAINT gate_listing_cleared CHECK ((cleared_by IS NULL) = (cleared_at IS NULL))
);
-- One place on a list at a time, and what the gate reads.
CREATE UNIQUE INDEX gate_listing_once ON gate_listing (instrument_id, list, store_id) NULLS NOT DISTINCT WHERE cleared_at IS NULL;

-- A link that staff hands to somebody who owes and whom nobody knows: it opens one visit, once. Only a hash of what is in it is kept; what
-- is to be mailed lies sealed until it is mailed.
CREATE TABLE payment_link (
    payment_link_id uuid CONSTRAINT payment_link_pk PRIMARY KEY,
    token_sha256 bytea NOT NULL CONSTRAINT payment_link_token_once UNIQUE
        CONSTRAINT payment_link_token_length CHECK (length(token_sha256) = 32),
    trip_id text NOT NULL CONSTRAINT payment_link_trip REFERENCES trip,
    token_sealed bytea,
    email_sealed bytea,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT payment_link_life CHECK (created_at < expires_at),
    CONSTRAINT payment_link_mail CHECK ((token_sealed IS NULL) = (email_sealed IS NULL))
);
CREATE INDEX payment_link_by_trip ON payment_link (trip_id);

-- Whose a session is, so that its owner can list and end it. Generated, since the version before writes sessions as well.
ALTER TABLE session
    ADD COLUMN viewer jsonb GENERATED ALWAYS AS (content -> 'signed_in' -> 'viewer') STORED,
    ADD COLUMN signed_in_at bigint GENERATED ALWAYS AS ((content -> 'signed_in' ->> 'at')::bigint) STORED;
CREATE INDEX session_by_viewer ON session (viewer) WHERE viewer IS NOT NULL;

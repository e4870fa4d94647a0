-- A visit to the portal. The id is stored hashed: who reads this table cannot use what is in it.
CREATE TABLE session (
    session_id_sha256 bytea CONSTRAINT session_pk PRIMARY KEY
        CONSTRAINT session_id_length CHECK (length(session_id_sha256) = 32),
    content jsonb NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX session_by_expiry ON session (expires_at);

-- A code that was mailed, bound to the browser that asked for it. `shopper_id` is absent when nobody has the address: such a
-- row costs the same and looks the same from outside.
CREATE TABLE sign_in_code (
    sign_in_code_id uuid CONSTRAINT sign_in_code_pk PRIMARY KEY,
    shopper_id uuid CONSTRAINT sign_in_code_shopper REFERENCES shopper,
    code_hmac bytea NOT NULL,
    tries_left integer NOT NULL CONSTRAINT sign_in_code_tries CHECK (tries_left >= 0),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

-- How often something was tried, per fact and window: `subject` is a keyed hash, never the fact itself.
CREATE TABLE budget (
    kind text NOT NULL,
    subject bytea NOT NULL,
    window_at timestamptz NOT NULL,
    spent integer NOT NULL CONSTRAINT budget_spent CHECK (spent > 0),
    CONSTRAINT budget_pk PRIMARY KEY (kind, subject, window_at)
);

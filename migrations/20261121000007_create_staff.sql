-- Who works here. For now a name for `--as`, so that each change of the rules has its person; passwords and roles come with the
-- desk.
CREATE TABLE staff (
    name text CONSTRAINT staff_pk PRIMARY KEY CONSTRAINT staff_name CHECK (name ~ '^[a-z][a-z0-9._-]{1,63}$'),
    added_at timestamptz NOT NULL
);

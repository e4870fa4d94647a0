-- The chain over the audit. Whoever changes something writes its audit row and waits for nobody; one process at a time seals
-- what is committed: each seal's hash covers the hash before it and the whole row, so that an edit, a delete or a reorder of the
-- past cannot be made to fit any more. A table of its own, since audit rows are never updated.
--
-- The numbers have no gap: a seal that was cut out shows. They say in which order rows were sealed, which need not be that of
-- the rows' own ids: those are given out before the commit.
CREATE TABLE audit_seal (
    seal_no bigint CONSTRAINT audit_seal_pk PRIMARY KEY CONSTRAINT audit_seal_no CHECK (seal_no > 0),
    audit_entry_id bigint NOT NULL CONSTRAINT audit_seal_once UNIQUE CONSTRAINT audit_seal_entry REFERENCES audit_entry,
    sha256 bytea NOT NULL CONSTRAINT audit_seal_hash_length CHECK (length(sha256) = 32),
    sealed_at timestamptz NOT NULL
);

-- What waits for the sealer. Ids commit out of order, so that no high-water mark would tell; a row here commits with its audit
-- row and goes with its seal.
CREATE TABLE audit_unsealed (
    audit_entry_id bigint CONSTRAINT audit_unsealed_pk PRIMARY KEY
);

CREATE FUNCTION await_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO audit_unsealed (audit_entry_id) VALUES (NEW.audit_entry_id);
    RETURN NULL;
END
$$;
-- A trigger, since the version before this one writes audit rows while this is rolled out.
CREATE TRIGGER audit_entry_awaits_seal AFTER INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION await_seal();
INSERT INTO audit_unsealed (audit_entry_id) SELECT audit_entry_id FROM audit_entry;

CREATE TRIGGER audit_seal_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_seal
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON audit_seal FROM storeside_app;

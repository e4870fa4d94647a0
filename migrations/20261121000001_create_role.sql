-- The program works as this role, not as the owner of the tables: what the role may not do, no bug in the program can do.
-- Roles belong to the whole cluster, so that another database's migration may have made it already, even this very moment.
DO $$
BEGIN
    CREATE ROLE storeside_app NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END
$$;

DO $$
BEGIN
    EXECUTE format('GRANT storeside_app TO %I', current_user);
EXCEPTION WHEN unique_violation OR internal_error THEN
    NULL; -- granted by another migration at the same moment
END
$$;

GRANT USAGE ON SCHEMA public TO storeside_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO storeside_app;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO storeside_app;

-- What the insert-only tables' triggers say to everyone.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is insert-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation',
        CONSTRAINT = TG_TABLE_NAME || '_insert_only';
END
$$;

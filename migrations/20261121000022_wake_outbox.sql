-- Workers are woken for what is due at once. What is due later they find by looking when its time has come, and every tap at the gate
-- asks for something that is due in hours.
--
-- Commits that notify wait for each other, each until the one before is on the disk: at some hundred carts a second that wait was most
-- of an answer's time. So only one at a time notifies. What commits beside it without a notification is found all the same: the worker
-- that was woken looks again when it has finished something, the next cart notifies, and every worker looks five times a second.
CREATE OR REPLACE FUNCTION wake_workers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF pg_try_advisory_xact_lock(20261121000022) THEN
        PERFORM pg_notify('outbox', '');
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER outbox_wakes_workers_for_due AFTER INSERT ON outbox FOR EACH ROW
    WHEN (NEW.due_at <= NEW.created_at AND current_setting('storeside.wakes', true) IS DISTINCT FROM 'off')
    EXECUTE FUNCTION wake_workers();
DROP TRIGGER outbox_wakes_workers ON outbox;

-- A total that is held already may be captured as it is; and events of the feed end: given up by a person, or forgotten by age.

ALTER TABLE store
    -- Is a total that is held to the cent captured without asking Adjust Charge first? Off, since no page of Amazon's promises it.
    ADD COLUMN skip_adjust boolean NOT NULL DEFAULT false;

-- In the state `capturing`: the capture was sent without an adjustment. In `adjusting`: such a capture was refused before. It is read in
-- these two only, as the version before does not clear it.
ALTER TABLE trip ADD COLUMN skipped_adjust boolean NOT NULL DEFAULT false;

-- A person may give up an event whose visit never appears.
ALTER TABLE payment_event
    DROP CONSTRAINT payment_event_ignored,
    ADD CONSTRAINT payment_event_ignored CHECK (ignored IN (
        'not_used', 'unknown_name', 'unknown_store', 'other_store', 'stale', 'disagrees', 'absurd_amount', 'unasked',
        'answer_counts', 'moved_on', 'given_up'));
-- What is over is forgotten, the oldest first.
CREATE INDEX payment_event_over ON payment_event (received_at) WHERE state IN ('applied', 'ignored');

-- What a shopper adds in their own words is sealed by the program (server/src/vault.rs): people write names and numbers into such notes.
-- `review_reasons` says why a person looks at it; empty where nobody has to. The words are those of domain::refund::ReviewReason.
ALTER TABLE refund
    ADD COLUMN note_sealed bytea,
    ADD COLUMN review_reasons text[] NOT NULL DEFAULT '{}' CONSTRAINT refund_review_reasons CHECK (review_reasons <@ ARRAY[
        'credit', 'over_limit', 'frequent', 'nobody_known', 'same_article', 'mostly_returned']);

ALTER TABLE store
    -- So many other visits of which the same article came back, within 90 days, need nobody to look.
    ADD COLUMN refund_auto_same_article integer NOT NULL DEFAULT 2
        CONSTRAINT store_refund_auto_same_article CHECK (refund_auto_same_article >= 0),
    -- Up to this share of what was bought within 90 days nobody must look.
    ADD COLUMN refund_auto_share_percent integer NOT NULL DEFAULT 50
        CONSTRAINT store_refund_auto_share CHECK (refund_auto_share_percent BETWEEN 0 AND 100);

-- People may ask for their data to be erased, and what is no longer needed is forgotten by age. What bookkeeping needs stays: purchases,
-- payments and debts, without address and card.

-- An address is gone where all of its columns are; the row stays, since sign-ins and payments name it.
ALTER TABLE shopper ADD COLUMN erased_at timestamptz
    CONSTRAINT shopper_erased_has_no_email CHECK (erased_at IS NULL OR num_nonnulls(email, email_sealed, email_index) = 0);

-- Whose it is was forgotten then: Amazon is asked again for visits that begin later, and for no earlier one.
ALTER TABLE instrument ADD COLUMN erased_at timestamptz;

-- All but what bookkeeping needs was taken out then: the brand, the currency and Amazon's number of the payment are left.
ALTER TABLE card_facts ADD COLUMN reduced_at timestamptz
    CONSTRAINT card_facts_reduced_is_not_found CHECK (reduced_at IS NULL OR num_nonnulls(card_index, statement_index) = 0);
CREATE INDEX card_facts_whole ON card_facts (fetched_at) WHERE reduced_at IS NULL;

-- How long after a visit its card and its shopper's address are kept.
ALTER TABLE store ADD COLUMN personal_days integer NOT NULL DEFAULT 400
    CONSTRAINT store_personal_days CHECK (personal_days BETWEEN 1 AND 3650);

-- Addresses, codes and card facts are sealed by the program before they come here (server/src/vault.rs), and found by keyed hashes. The
-- plain columns stay until the version that reads them is gone; `storeside keys renew` empties them. While that version still runs it
-- cannot read what the new one wrote: a mail about it is tried again, a receipt lacks its card for as long. Nothing is lost.
ALTER TABLE shopper
    ALTER COLUMN email DROP NOT NULL,
    ADD COLUMN email_sealed bytea,
    ADD COLUMN email_index bytea CONSTRAINT shopper_email_index_once UNIQUE
        CONSTRAINT shopper_email_index_length CHECK (length(email_index) = 32),
    ADD CONSTRAINT shopper_email_sealed CHECK ((email_sealed IS NULL) = (email_index IS NULL)),
    ADD CONSTRAINT shopper_email_one CHECK (num_nonnulls(email, email_sealed) <= 1);

-- `sealed` has every fact. `card_index` is of the last four digits and the expiry, `statement_index` of the number on the statement.
ALTER TABLE card_facts
    ADD COLUMN sealed bytea,
    ADD COLUMN card_index bytea CONSTRAINT card_facts_card_index_length CHECK (length(card_index) = 32),
    ADD COLUMN statement_index bytea CONSTRAINT card_facts_statement_index_length CHECK (length(statement_index) = 32),
    ADD CONSTRAINT card_facts_sealed CHECK (CASE WHEN sealed IS NULL THEN num_nonnulls(card_index, statement_index) = 0
        ELSE num_nonnulls(brand, currency, tail, expiration_month, expiration_year, pos_entry_mode, authorization_response_code,
            cryptogram_information_data, pan_sequence_number, application_id, cardholder_verification_method_result, terminal_id,
            reconciliation_id, card_statement_transaction_id) = 0 END);
CREATE INDEX card_facts_by_card ON card_facts (card_index) WHERE card_index IS NOT NULL;
CREATE INDEX card_facts_by_statement ON card_facts (statement_index) WHERE statement_index IS NOT NULL;

ALTER TABLE loyalty_account
    ADD COLUMN email_sealed bytea,
    ADD COLUMN email_index bytea CONSTRAINT loyalty_account_email_index_length CHECK (length(email_index) = 32),
    ADD CONSTRAINT loyalty_account_email_sealed CHECK ((email_sealed IS NULL) = (email_index IS NULL)),
    ADD CONSTRAINT loyalty_account_email_one CHECK (num_nonnulls(email, email_sealed) <= 1);
ALTER TABLE loyalty_row
    ADD COLUMN email_sealed bytea,
    ADD COLUMN email_index bytea;

-- What is mailed: gone as soon as it is.
ALTER TABLE sign_in_code ADD COLUMN code_sealed bytea;

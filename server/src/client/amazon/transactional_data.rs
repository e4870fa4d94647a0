//! Get Transactional Data: the card, as a receipt shows it. Page: `get_transactional_data.html`.

use domain::attempt::Api;
use domain::id::{StoreId, TripId};
use domain::receipt::CardFacts;
use serde_json::{Value, json};

use super::{AmazonRequest, Invalid};

/// Longest text kept of a field, in characters; the longest the page shows is an AID of 32.
const FACT_CHARS_MAX: usize = 64;

/// A card number's last digits; more of one is never kept, whatever is sent.
const TAIL_CHARS_MAX: usize = 4;

/// `POST /v1/payment/transactional-data`. The answer is personal and is not kept as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GetTransactionalData {
    /// The store.
    pub store: StoreId,
    /// The visit.
    pub trip: TripId,
}

impl AmazonRequest for GetTransactionalData {
    /// Every field is optional, and an empty body has none.
    type Answer = CardFacts;
    const API: Api = Api::GetTransactionalData;

    fn body(&self) -> Value {
        json!({ "storeId": self.store.as_str(), "shoppingTripId": self.trip.as_str() })
    }

    fn check(&self) -> Result<(), Invalid> {
        Ok(())
    }

    fn read(&self, body: &[u8]) -> Option<CardFacts> {
        if body.trim_ascii().is_empty() {
            return Some(CardFacts::default());
        }
        let answer: Value = serde_json::from_slice(body).ok().filter(Value::is_object)?;
        let expiration = answer.get("expirationDate").unwrap_or(&Value::Null);
        Some(CardFacts {
            brand: fact(&answer, "brand"),
            currency: fact(&answer, "currency"),
            tail: fact(&answer, "tail").map(last_four),
            expiration_month: fact(expiration, "expirationMonth"),
            expiration_year: fact(expiration, "expirationYear"),
            pos_entry_mode: fact(&answer, "posEntryMode"),
            authorization_response_code: fact(&answer, "authorizationResponseCode"),
            cryptogram_information_data: fact(&answer, "cryptogramInformationData"),
            pan_sequence_number: fact(&answer, "panSequenceNumber"),
            application_id: fact(&answer, "applicationId"),
            cardholder_verification_method_result: fact(&answer, "cardholderVerificationMethodResult"),
            terminal_id: fact(&answer, "terminalId"),
            reconciliation_id: fact(&answer, "reconciliationId"),
            card_statement_transaction_id: fact(&answer, "cardStatementTransactionId"),
        })
    }
}

/// The field as text, a number as it was written. `None` when absent, blank, too long, or of another kind.
fn fact(answer: &Value, field: &str) -> Option<String> {
    let text = match answer.get(field)? {
        Value::String(text) => text.trim(),
        Value::Number(number) => number.as_str(),
        _ => return None,
    };
    let readable = !text.is_empty() && text.chars().count() <= FACT_CHARS_MAX && !text.contains(char::is_control);
    readable.then(|| text.to_owned())
}

fn last_four(tail: String) -> String {
    let extra = tail.chars().count().saturating_sub(TAIL_CHARS_MAX);
    tail.chars().skip(extra).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Option<CardFacts> {
        let (store, trip) = (StoreId::new("S").unwrap(), TripId::new("T").unwrap());
        GetTransactionalData { store, trip }.read(body.as_bytes())
    }

    #[test]
    fn the_pages_own_sample_is_read_whole() {
        let body = r#"{
            "brand": "VISA", "posEntryMode": "EMV_9F39_07", "currency": "USD", "authorizationResponseCode": "00",
            "cryptogramInformationData": "80", "tail": "1234", "panSequenceNumber": "01", "applicationId": "A0000000031010",
            "expirationDate": { "expirationYear": "2027", "expirationMonth": "04" },
            "cardholderVerificationMethodResult": "1F0302", "terminalId": "T-1", "reconciliationId": "R-1",
            "cardStatementTransactionId": "C-1", "newFutureField": [1]
        }"#;
        let text = |it: &str| Some(it.to_owned());
        let want = CardFacts {
            brand: text("VISA"),
            currency: text("USD"),
            tail: text("1234"),
            expiration_month: text("04"),
            expiration_year: text("2027"),
            pos_entry_mode: text("EMV_9F39_07"),
            authorization_response_code: text("00"),
            cryptogram_information_data: text("80"),
            pan_sequence_number: text("01"),
            application_id: text("A0000000031010"),
            cardholder_verification_method_result: text("1F0302"),
            terminal_id: text("T-1"),
            reconciliation_id: text("R-1"),
            card_statement_transaction_id: text("C-1"),
        };
        assert!(read(body) == Some(want));
    }

    #[test]
    fn numbers_are_taken_for_text_and_odd_fields_for_absent() {
        let body = r#"{"tail":1234,"brand":null,"terminalId":{},"expirationDate":{"expirationYear":2027},"applicationId":" "}"#;
        let facts = read(body).unwrap();
        assert_eq!((facts.tail.as_deref(), facts.expiration_year.as_deref()), (Some("1234"), Some("2027")));
        assert!(facts.brand.is_none() && facts.terminal_id.is_none() && facts.application_id.is_none());
        assert!(read(r#"{"expirationDate":"04/27","terminalId":"a\u0000b"}"#) == Some(CardFacts::default()));
    }

    #[test]
    fn no_more_than_four_digits_of_a_card_are_kept() {
        let facts = read(r#"{"tail":"4111111111111234"}"#).unwrap();
        assert_eq!(facts.tail.as_deref(), Some("1234"));
    }

    #[test]
    fn an_empty_answer_has_no_facts_and_another_kind_of_answer_is_not_read() {
        assert!(read("") == Some(CardFacts::default()));
        assert!(read("{}") == Some(CardFacts::default()));
        assert!(read("[]").is_none() && read("<html>").is_none());
    }
}

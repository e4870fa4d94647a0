//! Refund: gives money back to the card. Page: `refund_charge.html`.

use domain::attempt::Api;
use domain::id::{ReconciliationId, RefundId, StoreId, TripId};
use domain::money::Money;
use domain::refund::RefundReason;
use serde_json::{Value, json};

use super::{AmazonRequest, Invalid, amount};

/// Decimal places that an amount may have (Refund page: "at most 2 decimal places").
const PLACES_MAX: u32 = 2;

/// `POST /v1/refund`. The same `refund` again gives nothing back twice, and is answered with the same number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefundCharge {
    /// The store.
    pub store: StoreId,
    /// The visit.
    pub trip: TripId,
    /// More than zero, and never more than was captured and not given back.
    pub amount: Money,
    /// `refundRequestId`.
    pub refund: RefundId,
    /// `refundReasonCode`.
    pub reason: RefundReason,
}

/// What Amazon did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundAnswer {
    /// It gives the money back. The page's prose promises no number, its tests do.
    Given {
        /// Amazon's number for it.
        reconciliation: Option<ReconciliationId>,
    },
    /// A 200 that is a no (test plan REF-006; its shape is on no page).
    Declined,
}

impl AmazonRequest for RefundCharge {
    type Answer = RefundAnswer;
    const API: Api = Api::RefundCharge;

    fn body(&self) -> Value {
        json!({
            "storeId": self.store.as_str(),
            "shoppingTripId": self.trip.as_str(),
            "amount": amount::to_wire(self.amount),
            "refundRequestId": self.refund.to_string(),
            "refundReasonCode": self.reason.as_str(),
        })
    }

    fn check(&self) -> Result<(), Invalid> {
        if !self.amount.is_positive() || self.amount.to_decimal().normalize().scale() > PLACES_MAX {
            return Err(Invalid("amount.amount"));
        }
        if is_request_id(&self.refund.to_string()) { Ok(()) } else { Err(Invalid("refundRequestId")) }
    }

    /// A number that is no text is no answer: the same call again gives the right one.
    fn read(&self, body: &[u8]) -> Option<RefundAnswer> {
        if body.trim_ascii().is_empty() {
            return Some(RefundAnswer::Given { reconciliation: None });
        }
        let answer: Value = serde_json::from_slice(body).ok().filter(|it: &Value| it.is_object() || it.is_null())?;
        match answer.get("status").and_then(Value::as_str) {
            Some("DECLINED" | "REJECTED" | "FAILED") => return Some(RefundAnswer::Declined),
            Some("PENDING") => return None,
            Some(_) | None => {}
        }
        let reconciliation = match answer.get("reconciliationId") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.is_empty() => None,
            Some(said) => Some(ReconciliationId::new(said.as_str()?).ok()?),
        };
        Some(RefundAnswer::Given { reconciliation })
    }
}

/// `^[0-9a-f]{8}-[0-9a-f]{4}-[0-5][0-9a-f]{3}-[089ab][0-9a-f]{3}-[0-9a-f]{12}$` (Refund page).
fn is_request_id(id: &str) -> bool {
    id.len() == 36
        && id.bytes().enumerate().all(|(place, byte)| match place {
            8 | 13 | 18 | 23 => byte == b'-',
            14 => matches!(byte, b'0'..=b'5'),
            19 => matches!(byte, b'0' | b'8' | b'9' | b'a' | b'b'),
            _ => matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
        })
}

#[cfg(test)]
mod tests {
    use domain::money::Currency;

    use super::*;

    fn refund(minor: i64, currency: &str) -> RefundCharge {
        RefundCharge {
            store: StoreId::new("S").unwrap(),
            trip: TripId::new("T").unwrap(),
            amount: Money::new(minor, Currency::new(currency).unwrap()),
            refund: "550E8400-E29B-41D4-A716-446655440000".parse().unwrap(),
            reason: RefundReason::DamagedItem,
        }
    }

    fn given(number: Option<&str>) -> Option<RefundAnswer> {
        Some(RefundAnswer::Given { reconciliation: number.map(|it| ReconciliationId::new(it).unwrap()) })
    }

    #[test]
    fn ref_001_the_body_has_the_amount_exactly_the_key_in_lower_case_and_the_reason() {
        let want = concat!(
            r#"{"amount":{"amount":25.99,"code":"USD"},"refundReasonCode":"DAMAGED_ITEM","#,
            r#""refundRequestId":"550e8400-e29b-41d4-a716-446655440000","shoppingTripId":"T","storeId":"S"}"#
        );
        assert_eq!(refund(2599, "USD").body().to_string(), want);
        let codes: Vec<&str> = RefundReason::ALL.iter().map(|it| it.as_str()).collect();
        assert_eq!(codes, ["DAMAGED_ITEM", "EXPIRED_ITEM", "UNWANTED_ITEM", "JWO_TECH_ERROR", "OTHER"]);
    }

    #[test]
    fn eh_002_what_amazon_would_refuse_is_not_sent() {
        for (minor, currency, want) in [
            (1, "USD", Ok(())),
            (100, "JPY", Ok(())),
            (1230, "KWD", Ok(())),
            (1234, "KWD", Err(Invalid("amount.amount"))),
            (0, "USD", Err(Invalid("amount.amount"))),
            (-1, "USD", Err(Invalid("amount.amount"))),
        ] {
            assert_eq!(refund(minor, currency).check(), want, "{minor} {currency}");
        }
        for id in [
            "550E8400-e29b-41d4-a716-446655440000",
            "550e8400-e29b-71d4-a716-446655440000",
            "550e8400-e29b-41d4-c716-446655440000",
            "550e8400e29b41d4a716446655440000",
            "550e8400-e29b-41d4-a716-44665544000g",
            "",
        ] {
            assert!(!is_request_id(id), "{id}");
        }
        assert!(is_request_id("550e8400-e29b-41d4-a716-446655440000"));
    }

    #[test]
    fn an_answer_may_have_a_number_or_be_empty() {
        let read = |body: &str| refund(1, "USD").read(body.as_bytes());
        assert_eq!(read(r#"{"reconciliationId":"rec-1","newFutureField":{}}"#), given(Some("rec-1")));
        for body in ["", " \n", "{}", "null", r#"{"reconciliationId":null}"#, r#"{"reconciliationId":""}"#] {
            assert_eq!(read(body), given(None), "{body:?}");
        }
    }

    #[test]
    fn ref_006_a_200_that_is_a_no_is_no_refund() {
        for status in ["DECLINED", "REJECTED", "FAILED"] {
            let body = format!(r#"{{"status":"{status}","reconciliationId":"rec-1"}}"#);
            assert_eq!(refund(1, "USD").read(body.as_bytes()), Some(RefundAnswer::Declined), "{status}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_no_answer() {
        let long = format!(r#"{{"reconciliationId":"{}"}}"#, "x".repeat(256));
        let odd =
            ["<html>", "[]", "\"rec-1\"", r#"{"reconciliationId":7}"#, r#"{"reconciliationId":"a\u0000b"}"#, &long];
        for body in odd.into_iter().chain([r#"{"status":"PENDING"}"#]) {
            assert_eq!(refund(1, "USD").read(body.as_bytes()), None, "{body}");
        }
    }
}

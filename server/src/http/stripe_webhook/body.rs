//! What is used of an event's body. Whatever else Stripe writes, today or later, is passed over and never kept.

use domain::id::StripeEventId;
use domain::money::{Currency, Money};
use domain::payoff::DisputeStanding;
use serde_json::Value;

use crate::flow::payoff::Word;

/// Longest kind of an event.
const KIND_CHARS_MAX: usize = 100;

/// An event.
#[derive(Debug)]
pub(super) struct Event {
    pub(super) id: StripeEventId,
    pub(super) kind: String,
    pub(super) word: Word,
}

/// Reads an event.
///
/// # Errors
///
/// What is missing, for whoever sent it.
pub(super) fn parse(body: &[u8]) -> Result<Event, &'static str> {
    let body: Value = serde_json::from_slice(body).map_err(|_| "The body is not JSON.")?;
    let text = |name: &str| body[name].as_str();
    let id = text("id").and_then(|it| StripeEventId::new(it).ok()).ok_or("`id` must name an event.")?;
    let kind = text("type").filter(|it| (1..=KIND_CHARS_MAX).contains(&it.chars().count()));
    let kind = kind.ok_or("`type` must name a kind of event.")?.to_owned();
    let object = &body["data"]["object"];
    let word = match kind.as_str() {
        "checkout.session.completed" | "checkout.session.async_payment_succeeded" => paid(object)?,
        "checkout.session.expired" => over(object)?,
        kind if kind.starts_with("charge.dispute.") => dispute(object)?,
        _ => Word::NotUsed,
    };
    Ok(Event { id, kind, word })
}

fn paid(session: &Value) -> Result<Word, &'static str> {
    // Somebody else's who uses the account, or one that is not paid yet.
    let Some(payoff) = session["client_reference_id"].as_str().and_then(|it| it.parse().ok()) else {
        return Ok(Word::NotUsed);
    };
    if session["payment_status"].as_str() != Some("paid") {
        return Ok(Word::NotUsed);
    }
    Ok(Word::Paid {
        payoff,
        session: named(&session["id"], "`data.object.id` must name a session.")?,
        payment: named(&session["payment_intent"], "`data.object.payment_intent` must name a payment.")?,
        amount: amount(&session["amount_total"], &session["currency"])?,
    })
}

fn over(session: &Value) -> Result<Word, &'static str> {
    let Some(payoff) = session["client_reference_id"].as_str().and_then(|it| it.parse().ok()) else {
        return Ok(Word::NotUsed);
    };
    Ok(Word::Over { payoff, session: named(&session["id"], "`data.object.id` must name a session.")? })
}

fn dispute(dispute: &Value) -> Result<Word, &'static str> {
    // A charge without a payment is none that Checkout made.
    if dispute["payment_intent"].is_null() {
        return Ok(Word::NotUsed);
    }
    let standing = match dispute["status"].as_str().unwrap_or_default() {
        "won" => DisputeStanding::Won,
        "lost" => DisputeStanding::Lost,
        "needs_response" | "under_review" => DisputeStanding::Open,
        status if status.starts_with("warning_") => DisputeStanding::Inquiry,
        // Rather looked at by a person than guessed: money would move.
        _ => return Ok(Word::NotUsed),
    };
    Ok(Word::Dispute {
        payment: named(&dispute["payment_intent"], "`data.object.payment_intent` must name a payment.")?,
        dispute: named(&dispute["id"], "`data.object.id` must name a dispute.")?,
        amount: amount(&dispute["amount"], &dispute["currency"])?,
        standing,
    })
}

/// Stripe writes an id, or where it was asked to, the whole object with its id.
fn named<T: std::str::FromStr>(value: &Value, problem: &'static str) -> Result<T, &'static str> {
    value.as_str().or_else(|| value["id"].as_str()).and_then(|it| it.parse().ok()).ok_or(problem)
}

fn amount(minor: &Value, currency: &Value) -> Result<Money, &'static str> {
    let currency = currency.as_str().and_then(|it| Currency::new(&it.to_uppercase()).ok());
    let (minor, currency) = minor.as_i64().zip(currency).ok_or("the amount and its currency must be given.")?;
    Ok(Money::new(minor, currency))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const PAYOFF: &str = "550e8400-e29b-41d4-a716-446655440000";

    fn word(kind: &str, object: &Value) -> Result<Word, &'static str> {
        let body = json!({ "id": "evt_1", "type": kind, "data": { "object": object } });
        parse(body.to_string().as_bytes()).map(|it| it.word)
    }

    #[test]
    fn only_our_own_paid_sessions_are_paid() {
        let session = json!({ "id": "cs_1", "client_reference_id": PAYOFF, "payment_status": "paid", "payment_intent": "pi_1",
            "amount_total": 1032, "currency": "usd", "a_field_of_next_year": { "x": 1 } });
        let Ok(Word::Paid { amount, .. }) = word("checkout.session.completed", &session) else { panic!("not paid") };
        assert_eq!(amount, Money::new(1032, Currency::USD));
        for (field, value) in [("client_reference_id", json!("order-7")), ("payment_status", json!("unpaid"))] {
            let mut other = session.clone();
            other[field] = value;
            assert_eq!(word("checkout.session.completed", &other), Ok(Word::NotUsed), "{field}");
        }
        let mut odd = session.clone();
        odd["amount_total"] = json!("1032");
        assert!(word("checkout.session.completed", &odd).is_err());
        assert_eq!(word("customer.created", &session), Ok(Word::NotUsed));
    }

    #[test]
    fn a_dispute_stands_as_its_status_says_and_an_unknown_one_moves_nothing() {
        let told = |status: &str| {
            let dispute = json!({ "id": "dp_1", "payment_intent": { "id": "pi_1" }, "amount": 5, "currency": "usd", "status": status });
            match word("charge.dispute.updated", &dispute) {
                Ok(Word::Dispute { standing, .. }) => Some(standing.as_str()),
                _ => None,
            }
        };
        let statuses = ["needs_response", "under_review", "won", "lost", "warning_closed", "of_next_year"];
        let wanted = [Some("open"), Some("open"), Some("won"), Some("lost"), Some("inquiry"), None];
        assert_eq!(statuses.map(told), wanted);
    }

    #[test]
    fn a_body_that_is_no_event_says_what_is_missing() {
        for (body, problem) in [("", "JSON"), ("[]", "`id`"), (r#"{"id":"evt_1"}"#, "`type`")] {
            assert!(parse(body.as_bytes()).unwrap_err().contains(problem), "{body}");
        }
    }
}

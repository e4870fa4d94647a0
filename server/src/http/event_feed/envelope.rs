//! The envelope that EventBridge puts around every event (its user guide, "Event structure"), and what can be found in a detail
//! whose schema is not published.

use domain::id::{ID_CHARS_MAX, PaymentEventId, StoreId, TripId};
use domain::payment_event::{EventFamily, EventName, NAME_CHARS_MAX, PaymentEvent};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::ToSchema;

use super::field::{self, Field, word};
use super::{amount, detail, repeated};
use crate::body::is_deceptive;
use crate::flow::receive_event::ReceivedEvent;

/// The envelope of one event, for its description: what is read of it is read as leniently as that says.
#[derive(Debug, ToSchema)]
#[expect(dead_code, reason = "only its shape is read")]
#[schema(as = Event, example = json!({
    "version": "0",
    "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
    "detail-type": "Payment",
    "source": "amazon.jwo",
    "time": "2024-03-22T17:10:00Z",
    "detail": {
        "eventName": "CaptureApproved",
        "shoppingTripId": "11111111-2222-3333-4444-555555555555",
        "storeId": "TEST_STORE_001",
        "amount": { "amount": 2.17, "code": "USD" }
    }
}))]
pub(super) struct Envelope {
    /// The same on every delivery.
    #[schema(min_length = 1, max_length = 255)]
    id: String,
    /// When it happened; without one, when it came.
    time: Option<Value>,
    /// What kind of event it is, where the detail does not say.
    #[schema(rename = "detail-type")]
    detail_type: Option<Value>,
    /// Who says so.
    source: Option<Value>,
    /// What happened. The schema is not published: fields are found however they are spelled.
    detail: Option<Value>,
}

/// Fields that may name the visit: `(the object around it, or any; its own word)`, the surest first.
const TRIP: [(&str, &str); 5] =
    [("", "shoppingtripid"), ("", "idempotentshoppingtripid"), ("", "tripid"), ("shoppingtrip", "id"), ("trip", "id")];

const STORE: [(&str, &str); 2] = [("", "storeid"), ("store", "id")];

const RECONCILIATION: [(&str, &str); 1] = [("", "reconciliationid")];

/// Fields that may say more exactly than the envelope, which has whole seconds, when it happened.
const TIME: [(&str, &str); 4] = [("", "eventtime"), ("", "eventtimestamp"), ("", "occurredat"), ("", "timestamp")];

/// Reads a body.
///
/// # Errors
///
/// What is wrong, in a sentence without anything of the body.
pub(super) fn parse(body: &[u8], now: OffsetDateTime) -> Result<ReceivedEvent, String> {
    if body.trim_ascii().is_empty() {
        return Err("The body is empty.".to_owned());
    }
    repeated::check(body)?;
    let envelope: Value = serde_json::from_slice(body)
        .map_err(|error| format!("The body is not JSON (line {}, column {}).", error.line(), error.column()))?;
    let Value::Object(envelope) = envelope else { return Err("The body is not a JSON object.".to_owned()) };
    let text = |key: &str| envelope.get(key).and_then(Value::as_str).unwrap_or_default();
    let id = envelope.get("id").ok_or("id is required.")?.as_str().ok_or("id must be a string.")?;
    let id = PaymentEventId::new(id).map_err(|problem| format!("id {problem}."))?;
    let detail = match envelope.get("detail") {
        // Some relays put the detail into a string.
        Some(Value::String(text)) => serde_json::from_str(text).unwrap_or_default(),
        Some(detail) => detail.clone(),
        None => Value::Null,
    };
    let (fields, objects) = field::walk(&detail);
    let known = known_name(&fields, text("detail-type"));
    let event = PaymentEvent {
        id,
        family: if known.is_some() { EventFamily::Payment } else { family(&fields, text("detail-type")) },
        name: known.map_or_else(|| own_name(&fields, text("detail-type")), |it| it.as_str().to_owned()),
        trip: field::only(&fields, &TRIP, |it| TripId::new(it).ok()),
        store: field::only(&fields, &STORE, |it| StoreId::new(it).ok()),
        amount: amount::find(&objects, known),
        reconciliation: field::only(&fields, &RECONCILIATION, |it| short(it, ID_CHARS_MAX)),
        occurred_at: occurred_at(&fields, text("time"), now),
    };
    let kept = detail::keep(&fields, text("detail-type"), text("source"));
    Ok(ReceivedEvent { event, detail: kept })
}

/// The known name that the event has, wherever it stands: a field that is about names, the shallowest first; else any value;
/// else a key. Two that differ and stand alike are none.
fn known_name(fields: &[Field<'_>], detail_type: &str) -> Option<EventName> {
    let about_names = |it: &Field<'_>| ["event", "name", "type"].iter().any(|part| it.word.contains(part));
    let mut found: Vec<((u8, usize), EventName)> = vec![];
    found.extend(by_word(detail_type).map(|name| ((0, 0), name)));
    for field in fields {
        let rank = if about_names(field) { 0 } else { 1 };
        found.extend(field.value.as_str().and_then(by_word).map(|name| ((rank, field.depth), name)));
        found.extend(by_word(field.key).map(|name| ((2, field.depth), name)));
    }
    let best = found.iter().map(|(rank, _)| *rank).min()?;
    let mut names = found.iter().filter(|(rank, _)| *rank == best).map(|(_, name)| *name);
    let first = names.next()?;
    names.all(|it| it == first).then_some(first)
}

/// A known name in any spelling.
fn by_word(text: &str) -> Option<EventName> {
    let text = word(text);
    EventName::ALL.iter().copied().find(|it| it.as_str().eq_ignore_ascii_case(&text))
}

fn family(fields: &[Field<'_>], detail_type: &str) -> EventFamily {
    let of = |text: &str| match text {
        "payment" | "payments" | "paymentevent" => Some(EventFamily::Payment),
        "cart" | "carts" | "ordering" | "order" | "cartevent" | "orderingevent" => Some(EventFamily::Cart),
        "shopper" | "shopperevent" => Some(EventFamily::Shopper),
        _ => None,
    };
    let about_types = |it: &&Field<'_>| ["type", "family", "category"].iter().any(|part| it.word.contains(part));
    let said = fields.iter().filter(about_types).find_map(|it| of(&word(it.value.as_str()?)));
    let mut words = detail_type.split(|it: char| !it.is_ascii_alphanumeric());
    said.or_else(|| of(&word(detail_type))).or_else(|| words.find_map(|it| of(&word(it)))).unwrap_or(EventFamily::Other)
}

/// The name of an event that is none of the known ones, for the person who is told of it. Never a known one: an event that has
/// two of them has none.
fn own_name(fields: &[Field<'_>], detail_type: &str) -> String {
    let unknown = |text: &str| short(text, NAME_CHARS_MAX).filter(|it| by_word(it).is_none());
    let named = ["eventname", "name", "eventtype", "event", "type"].iter().find_map(|word| {
        let field = fields.iter().find(|it| it.word == *word && it.parent != "shopper")?;
        unknown(field.value.as_str()?)
    });
    named.or_else(|| unknown(detail_type)).unwrap_or_else(|| "unnamed".to_owned())
}

/// A printable text of at most so many characters.
fn short(text: &str, chars_max: usize) -> Option<String> {
    let is_fit = !text.trim().is_empty()
        && text.chars().count() <= chars_max
        && !text.chars().any(char::is_control)
        && !is_deceptive(text);
    is_fit.then(|| text.to_owned())
}

/// By the envelope, more exactly where the detail says so of the same second. An event that has been received has happened:
/// a clock that is ahead may not outrank what comes after it.
fn occurred_at(fields: &[Field<'_>], time: &str, now: OffsetDateTime) -> OffsetDateTime {
    let read = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok();
    let finer = field::only(fields, &TIME, read);
    let at = match (read(time), finer) {
        (Some(at), Some(finer)) if at.unix_timestamp() == finer.unix_timestamp() => finer,
        (Some(at), _) => at,
        (None, finer) => finer.unwrap_or(now),
    };
    // A year that no column holds is no time.
    if (2000..2100).contains(&at.year()) { at.min(now) } else { now }
}

#[cfg(test)]
mod tests;

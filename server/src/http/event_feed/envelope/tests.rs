use domain::money::{Currency, Money};
use domain::payment_event::EventAmount;
use proptest::prelude::*;
use serde_json::json;
use time::macros::datetime;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-21 09:00 UTC);

fn event(detail_type: &str, detail: Value) -> PaymentEvent {
    let envelope = json!({
        "version": "0", "id": "event-1", "detail-type": detail_type, "source": "aws.jwo", "account": "123456789012",
        "time": "2026-11-21T08:59:00Z", "region": "us-east-1", "resources": [], "detail": detail, "newFutureField": 1,
    });
    parse(envelope.to_string().as_bytes(), NOW).unwrap().event
}

#[test]
fn rpt_001_each_payment_event_is_found_however_it_is_spelled_and_wherever_it_stands() {
    for name in EventName::ALL {
        let snake = match name {
            EventName::AuthorizationApproved => "AUTHORIZATION_APPROVED",
            EventName::AuthorizationDeclined => "authorization-declined",
            EventName::AuthorizationCancelled => "authorization cancelled",
            EventName::CaptureApproved => "CAPTURE_APPROVED",
            EventName::CaptureDeclined => "captureDeclined",
        };
        for (detail_type, detail) in [
            ("Payment Event", json!({ "eventType": "PAYMENT", "eventName": name.as_str() })),
            ("Payment Event", json!({ "type": "PAYMENT", "payment": { "event": { "name": snake } } })),
            ("Payment Event", json!({ "events": [{ "status": snake }] })),
            ("Payment Event", json!({ name.as_str(): { "shoppingTripId": "trip-1" } })),
            (name.as_str(), json!({})),
            ("x", json!(json!({ "eventName": snake }).to_string())),
        ] {
            let event = event(detail_type, detail.clone());
            assert_eq!((event.known(), event.family), (Some(*name), EventFamily::Payment), "{detail_type} {detail}");
        }
    }
}

#[test]
fn two_names_that_stand_alike_are_none_and_the_nearest_counts() {
    let alike = json!({ "a": { "eventName": "CaptureApproved" }, "b": { "eventName": "CaptureDeclined" } });
    assert_eq!(event("Payment", alike).known(), None);
    let history = json!({ "eventName": "CaptureDeclined", "history": [{ "eventName": "CaptureApproved" }] });
    assert_eq!(event("Payment", history).known(), Some(EventName::CaptureDeclined));
    let told = json!({ "eventName": "CaptureDeclined", "previous": "CaptureApproved" });
    assert_eq!(event("Payment", told).known(), Some(EventName::CaptureDeclined));
}

#[test]
fn the_trip_is_found_under_any_likely_key_and_not_guessed() {
    for detail in [
        json!({ "shoppingTripId": "trip-1" }),
        json!({ "payment": { "idempotentShoppingTripId": "trip-1", "tripId": "other" } }),
        json!({ "a": [{ "b": { "trip_id": "trip-1" } }] }),
        json!({ "shoppingTrip": { "id": "trip-1" }, "id": "x" }),
        json!({ "shoppingTripId": "trip-1", "again": { "ShoppingTripID": "trip-1" } }),
    ] {
        assert_eq!(event("x", detail.clone()).trip.map(String::from).as_deref(), Some("trip-1"), "{detail}");
    }
    for detail in [
        json!({ "shoppingTripId": "trip-1", "other": { "shoppingTripId": "trip-2" } }),
        json!({ "shoppingTripId": "no trip" }),
        json!({ "shoppingTripId": 7 }),
        json!({}),
        json!(null),
    ] {
        assert_eq!(event("x", detail.clone()).trip, None, "{detail}");
    }
}

#[test]
fn rpt_003_store_amount_and_reconciliation_id_are_read() {
    let event = event(
        "Payment Event",
        json!({
            "eventName": "CaptureApproved", "storeId": "TEST_STORE_001", "reconciliationId": "rec-1",
            "amount": { "amount": 10.32, "code": "USD" },
        }),
    );
    assert_eq!(event.store.map(String::from).as_deref(), Some("TEST_STORE_001"));
    assert_eq!(event.reconciliation.as_deref(), Some("rec-1"));
    assert_eq!(event.amount, EventAmount::Said(Money::new(1032, Currency::USD)));
    assert_eq!(event.occurred_at, datetime!(2026-11-21 08:59 UTC));
}

#[test]
fn what_is_unknown_keeps_its_own_name_and_family() {
    let table = [
        (
            "Payment Event",
            json!({ "type": "PAYMENT", "eventName": "CaptureReversed" }),
            EventFamily::Payment,
            "CaptureReversed",
        ),
        ("JWO Cart Event", json!({ "eventName": "CartCreated" }), EventFamily::Cart, "CartCreated"),
        ("x", json!({ "eventType": "CART" }), EventFamily::Cart, "CART"),
        ("Shopper", json!({}), EventFamily::Shopper, "Shopper"),
        ("", json!([1, 2]), EventFamily::Other, "unnamed"),
        ("x", json!({ "eventName": "a\u{0}b" }), EventFamily::Other, "x"),
    ];
    for (detail_type, detail, family, name) in table {
        let event = event(detail_type, detail);
        assert_eq!((event.known(), event.family, event.name.as_str()), (None, family, name));
    }
}

#[test]
fn the_time_is_the_envelopes_and_never_later_than_now() {
    let at = |time: &str, detail: Value| {
        let envelope = json!({ "id": "1", "time": time, "detail": detail });
        parse(envelope.to_string().as_bytes(), NOW).unwrap().event.occurred_at
    };
    let finer = json!({ "eventTime": "2026-11-21T08:59:00.25Z" });
    assert_eq!(at("2026-11-21T08:59:00Z", finer.clone()), datetime!(2026-11-21 08:59:00.25 UTC));
    assert_eq!(at("2026-11-21T08:58:00Z", finer.clone()), datetime!(2026-11-21 08:58 UTC));
    assert_eq!(at("yesterday", finer), datetime!(2026-11-21 08:59:00.25 UTC));
    for later in ["2026-11-21T09:00:01Z", "9999-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "", "soon"] {
        assert_eq!(at(later, json!({})), NOW, "{later}");
    }
}

#[test]
fn what_is_wrong_with_a_body_is_said_and_nothing_of_it() {
    for (body, said) in [
        ("", "The body is empty."),
        ("  \n", "The body is empty."),
        ("{\"secret\": ", "The body is not JSON (line 1, column 11)."),
        ("[]", "The body is not a JSON object."),
        ("7", "The body is not a JSON object."),
        ("{}", "id is required."),
        ("{\"id\": 7}", "id must be a string."),
        ("{\"id\": \" \"}", "id must not be empty."),
        ("{\"id\": \"a\\u0000\"}", "id has a character that is not allowed."),
    ] {
        assert_eq!(parse(body.as_bytes(), NOW).err().as_deref(), Some(said), "{body}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        Just("CaptureApproved".to_owned()),
        Just("CAPTURE_DECLINED".to_owned()),
        Just("USD".to_owned()),
        Just("1e400".to_owned()),
        any::<String>()
    ];
    let number = prop_oneof![Just("1e400"), Just("-0.001"), Just("99999999999999999999999999999999"), Just("1032")];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        number.prop_map(|it| serde_json::from_str(it).unwrap()),
        word.prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("shoppingTripId".to_owned()),
        Just("eventName".to_owned()),
        Just("amount".to_owned()),
        Just("value".to_owned()),
        Just("code".to_owned()),
        Just("type".to_owned()),
        Just("eventTime".to_owned()),
        any::<String>()
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|it| Value::Object(it.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn eh_002_any_detail_is_read_and_what_is_kept_fits_its_columns(
        detail in any_json(), time in any::<String>(), kind in any::<String>(),
    ) {
        let body = json!({ "id": "1", "time": time, "detail-type": kind, "detail": detail });
        let received = parse(body.to_string().as_bytes(), NOW).unwrap();
        let event = received.event;
        prop_assert!((1..=NAME_CHARS_MAX).contains(&event.name.chars().count()));
        prop_assert!(event.occurred_at <= NOW);
        prop_assert!(event.known().is_none() || event.family == EventFamily::Payment);
        let kept = received.detail.to_string();
        // PostgreSQL takes no NUL and no number beyond its own; kept is little, whatever was sent.
        prop_assert!(!kept.contains("\\u0000") && kept.len() < 100_000, "{kept}");
        prop_assert!(received.detail.is_object());
    }

    #[test]
    fn eh_002_any_bytes_are_refused_or_read_and_never_a_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&body, NOW);
    }
}

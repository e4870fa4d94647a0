use serde_json::{Value, json};
use twin::{EventName, EventSettings, SendOrder, Telling, Twin, TwinOptions};
use uuid::Uuid;

use crate::support::*;

const FEED: &str = "/v1/events";

/// A Storeside, a twin that tells it events in this way, and a shopper inside.
async fn telling(settings: impl Into<EventSettings>) -> (Twin, FakeStoreside, Uuid) {
    let twin = Twin::start(TwinOptions { events: settings.into(), ..TwinOptions::for_tests() }).await.unwrap();
    let storeside = FakeStoreside::beside(&twin).await;
    let tap = twin.tap("visa").await.unwrap();
    (twin, storeside, tap.trip)
}

/// The names of the events that were delivered, in order.
fn told(storeside: &FakeStoreside) -> Vec<String> {
    let received = storeside.received.lock().unwrap();
    let bodies = received.iter().filter(|(path, _, _)| path == FEED).map(|(_, _, body)| body);
    bodies.map(|body| body["detail"]["eventName"].as_str().unwrap().to_owned()).collect()
}

async fn pay(twin: &Twin, trip: Uuid) {
    assert_eq!(post(twin, ADJUST, &charge(trip, "15.99")).await.status, 200);
    assert_eq!(post(twin, CAPTURE, &charge(trip, "15.99")).await.status, 200);
}

#[tokio::test]
async fn nothing_is_told_unless_it_is_asked_for() {
    let (twin, storeside, trip) = telling(Telling::Never).await;
    pay(&twin, trip).await;
    assert_eq!(told(&storeside), [""; 0]);
    assert_eq!(twin.truth().events.len(), 3, "the truth has them all the same");
}

#[tokio::test]
async fn an_event_has_the_envelope_of_eventbridge_and_the_key() {
    let (twin, storeside, trip) = telling(Telling::BeforeAnswer).await;
    pay(&twin, trip).await;
    assert_eq!(told(&storeside), ["AuthorizationApproved", "AuthorizationApproved", "CaptureApproved"]);
    let received = storeside.received.lock().unwrap();
    let (_, headers, body) = received.last().unwrap();
    assert_eq!(headers["x-api-key"], "demo-event-feed-key");
    assert!(!headers.contains_key("authorization"));
    assert_eq!(body["detail"]["shoppingTripId"], trip.to_string());
    assert_eq!(body["detail"]["amount"].to_string(), r#"{"amount":15.99,"code":"USD"}"#);
    for field in ["version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"] {
        assert!(!body[field].is_null(), "{field}");
    }
    assert_eq!(twin.truth().events[2].answers, [201]);
}

#[tokio::test]
async fn held_events_are_sent_in_either_order_and_a_doubled_one_has_the_same_id() {
    let (twin, storeside, trip) = telling(Telling::Held).await;
    pay(&twin, trip).await;
    assert!(twin.decline_capture(trip).await);
    assert_eq!(told(&storeside), [""; 0]);
    twin.tell_events(EventSettings { telling: Telling::Held, times: 2 });
    assert_eq!(twin.send_events(SendOrder::NewestFirst).await.unwrap().len(), 8);
    assert_eq!(told(&storeside)[..4], ["CaptureDeclined", "CaptureDeclined", "CaptureApproved", "CaptureApproved"]);
    let ids: Vec<Value> = storeside.bodies().into_iter().skip(1).map(|body| body["id"].clone()).collect();
    assert_eq!(ids[0], ids[1]);
    assert_ne!(ids[1], ids[2]);
    assert_eq!(twin.send_events(SendOrder::OldestFirst).await.unwrap(), [0; 0], "each is sent once");
}

#[tokio::test]
async fn a_capture_that_is_declined_later_is_charged_no_more_in_the_truth() {
    let (twin, _, trip) = telling(Telling::Never).await;
    assert!(!twin.decline_capture(trip).await, "there is no charge yet");
    pay(&twin, trip).await;
    assert!(twin.decline_capture(trip).await);
    assert!(!twin.decline_capture(trip).await, "it is taken back once");
    let truth = twin.truth();
    assert_eq!((truth.trip(trip).captured_minor(), truth.net_minor()), (0, 0));
    assert_eq!(
        (&truth.trip(trip).captures_minor[..], &truth.trip(trip).reversals_minor[..]),
        (&[1599][..], &[1599][..])
    );
    let refund = json!({
        "storeId": STORE, "shoppingTripId": trip, "amount": { "amount": 1, "code": "USD" },
        "refundRequestId": Uuid::new_v4(), "refundReasonCode": "OTHER",
    });
    assert_eq!(post(&twin, REFUND, &refund).await.error(), bad_request(), "there is nothing to refund");
}

#[tokio::test]
async fn a_declined_adjust_and_a_cancel_are_told_and_pending_is_not() {
    let (twin, storeside, _) = telling(Telling::BeforeAnswer).await;
    for (card, path) in [("insufficient", ADJUST), ("pending", ADJUST), ("amex", CANCEL)] {
        let tap = twin.tap(card).await.unwrap();
        let body = if path == CANCEL { trip(tap.trip) } else { charge(tap.trip, "15.99") };
        post(&twin, path, &body).await;
    }
    let told = told(&storeside);
    let wanted = ["AuthorizationDeclined", "AuthorizationApproved", "AuthorizationApproved", "AuthorizationCancelled"];
    assert_eq!(told[2..], wanted, "{told:?}");
}

#[tokio::test]
async fn a_refused_delivery_is_tried_again_as_eventbridge_does_and_a_declined_one_is_not() {
    let (twin, storeside, trip) = telling(Telling::Never).await;
    storeside.will_answer(503, json!({}));
    assert_eq!(twin.send_event(EventName::CaptureApproved, trip, None).await.unwrap(), 201);
    assert_eq!(told(&storeside).len(), 2);
    storeside.will_answer(401, json!({}));
    assert_eq!(twin.send_event(EventName::CaptureApproved, trip, None).await.unwrap(), 401);
    assert_eq!(told(&storeside).len(), 3);
}

#[tokio::test]
async fn events_after_a_while_come_by_themselves() {
    let (twin, storeside, trip) = telling(Telling::AfterMs(20)).await;
    pay(&twin, trip).await;
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(5);
    while told(&storeside).len() < 3 {
        assert!(std::time::Instant::now() < patience, "the events have not come");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_feed_is_set_and_used_by_control() {
    let (twin, storeside, trip) = telling(Telling::Never).await;
    let control = async |order: Value| {
        let sent = client().post(format!("{}/control/events", twin.url())).json(&order).send().await.unwrap();
        (sent.status().as_u16(), sent.json::<Value>().await.unwrap_or_default())
    };
    assert_eq!(control(json!({ "telling": "held" })).await.0, 200);
    pay(&twin, trip).await;
    let (_, answer) = control(json!({ "decline_capture": trip })).await;
    assert_eq!(answer["held"], 3);
    let (_, answer) = control(json!({ "send": "newest_first", "telling": { "after_ms": 5 } })).await;
    assert_eq!((&answer["held"], answer["answers"].as_array().unwrap().len()), (&json!(0), 3));
    assert_eq!(told(&storeside)[0], "CaptureDeclined");
    let stranger = Uuid::new_v4();
    let order = json!({ "invent": { "name": "CaptureApproved", "trip": stranger, "amount_minor": 100 } });
    assert_eq!(control(order).await.1["answers"], json!([201]));
    assert_eq!(control(json!({ "decline_capture": stranger })).await.0, 409);
    assert_eq!(control(json!({ "telling": "sometimes" })).await.0, 422);
}

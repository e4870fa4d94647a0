//! Events of trips that nobody here has seen: listed, told once the trip is there, given up, and what is over forgotten.

use domain::id::PaymentEventId;
use domain::payment_event::{Fate, Ignored, KEPT_FOR};
use serde_json::{Value, json};
use server::flow::decide_event::{DecideEventError, list_events, resolve_event, retry_event};
use server::flow::forget_events::forget_events;
use server::flow::staff::Person;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;
use time::format_description::well_known::Rfc3339;
use twin::{Telling, demo_items};
use uuid::Uuid;

use crate::programs::Programs;
use crate::shop::Shop;

const ANN: Person<'static> = Person { by: "ann", reason: "the trip is another retailer's" };

/// An event of the feed, about this trip or about none, that happened so long ago.
fn event(shop: &Shop, name: &str, trip: Option<Uuid>, ago: Duration) -> Value {
    let at = shop.worker.clock.now() - ago;
    json!({
        "version": "0", "id": Uuid::new_v4(), "detail-type": "Payment", "source": "test", "account": "1",
        "time": at.format(&Rfc3339).unwrap(), "region": "us-east-1", "resources": [],
        "detail": { "eventType": "PAYMENT", "eventName": name, "shoppingTripId": trip },
    })
}

fn id(event: &Value) -> PaymentEventId {
    PaymentEventId::new(event["id"].as_str().unwrap()).unwrap()
}

async fn open_alerts(shop: &Shop, subject: impl ToString) -> i64 {
    let open = "SELECT count(*) FROM alert WHERE kind = 'unknown_event_trip' AND closed_at IS NULL AND subject = $1";
    shop.number(open, subject).await
}

async fn fate(shop: &Shop, event: &Value) -> Option<String> {
    let sql = "SELECT coalesce(ignored, state) FROM payment_event WHERE event_id = $1";
    shop.text(sql, event["id"].as_str().unwrap()).await
}

#[sqlx::test(migrations = "../migrations")]
async fn g17_a_parked_event_is_listed_and_given_up_by_a_person_and_its_alert_with_it(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let trip = Uuid::new_v4();
    let [first, second] = ["CaptureApproved", "CaptureDeclined"].map(|it| event(&shop, it, Some(trip), Duration::ZERO));
    let nameless = event(&shop, "CaptureApproved", None, Duration::ZERO);
    for told in [&first, &second, &nameless] {
        assert_eq!(shop.feed(told).await, 200);
    }
    let (db, now) = (&shop.database, shop.worker.clock.now());
    let listed = list_events(db, "parked", 10).await.unwrap();
    assert_eq!(listed.len(), 3);
    assert!(listed.iter().any(|it| it.id == id(&first) && it.trip.as_ref().unwrap().to_string() == trip.to_string()));

    let early = retry_event(db, &id(&first), ANN, now).await;
    assert!(matches!(early, Err(DecideEventError::NoSuchTrip(_))), "{early:?}");
    let nobodys = retry_event(db, &id(&nameless), ANN, now).await;
    assert!(matches!(nobodys, Err(DecideEventError::NoTrip)), "{nobodys:?}");
    let nobody = resolve_event(db, &id(&first), Person { by: "nobody", ..ANN }, now).await;
    assert!(matches!(nobody, Err(DecideEventError::Staff(_))), "{nobody:?}");
    assert_eq!(fate(&shop, &first).await.as_deref(), Some("parked"), "nothing has changed");

    resolve_event(db, &id(&first), ANN, now).await.unwrap();
    assert_eq!(open_alerts(&shop, trip).await, 1, "another event of it is parked still");
    resolve_event(db, &id(&second), ANN, now).await.unwrap();
    assert_eq!(open_alerts(&shop, trip).await, 0);
    resolve_event(db, &id(&nameless), ANN, now).await.unwrap();
    assert_eq!(open_alerts(&shop, id(&nameless)).await, 0);
    let again = resolve_event(db, &id(&first), ANN, now).await;
    assert!(matches!(again, Err(DecideEventError::NotParked("ignored"))), "{again:?}");
    let unknown = resolve_event(db, &PaymentEventId::new("no-such-event").unwrap(), ANN, now).await;
    assert!(matches!(unknown, Err(DecideEventError::NotFound(_))), "{unknown:?}");
    assert_eq!(fate(&shop, &first).await.as_deref(), Some("given_up"));
    let audited = "SELECT actor || ' ' || action || ': ' || (detail ->> 'reason') FROM audit_entry WHERE subject = $1";
    let audited = shop.text(audited, id(&first)).await;
    assert_eq!(audited.as_deref(), Some("ann event_resolved: the trip is another retailer's"));
    assert_eq!(shop.feed(&first).await, 200, "sent again, it stays given up");
    assert_eq!(fate(&shop, &first).await.as_deref(), Some("given_up"));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_parked_event_whose_trip_is_here_by_now_is_told_and_not_given_up(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    shop.twin.tell_events(Telling::Held);
    let trip = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    let told = event(&shop, "CaptureApproved", Some(trip), Duration::ZERO);
    assert_eq!(shop.feed(&told).await, 200);
    // As if it had come before the trip.
    let park = "UPDATE payment_event SET state = 'parked', applied_at = NULL WHERE trip_id = $1";
    sqlx::query(park).bind(trip.to_string()).execute(&shop.database).await.unwrap();
    let (db, now) = (&shop.database, shop.worker.clock.now());
    let unheard = resolve_event(db, &id(&told), ANN, now).await;
    assert!(matches!(unheard, Err(DecideEventError::TripIsHere(_))), "{unheard:?}");
    assert_eq!(retry_event(db, &id(&told), ANN, now).await.unwrap(), Fate::Applied);
    let again = retry_event(db, &id(&told), ANN, now).await;
    assert!(matches!(again, Err(DecideEventError::NotParked("applied"))), "{again:?}");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn events_that_are_over_are_forgotten_after_their_time_and_do_not_come_again(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    shop.twin.tell_events(Telling::Held);
    let trip = shop.twin.walk("visa", &demo_items(2)).await.unwrap().trip;
    shop.settle().await;
    let over = event(&shop, "CaptureDeclined", Some(trip), Duration::ZERO);
    let newer = event(&shop, "CaptureApproved", Some(trip), -Duration::SECOND);
    let parked = event(&shop, "CaptureApproved", Some(Uuid::new_v4()), Duration::ZERO);
    for told in [&newer, &over, &parked] {
        assert_eq!(shop.feed(told).await, 200);
    }
    let db = &shop.database;
    let received = shop.worker.clock.now();
    let hour = Duration::HOUR;
    assert_eq!(forget_events(db, received + KEPT_FOR - hour).await.unwrap(), 0, "not before their time");
    assert_eq!(fate(&shop, &over).await.as_deref(), Some("stale"));
    shop.jump(KEPT_FOR + hour);
    let now = shop.worker.clock.now();
    assert_eq!(forget_events(db, now).await.unwrap(), 2);
    assert_eq!((fate(&shop, &over).await, fate(&shop, &newer).await), (None, None));
    assert_eq!(fate(&shop, &parked).await.as_deref(), Some("parked"), "what nobody has decided stays");
    let audited = "SELECT (detail ->> 'count')::bigint FROM audit_entry WHERE action = $1";
    assert_eq!(shop.number(audited, "events_forgotten").await, 2);
    // Nothing knows any more that it was stale: its age says so.
    assert_eq!(shop.feed(&over).await, 200);
    shop.settle().await;
    assert_eq!(fate(&shop, &over).await.as_deref(), Some(Ignored::Stale.as_str()));
    assert_eq!(shop.state(trip).await, "captured");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn the_command_lists_parked_events_and_says_what_to_do(_: PgPoolOptions, connect: PgConnectOptions) {
    let programs = Programs::with_nothing_running(connect).await;
    assert!(programs.says(&["seed"]).0);
    assert_eq!(programs.says(&["event", "list"]).1, "No event is parked.\n");
    let stored = "INSERT INTO payment_event (event_id, family, name, trip_id, amount_minor, currency, detail, occurred_at, received_at, state)
        VALUES ('event-1', 'payment', 'CaptureApproved', 'trip-1', 1032, 'USD', '{}', '2026-11-21 09:00Z', '2026-11-21 09:01Z', 'parked')";
    sqlx::query(stored).execute(&programs.database).await.unwrap();
    let line = "event-1  CaptureApproved  trip-1  USD 1032 (minor units)  happened 2026-11-21T09:00:00Z  received 2026-11-21T09:01:00Z\n";
    assert_eq!(programs.says(&["event", "list"]).1, line);
    let by = ["--as", "ann", "--reason", "the trip is another retailer's"];
    let (done, _, why) = programs.says(&[&["event", "retry", "event-1"], &by[..]].concat());
    assert!(
        !done && why.contains("nobody here has seen trip trip-1 yet") && why.contains("storeside event resolve"),
        "{why}"
    );
    let (done, _, why) = programs.says(&["event", "resolve", "event-1", "--as", "ann", "--reason", "no"]);
    assert!(!done && why.contains("--reason must have 10 to 500 characters"), "{why}");
    let (done, _, why) = programs.says(&[&["event", "resolve", "event-2"], &by[..]].concat());
    assert!(!done && why.contains("there is no event event-2: `storeside event list`"), "{why}");
    let (done, said, why) = programs.says(&[&["event", "resolve", "event-1"], &by[..]].concat());
    assert!(done && said == "event-1 is given up.\n", "{said} {why}");
    assert_eq!(programs.says(&["event", "list"]).1, "No event is parked.\n");
}

use domain::payment_event::{EventFamily, Ignored};
use serde_json::json;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;

use super::super::fixture::{self, NOW, id, usd};
use super::*;

/// An event about `trip-1`, with something in every field.
fn event(name: &str, event_id: &str, occurred_at: OffsetDateTime) -> PaymentEvent {
    PaymentEvent {
        id: id(event_id),
        family: EventFamily::Payment,
        name: name.to_owned(),
        trip: Some(id("trip-1")),
        store: Some(id("store-1")),
        amount: EventAmount::Said(usd(1032)),
        reconciliation: Some("rec-1".to_owned()),
        occurred_at,
    }
}

async fn add(conn: &mut PgConnection, event: &PaymentEvent, fate: Fate) {
    assert!(insert(conn, event, &json!({}), fate, NOW).await.unwrap(), "{} was there already", event.id);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn an_event_reads_back_as_it_was_written_and_a_second_one_changes_nothing(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let mut conn = fixture::connect(database).await;
    let full = event("CaptureApproved", "event-1", NOW);
    add(&mut conn, &full, Fate::Waiting).await;
    let other = PaymentEvent { name: "CaptureDeclined".to_owned(), ..full.clone() };
    assert!(!insert(&mut conn, &other, &json!({}), Fate::Waiting, NOW).await.unwrap());
    let kept = get(&mut conn, &full.id).await.unwrap();
    assert_eq!(kept, Some(StoredEvent { event: full.clone(), fate: Fate::Waiting }));
    assert_eq!(lock(&mut conn, &full.id).await.unwrap(), kept);

    let bare = PaymentEvent {
        id: id("event-2"),
        family: EventFamily::Other,
        name: "Hello".to_owned(),
        trip: None,
        store: None,
        amount: EventAmount::Absurd,
        reconciliation: None,
        occurred_at: NOW,
    };
    let fate = Fate::Ignored(Ignored::UnknownName);
    add(&mut conn, &bare, fate).await;
    assert_eq!(get(&mut conn, &bare.id).await.unwrap(), Some(StoredEvent { event: bare, fate }));
    assert_eq!(get(&mut conn, &id("event-3")).await.unwrap(), None);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn only_what_is_over_is_forgotten_the_oldest_first(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    let fates = [Fate::Waiting, Fate::Parked, Fate::Applied, Fate::Ignored(Ignored::GivenUp)];
    for (number, fate) in fates.into_iter().enumerate() {
        let event = event("CaptureApproved", &format!("event-{number}"), NOW);
        let at = NOW + Duration::seconds(number as i64);
        assert!(insert(&mut conn, &event, &json!({}), Fate::Waiting, at).await.unwrap());
        save(&mut conn, &event.id, fate, at).await.unwrap();
    }
    let ids = async |conn: &mut PgConnection| -> Vec<String> {
        sqlx::query_scalar("SELECT event_id FROM payment_event ORDER BY 1").fetch_all(conn).await.unwrap()
    };
    assert_eq!(forget(&mut conn, NOW + Duration::seconds(2), 10).await.unwrap(), 0, "not before their time");
    assert_eq!(forget(&mut conn, NOW + Duration::HOUR, 1).await.unwrap(), 1);
    assert_eq!(ids(&mut conn).await, ["event-0", "event-1", "event-3"]);
    assert_eq!(forget(&mut conn, NOW + Duration::HOUR, 10).await.unwrap(), 1);
    assert_eq!(ids(&mut conn).await, ["event-0", "event-1"]);
    let parked = listed::list(&mut conn, "parked", 10).await.unwrap();
    assert_eq!(parked.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["event-1"]);
    assert_eq!(listed::list(&mut conn, "applied", 10).await.unwrap().len(), 0);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn each_fate_is_written_and_no_row_has_half_of_one(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    let event = event("CaptureApproved", "event-1", NOW);
    add(&mut conn, &event, Fate::Waiting).await;
    let ignored = Ignored::ALL.iter().map(|why| Fate::Ignored(*why));
    for fate in [Fate::Parked, Fate::Applied, Fate::Waiting].into_iter().chain(ignored) {
        save(&mut conn, &event.id, fate, NOW).await.unwrap();
        assert_eq!(get(&mut conn, &event.id).await.unwrap().map(|it| it.fate), Some(fate));
    }
    save(&mut conn, &event.id, Fate::Waiting, NOW).await.unwrap();
    let half = [
        ("state = 'applied'", "payment_event_applied_by_state"),
        ("state = 'ignored'", "payment_event_ignored_by_state"),
        ("ignored = 'stale'", "payment_event_ignored_by_state"),
        ("state = 'lost'", "payment_event_state"),
        ("state = 'ignored', ignored = 'why not'", "payment_event_ignored"),
        ("trip_id = NULL", "payment_event_told_to_a_trip"),
        ("family = 'cart'", "payment_event_told_to_a_trip"),
        ("currency = NULL", "payment_event_amount_whole"),
        ("amount_is_absurd = true", "payment_event_absurd_says_none"),
        ("occurred_at = received_at + interval '1 second'", "payment_event_happened_before"),
        ("detail = '[]'", "payment_event_detail"),
    ];
    fixture::assert_refused(&mut conn, "payment_event", &half).await;
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn the_newest_capture_is_by_its_own_time_and_only_of_what_was_applied(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let mut conn = fixture::connect(database).await;
    let minutes = |minutes| NOW - Duration::minutes(minutes);
    for (name, event_id, at, fate) in [
        ("CaptureDeclined", "a", minutes(5), Fate::Applied),
        ("CaptureApproved", "b", minutes(9), Fate::Waiting),
        ("CaptureApproved", "c", minutes(1), Fate::Waiting),
        ("AuthorizationCancelled", "d", minutes(0), Fate::Waiting),
    ] {
        add(&mut conn, &event(name, event_id, at), Fate::Waiting).await;
        save(&mut conn, &id(event_id), fate, NOW).await.unwrap();
    }
    let newest = async |conn: &mut PgConnection| newest_capture(conn, &id("trip-1")).await.unwrap();
    assert_eq!(newest(&mut conn).await, Some((EventName::CaptureDeclined, minutes(5))));
    save(&mut conn, &id("b"), Fate::Applied, NOW).await.unwrap();
    save(&mut conn, &id("d"), Fate::Applied, NOW).await.unwrap();
    assert_eq!(newest(&mut conn).await, Some((EventName::CaptureDeclined, minutes(5))));
    save(&mut conn, &id("c"), Fate::Applied, NOW).await.unwrap();
    assert_eq!(newest(&mut conn).await, Some((EventName::CaptureApproved, minutes(1))));
    assert_eq!(newest_capture(&mut conn, &id("trip-2")).await.unwrap(), None);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_parked_event_is_looked_at_again_when_its_trip_is_there(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    let nameless = PaymentEvent { trip: None, ..event("CaptureApproved", "nameless", NOW) };
    add(&mut conn, &nameless, Fate::Parked).await;
    for (event_id, fate) in [("parked", Fate::Parked), ("waiting", Fate::Waiting), ("applied", Fate::Waiting)] {
        add(&mut conn, &event("CaptureApproved", event_id, NOW), fate).await;
    }
    save(&mut conn, &id("applied"), Fate::Applied, NOW).await.unwrap();
    let open = async |conn: &mut PgConnection, before, limit| {
        let ids = list_open(conn, before, limit).await.unwrap();
        ids.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let before = NOW - Duration::seconds(1);
    assert_eq!(open(&mut conn, before, 9).await, [""; 0], "one that has just come is somebody's who looks at it");
    assert_eq!(open(&mut conn, NOW, 9).await, ["waiting"]);
    assert!(!none_parked(&mut conn, &id("trip-1")).await.unwrap());
    fixture::add_trip(&mut conn, "trip-1").await;
    assert_eq!(open(&mut conn, before, 9).await, ["parked"]);
    assert_eq!(open(&mut conn, NOW, 1).await.len(), 1);
    save(&mut conn, &id("parked"), Fate::Applied, NOW).await.unwrap();
    assert!(none_parked(&mut conn, &id("trip-1")).await.unwrap());
}

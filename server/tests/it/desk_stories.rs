//! What staff do about effects that are out of tries, about pauses and alerts, and how they look into a visit.

use domain::attempt::Api as OurApi;
use domain::id::{OutboxId, TripId};
use domain::pause::PauseError;
use server::command::{self, Desk};
use server::flow::close_alert::{CloseAlertError, close_alert, list_alerts};
use server::flow::decide_effect::{DecideEffectError, list_effects, resolve_effect, retry_effect};
use server::flow::pause::{LiftPauseError, lift_pause, list_pauses};
use server::flow::show_trip::show_trip;
use server::flow::staff::Person;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;
use twin::{Api, Fault, Times, demo_items};
use uuid::Uuid;

use crate::canary::has_digits;
use crate::shop::{Shop, vault};

const ANN: Person<'static> = Person { by: "ann", reason: "Amazon says that it works again" };
const NOBODY: Person<'static> = Person { by: "nobody", ..ANN };

/// A visit during which an API failed until the tries were over, and the effect that is left.
async fn exhausted(shop: &Shop, api: Api, kind: &str) -> (Uuid, OutboxId) {
    shop.twin.fault(api, Fault::ServiceException, Times::Always);
    let trip = shop.twin.walk("visa", &demo_items(1)).await.unwrap().trip;
    shop.pass(Duration::hours(3)).await;
    shop.twin.clear_faults(api);
    let effects = list_effects(&shop.database, "exhausted", Some(kind), 10).await.unwrap();
    let [effect] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!((effect.tries, effect.trip.as_ref().unwrap().to_string()), (12, trip.to_string()));
    assert!(effect.last_problem.as_ref().is_some_and(|it| it.contains("500")), "{effect:?}");
    (trip, effect.id)
}

async fn audited(shop: &Shop, subject: impl ToString) -> Option<String> {
    let last = "SELECT actor || ' ' || action || ': ' || (detail ->> 'reason') FROM audit_entry
        WHERE subject = $1 ORDER BY audit_entry_id DESC LIMIT 1";
    shop.text(last, subject).await
}

#[sqlx::test(migrations = "../migrations")]
async fn fbk_006_feedback_that_was_not_accepted_is_listed_and_accepted_when_a_person_tries_it_again(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let (trip, effect) = exhausted(&shop, Api::PaymentStatus, "report_payment_status").await;
    let (db, now) = (&shop.database, shop.worker.clock.now());
    let refused = retry_effect(db, effect, NOBODY, now).await;
    assert!(matches!(refused, Err(DecideEffectError::Staff(_))), "{refused:?}");
    assert!(shop.twin.truth().trip(trip).feedback.is_empty());
    // A fresh budget: eleven more failures are borne.
    shop.twin.fault(Api::PaymentStatus, Fault::ServiceException, 11);
    retry_effect(db, effect, ANN, now).await.unwrap();
    assert_eq!(audited(&shop, effect).await.as_deref(), Some("ann effect_retried: Amazon says that it works again"));
    let again = retry_effect(db, effect, ANN, now).await;
    assert!(matches!(again, Err(DecideEffectError::NotExhausted(_))), "{again:?}");
    shop.pass(Duration::hours(2)).await;
    assert_eq!(shop.twin.truth().trip(trip).feedback.len(), 1);
    assert!(list_effects(db, "exhausted", None, 10).await.unwrap().is_empty());
    let open = list_alerts(db).await.unwrap();
    assert!(open.iter().all(|alert| alert.kind != "effect_exhausted"), "{open:?}");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn eh_010_an_adjustment_out_of_tries_is_tried_again_and_never_resolved_by_hand(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let (trip, effect) = exhausted(&shop, Api::Adjust, "adjust_charge").await;
    let (db, now) = (&shop.database, shop.worker.clock.now());
    let refused = resolve_effect(db, effect, ANN, now).await.unwrap_err();
    assert!(matches!(refused, DecideEffectError::StillWanted("adjusting")), "{refused:?}");
    assert!(refused.to_string().contains("storeside effect retry"), "it says what to do: {refused}");
    retry_effect(db, effect, ANN, now).await.unwrap();
    shop.settle().await;
    assert_eq!(shop.state(trip).await, "captured");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_capture_that_became_a_debt_is_resolved_and_not_tried_again(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let (trip, effect) = exhausted(&shop, Api::Capture, "capture_charge").await;
    assert_eq!(shop.state(trip).await, "uncollected");
    let (db, now) = (&shop.database, shop.worker.clock.now());
    let refused = retry_effect(db, effect, ANN, now).await;
    assert!(matches!(refused, Err(DecideEffectError::NotWanted("uncollected"))), "{refused:?}");
    resolve_effect(db, effect, ANN, now).await.unwrap();
    assert_eq!(audited(&shop, effect).await.as_deref(), Some("ann effect_resolved: Amazon says that it works again"));
    let problem =
        shop.text("SELECT state || ', ' || last_problem FROM outbox WHERE outbox_id::text = $1", effect).await;
    assert_eq!(problem.as_deref(), Some("dropped, resolved by ann: Amazon says that it works again"));
    let unknown = retry_effect(db, OutboxId(Uuid::nil()), ANN, now).await;
    assert!(matches!(unknown, Err(DecideEffectError::NotFound(_))), "{unknown:?}");
    assert_eq!(shop.twin.truth().trip(trip).captures_minor.len(), 0);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_person_lifts_a_pause_and_one_that_is_not_there_is_said_not_to_be(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    shop.twin.fault(Api::Capture, Fault::TooManyRequests, 1);
    let first = shop.twin.walk("visa", &demo_items(1)).await.unwrap().trip;
    shop.settle().await;
    let second = shop.twin.walk("visa", &demo_items(1)).await.unwrap().trip;
    shop.settle().await;
    let (db, now) = (&shop.database, shop.worker.clock.now());
    assert_eq!(list_pauses(db).await.unwrap().len(), 1);
    let refused = lift_pause(db, OurApi::CaptureCharge, NOBODY, now).await;
    assert!(matches!(refused, Err(LiftPauseError::Staff(_))), "{refused:?}");
    assert_eq!(shop.state(second).await, "capturing");
    lift_pause(db, OurApi::CaptureCharge, ANN, now).await.unwrap();
    shop.settle().await;
    assert_eq!(shop.state(second).await, "captured");
    assert_eq!(shop.state(first).await, "capturing", "its own wait was Amazon's word to it");
    assert_eq!(
        audited(&shop, "capture_charge").await.as_deref(),
        Some("ann api_resumed: Amazon says that it works again")
    );
    let none = lift_pause(db, OurApi::CaptureCharge, ANN, now).await;
    assert!(matches!(none, Err(LiftPauseError::Refused(PauseError::NotPaused))), "{none:?}");
    assert!(list_pauses(db).await.unwrap().is_empty());
    shop.pass(Duration::minutes(11)).await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn an_alert_is_closed_once_by_a_person_with_a_reason(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    shop.twin.walk("insufficient", &demo_items(1)).await.unwrap();
    shop.settle().await;
    let (db, now) = (&shop.database, shop.worker.clock.now());
    let before = list_alerts(db).await.unwrap();
    let debt = before.iter().find(|alert| alert.kind == "bad_debt").expect("a debt is told of").clone();
    let refused = close_alert(db, debt.id, NOBODY, now).await;
    assert!(matches!(refused, Err(CloseAlertError::Staff(_))), "{refused:?}");
    close_alert(db, debt.id, ANN, now).await.unwrap();
    assert_eq!(
        audited(&shop, debt.subject).await.as_deref(),
        Some("ann alert_closed: Amazon says that it works again")
    );
    let again = close_alert(db, debt.id, ANN, now).await;
    assert!(matches!(again, Err(CloseAlertError::NotOpen(_))), "{again:?}");
    assert_eq!(list_alerts(db).await.unwrap().len(), before.len() - 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_visit_is_shown_with_everything_that_happened_in_order_and_nothing_personal(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let trip = shop.twin.walk("insufficient", &demo_items(2)).await.unwrap().trip;
    shop.pass(Duration::minutes(1)).await;
    let id: TripId = trip.to_string().parse().unwrap();
    let (row, story) = show_trip(&shop.database, &id).await.unwrap().unwrap();
    assert_eq!(row.state.name(), "uncollected");
    assert!(story.is_sorted_by_key(|happened| happened.at));
    for (part, word) in [
        ("effect", "adjust_charge"),
        ("attempt", "adjust_charge answered 200"),
        ("debt", "payment_declined open USD 1032 incurred, 1032 outstanding"),
        ("alert", "payment_declined 1 times open"),
        ("ledger", "priced USD"),
        ("audit", "trip_moved by worker"),
    ] {
        let found = story.iter().any(|happened| happened.part == part && happened.line.contains(word));
        assert!(found, "{part} {word}: {story:#?}");
    }
    let instrument = row.instrument.as_ref().unwrap().as_str();
    for personal in [instrument, "@example.com"] {
        assert!(story.iter().all(|happened| !happened.line.contains(personal)), "{personal}: {story:#?}");
    }
    assert!(story.iter().all(|happened| !has_digits(&happened.line, "9995")), "{story:#?}");
    assert!(show_trip(&shop.database, &"no-such-trip".parse().unwrap()).await.unwrap().is_none());
    let desk = Desk { database: shop.database.clone(), now: shop.worker.clock.now(), vault: Some(vault()) };
    command::trip::run(&desk, &command::trip::Command::Show { trip: id }).await.unwrap();
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn if_021_a_cart_that_is_not_charged_is_told_of_four_hours_before_its_token_ends(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let paid = shop.twin.walk("visa", &demo_items(1)).await.unwrap().trip;
    let stuck = shop.twin.walk("pending-forever", &demo_items(1)).await.unwrap().trip;
    shop.pass(Duration::minutes(41 * 60 + 55)).await;
    assert_eq!(shop.alerts("deadline_near", stuck).await, 0);
    shop.pass(Duration::minutes(10)).await;
    assert_eq!(shop.alerts("deadline_near", stuck).await, 1);
    assert_eq!(shop.alerts("deadline_near", paid).await, 0, "what is charged has no deadline");

    let page = shop.http.get(format!("{}/metrics", shop.url)).send().await.unwrap();
    assert_eq!(page.status(), 200);
    shop.pass(Duration::hours(5)).await;
    assert_eq!(shop.state(stuck).await, "uncollected");
    assert_eq!(shop.alerts("bad_debt", stuck).await, 1, "and at the deadline as what became of it");
    let open = list_alerts(&shop.database).await.unwrap();
    assert!(open.iter().all(|alert| alert.kind != "deadline_near"), "{open:?}");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn if_021_a_cart_that_comes_late_and_is_not_charged_is_told_of_a_quarter_of_an_hour_later(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let tap = shop.twin.tap("pending-forever").await.unwrap();
    shop.jump(Duration::hours(44));
    shop.twin.send_cart(&tap, &demo_items(1)).await.unwrap();
    sqlx::query("UPDATE outbox SET state = 'dropped', due_at = NULL, ended_at = created_at WHERE kind = 'check_entry'")
        .execute(&shop.database)
        .await
        .unwrap();
    shop.pass(Duration::minutes(14)).await;
    assert_eq!(shop.alerts("deadline_near", tap.trip).await, 0);
    shop.pass(Duration::minutes(2)).await;
    assert_eq!(shop.alerts("deadline_near", tap.trip).await, 1);
    shop.close().await;
}

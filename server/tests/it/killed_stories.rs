//! The real programs, killed at the worst moments, started again, and nothing lost or charged twice.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twin::{Api, Fault, demo_items};

use crate::programs::Programs;

const LATE: Fault = Fault::Delay(Duration::from_millis(800));

#[sqlx::test(migrations = "../migrations")]
async fn a_trip_survives_the_death_of_everything_during_any_call(_: PgPoolOptions, connect: PgConnectOptions) {
    let mut programs = Programs::prepare(connect).await;
    for (number, (api, fault)) in (1..).zip([
        (Api::Adjust, LATE),
        (Api::Adjust, Fault::Hang),
        (Api::Capture, LATE),
        (Api::Capture, Fault::Hang),
        (Api::TransactionalData, LATE),
        (Api::ShopperIdentity, LATE),
        (Api::PaymentStatus, LATE),
    ]) {
        // A card of its own: whose it is, is asked only once.
        let card = format!("card-{number}");
        let (instrument, email) = (format!("shopper-{number}"), Some("someone@example.com".to_owned()));
        programs.twin.put_card(twin::Card { instrument, email, ..twin::Card::visa_named(&card) });
        let trip = programs.killed_during(api, fault, &card, 1, "captured").await;
        let truth = programs.twin.truth();
        assert_eq!(truth.trip(trip).captures_minor, [217], "{api:?} {fault:?}");
        assert_eq!(truth.trip(trip).feedback.last().map(|it| it.settled_minor), Some(217), "{api:?} {fault:?}");
        let mails = programs.twin.mails().unwrap();
        let receipts = mails.iter().filter(|mail| mail.text.contains(&trip.to_string())).count();
        assert_eq!(receipts, 1, "{api:?} {fault:?}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_declined_and_an_empty_trip_survive_it_too(_: PgPoolOptions, connect: PgConnectOptions) {
    let mut programs = Programs::prepare(connect).await;
    let declined = programs.killed_during(Api::Adjust, LATE, "insufficient", 2, "uncollected").await;
    let owed: Vec<i64> = sqlx::query_scalar("SELECT outstanding_minor FROM debt WHERE trip_id = $1")
        .bind(declined.to_string())
        .fetch_all(&programs.database)
        .await
        .unwrap();
    assert_eq!(owed, [1032], "one debt");
    assert!(!programs.twin.tap("insufficient").await.unwrap().admitted());
    assert_eq!(programs.twin.truth().trip(declined).capture_calls, 0);

    let empty = programs.killed_during(Api::Cancel, LATE, "visa", 0, "cancelled").await;
    let truth = programs.twin.truth();
    assert!(truth.trip(empty).cancelled && truth.trip(empty).capture_calls == 0);
}

#[sqlx::test(migrations = "../migrations")]
async fn op_018_a_cart_that_met_a_dead_server_is_taken_once_it_is_back(_: PgPoolOptions, connect: PgConnectOptions) {
    let mut programs = Programs::prepare(connect).await;
    let (tap, lines) = (programs.twin.tap("visa").await.unwrap(), demo_items(1));
    programs.kill();
    let (mut serve, mut work) = (programs.command(&["serve"]), programs.work());
    let (cart, started) = tokio::join!(programs.twin.send_cart(&tap, &lines), async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        [serve.spawn(), work.spawn()]
    });
    programs.running.extend(started.into_iter().map(Result::unwrap));
    let cart = cart.unwrap();
    assert_eq!(cart.answer.status, 201);
    assert!(cart.answer.tries > 1, "the first tries met nobody");
    programs.until_ended(tap.trip, "captured").await;
    assert_eq!(programs.twin.truth().trip(tap.trip).captures_minor, [217]);
}

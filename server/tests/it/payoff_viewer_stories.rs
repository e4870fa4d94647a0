//! Whoever reaches a debt may pay it: by an address, by the card itself, or by the link to one visit. Nobody is led to pay twice.

use domain::id::{InstrumentId, ShopperId};
use domain::money::{Currency, Money};
use domain::payoff::AllocationError;
use domain::viewer::Viewer;
use server::flow::payoff::{StartError, StartPayoff, Started, show, start};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twin::{PayOutcome, SessionStatus};
use uuid::Uuid;

use crate::payoffs::{
    CARD, GOOD, LITTLE, TOTAL, admits, debt, session_at, states, trip_id, webhooks, with_debtor, with_two_debts,
};
use crate::shop::Shop;

async fn viewers(shop: &Shop, trip: Uuid) -> [Viewer; 4] {
    let card = shop.text("SELECT instrument_id FROM trip WHERE trip_id = $1", trip).await.unwrap();
    let shopper = shop.text("SELECT shopper_id::text FROM instrument WHERE instrument_id = $1", &card).await.unwrap();
    let card = InstrumentId::new(&card).unwrap();
    let shopper = Viewer::Shopper(ShopperId(shopper.parse().unwrap()));
    [shopper, Viewer::Card(card.clone()), Viewer::Visit(trip_id(trip)), Viewer::Debtor(card)]
}

async fn begin(shop: &Shop, viewer: &Viewer, trips: &[Uuid], minor: i64) -> Result<Started, StartError> {
    let trips: Vec<_> = trips.iter().map(|it| trip_id(*it)).collect();
    let wish = StartPayoff { viewer, trips: &trips, agreed: Money::new(minor, Currency::USD) };
    start(&shop.database, &shop.worker.checkout, &wish, shop.worker.clock.now()).await
}

async fn page(shop: &Shop, viewer: &Viewer, trips: &[Uuid], minor: i64) -> String {
    match begin(shop, viewer, trips, minor).await.unwrap() {
        Started::Pay(address) => address,
        Started::Paid(id) => panic!("{id} is paid already"),
    }
}

fn open_pages(shop: &Shop) -> usize {
    shop.twin.stripe().sessions().iter().filter(|it| it.status == SessionStatus::Open).count()
}

#[sqlx::test(migrations = "../migrations")]
async fn whoever_reaches_a_debt_pays_it_and_one_page_at_most_is_open_for_it(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let (shop, trip) = with_debtor(connect).await;
    let viewers = viewers(&shop, trip).await;
    let [shopper, card, visit, debtor] = &viewers;
    let mut before: Option<String> = None;
    for viewer in [shopper, card, visit, shopper] {
        let address = page(&shop, viewer, &[trip], TOTAL).await;
        assert_eq!(page(&shop, viewer, &[trip], TOTAL).await, address, "asked again, the same page: {viewer}");
        assert_eq!(open_pages(&shop), 1, "{viewer} ends the page of whoever wanted to pay before");
        if let Some(before) = before.replace(address) {
            assert_eq!(session_at(&shop, &before).status, SessionStatus::Expired);
        }
    }
    let by_card = page(&shop, card, &[trip], TOTAL).await;
    assert_eq!(page(&shop, debtor, &[trip], TOTAL).await, by_card, "who has proven less of a card pays as that card");
    let session = session_at(&shop, &by_card);
    assert_eq!(shop.twin.stripe().pay(&session.id, GOOD).await, PayOutcome::Paid);
    webhooks(&shop).await;
    assert_eq!(debt(&shop, trip).await, (0, TOTAL));
    assert!(admits(&shop).await);

    let id = session.success_url.rsplit('/').next().unwrap().parse().unwrap();
    for (viewer, sees) in [(shopper, false), (card, true), (visit, false), (debtor, true)] {
        let shown = show(&shop.database, &shop.worker.checkout, viewer, id, shop.worker.clock.now()).await.unwrap();
        assert_eq!(shown.is_some(), sees, "{viewer}");
    }
    shop.settle().await;
    let mails = shop.mails_to(crate::payoffs::OWES).into_iter().filter(|it| it.subject.contains("You paid"));
    assert_eq!(mails.count(), 1, "the card's owner is told");
    assert_eq!(states(&shop).await.iter().filter(|it| *it == "paid").count(), 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn of_many_who_want_to_pay_the_same_debt_at_once_one_page_is_left(_: PgPoolOptions, connect: PgConnectOptions) {
    let (shop, first, second) = with_two_debts(connect).await;
    let [shopper, card, visit, debtor] = viewers(&shop, first).await;
    let [both, one] = [&[first, second][..], &[first][..]];
    for _ in 0..3 {
        let all = tokio::join!(
            begin(&shop, &shopper, both, TOTAL + LITTLE),
            begin(&shop, &card, both, TOTAL + LITTLE),
            begin(&shop, &visit, one, TOTAL),
            begin(&shop, &debtor, one, TOTAL),
        );
        let all = [all.0, all.1, all.2, all.3];
        assert!(all.iter().any(Result::is_ok), "{all:?}");
        assert!(open_pages(&shop) <= 1, "nobody can pay twice");
        let live = "SELECT count(*) FROM payoff WHERE state IN ('created', 'open') AND $1 = ''";
        assert!(shop.number(live, "").await <= 1);
    }
    let address = page(&shop, &shopper, both, TOTAL + LITTLE).await;
    assert_eq!(shop.twin.stripe().pay(&session_at(&shop, &address).id, GOOD).await, PayOutcome::Paid);
    webhooks(&shop).await;
    let late = begin(&shop, &card, one, TOTAL).await;
    assert!(matches!(late, Err(StartError::Refused(AllocationError::NotOwed))), "{late:?}");
    shop.settle().await;
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_viewer_pays_for_nothing_out_of_reach(_: PgPoolOptions, connect: PgConnectOptions) {
    let (shop, first, second) = with_two_debts(connect).await;
    let stranger = shop.twin.walk("visa", &twin::demo_items(1)).await.unwrap();
    shop.settle().await;
    let [_, card, ..] = viewers(&shop, stranger.trip).await;
    let visit = Viewer::Visit(trip_id(second));
    for (viewer, trip, minor) in [(&card, first, TOTAL), (&visit, first, TOTAL)] {
        let refused = begin(&shop, viewer, &[trip], minor).await;
        assert!(matches!(refused, Err(StartError::Refused(AllocationError::NotOwed))), "{viewer}: {refused:?}");
    }
    assert_eq!(shop.twin.stripe().sessions().len(), 0);
    let address = page(&shop, &visit, &[second], LITTLE).await;
    assert_eq!(shop.twin.stripe().pay(&session_at(&shop, &address).id, GOOD).await, PayOutcome::Paid);
    webhooks(&shop).await;
    assert_eq!((debt(&shop, first).await, debt(&shop, second).await), ((TOTAL, 0), (0, LITTLE)));
    assert!(!shop.twin.tap(CARD).await.unwrap().admitted(), "the other visit is still owed");
    shop.settle().await;
    shop.close().await;
}

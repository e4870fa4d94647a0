//! What payoff stories share: a shopper who owes, and a browser that goes to pay.

use domain::id::{PayoffId, TripId};
use server::flow::payoff::match_balance;
use sqlx::postgres::PgConnectOptions;
use twin::{PayOutcome, SendOrder, StripeSession, demo_items};
use uuid::Uuid;

use crate::browser::Browser;
use crate::shop::Shop;

/// 1.99 and 7.49, and 8.875 % tax on each.
pub(crate) const TOTAL: i64 = 1032;

/// 1.99 and 8.875 % tax.
pub(crate) const LITTLE: i64 = 217;

pub(crate) const CARD: &str = "insufficient";
pub(crate) const OWES: &str = "insufficient.shopper@example.com";

/// A card that pays, and one that does not.
pub(crate) const GOOD: &str = "4242 4242 4242 4242";
pub(crate) const BAD: &str = "4000 0000 0000 0002";

/// A shop where one shopper owes [`TOTAL`].
pub(crate) async fn with_debtor(connect: PgConnectOptions) -> (Shop, Uuid) {
    let shop = Shop::open(connect).await;
    let walk = shop.twin.walk(CARD, &demo_items(2)).await.unwrap();
    shop.settle().await;
    (shop, walk.trip)
}

/// A shop where one shopper owes [`TOTAL`] and [`LITTLE`].
pub(crate) async fn with_two_debts(connect: PgConnectOptions) -> (Shop, Uuid, Uuid) {
    let shop = Shop::open(connect).await;
    // Two visits before either is charged: the gate cannot know yet.
    let (first, second) = (shop.twin.tap(CARD).await.unwrap(), shop.twin.tap(CARD).await.unwrap());
    shop.twin.send_cart(&first, &demo_items(2)).await.unwrap();
    shop.twin.send_cart(&second, &demo_items(1)).await.unwrap();
    shop.settle().await;
    (shop, first.trip, second.trip)
}

pub(crate) async fn signed_in(shop: &Shop) -> Browser<'_> {
    let mut browser = Browser::new(shop);
    browser.sign_in(OWES).await;
    browser
}

/// The form of the page where one checks what is paid is sent. Where it leads.
pub(crate) async fn press_pay(browser: &mut Browser<'_>, trips: &[Uuid], minor: i64) -> String {
    let query: Vec<String> = trips.iter().map(|it| format!("trip={it}")).collect();
    let ids: Vec<String> = trips.iter().map(ToString::to_string).collect();
    let fields = [("trips", ids.join(",")), ("agreed_minor", minor.to_string()), ("currency", "USD".to_owned())];
    let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
    browser.post("/api/pay", &format!("/balance/check?{}", query.join("&")), &fields).await
}

/// The session of a payment page's address.
pub(crate) fn session_at(shop: &Shop, address: &str) -> StripeSession {
    let found = shop.twin.stripe().sessions().into_iter().find(|it| it.url == address);
    found.unwrap_or_else(|| panic!("{address} is no payment page"))
}

/// Where the payment page sends the browser back to.
pub(crate) fn way_back(session: &StripeSession, shop: &Shop) -> String {
    session.success_url.strip_prefix(&shop.url).unwrap().to_owned()
}

/// Goes to pay these trips with a good card, up to the moment when the money is there. The session.
pub(crate) async fn pay(shop: &Shop, browser: &mut Browser<'_>, trips: &[Uuid], minor: i64) -> StripeSession {
    let address = press_pay(browser, trips, minor).await;
    let session = session_at(shop, &address);
    assert_eq!(shop.twin.stripe().pay(&session.id, GOOD).await, PayOutcome::Paid);
    session
}

pub(crate) async fn webhooks(shop: &Shop) -> Vec<u16> {
    shop.twin.stripe().send(SendOrder::OldestFirst).await.unwrap()
}

pub(crate) async fn admits(shop: &Shop) -> bool {
    shop.twin.tap(CARD).await.unwrap().admitted()
}

/// What is outstanding of a visit, and what was paid.
pub(crate) async fn debt(shop: &Shop, trip: Uuid) -> (i64, i64) {
    let outstanding = shop.number("SELECT outstanding_minor FROM debt WHERE trip_id = $1", trip).await;
    (outstanding, shop.number("SELECT paid_minor FROM debt WHERE trip_id = $1", trip).await)
}

/// The states of all payoffs, in the order they were asked for.
pub(crate) async fn states(shop: &Shop) -> Vec<String> {
    let states = sqlx::query_scalar("SELECT state FROM payoff ORDER BY created_at, payoff_id");
    states.fetch_all(&shop.database).await.unwrap()
}

/// What the daily match finds, when everything has had its time to be told.
pub(crate) async fn breaks(shop: &Shop) -> Vec<(PayoffId, &'static str)> {
    shop.jump(time::Duration::hours(3));
    let found = match_balance(&shop.database, &shop.worker.checkout, 30, shop.worker.clock.now()).await.unwrap();
    found.iter().map(|it| (it.payoff, it.kind.as_str())).collect()
}

pub(crate) fn trip_id(trip: Uuid) -> TripId {
    TripId::new(&trip.to_string()).unwrap()
}

//! What refund stories share: a paid visit, and who asks for what.

use std::collections::BTreeMap;

use domain::id::{RefundId, TripId};
use domain::refund::RefundReason;
use domain::refund::amount::Choice;
use rust_decimal::Decimal;
use server::flow::decide_refund::{DecideRefundError, Decision, decide_refund};
use server::flow::read_refund::{RefundRow, refund_paper};
use server::flow::request_refund::{RefundOrder, RequestRefundError, Requester, Wish, request_refund};
use server::flow::staff::Person;
use twin::demo_items;
use uuid::Uuid;

use crate::shop::Shop;

/// What three of the demo's articles cost: 1.99 + 7.49 + 4.49, and tax on the first two.
pub(crate) const TOTAL: i64 = 1481;

/// The first line of it, with its tax.
pub(crate) const FIRST: i64 = 217;

pub(crate) fn trip_id(trip: Uuid) -> TripId {
    TripId::new(&trip.to_string()).unwrap()
}

/// So much of these lines.
pub(crate) fn lines(chosen: &[(u32, i64)]) -> Wish {
    let chosen: BTreeMap<u32, Decimal> = chosen.iter().map(|(line, count)| (*line, Decimal::from(*count))).collect();
    Wish::Goods(Choice::Lines(chosen))
}

pub(crate) fn everything() -> Wish {
    Wish::Goods(Choice::Everything)
}

/// A visit by `card` that cost [`TOTAL`], with everything done that is due.
pub(crate) async fn visit(shop: &Shop, card: &str) -> Uuid {
    let walk = shop.twin.walk(card, &demo_items(3)).await.unwrap();
    shop.settle().await;
    walk.trip
}

/// Ann asks for a refund.
pub(crate) async fn ask(shop: &Shop, trip: Uuid, wish: Wish) -> Result<RefundRow, RequestRefundError> {
    ask_because(shop, trip, wish, RefundReason::DamagedItem).await
}

pub(crate) async fn ask_because(
    shop: &Shop,
    trip: Uuid,
    wish: Wish,
    reason: RefundReason,
) -> Result<RefundRow, RequestRefundError> {
    let id = RefundId::new(Uuid::new_v4()).unwrap();
    let (trip, by) = (trip_id(trip), Requester::Staff("ann"));
    let order =
        RefundOrder { id, trip: &trip, wish, reason, because: Some("it was broken"), note: None, agreed: None, by };
    request_refund(&shop.database, &order, shop.worker.clock.now()).await
}

pub(crate) async fn decide(
    shop: &Shop,
    id: RefundId,
    decision: Decision,
    by: &str,
) -> Result<RefundRow, DecideRefundError> {
    let reviewer = Person { by, reason: "seen on the video" };
    decide_refund(&shop.database, id, decision, reviewer, shop.worker.clock.now()).await
}

/// The word of a refund's state.
pub(crate) async fn state(shop: &Shop, id: RefundId) -> &'static str {
    refund_paper(&shop.database, id).await.unwrap().unwrap().refund.state.name()
}

/// What the card network gave back for a visit, in cents: one number per refund.
pub(crate) fn given(shop: &Shop, trip: Uuid) -> Vec<i64> {
    shop.twin.truth().trip(trip).refunds.iter().map(|refund| refund.amount_minor).collect()
}

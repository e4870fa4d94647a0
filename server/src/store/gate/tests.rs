use domain::debt::{Debt, DebtEvent, PaymentMeans};
use domain::gate::{GateList, Notice, RiskRuleKind};
use domain::id::DebtId;
use domain::reason::{DebtCause, GateReason};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;
use uuid::Uuid;

use super::super::fixture::{self, NOW, add_trip, assert_refused, card, id, refusal, rules as priced, tap, usd};
use super::super::gate_listing::{self, GateListing};
use super::super::rule_part::{PartId, PartKind};
use super::super::{debt, gate_decision, instrument, rule_part, rule_set, settings, staff};
use super::*;

async fn at_gate(conn: &mut PgConnection, request: &GateRequest, now: OffsetDateTime) -> Known {
    known(conn, request, Currency::USD, now).await.unwrap()
}

/// A debt of [`card`] that was incurred so many hours ago, and settled so many hours ago.
async fn add_debt(conn: &mut PgConnection, trip: &str, incurred: i64, settled: Option<i64>) {
    let trip = add_trip(conn, trip).await.id;
    let born = Debt::incur(usd(100), DebtCause::PaymentDeclined).unwrap();
    let (debt_id, at) = (DebtId(Uuid::new_v4()), NOW - Duration::hours(incurred));
    debt::insert(conn, debt_id, &trip, Some(&card()), &born, at).await.unwrap();
    if let Some(settled) = settled {
        let paid = born.apply(DebtEvent::Paid { amount: usd(100), means: PaymentMeans::InStore }).unwrap().debt;
        debt::save(conn, debt_id, &paid, NOW - Duration::hours(settled)).await.unwrap();
    }
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn of_an_instrument_that_was_never_seen_nothing_is_known(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    fixture::add_store(&mut conn).await;
    let expected = Known {
        kept: None,
        awaits_instrument: false,
        rules: RiskRules::default(),
        standing: Standing::nothing(Currency::USD),
    };
    assert_eq!(at_gate(&mut conn, &tap("tap-1", "card-9"), NOW).await, expected);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn incidents_are_the_open_debts_and_those_settled_since_the_oldest_of_them(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let mut conn = fixture::connect(database).await;
    add_debt(&mut conn, "settled-before", 100, Some(60)).await;
    let standing = at_gate(&mut conn, &tap("tap-1", "card-1"), NOW).await.standing;
    let ago = |hours| NOW - Duration::hours(hours);
    assert_eq!((standing.incidents.len(), standing.settled_at), (0, Some(ago(60))), "nothing is owed");
    add_debt(&mut conn, "oldest", 50, None).await;
    add_debt(&mut conn, "newest", 10, None).await;
    add_debt(&mut conn, "settled-meanwhile", 90, Some(40)).await;
    let standing = at_gate(&mut conn, &tap("tap-1", "card-1"), NOW).await.standing;
    let mut incidents = standing.incidents.clone();
    incidents.sort();
    assert_eq!((standing.outstanding, incidents), (usd(200), vec![ago(90), ago(50), ago(10)]));
    assert_eq!(standing.settled_at, Some(ago(40)));
    instrument::save_unflagged(&mut conn, &card(), ago(5)).await.unwrap();
    assert_eq!(at_gate(&mut conn, &tap("tap-1", "card-1"), NOW).await.standing.unflagged_at, Some(ago(5)));
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_place_on_a_list_is_read_where_and_while_it_counts(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    let store = fixture::add_store(&mut conn).await;
    let other = domain::store::Store { id: id("store-2"), ..store.clone() };
    settings::insert(&mut conn, &other, NOW).await.unwrap();
    instrument::insert(&mut conn, &card(), NOW).await.unwrap();
    staff::insert(&mut conn, "ann", NOW).await.unwrap();
    let place = |store: Option<&domain::store::Store>, list, hours| GateListing {
        instrument: card(),
        store: store.map(|it| it.id.clone()),
        list,
        until: NOW + Duration::hours(hours),
        reason: "a reason that auditors read".to_owned(),
        by: "ann".to_owned(),
        at: NOW,
    };
    let everywhere = place(None, GateList::Block, 2);
    gate_listing::insert(&mut conn, &everywhere).await.unwrap();
    gate_listing::insert(&mut conn, &place(Some(&other), GateList::Allow, 3)).await.unwrap();
    let twice = gate_listing::insert(&mut conn, &everywhere).await;
    assert_eq!(refusal(twice), "gate_listing_once", "one place at a time, also at every store");
    let here = tap("tap-1", "card-1");
    let there = GateRequest { store: other.id.clone(), ..here.clone() };
    let lists = async |conn: &mut PgConnection, request, hours: i64| {
        let known = at_gate(conn, request, NOW + Duration::hours(hours)).await;
        let mut lists: Vec<&str> = known.standing.listed.iter().map(|it| it.list.as_str()).collect();
        lists.sort_unstable();
        lists.join(" ")
    };
    assert_eq!(lists(&mut conn, &here, 0).await, "block");
    assert_eq!(lists(&mut conn, &there, 0).await, "allow block");
    assert_eq!(lists(&mut conn, &there, 2).await, "allow", "the other one ends at its very moment");
    assert_eq!(gate_listing::list(&mut conn, None, NOW, 9).await.unwrap().len(), 2);
    let cleared = gate_listing::clear(&mut conn, &card(), None, GateList::Block, "ann", NOW).await.unwrap();
    assert_eq!((cleared, lists(&mut conn, &here, 0).await.as_str()), (1, ""));
    assert_eq!(lists(&mut conn, &there, 0).await, "allow", "a place at one store is another place");
    assert_eq!(gate_listing::clear(&mut conn, &card(), None, GateList::Block, "ann", NOW).await.unwrap(), 0);
    let changes = [
        ("until_at = listed_at", "gate_listing_window"),
        ("list = 'guest'", "gate_listing_list"),
        ("reason = 'short'", "gate_listing_reason"),
        ("cleared_at = NULL, cleared_by = listed_by", "gate_listing_cleared"),
    ];
    assert_refused(&mut conn, "gate_listing", &changes).await;
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn the_rules_are_those_in_force_at_the_moment_and_a_version_without_any_has_none(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let mut conn = fixture::connect(database).await;
    let store = fixture::add_store(&mut conn).await;
    let first = rule_set::insert(&mut conn, &store.id, &priced(&[], &[]), NOW, NOW).await.unwrap();
    let parts = rule_set::get(&mut conn, &store.id, first).await.unwrap().unwrap().parts;
    let part = rule_part::insert(&mut conn, &store.id, PartKind::Risk, "risk.csv", None, NOW).await.unwrap();
    let rule = RiskRule { name: "free".into(), kind: RiskRuleKind::Threshold { amount: usd(700) } };
    rule_part::save_risk_rules(&mut conn, part, std::slice::from_ref(&rule)).await.unwrap();
    let later = NOW + Duration::hours(1);
    let with = parts.with(PartKind::Risk, part);
    rule_set::insert_published(&mut conn, &store.id, with, later, None, NOW).await.unwrap();
    let own = RiskRules { part: Some(part.0), rules: vec![rule] };
    let instant = Duration::microseconds(1);
    for (at, expected) in [(NOW, RiskRules::default()), (later - instant, RiskRules::default()), (later, own)] {
        assert_eq!(at_gate(&mut conn, &tap("tap-1", "card-1"), at).await.rules, expected, "{at}");
        assert_eq!(rules(&mut conn, &store.id, at).await.unwrap(), expected);
    }
    let swapped = parts.with(PartKind::Risk, parts.taxes);
    let refused = rule_set::insert_published(&mut conn, &store.id, swapped, NOW - instant, None, NOW).await;
    assert_eq!(refusal(refused), "rule_set_risk");
    let PartId(taxes) = parts.taxes;
    let bare = sqlx::query("UPDATE rule_part SET rules = '[]' WHERE rule_part_id = $1").bind(taxes);
    assert_eq!(refusal(bare.execute(&mut conn).await.map_err(Into::into)), "rule_part_rules_by_kind");
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_tap_that_was_decided_is_read_with_the_rest_and_so_is_one_of_an_earlier_version(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let mut conn = fixture::connect(database).await;
    fixture::add_store(&mut conn).await;
    let request = tap("tap-1", "card-1");
    let decision = GateDecision {
        authorized: false,
        reason: GateReason::Blocked,
        adjusted_hold: None,
        risks: vec![],
        is_override: false,
        override_kind: None,
        rule: "block_list".to_owned(),
        rules_part: None,
        notice: Notice::of(GateReason::Blocked, false),
    };
    assert!(gate_decision::insert(&mut conn, &request, usd(7), &decision, NOW).await.unwrap());
    assert!(instrument::exists(&mut conn, &card()).await.unwrap(), "the decision remembers its instrument");
    let kept = |is_same| Some(KeptDecision { decision: decision.clone(), is_same });
    assert_eq!(at_gate(&mut conn, &request, NOW).await.kept, kept(true));
    assert_eq!(at_gate(&mut conn, &tap("tap-1", "card-2"), NOW).await.kept, kept(false));
    let shown = gate_decision::show(&mut conn, &id("tap-1")).await.unwrap().unwrap();
    assert_eq!((shown.decision, shown.outstanding, shown.hold), (decision.clone(), usd(7), usd(2500)));
    assert_eq!(gate_decision::show(&mut conn, &id("tap-2")).await.unwrap(), None);
    let old = r#"UPDATE gate_decision SET decision = '{"authorized": true, "reason": "nothing_owed", "adjusted_hold": null,
        "risks": [], "is_override": false}'"#;
    sqlx::query(old).execute(&mut conn).await.unwrap();
    let kept = at_gate(&mut conn, &request, NOW).await.kept.unwrap().decision;
    assert_eq!((kept.authorized, kept.rule.as_str(), kept.notice), (true, "", None));
    let changes = [
        ("reason = 'mood'", "gate_decision_reason"),
        ("override_kind = 'shrug', is_override = true", "gate_decision_override_kind"),
        ("override_kind = 'deny', is_override = false", "gate_decision_override"),
    ];
    assert_refused(&mut conn, "gate_decision", &changes).await;
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_visit_awaits_its_instrument_at_its_own_store_and_until_it_has_one(
    _: PgPoolOptions,
    database: PgConnectOptions,
) {
    let mut conn = fixture::connect(database).await;
    let trip = add_trip(&mut conn, "trip-1").await;
    let request = tap("tap-1", "card-1");
    assert!(!at_gate(&mut conn, &request, NOW).await.awaits_instrument, "it has one");
    sqlx::query("UPDATE trip SET instrument_id = NULL").execute(&mut conn).await.unwrap();
    assert!(at_gate(&mut conn, &request, NOW).await.awaits_instrument);
    let nameless = GateRequest { trip: None, ..request };
    assert!(!at_gate(&mut conn, &nameless, NOW).await.awaits_instrument);
    assert_eq!(trip.id.as_str(), "trip-1");
}

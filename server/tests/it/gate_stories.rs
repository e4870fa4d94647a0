//! Who comes in, on which terms, by which rule, and what is left behind of each decision.

use domain::catalog::RuleSetId;
use domain::debt::PaymentMeans;
use domain::gate::GateList;
use domain::id::{InstrumentId, StoreId, TripId};
use domain::money::{Currency, Money};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::json;
use server::command::Desk;
use server::command::import::{What, import_file};
use server::flow::gate_lists::{GateListError, Place, put_on_list, take_off_lists};
use server::flow::import_rules::Import;
use server::flow::publish_rules::{publish_rules, roll_back_rules};
use server::flow::settle_debt::{DebtChange, Decider, settle_debt};
use server::flow::staff::Person;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;
use twin::{Card, Tap, Visit, demo_items};
use uuid::Uuid;

use crate::shop::{Shop, vault};

/// 1.99 and 7.49, and 8.875 % tax on each.
const TOTAL: i64 = 1032;

const HEADING: &str = "rule,kind,amount,currency,incidents,within_days,risk,action,hold\n";

const ANN: Person<'static> = Person { by: "ann", reason: "seen on the camera of the gate" };

fn store() -> StoreId {
    "TEST_STORE_001".parse().unwrap()
}

/// A card whose issuer pays everything, or nothing.
fn card(name: &str, pays: bool) -> Card {
    Card { limit_minor: if pays { 1_000_000 } else { 0 }, ..Card::visa_named(name) }
}

/// Amazon says this of a card.
fn said(card: Card, recommended: bool, risks: &[&str]) -> Card {
    Card { recommended: Some(recommended), risks: risks.iter().map(|risk| (*risk).to_owned()).collect(), ..card }
}

fn instrument(card: &str) -> InstrumentId {
    InstrumentId::new(&format!("shopper-{card}-0001")).unwrap()
}

/// These rules are imported by one person and published by another.
async fn publish(shop: &Shop, rows: &str) {
    let desk = Desk { database: shop.database.clone(), now: shop.worker.clock.now(), vault: Some(vault()) };
    let (store, text) = (store(), format!("{HEADING}{rows}\n"));
    let import = Import { store: &store, source: "risk.csv", by: "ann", dry_run: false };
    import_file(&desk, import, What::Risk, std::io::Cursor::new(text), "risk.csv".as_ref()).await.unwrap();
    publish_rules(&shop.database, &store, "ben", None, desk.now).await.unwrap();
}

async fn use_strategy(shop: &Shop, strategy: &str) {
    sqlx::query("UPDATE store SET gate_strategy = $1").bind(strategy).execute(&shop.database).await.unwrap();
}

/// So many visits at once, none of which is paid.
async fn owe(shop: &Shop, name: &str, visits: usize) -> Vec<Uuid> {
    shop.twin.put_card(card(name, false));
    let mut taps = vec![];
    for _ in 0..visits {
        taps.push(shop.twin.tap(name).await.unwrap());
    }
    for tap in &taps {
        shop.twin.send_cart(tap, &demo_items(2)).await.unwrap();
    }
    shop.settle().await;
    taps.iter().map(|tap| tap.trip).collect()
}

async fn pay(shop: &Shop, trip: Uuid, minor: i64) {
    let reference = format!("till-{trip}");
    let amount = Money::new(minor, Currency::USD);
    let paid = DebtChange::Pay { amount, means: PaymentMeans::InStore, reference: &reference };
    let who = Decider { by: "ann", second: None, reason: "the shopper came to the desk" };
    let trip = TripId::new(&trip.to_string()).unwrap();
    settle_debt(&shop.database, &trip, paid, who, shop.worker.clock.now()).await.unwrap();
    shop.settle().await;
}

/// Reason, rule and kind of override of a tap, as they are kept.
async fn kept(shop: &Shop, tap: &Tap) -> String {
    let sql = "SELECT reason || ' ' || (decision ->> 'rule') || ' ' || coalesce(override_kind, '-') FROM gate_decision
        WHERE gate_event_id = $1";
    shop.text(sql, tap.gate_event).await.unwrap()
}

/// The last line of the audit about a card at the gate.
async fn audited(shop: &Shop, card: &str) -> Option<String> {
    let sql = "SELECT action || ' ' || (detail ->> 'rule') || ' ' || coalesce(detail ->> 'override', '-') || ' ' || (detail ->> 'outstanding_minor')
        FROM audit_entry WHERE subject = $1 AND actor = 'gate' ORDER BY audit_entry_id DESC LIMIT 1";
    shop.text(sql, instrument(card)).await
}

#[sqlx::test(migrations = "../migrations")]
async fn fa_003_if_019_a_reduced_hold_of_amazons_flows_through_adjust_and_capture(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let medium = said(card("medium", true), true, &["NonpaymentMediumRisk"]);
    shop.twin.put_card(Card { recommended_hold_minor: Some(2500), ..medium });
    let tap = shop.twin.tap(Visit::of("medium").holding_minor(5000)).await.unwrap();
    assert!(tap.admitted());
    assert_eq!(tap.hold_minor, 2500, "the hold is placed at the reduced amount");
    assert_eq!(kept(&shop, &tap).await, "nothing_owed nothing_owed -", "Amazon's own condition is no override");
    assert_eq!(shop.number("SELECT hold_minor FROM trip WHERE trip_id = $1", tap.trip).await, 2500);
    shop.twin.send_cart(&tap, &demo_items(2)).await.unwrap();
    shop.settle().await;
    assert_eq!(shop.state(tap.trip).await, "captured");
    assert_eq!(shop.twin.truth().trip(tap.trip).captures_minor, [TOTAL]);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn fa_009_fa_010_if_019_a_rule_of_ours_denies_or_changes_the_hold_and_each_override_is_audited(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    publish(
        &shop,
        "raise,risk,,,,,NonpaymentMediumRisk,condition,75.00\nlower,risk,,,,,FailureToVetCard,condition,50 %\nno,risk,,,,,BillingAddressInvalid,deny,",
    )
    .await;
    for (risk, hold, told, line) in [
        ("NonpaymentMediumRisk", Some(7500), "conditional raise adjust", "hold_adjusted raise adjust 0"),
        ("FailureToVetCard", Some(2500), "conditional lower adjust", "hold_adjusted lower adjust 0"),
        ("BillingAddressInvalid", None, "risk no deny", "entry_denied no deny 0"),
    ] {
        shop.twin.put_card(said(card("risky", true), true, &[risk]));
        let tap = shop.twin.tap(Visit::of("risky").holding_minor(5000)).await.unwrap();
        assert_eq!((tap.admitted(), kept(&shop, &tap).await.as_str()), (hold.is_some(), told), "{risk}");
        assert_eq!(audited(&shop, "risky").await.as_deref(), Some(line));
        if let Some(hold) = hold {
            assert_eq!(tap.hold_minor, hold, "{risk}");
            shop.twin.send_cart(&tap, &demo_items(2)).await.unwrap();
            shop.settle().await;
            assert_eq!(shop.twin.truth().trip(tap.trip).captures_minor, [TOTAL], "what the cart costs is charged");
        }
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn fa_008_fa_009_a_denial_of_amazons_is_followed_or_accepted_by_a_rule_that_is_named_and_counted(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    // Of this thread, on which the shop of a story answers as well.
    let recorder = PrometheusBuilder::new().build_recorder();
    let _counting = metrics::set_default_local_recorder(&recorder);
    let shop = Shop::open(connect).await;
    shop.twin.put_card(said(card("moved", true), false, &["BillingAddressInvalid"]));
    let tap = shop.twin.tap("moved").await.unwrap();
    assert_eq!(kept(&shop, &tap).await, "recommended_denial recommendation -");
    publish(&shop, "moved-house,risk,,,,,BillingAddressInvalid,accept,").await;
    let tap = shop.twin.tap("moved").await.unwrap();
    assert_eq!(kept(&shop, &tap).await, "risk_accepted moved-house accept");
    let counted = r#"storeside_gate_overrides_total{kind="accept",reason="risk_accepted"} 1"#;
    assert!(recorder.handle().render().contains(counted), "{}", recorder.handle().render());
    let line = "entry_allowed_against_recommendation moved-house accept 0";
    assert_eq!(audited(&shop, "moved").await.as_deref(), Some(line));
    use_strategy(&shop, "amazon_recommendation").await;
    assert!(!shop.twin.tap("moved").await.unwrap().admitted(), "there it is denied if either denies");
    use_strategy(&shop, "amazon_managed").await;
    let tap = shop.twin.tap("moved").await.unwrap();
    assert_eq!(kept(&shop, &tap).await, "recommended_denial recommendation -", "there it is echoed");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn if_006_pp_007_fa_011_a_debtor_is_denied_and_the_audit_says_whom_and_for_how_much(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    owe(&shop, "debtor", 1).await;
    shop.twin.put_card(said(card("debtor", true), false, &["BadDebt"]));
    let tap = shop.twin.tap("debtor").await.unwrap();
    assert_eq!(tap.answer.body["shopperAuthorized"], json!(false));
    assert_eq!(tap.answer.body["shopperRisks"], json!(["BadDebt"]));
    assert_eq!(tap.answer.body["authorizationConditions"], json!([]));
    assert_eq!(kept(&shop, &tap).await, "outstanding_balance any_balance -");
    assert_eq!(audited(&shop, "debtor").await, Some(format!("entry_denied any_balance - {TOTAL}")));
    let told = "SELECT decision -> 'notice' ->> 'path' FROM gate_decision WHERE gate_event_id = $1";
    assert_eq!(shop.text(told, tap.gate_event).await.as_deref(), Some("/balance"), "the shopper may be told");
    assert!(shop.text("SELECT trip_id FROM trip WHERE trip_id = $1", tap.trip).await.is_none(), "no visit begins");
    assert!(shop.twin.tap("visa").await.unwrap().admitted(), "nobody else pays for it");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn if_007_a_small_debtor_comes_in_with_a_raised_hold_and_pays_the_new_cart_whole(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let debt = owe(&shop, "debtor", 1).await[0];
    let medium = said(card("debtor", true), true, &["NonpaymentMediumRisk"]);
    shop.twin.put_card(Card { recommended_hold_minor: Some(7000), ..medium.clone() });
    let visit = || Visit::of("debtor").holding_minor(5000);
    assert!(!shop.twin.tap(visit()).await.unwrap().admitted(), "without a rule any balance denies");

    publish(&shop, "small-debts,threshold,20.00,,,,,,").await;
    let tap = shop.twin.tap(visit()).await.unwrap();
    assert_eq!((tap.hold_minor, kept(&shop, &tap).await.as_str()), (7000, "below_threshold small-debts -"));
    shop.twin.send_cart(&tap, &demo_items(2)).await.unwrap();
    shop.settle().await;
    let truth = shop.twin.truth();
    assert_eq!(truth.trip(tap.trip).captures_minor, [TOTAL]);
    let told: Vec<_> = truth.trip(tap.trip).feedback.iter().map(|it| (it.total_minor, it.settled_minor)).collect();
    assert_eq!(told, [(TOTAL, TOTAL)], "the new visit is settled whole");
    let owed = "SELECT outstanding_minor FROM debt WHERE trip_id = $1";
    assert_eq!(shop.number(owed, debt).await, TOTAL, "and the old debt is as it was");

    publish(&shop, "first-debt,conditional,20.00,,1,,,,+balance").await;
    let tap = shop.twin.tap(visit()).await.unwrap();
    assert_eq!((tap.hold_minor, kept(&shop, &tap).await.as_str()), (5000 + TOTAL, "conditional first-debt adjust"));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn if_009_pp_009_who_pays_one_of_two_visits_is_still_denied_or_comes_in_on_a_condition(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let debts = owe(&shop, "debtor", 2).await;
    shop.twin.put_card(card("debtor", true));
    let line = |owed| Some(format!("entry_denied any_balance deny {owed}"));
    assert!(!shop.twin.tap("debtor").await.unwrap().admitted());
    assert_eq!(audited(&shop, "debtor").await, line(2 * TOTAL));
    pay(&shop, debts[0], TOTAL).await;
    let truth = shop.twin.truth();
    let last = truth.trip(debts[0]).feedback.last().map(|it| (it.total_minor, it.settled_minor));
    assert_eq!(last, Some((TOTAL, TOTAL)), "Amazon is told of the first visit");
    assert!(!shop.twin.tap("debtor").await.unwrap().admitted());
    assert_eq!(audited(&shop, "debtor").await, line(TOTAL), "what is left is still tracked");
    publish(&shop, "one-debt,conditional,20.00,,,,,,150 %").await;
    let tap = shop.twin.tap(Visit::of("debtor").holding_minor(5000)).await.unwrap();
    assert_eq!((tap.hold_minor, kept(&shop, &tap).await.as_str()), (7500, "conditional one-debt adjust"));
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn if_010_pp_010_a_repeat_offender_stays_out_until_everything_is_paid(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    let debts = owe(&shop, "repeat", 3).await;
    publish(&shop, "free,threshold,1000.00,,,,,,\nthree,incidents,,,3,90,,,").await;
    shop.twin.put_card(card("repeat", true));
    let truth = shop.twin.truth();
    for debt in &debts {
        let told: Vec<_> = truth.trip(*debt).feedback.iter().map(|it| (it.total_minor, it.settled_minor)).collect();
        assert_eq!(told, [(TOTAL, 0)], "each is reported");
    }
    let tap = shop.twin.tap("repeat").await.unwrap();
    assert_eq!(tap.answer.body["shopperAuthorized"], json!(false));
    assert_eq!(tap.answer.body["shopperRisks"], json!(["NonpaymentHighRisk", "BadDebt"]));
    assert_eq!(kept(&shop, &tap).await, "repeat_offender three deny");
    assert_eq!(audited(&shop, "repeat").await, Some(format!("entry_denied three deny {}", 3 * TOTAL)));
    assert_eq!(shop.alerts("repeat_offender", instrument("repeat")).await, 1, "for fraud investigation");
    for (paid, debt) in debts.iter().enumerate() {
        assert!(!shop.twin.tap("repeat").await.unwrap().admitted(), "{paid} of 3 are paid");
        pay(&shop, *debt, TOTAL).await;
        // An incident is counted by when it was settled, to the microsecond.
        shop.jump(Duration::seconds(1));
    }
    let tap = shop.twin.tap("repeat").await.unwrap();
    assert_eq!(kept(&shop, &tap).await, "nothing_owed nothing_owed -");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn if_008_pp_008_who_has_paid_comes_in_although_amazon_still_flags_the_debt_and_not_when_it_flags_anew(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    use_strategy(&shop, "amazon_recommendation").await;
    let debt = owe(&shop, "debtor", 1).await[0];
    let flagged = || shop.twin.put_card(said(card("debtor", true), false, &["BadDebt"]));
    flagged();
    let tap = shop.twin.tap("debtor").await.unwrap();
    assert_eq!(kept(&shop, &tap).await, "outstanding_balance any_balance -");
    pay(&shop, debt, TOTAL).await;
    let told: Vec<_> =
        shop.twin.truth().trip(debt).feedback.iter().map(|it| (it.total_minor, it.settled_minor)).collect();
    assert_eq!(told.last(), Some(&(TOTAL, TOTAL)));
    let tap = shop.twin.tap("debtor").await.unwrap();
    assert_eq!(kept(&shop, &tap).await, "settled_since own_settlement accept", "the flag is older than the payment");
    shop.twin.put_card(card("debtor", true));
    let tap = shop.twin.tap("debtor").await.unwrap();
    assert_eq!(kept(&shop, &tap).await, "nothing_owed nothing_owed -", "Amazon has cleared it");
    assert_eq!(tap.answer.body["shopperRisks"], json!([]));
    flagged();
    let tap = shop.twin.tap("debtor").await.unwrap();
    assert_eq!(kept(&shop, &tap).await, "recommended_denial recommendation -", "a flag after that is a new one");
    let history = "SELECT string_agg(kind, ' ' ORDER BY debt_event_id) FROM debt_event JOIN debt USING (debt_id) WHERE trip_id = $1";
    let lines = shop.text(history, debt).await.unwrap();
    assert_eq!(lines, "incurred feedback_accepted entry_denied paid feedback_accepted");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn sec_004_fraud_is_kept_out_and_honest_shoppers_are_not(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    publish(&shop, include_str!("../../../end2end/demo/risk.csv").strip_prefix(HEADING).unwrap()).await;
    let fraud: [(bool, &[&str]); 7] = [
        (true, &["CustomerConfirmedFraud"]),
        (true, &["CreditCardFraud", "NonpaymentLowRisk"]),
        (false, &["CustomerFraud", "BadDebt"]),
        (true, &["CardNotSupported"]),
        (true, &["FailureToVetCard"]),
        (false, &["NonpaymentHighRisk"]),
        (false, &["ARiskOfNextYear"]),
    ];
    let honest: [(bool, &[&str]); 6] = [
        (true, &[]),
        (true, &["NonpaymentLowRisk"]),
        (true, &["NoRiskEvaluationRun"]),
        (true, &["NonpaymentMediumRisk"]),
        (false, &["BillingAddressInvalid"]),
        (false, &["BadDebt"]),
    ];
    for (cases, opens) in [(&fraud[..], false), (&honest[..], true)] {
        for (recommended, risks) in cases {
            shop.twin.put_card(said(card("anyone", true), *recommended, risks));
            let tap = shop.twin.tap("anyone").await.unwrap();
            assert_eq!(tap.admitted(), opens, "{recommended} {risks:?}: {}", kept(&shop, &tap).await);
        }
    }
    shop.twin.put_card(card("free", true));
    let tap = shop.twin.tap(Visit::of("free").holding_minor(0)).await.unwrap();
    assert!(tap.admitted(), "a hold of nothing is a hold");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn fa_006_a_risk_that_nobody_knows_is_told_of_once_and_changes_nothing(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    for recommended in [true, false, true] {
        shop.twin.put_card(said(card("new", true), recommended, &["ARiskOfNextYear"]));
        assert_eq!(shop.twin.tap("new").await.unwrap().admitted(), recommended);
    }
    assert_eq!(shop.alerts("unknown_risk", "ARiskOfNextYear").await, 1);
    publish(&shop, "next-year,risk,,,,,ARiskOfNextYear,deny,").await;
    shop.twin.put_card(said(card("new", true), true, &["ARiskOfNextYear"]));
    assert!(!shop.twin.tap("new").await.unwrap().admitted());
    assert_eq!(shop.alerts("unknown_risk", "ARiskOfNextYear").await, 1);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn a_blocked_card_stays_out_and_an_allowed_debtor_comes_in_until_their_time_is_over(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let shop = Shop::open(connect).await;
    owe(&shop, "debtor", 1).await;
    shop.twin.put_card(card("debtor", true));
    assert!(shop.twin.tap("visa").await.unwrap().admitted());
    let now = shop.worker.clock.now();
    let (visa, debtor, store) = (instrument("visa"), instrument("debtor"), store());
    let until = now + Duration::hours(2);
    let put = async |instrument: &InstrumentId, store: Option<&StoreId>, list, until, person| {
        put_on_list(&shop.database, Place { instrument, store }, list, until, person, now).await
    };
    put(&visa, None, GateList::Block, until, ANN).await.unwrap();
    put(&visa, None, GateList::Block, now + Duration::hours(1), ANN).await.unwrap();
    put(&debtor, Some(&store), GateList::Allow, until, ANN).await.unwrap();

    let tap = shop.twin.tap("visa").await.unwrap();
    assert_eq!(kept(&shop, &tap).await, "blocked block_list deny");
    assert_eq!(tap.answer.body["shopperRisks"], json!([]), "nobody is told why");
    let tap = shop.twin.tap("debtor").await.unwrap();
    assert_eq!(kept(&shop, &tap).await, "allowed allow_list -");
    shop.jump(Duration::minutes(61));
    assert!(shop.twin.tap("visa").await.unwrap().admitted(), "the second time replaced the first");
    assert!(shop.twin.tap("debtor").await.unwrap().admitted());
    shop.jump(Duration::minutes(61));
    assert!(!shop.twin.tap("debtor").await.unwrap().admitted());

    let stranger = InstrumentId::new("never-seen").unwrap();
    let nobody = Person { by: "zoe", ..ANN };
    let elsewhere: StoreId = "ELSEWHERE".parse().unwrap();
    assert!(matches!(put(&visa, None, GateList::Block, now, ANN).await, Err(GateListError::InThePast)));
    assert!(matches!(put(&visa, None, GateList::Block, until, nobody).await, Err(GateListError::Staff(_))));
    let unknown = put(&stranger, None, GateList::Block, until, ANN).await;
    assert!(matches!(unknown, Err(GateListError::UnknownInstrument(_))));
    let unserved = put(&visa, Some(&elsewhere), GateList::Block, until, ANN).await;
    assert!(matches!(unserved, Err(GateListError::UnknownStore(_))));
    let place = Place { instrument: &stranger, store: None };
    assert!(take_off_lists(&shop.database, place, ANN, now).await.is_err());
    let audited =
        "SELECT string_agg(action, ' ' ORDER BY audit_entry_id) FROM audit_entry WHERE actor = 'ann' AND subject = $1";
    let lines = shop.text(audited, &visa).await.unwrap();
    assert_eq!(lines, "instrument_blocked instrument_blocked", "what was refused is not in the audit");
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn changed_rules_count_at_once_everywhere_while_taps_go_on(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    shop.twin.put_card(said(card("vetted", true), true, &["FailureToVetCard"]));
    let first = RuleSetId(shop.number("SELECT min(rule_set_id) FROM rule_set WHERE store_id = $1", store()).await);
    let going_on = async {
        let mut count = 0;
        for _ in 0..60 {
            let tap = shop.twin.tap("visa").await.unwrap();
            assert_eq!((tap.answer.status, tap.answer.tries, tap.admitted()), (200, 1, true));
            count += 1;
        }
        count
    };
    let changing = async {
        for round in 0..4 {
            publish(&shop, "vetting,risk,,,,,FailureToVetCard,deny,").await;
            let tap = shop.twin.tap("vetted").await.unwrap();
            assert_eq!(kept(&shop, &tap).await, "risk vetting deny", "round {round}: the very next tap");
            shop.jump(Duration::seconds(1));
            let now = shop.worker.clock.now();
            roll_back_rules(&shop.database, &store(), "ann", Some(first), now).await.unwrap();
            assert!(shop.twin.tap("vetted").await.unwrap().admitted(), "round {round}: the rollback counts, too");
            shop.jump(Duration::seconds(1));
        }
    };
    let (count, ()) = tokio::join!(going_on, changing);
    assert_eq!(count, 60);
    shop.close().await;
}

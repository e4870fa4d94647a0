//! Who does what, before anything goes wrong: stores of every kind, cards good and bad, visits, carts.

use domain::attempt::Api;
use domain::gate::{GateEventKind, GateRequest, Recommendation};
use domain::id::{GateEventId, IdError, InstrumentId, StoreId};
use domain::money::{Currency, Money};
use domain::pricing::PricingSettings;
use domain::receipt::Merchant;
use domain::refund::RefundRules;
use domain::store::{BadCartPolicy, DeclinePolicy, FeedbackPolicy, GateStrategy, Store};
use domain::trip::CartVerdict;
use time::{Duration, OffsetDateTime};

use super::amazon::{Account, Contract, Duplicate};
use super::fault::{Fault, Faults};
use super::random::Chance;

/// Stores of one run.
const STORES: usize = 4;

/// Trips of one instrument, on average.
const TRIPS_EACH: usize = 3;

/// The run's first moment.
pub(super) const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH.saturating_add(Duration::days(20_000));

/// How a store's settings about Amazon can be wrong. Nobody may run a store so: the laws must say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// Captures are repeated where Amazon charges twice.
    RepeatsWhereCharged,
    /// Card facts are taken for a witness where they exist before a capture.
    TrustsEarlyFacts,
}

/// One visit, as it would go.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    pub(super) store: usize,
    pub(super) instrument: usize,
    pub(super) request: GateRequest,
    /// When the gate's request reaches us.
    pub(super) told_at: OffsetDateTime,
    /// When the cart does. `None`: none comes.
    pub(super) cart_at: Option<OffsetDateTime>,
    pub(super) verdict: CartVerdict,
    pub(super) tax: Money,
    /// What is charged of a cart that nobody prices.
    pub(super) recognised: Money,
}

/// Everything a run begins with.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) stores: Vec<Store>,
    pub(super) instruments: Vec<InstrumentId>,
    pub(super) walks: Vec<Walk>,
    pub(super) cards: Vec<Account>,
    pub(super) outages: Vec<(Api, OffsetDateTime, OffsetDateTime)>,
    /// Hours in which the mail server is away.
    pub(super) mail_outages: Vec<(OffsetDateTime, OffsetDateTime)>,
    /// Of each instrument: does Amazon know an address?
    pub(super) has_address: Vec<bool>,
}

impl Scenario {
    pub(super) fn new(
        trips: usize,
        mistake: Option<Mistake>,
        chance: &mut Chance,
        faults: &mut Faults,
    ) -> Result<Self, IdError> {
        let contract = contract(mistake, chance);
        let stores =
            (0..STORES).map(|number| store(number, contract, mistake, chance)).collect::<Result<Vec<_>, _>>()?;
        let known = (0..trips.div_ceil(TRIPS_EACH)).map(|number| InstrumentId::new(&format!("card-{number}")));
        let instruments = known.collect::<Result<Vec<_>, _>>()?;
        let (mut walks, mut cards) = (vec![], vec![]);
        for trip in 0..trips {
            let mut walk = walk(trip, &instruments, chance, faults)?;
            let most = [Some(walk.recognised), payable(walk.verdict)].into_iter().flatten().map(Money::minor).max();
            let limit = limit(most.unwrap_or(0), chance);
            let mut card = Account::new(contract, walk.request.tapped_at, stores[walk.store].token_life, limit);
            if faults.is_on(Fault::Pending) && chance.percent(20) {
                card.pending = if chance.percent(10) { 500 } else { 1 + chance.below(4) as u32 };
            }
            card.refuses_refunds = faults.is_on(Fault::RefundRefused) && chance.percent(15);
            // The gate tells of what is held.
            if walk.request.hold.minor() > limit.minor() {
                walk.request.hold = limit;
            }
            walks.push(walk);
            cards.push(card);
        }
        let outages = outages(chance, faults);
        let mail_outages = mail_outages(chance, faults);
        let has_address = instruments.iter().map(|_| chance.percent(80)).collect();
        Ok(Self { stores, instruments, walks, cards, outages, mail_outages, has_address })
    }
}

pub(super) fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn payable(verdict: CartVerdict) -> Option<Money> {
    match verdict {
        CartVerdict::Payable(total) => Some(total),
        CartVerdict::NothingToPay | CartVerdict::NeedsReview => None,
    }
}

/// Half of the cards bear everything; the others some part of it, or nothing.
fn limit(total: i64, chance: &mut Chance) -> Money {
    usd(if chance.percent(55) { i64::MAX / 4 } else { chance.between(0, total + total / 8 + 1) })
}

fn contract(mistake: Option<Mistake>, chance: &mut Chance) -> Contract {
    let duplicate_capture = chance.pick(&[Duplicate::Ignored, Duplicate::Charged, Duplicate::Refused]);
    Contract {
        duplicate_capture: match mistake {
            Some(Mistake::RepeatsWhereCharged) => Duplicate::Charged,
            _ => duplicate_capture,
        },
        data_before_capture: mistake == Some(Mistake::TrustsEarlyFacts) || (mistake.is_none() && chance.percent(40)),
        expired_first: chance.percent(50),
        captures_beyond_hold: chance.percent(30),
        newest_report_counts: chance.percent(50),
        captures_unadjusted: chance.percent(50),
        refuses_repeated_refunds: chance.percent(25),
        refunds_beyond_capture: chance.percent(50),
        refund_window: Duration::days(chance.pick(&[7, 30])),
    }
}

/// A store's two settings about Amazon only say what is so.
fn store(number: usize, contract: Contract, mistake: Option<Mistake>, chance: &mut Chance) -> Result<Store, IdError> {
    let repeat_is_safe = contract.duplicate_capture != Duplicate::Charged && chance.percent(60);
    let facts_prove = !contract.data_before_capture && chance.percent(60);
    let gate_strategy =
        if chance.percent(70) { GateStrategy::CustomerManaged } else { GateStrategy::AmazonRecommendation };
    Ok(Store {
        id: StoreId::new(&format!("store-{number}"))?,
        merchant: Merchant {
            name: String::new(),
            address: String::new(),
            tax_number: String::new(),
            contact: String::new(),
        },
        currency: Currency::USD,
        gate_strategy,
        debt_threshold: chance.percent(30).then(|| usd(5_000)),
        feedback: chance.pick(FeedbackPolicy::ALL),
        bad_cart: chance.pick(BadCartPolicy::ALL),
        decline: chance.pick(DeclinePolicy::ALL),
        pricing: PricingSettings::plain("here"),
        review_limit: Duration::hours(24),
        token_life: Duration::hours(46),
        refund: RefundRules {
            auto_limit: usd(chance.pick(&[0, 5_000, 100_000])),
            auto_count: chance.pick(&[1, 3, 100]),
            ..RefundRules::plain(Currency::USD)
        },
        skips_adjust: chance.percent(50),
        capture_repeat_is_safe: repeat_is_safe || mistake == Some(Mistake::RepeatsWhereCharged),
        transactional_data_proves_capture: facts_prove || mistake == Some(Mistake::TrustsEarlyFacts),
    })
}

fn walk(trip: usize, instruments: &[InstrumentId], chance: &mut Chance, faults: &mut Faults) -> Result<Walk, IdError> {
    let (store, instrument) = (chance.below(STORES), chance.below(instruments.len()));
    let tapped_at = START + chance.hours(0, 72);
    let mut told_at = tapped_at + chance.millis(20, 300);
    let mut cart_at = tapped_at + chance.minutes(3, 300);
    if faults.falls(Fault::LateCart, chance) {
        // Some within minutes of the token's end.
        cart_at = tapped_at + if chance.percent(50) { chance.hours(12, 60) } else { chance.minutes(2_735, 2_762) };
    }
    let comes = !faults.falls(Fault::NoCart, chance);
    if comes && faults.falls(Fault::CartBeforeTap, chance) {
        told_at = cart_at + chance.minutes(1, 600);
    }
    let cart_at = comes.then_some(cart_at);
    let hold = usd(chance.between(0, 6_000));
    let is_held = hold.is_positive() && chance.percent(25);
    let total = if is_held { hold } else { usd(chance.between(1, 20_000)) };
    let verdict = match chance.below(20) {
        0 | 1 => CartVerdict::NothingToPay,
        2 | 3 => CartVerdict::NeedsReview,
        _ => CartVerdict::Payable(total),
    };
    let recognised = if chance.percent(30) { usd(0) } else { total };
    let request = GateRequest {
        store: StoreId::new(&format!("store-{store}"))?,
        event: GateEventId::new(&format!("tap-{trip}"))?,
        kind: GateEventKind::CreditCard,
        interaction: None,
        tapped_at,
        location: "ENTRY".to_owned(),
        instrument: instruments[instrument].clone(),
        trip: format!("trip-{trip}").parse().ok(),
        hold,
        recommendation: Recommendation { authorized: Some(true), adjusted_hold: None, risks: vec![] },
    };
    let tax = usd(total.minor() / 11);
    Ok(Walk { store, instrument, request, told_at, cart_at, verdict, tax, recognised })
}

/// Hours in which no mail leaves.
fn mail_outages(chance: &mut Chance, faults: &Faults) -> Vec<(OffsetDateTime, OffsetDateTime)> {
    let count = if faults.is_on(Fault::MailBusy) { 2 } else { 0 };
    let outage = |chance: &mut Chance| {
        let from = START + chance.hours(0, 90);
        (from, from + chance.minutes(1, 240))
    };
    (0..count).map(|_| outage(chance)).collect()
}

/// Hours in which one of Amazon's APIs only fails.
fn outages(chance: &mut Chance, faults: &Faults) -> Vec<(Api, OffsetDateTime, OffsetDateTime)> {
    let count = if faults.is_on(Fault::RunOfFailures) { 3 } else { 0 };
    let outage = |chance: &mut Chance| {
        let from = START + chance.hours(0, 90);
        let length = if chance.percent(20) { chance.hours(8, 60) } else { chance.minutes(1, 240) };
        (chance.pick(Api::ALL), from, from + length)
    };
    (0..count).map(|_| outage(chance)).collect()
}

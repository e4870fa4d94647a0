//! The card network behind Amazon: holds, captures and refunds, with the rules of the issuers.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use crate::{
    card::{Card, Pending},
    feed::{Event, EventName},
    money::Amount,
    truth::{AdjustStatus, Feedback, Refund, Trip},
};

/// How long a payment token lives after the gate tap. Source: the seed "Payment Processing" ("typically 46 hours").
const TOKEN_LIFE: Duration = Duration::hours(46);

/// What the twin does where Amazon's contract is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Settings {
    /// Whether transactional data exists before the capture.
    pub data_before_capture: bool,
    /// What a second capture of one trip does.
    pub duplicate_capture: DuplicateCapture,
    /// Whether what is held is captured without an adjust before.
    pub capture_before_adjust: bool,
    /// How many days after the tap Amazon still refunds; then it answers 400. `None`: for ever. Its page says 7, the sample
    /// store 30.
    pub refund_window_days: Option<u32>,
    /// What a refund is answered with.
    pub refund_answer: RefundAnswer,
}

/// What a refund is answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundAnswer {
    /// Given back; 200 with a `reconciliationId`, as on the test page.
    #[default]
    Number,
    /// Given back; an empty 200, as in the prose of the reference page.
    Empty,
    /// Given back; a 200 whose `reconciliationId` is no text.
    Unreadable,
    /// Not given back; 200 with a `status` of `DECLINED`. No page says how a decline looks.
    Declined,
}

/// What a second capture of one trip does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DuplicateCapture {
    /// Answered 200, charged once.
    #[default]
    Ignored,
    /// Answered 200, charged again.
    Charged,
    /// Answered 400.
    Refused,
}

/// Why Amazon refuses a well signed call; all are 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("UnknownShoppingTrip")]
    UnknownShoppingTrip,
    #[error("ShoppingTripExpiredException")]
    ShoppingTripExpired,
    /// With the reason, which only the truth shows.
    #[error("BadRequestException")]
    BadRequest(String),
}

impl Refusal {
    pub(crate) fn bad(reason: impl Into<String>) -> Self {
        Self::BadRequest(reason.into())
    }
}

#[derive(Debug)]
pub(crate) struct Network {
    pub(crate) settings: Settings,
    /// What has happened and was not taken for the feed yet.
    pub(crate) events: Vec<Event>,
    cards: BTreeMap<String, Card>,
    stores: BTreeSet<String>,
    trips: Vec<Trip>,
    by_id: HashMap<String, usize>,
}

impl Network {
    pub(crate) fn new(cards: Vec<Card>, store: &str, settings: Settings) -> Self {
        let cards = cards.into_iter().map(|card| (card.name.clone(), card)).collect();
        let stores = BTreeSet::from([store.to_owned()]);
        Self { settings, events: Vec::new(), cards, stores, trips: Vec::new(), by_id: HashMap::new() }
    }

    pub(crate) fn card(&self, name: &str) -> Option<&Card> {
        self.cards.get(name)
    }

    pub(crate) fn cards(&self) -> impl Iterator<Item = &Card> {
        self.cards.values()
    }

    /// Adds a card, or changes the one of that name; open trips meet the change at once.
    pub(crate) fn put_card(&mut self, card: Card) {
        self.cards.insert(card.name.clone(), card);
    }

    pub(crate) fn trips(&self) -> &[Trip] {
        &self.trips
    }

    /// The most the issuer of this card authorizes for one trip.
    pub(crate) fn limit_minor(&self, card: &str) -> i64 {
        self.cards.get(card).map_or(0, |card| card.limit_minor)
    }

    /// A tap at the gate starts a trip; it is not known to the payment APIs before the shopper is let in.
    pub(crate) fn start_trip(&mut self, trip: Trip) {
        self.stores.insert(trip.store.clone());
        self.by_id.insert(trip.id.to_string(), self.trips.len());
        self.trips.push(trip);
    }

    /// The gate opened: the issuer holds what was asked for, as far as the card goes.
    pub(crate) fn admit(&mut self, id: Uuid, hold_minor: i64, now: OffsetDateTime) {
        let Some(&at) = self.by_id.get(&id.to_string()) else { return };
        let limit = self.limit_minor(&self.trips[at].card);
        let trip = &mut self.trips[at];
        if !trip.admitted {
            trip.admitted = true;
            trip.hold_minor = hold_minor.min(limit);
            trip.authorized_minor = trip.hold_minor;
            let event = Event::of(trip, EventName::AuthorizationApproved, Some(trip.hold_minor), now);
            self.events.push(event);
        }
    }

    pub(crate) fn knows_store(&self, store: &str) -> Result<(), Refusal> {
        if self.stores.contains(store) { Ok(()) } else { Err(Refusal::bad("storeId: no such store")) }
    }

    fn trip(&mut self, store: &str, id: &str) -> Result<&mut Trip, Refusal> {
        self.knows_store(store)?;
        let at = self.by_id.get(id).ok_or(Refusal::UnknownShoppingTrip)?;
        let trip = &mut self.trips[*at];
        match trip {
            Trip { admitted: false, .. } => Err(Refusal::UnknownShoppingTrip),
            _ if trip.store != store => Err(Refusal::bad("storeId: the trip is in another store")),
            _ => Ok(trip),
        }
    }

    /// Asks the issuer to authorize `amount` in total. Answers what is authorized now.
    pub(crate) fn adjust(
        &mut self,
        store: &str,
        id: &str,
        amount: &Amount,
        now: OffsetDateTime,
    ) -> Result<(AdjustStatus, Amount), Refusal> {
        let card = self.trip(store, id)?.card.clone();
        let limit = self.limit_minor(&card);
        let pending = self.card(&card).map_or(Pending::Never, |card| card.pending);
        let trip = self.trip(store, id)?;
        trip.adjust_calls += 1;
        open_for_money(trip, amount, now)?;
        if !trip.captures_minor.is_empty() {
            return Err(Refusal::bad("the trip is already captured"));
        }
        let still_pending = match pending {
            Pending::Never => false,
            Pending::Times(times) => trip.adjust_calls <= times,
            Pending::Forever => true,
        };
        let (status, answer) = if still_pending {
            (AdjustStatus::Pending, amount.minor)
        } else if amount.minor <= limit {
            trip.hold_minor = amount.minor;
            trip.authorized_minor = amount.minor;
            (AdjustStatus::Approved, amount.minor)
        } else {
            (AdjustStatus::Declined, trip.authorized_minor)
        };
        trip.adjust_status = Some(status);
        let told = match status {
            AdjustStatus::Approved => Some((EventName::AuthorizationApproved, answer)),
            AdjustStatus::Declined => Some((EventName::AuthorizationDeclined, amount.minor)),
            AdjustStatus::Pending => None,
        };
        let event = told.map(|(name, minor)| Event::of(trip, name, Some(minor), now));
        let answer = Amount::new(answer, &trip.currency);
        self.events.extend(event);
        Ok((status, answer))
    }

    /// Charges the card; what is left of the hold is released.
    pub(crate) fn capture(
        &mut self,
        store: &str,
        id: &str,
        amount: &Amount,
        now: OffsetDateTime,
    ) -> Result<(), Refusal> {
        let Settings { duplicate_capture: duplicate, capture_before_adjust, .. } = self.settings;
        let trip = self.trip(store, id)?;
        trip.capture_calls += 1;
        if !trip.captures_minor.is_empty() {
            return match duplicate {
                DuplicateCapture::Ignored => Ok(()),
                DuplicateCapture::Charged => {
                    trip.captures_minor.push(amount.minor);
                    let event = Event::of(trip, EventName::CaptureApproved, Some(amount.minor), now);
                    self.events.push(event);
                    Ok(())
                }
                DuplicateCapture::Refused => Err(Refusal::bad("the trip is already captured")),
            };
        }
        open_for_money(trip, amount, now)?;
        match trip.adjust_status {
            None if capture_before_adjust => {}
            None => return Err(Refusal::bad("the trip was never adjusted")),
            Some(AdjustStatus::Pending) => return Err(Refusal::bad("the adjust is still pending")),
            Some(AdjustStatus::Approved | AdjustStatus::Declined) => {}
        }
        if amount.minor > trip.authorized_minor {
            return Err(Refusal::bad("amount: more than is authorized"));
        }
        trip.captures_minor.push(amount.minor);
        trip.hold_minor = 0;
        let event = Event::of(trip, EventName::CaptureApproved, Some(amount.minor), now);
        self.events.push(event);
        Ok(())
    }

    /// The bank takes every charge of a trip back: the capture was only initiated, and is declined after all. `false`: there is
    /// nothing to take back.
    pub(crate) fn decline_capture(&mut self, id: Uuid, now: OffsetDateTime) -> bool {
        let Some(&at) = self.by_id.get(&id.to_string()) else { return false };
        let trip = &mut self.trips[at];
        let minor = trip.captured_minor();
        if minor <= 0 {
            return false;
        }
        trip.reversals_minor.push(minor);
        self.events.push(Event::of(trip, EventName::CaptureDeclined, Some(minor), now));
        true
    }

    /// Releases the hold. Twice is the same as once.
    pub(crate) fn cancel(&mut self, store: &str, id: &str, now: OffsetDateTime) -> Result<(), Refusal> {
        let trip = self.trip(store, id)?;
        trip.cancel_calls += 1;
        if !trip.captures_minor.is_empty() {
            return Err(Refusal::bad("the trip is already captured"));
        }
        let released = (!trip.cancelled).then_some(trip.hold_minor);
        trip.cancelled = true;
        trip.hold_minor = 0;
        trip.authorized_minor = 0;
        let event = released.map(|minor| Event::of(trip, EventName::AuthorizationCancelled, Some(minor), now));
        self.events.extend(event);
        Ok(())
    }

    /// Pays back part of what was captured, once per `refundRequestId`. Answers the `reconciliationId`.
    pub(crate) fn refund(
        &mut self,
        store: &str,
        id: &str,
        amount: &Amount,
        request_id: &str,
        reason_code: &str,
        now: OffsetDateTime,
    ) -> Result<String, Refusal> {
        let window = self.settings.refund_window_days;
        let elsewhere = self.trips.iter().any(|trip| {
            trip.id.to_string() != id && trip.refunds.iter().any(|refund| refund.refund_request_id == request_id)
        });
        let trip = self.trip(store, id)?;
        if elsewhere {
            return Err(Refusal::bad("refundRequestId: used for another trip"));
        }
        if let Some(paid) = trip.refunds.iter().find(|refund| refund.refund_request_id == request_id) {
            return Ok(paid.reconciliation_id.clone());
        }
        in_currency(trip, amount)?;
        if window.is_some_and(|days| now - trip.tapped_at > Duration::days(days.into())) {
            return Err(Refusal::bad("the refund window is over"));
        }
        if trip.refunded_minor() + amount.minor > trip.captured_minor() {
            return Err(Refusal::bad("amount: more than was captured and not refunded"));
        }
        let refund = Refund {
            refund_request_id: request_id.to_owned(),
            amount_minor: amount.minor,
            reason_code: reason_code.to_owned(),
            reconciliation_id: Uuid::new_v4().to_string(),
        };
        let reconciliation_id = refund.reconciliation_id.clone();
        trip.refunds.push(refund);
        Ok(reconciliation_id)
    }

    /// The card and trip that transactional data is about.
    pub(crate) fn transaction(&mut self, store: &str, id: &str) -> Result<(Card, Trip), Refusal> {
        let early = self.settings.data_before_capture;
        let trip = self.trip(store, id)?.clone();
        if trip.captures_minor.is_empty() && !early {
            return Err(Refusal::bad("nothing is captured yet"));
        }
        let card = self.card(&trip.card).cloned();
        card.map(|card| (card, trip)).ok_or(Refusal::UnknownShoppingTrip)
    }

    pub(crate) fn report(&mut self, store: &str, id: &str, feedback: Feedback) -> Result<(), Refusal> {
        self.trip(store, id)?.feedback.push(feedback);
        Ok(())
    }

    /// What was registered at the kiosk for this instrument, if anything.
    pub(crate) fn email(&self, store: &str, instrument: &str) -> Result<Option<String>, Refusal> {
        self.knows_store(store)?;
        let card = self.cards.values().find(|card| card.instrument == instrument);
        Ok(card.and_then(|card| card.email.clone()))
    }
}

fn open_for_money(trip: &Trip, amount: &Amount, now: OffsetDateTime) -> Result<(), Refusal> {
    if trip.cancelled {
        return Err(Refusal::bad("the trip is cancelled"));
    }
    if now - trip.tapped_at > TOKEN_LIFE {
        return Err(Refusal::ShoppingTripExpired);
    }
    in_currency(trip, amount)
}

fn in_currency(trip: &Trip, amount: &Amount) -> Result<(), Refusal> {
    if amount.currency == trip.currency {
        Ok(())
    } else {
        Err(Refusal::bad("amount.code: the trip has another currency"))
    }
}

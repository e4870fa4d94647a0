//! Stripe's own truth: sessions, payments, disputes, and every line of the balance.

use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{form::Fields, object};

/// How a session may expire, in seconds from now (Stripe API, `expires_at`).
const EXPIRES_IN: std::ops::RangeInclusive<i64> = 30 * 60..=24 * 3600;

/// What Stripe keeps of a charge, for the lines of the balance: 2.9 % and 30.
fn fee(amount_minor: i64) -> i64 {
    amount_minor * 29 / 1000 + 30
}

/// A card number of Stripe's test cards (Stripe docs, "Test card numbers").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Card {
    Approved,
    Declined,
    InsufficientFunds,
    /// Needs authentication, once for each payment.
    Authentication,
    /// Approved, and disputed as fraudulent at once.
    Disputed,
    /// Any other number.
    Unknown,
}

impl Card {
    /// The card of a number as it was typed.
    #[must_use]
    pub fn of(number: &str) -> Self {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        match digits.as_str() {
            "4242424242424242" => Self::Approved,
            "4000000000000002" => Self::Declined,
            "4000000000009995" => Self::InsufficientFunds,
            "4000002500003155" => Self::Authentication,
            "4000000000000259" => Self::Disputed,
            _ => Self::Unknown,
        }
    }
}

/// What became of a try to pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayOutcome {
    Paid,
    /// With Stripe's `decline_code`.
    Declined(&'static str),
    /// The bank wants to ask its customer first.
    NeedsAuthentication,
    /// The session is over, or paid already.
    NotOpen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatus {
    Open,
    Complete,
    Expired,
}

/// A Checkout Session. Moments are seconds since 1970, as Stripe writes them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StripeSession {
    pub id: String,
    /// Where the card is typed.
    pub url: String,
    /// `client_reference_id`.
    pub reference: Option<String>,
    pub amount_minor: i64,
    /// In lower case, as Stripe has it.
    pub currency: String,
    pub name: String,
    pub status: SessionStatus,
    pub payment: Option<String>,
    pub created: i64,
    pub expires_at: i64,
    pub success_url: String,
    pub cancel_url: Option<String>,
    pub metadata: Vec<(String, String)>,
    pub payment_metadata: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
pub(crate) struct Payment {
    pub(super) id: String,
    pub(super) amount_minor: i64,
    pub(super) currency: String,
    pub(super) metadata: Vec<(String, String)>,
    pub(super) created: i64,
    /// `None` until it is paid.
    pub(super) charge: Option<String>,
    pub(super) decline: Option<&'static str>,
    pub(super) wants_authentication: bool,
    pub(super) refunded_minor: i64,
    pub(super) dispute: Option<Dispute>,
}

#[derive(Debug, Clone)]
pub(super) struct Dispute {
    pub(super) id: String,
    pub(super) amount_minor: i64,
    pub(super) status: &'static str,
    pub(super) created: i64,
}

/// A line of the balance.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) id: String,
    /// `charge`, `adjustment` or `refund`.
    pub(super) kind: &'static str,
    pub(super) payment: String,
    pub(super) amount_minor: i64,
    pub(super) fee_minor: i64,
    pub(super) currency: String,
    pub(super) created: i64,
}

/// Why Stripe refuses a call.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) kind: &'static str,
    pub(super) code: Option<&'static str>,
    pub(super) message: String,
}

impl Refusal {
    fn invalid(message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status: StatusCode::BAD_REQUEST, kind: "invalid_request_error", code: None, message }
    }

    fn missing(what: &str) -> Self {
        let code = Some("resource_missing");
        Self { status: StatusCode::NOT_FOUND, code, ..Self::invalid(format!("No such {what}")) }
    }

    pub(super) fn wrong_key() -> Self {
        Self { status: StatusCode::UNAUTHORIZED, ..Self::invalid("Invalid API Key provided") }
    }

    pub(super) fn too_many() -> Self {
        let code = Some("rate_limit");
        Self { status: StatusCode::TOO_MANY_REQUESTS, code, ..Self::invalid("Too many requests") }
    }

    pub(super) fn other_body() -> Self {
        let message =
            "Keys for idempotent requests can only be used with the same parameters they were first used with.";
        Self { kind: "idempotency_error", ..Self::invalid(message) }
    }
}

/// Everything, and the events that nobody was told of yet.
#[derive(Debug, Default)]
pub(crate) struct Book {
    sessions: Vec<StripeSession>,
    payments: Vec<Payment>,
    lines: Vec<Line>,
    /// Type and object of what happened.
    pub(super) happened: Vec<(&'static str, Value)>,
}

fn id(prefix: &str) -> String {
    format!("{prefix}_{}", Uuid::new_v4().simple())
}

impl Book {
    pub(super) fn create(&mut self, fields: &Fields, host: &str, now: i64) -> Result<StripeSession, Refusal> {
        let required =
            |name: &str| fields.get(name).ok_or_else(|| Refusal::invalid(format!("Missing required param: {name}.")));
        if required("mode")? != "payment" {
            return Err(Refusal::invalid("The twin plays only mode=payment."));
        }
        let price = |part: &str| format!("line_items[0][price_data]{part}");
        let currency = required(&price("[currency]"))?.to_owned();
        if currency.len() != 3 || !currency.bytes().all(|it| it.is_ascii_lowercase()) {
            return Err(Refusal::invalid(format!("Invalid currency: {currency}")));
        }
        let unit =
            fields.number(&price("[unit_amount]")).ok_or_else(|| Refusal::invalid("Invalid integer: unit_amount"))?;
        let amount_minor = unit.saturating_mul(fields.number("line_items[0][quantity]").unwrap_or(1));
        if !(50..=99_999_999).contains(&amount_minor) {
            return Err(Refusal {
                code: Some("amount_too_small"),
                ..Refusal::invalid("The amount cannot be charged.")
            });
        }
        let expires_at = fields.number("expires_at").unwrap_or(now + EXPIRES_IN.end());
        if !EXPIRES_IN.contains(&(expires_at - now)) {
            return Err(Refusal::invalid("The `expires_at` timestamp must be 30 minutes to 24 hours from now."));
        }
        if fields.get("client_reference_id").is_some_and(|it| it.len() > 200) {
            return Err(Refusal::invalid("client_reference_id is too long"));
        }
        let id = id("cs_test");
        let session = StripeSession {
            url: format!("http://{host}/checkout/{id}"),
            id,
            reference: fields.get("client_reference_id").map(str::to_owned),
            amount_minor,
            currency,
            name: required(&price("[product_data][name]"))?.to_owned(),
            status: SessionStatus::Open,
            payment: None,
            created: now,
            expires_at,
            success_url: required("success_url")?.to_owned(),
            cancel_url: fields.get("cancel_url").map(str::to_owned),
            metadata: fields.map("metadata"),
            payment_metadata: fields.map("payment_intent_data[metadata]"),
        };
        self.sessions.push(session.clone());
        Ok(session)
    }

    /// Sessions whose time has come are over.
    fn pass_time(&mut self, now: i64) {
        for session in &mut self.sessions {
            if session.status == SessionStatus::Open && session.expires_at <= now {
                session.status = SessionStatus::Expired;
                self.happened.push(("checkout.session.expired", object::session(session, None)));
            }
        }
    }

    pub(super) fn sessions(&mut self, now: i64) -> Vec<StripeSession> {
        self.pass_time(now);
        self.sessions.clone()
    }

    pub(super) fn session(&mut self, id: &str, now: i64) -> Result<StripeSession, Refusal> {
        self.pass_time(now);
        self.sessions.iter().find(|it| it.id == id).cloned().ok_or_else(|| Refusal::missing("checkout.session"))
    }

    pub(super) fn expire(&mut self, id: &str, now: i64) -> Result<StripeSession, Refusal> {
        self.pass_time(now);
        let found = self.sessions.iter_mut().find(|it| it.id == id);
        let session = found.ok_or_else(|| Refusal::missing("checkout.session"))?;
        if session.status != SessionStatus::Open {
            return Err(Refusal::invalid("Only Checkout Sessions with a status in [\"open\"] can be expired."));
        }
        session.status = SessionStatus::Expired;
        let session = session.clone();
        self.happened.push(("checkout.session.expired", object::session(&session, None)));
        Ok(session)
    }

    /// A card is typed into the page. `authenticated`: what its holder told the bank, where the bank asked.
    pub(super) fn pay(&mut self, id: &str, card: Card, authenticated: Option<bool>, now: i64) -> PayOutcome {
        self.pass_time(now);
        let Some(index) = self.sessions.iter().position(|it| it.id == id && it.status == SessionStatus::Open) else {
            return PayOutcome::NotOpen;
        };
        let payment = self.payment_for(index, now);
        let decline = match (card, authenticated) {
            (Card::Approved | Card::Disputed, _) | (Card::Authentication, Some(true)) => None,
            (Card::Authentication, None) => {
                self.payments[payment].wants_authentication = true;
                return PayOutcome::NeedsAuthentication;
            }
            (Card::Authentication, Some(false)) => Some("authentication_not_handled"),
            (Card::Declined, _) => Some("generic_decline"),
            (Card::InsufficientFunds, _) => Some("insufficient_funds"),
            (Card::Unknown, _) => Some("incorrect_number"),
        };
        let payment = &mut self.payments[payment];
        payment.wants_authentication = false;
        payment.decline = decline;
        if let Some(decline) = decline {
            self.happened.push(("payment_intent.payment_failed", object::payment(payment)));
            return PayOutcome::Declined(decline);
        }
        payment.charge = Some(self::id("ch"));
        let (amount_minor, currency, payment_id) = (payment.amount_minor, payment.currency.clone(), payment.id.clone());
        let payment = payment.clone();
        self.line("charge", &payment_id, amount_minor, fee(amount_minor), &currency, now);
        let session = &mut self.sessions[index];
        session.status = SessionStatus::Complete;
        self.happened.push(("payment_intent.succeeded", object::payment(&payment)));
        self.happened.push(("checkout.session.completed", object::session(session, None)));
        if card == Card::Disputed {
            self.dispute(id, None, now);
        }
        PayOutcome::Paid
    }

    fn payment_for(&mut self, session: usize, now: i64) -> usize {
        let session = &mut self.sessions[session];
        if let Some(index) = self.payments.iter().position(|it| session.payment.as_ref() == Some(&it.id)) {
            return index;
        }
        let payment = Payment {
            id: id("pi"),
            amount_minor: session.amount_minor,
            currency: session.currency.clone(),
            metadata: session.payment_metadata.clone(),
            created: now,
            charge: None,
            decline: None,
            wants_authentication: false,
            refunded_minor: 0,
            dispute: None,
        };
        session.payment = Some(payment.id.clone());
        self.payments.push(payment);
        self.payments.len() - 1
    }

    fn line(&mut self, kind: &'static str, payment: &str, amount_minor: i64, fee_minor: i64, currency: &str, now: i64) {
        let (payment, currency) = (payment.to_owned(), currency.to_owned());
        self.lines.push(Line { id: id("txn"), kind, payment, amount_minor, fee_minor, currency, created: now });
    }

    fn paid_of(&mut self, session: &str) -> Option<usize> {
        let payment = self.sessions.iter().find(|it| it.id == session)?.payment.clone()?;
        self.payments.iter().position(|it| it.id == payment && it.charge.is_some())
    }

    /// The cardholder's bank takes the money back. `false`: nothing was paid, or it is disputed already.
    pub(super) fn dispute(&mut self, session: &str, amount_minor: Option<i64>, now: i64) -> bool {
        let Some(index) = self.paid_of(session) else { return false };
        let payment = &mut self.payments[index];
        if payment.dispute.is_some() {
            return false;
        }
        let amount_minor = amount_minor.unwrap_or(payment.amount_minor).min(payment.amount_minor);
        let dispute = Dispute { id: id("dp"), amount_minor, status: "needs_response", created: now };
        payment.dispute = Some(dispute.clone());
        let payment = payment.clone();
        self.line("adjustment", &payment.id, -amount_minor, 1500, &payment.currency, now);
        let told = object::dispute(&payment, &dispute);
        self.happened.push(("charge.dispute.created", told.clone()));
        self.happened.push(("charge.dispute.funds_withdrawn", told));
        true
    }

    /// The bank decides.
    pub(super) fn close_dispute(&mut self, session: &str, won: bool, now: i64) -> bool {
        let Some(index) = self.paid_of(session) else { return false };
        let payment = &mut self.payments[index];
        let Some(dispute) = payment.dispute.as_mut().filter(|it| it.status == "needs_response") else { return false };
        dispute.status = if won { "won" } else { "lost" };
        let dispute = dispute.clone();
        let payment = payment.clone();
        let told = object::dispute(&payment, &dispute);
        self.happened.push(("charge.dispute.closed", told.clone()));
        if won {
            self.line("adjustment", &payment.id, dispute.amount_minor, 0, &payment.currency, now);
            self.happened.push(("charge.dispute.funds_reinstated", told));
        }
        true
    }

    /// Somebody gives money back at Stripe, past everybody.
    pub(super) fn refund(&mut self, session: &str, amount_minor: i64, now: i64) -> bool {
        let Some(index) = self.paid_of(session) else { return false };
        let payment = &mut self.payments[index];
        payment.refunded_minor += amount_minor;
        let (payment_id, currency) = (payment.id.clone(), payment.currency.clone());
        self.line("refund", &payment_id, -amount_minor, 0, &currency, now);
        true
    }

    pub(super) fn payment_of(&self, session: &StripeSession) -> Option<Payment> {
        self.payments.iter().find(|it| Some(&it.id) == session.payment.as_ref()).cloned()
    }

    pub(super) fn payment(&self, id: &str) -> Result<Payment, Refusal> {
        self.payments.iter().find(|it| it.id == id).cloned().ok_or_else(|| Refusal::missing("payment_intent"))
    }

    pub(super) fn charge_object(&self, id: &str) -> Result<Value, Refusal> {
        let found = self.payments.iter().find(|it| it.charge.as_deref() == Some(id));
        found.map(object::charge).ok_or_else(|| Refusal::missing("charge"))
    }

    /// What cards have paid and banks and shoppers have not got back, before fees.
    pub(super) fn net_minor(&self) -> i64 {
        self.lines.iter().map(|it| it.amount_minor).sum()
    }

    /// A page of the balance, the newest first.
    pub(super) fn balance(&self, fields: &Fields) -> Value {
        let limit = usize::try_from(fields.number("limit").unwrap_or(10).clamp(1, 100)).unwrap_or(10);
        let is_in = |line: &&Line| {
            fields.number("created[gte]").is_none_or(|it| line.created >= it)
                && fields.number("created[lt]").is_none_or(|it| line.created < it)
        };
        let lines = self.lines.iter().rev().filter(is_in);
        let after = fields.get("starting_after");
        let lines: Vec<&Line> = match after {
            Some(id) => lines.skip_while(|it| it.id != id).skip(1).collect(),
            None => lines.collect(),
        };
        let has_more = lines.len() > limit;
        let expands = fields.expands("data.source");
        let shown = lines.into_iter().take(limit).filter_map(|line| {
            let payment = self.payments.iter().find(|it| it.id == line.payment)?;
            Some(object::balance_line(line, payment, expands))
        });
        let data: Vec<Value> = shown.collect();
        json!({ "object": "list", "data": data, "has_more": has_more, "url": "/v1/balance_transactions" })
    }
}

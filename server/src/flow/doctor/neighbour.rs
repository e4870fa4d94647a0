//! Amazon's APIs and the mail server.

use domain::attempt::Api;
use domain::id::{InstrumentId, RefundId, StoreId, TripId};
use domain::money::{Currency, Money};
use domain::refund::RefundReason;
use time::OffsetDateTime;
use uuid::Uuid;

use super::Finding;
use crate::client::amazon::{
    AdjustCharge, AmazonClient, AmazonRequest, AmazonSettings, Call, CallError, CancelCharge, CaptureCharge,
    GetShopperIdentity, GetTransactionalData, RefundCharge, ReportPaymentStatus,
};
use crate::client::mail::{MailClient, MailError, MailSettings};
use crate::log::chain;

/// How long an API may take.
const ANSWERS_WITHIN: std::time::Duration = std::time::Duration::from_secs(5);

/// Clocks that differ by more are to be mended: at five minutes AWS refuses every signature (AWS, "Signature Version 4").
const SKEW_MAX: time::Duration = time::Duration::seconds(60);

/// A store for when there is none of ours: nobody's.
const NO_STORE: &str = "storeside-doctor";

/// What was found out about Amazon.
#[derive(Debug, Default)]
pub(super) struct Amazon {
    pub(super) clock: Vec<Finding>,
    pub(super) apis: Vec<Finding>,
}

/// Asks every API about a trip that nobody knows.
pub(super) async fn examine_amazon(
    settings: Option<&AmazonSettings>,
    store: Option<&StoreId>,
    now: OffsetDateTime,
) -> Amazon {
    let nowhere = || StoreId::new(NO_STORE).ok();
    let trip = TripId::new(&Uuid::new_v4().to_string()).ok();
    let refund = RefundId::new(Uuid::new_v4()).ok();
    let (Some(settings), Some(store), Some(trip), Some(refund)) =
        (settings, store.cloned().or_else(nowhere), trip, refund)
    else {
        return Amazon::default();
    };
    let settings = AmazonSettings { timeout: ANSWERS_WITHIN, ..settings.clone() };
    let client = match AmazonClient::new(&settings) {
        Ok(client) => client,
        Err(error) => {
            let finding = Finding::wrong("Payment Service", chain(&error), "mend the setting, and ask again");
            return Amazon { apis: vec![finding], ..Amazon::default() };
        }
    };
    let amount = Money::new(100, Currency::USD);
    let instrument = InstrumentId::new(trip.as_str()).ok();
    let (s, t) = (store, trip);
    let calls = Calls { client: &client, now };
    let (time, adjust, capture, cancel, refunded, feedback, card, identity) = tokio::join!(
        client.ask_time(),
        calls.ask("Payment Service, Adjust Charge", AdjustCharge { store: s.clone(), trip: t.clone(), amount }),
        calls.ask("Payment Service, Capture Charge", CaptureCharge { store: s.clone(), trip: t.clone(), amount }),
        calls.ask("Payment Service, Cancel Charge", CancelCharge { store: s.clone(), trip: t.clone() }),
        calls.ask(
            "Refund API",
            RefundCharge { store: s.clone(), trip: t.clone(), amount, refund, reason: RefundReason::Other }
        ),
        calls.ask(
            "Report Payment Status",
            ReportPaymentStatus { store: s.clone(), trip: t.clone(), total: amount, settled: amount, at: now }
        ),
        calls.ask("Get Transactional Data", GetTransactionalData { store: s.clone(), trip: t.clone() }),
        async {
            let instrument = instrument?;
            Some(calls.ask("Get Shopper Identity", GetShopperIdentity { store: s.clone(), instrument }).await)
        },
    );
    let apis = [Some(adjust), Some(capture), Some(cancel), Some(refunded), Some(feedback), Some(card), identity];
    Amazon { clock: vec![clock(time, now)], apis: apis.into_iter().flatten().collect() }
}

fn clock(time: Result<Option<OffsetDateTime>, CallError>, now: OffsetDateTime) -> Finding {
    let subject = "Clock";
    match time {
        Ok(Some(theirs)) if (now - theirs).abs() > SKEW_MAX => {
            let what = format!("it differs from Amazon's by {} seconds", (now - theirs).whole_seconds());
            let remedy = "set the machine's time by NTP, and STORESIDE_CLOCK to nothing: beyond 300 seconds every signature is refused";
            Finding::wrong(subject, what, remedy)
        }
        Ok(Some(theirs)) => {
            Finding::fine(subject, format!("within {} s of Amazon's", (now - theirs).abs().whole_seconds() + 1))
        }
        Ok(None) => Finding::unseen(subject, "Amazon's answer has no Date"),
        Err(_) => Finding::unseen(subject, "Amazon does not answer, so its time is not known"),
    }
}

struct Calls<'a> {
    client: &'a AmazonClient,
    now: OffsetDateTime,
}

impl Calls<'_> {
    async fn ask<R: AmazonRequest>(&self, subject: &str, request: R) -> Finding {
        let call = self.client.send(self.now, &request).await;
        judge(subject, R::API, call)
    }
}

/// The setting that says where an API is.
fn address_setting(api: Api) -> &'static str {
    match api {
        Api::AdjustCharge | Api::CaptureCharge | Api::CancelCharge | Api::RefundCharge | Api::GetTransactionalData => {
            "JWO_PAYMENT_URL"
        }
        Api::GetShopperIdentity => "JWO_IDENTITY_URL",
        Api::ReportPaymentStatus => "JWO_FEEDBACK_URL",
    }
}

fn judge<T>(subject: &str, api: Api, call: Call<T>) -> Finding {
    let address = address_setting(api);
    let error = match call.outcome {
        // Of a person or a card that nobody knows there is nothing to tell.
        Ok(_) if matches!(api, Api::GetShopperIdentity | Api::GetTransactionalData | Api::ReportPaymentStatus) => {
            return Finding::fine(subject, "we are let in");
        }
        Ok(_) => {
            let remedy = format!("check that {address} is Amazon's");
            return Finding::wrong(subject, "it takes a trip that does not exist for a real one", remedy);
        }
        Err(error) => error,
    };
    let what = chain(&error);
    match error {
        CallError::Refused { name, .. } => {
            Finding::fine(subject, format!("we are let in, and told {name:?}, as it should be"))
        }
        CallError::Throttled { .. } => Finding::fine(subject, "we are let in, and asked to call less often"),
        CallError::Misconfigured { status: status @ (401 | 403) } => Finding::wrong(
            subject,
            format!("we are not let in (HTTP {status})"),
            "check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, JWO_SIGV4_SERVICE, JWO_SIGV4_REGION; then ask Amazon to \
             allowlist this AWS account for the API",
        ),
        CallError::Misconfigured { status } => {
            Finding::wrong(subject, format!("there is no such API (HTTP {status})"), format!("check {address}"))
        }
        CallError::NotSent { .. } => {
            Finding::wrong(subject, what, format!("check {address}, and that this machine may reach it"))
        }
        CallError::NoAnswer { .. } | CallError::Busy { .. } => {
            Finding::wrong(subject, what, format!("ask again later; where it stays so, check {address}"))
        }
        CallError::Unreadable { .. } | CallError::Invalid { .. } => {
            Finding::wrong(subject, what, format!("check that {address} is Amazon's"))
        }
    }
}

/// Asks whether mail would be taken.
pub(super) async fn examine_mail(settings: Option<&MailSettings>) -> Finding {
    let subject = "Mail";
    let Some(settings) = settings else { return Finding::unseen(subject, "its settings cannot be used, see above") };
    let client = match MailClient::new(settings) {
        Ok(client) => client,
        Err(error) => return Finding::wrong(subject, chain(&error), "mend the setting, and ask again"),
    };
    match client.check().await {
        Ok(way) => Finding::fine(subject, way),
        Err(error @ (MailError::Refused { .. } | MailError::TryAgain { .. } | MailError::NoAnswer { .. })) => {
            Finding::wrong(
                subject,
                chain(&error),
                "check MAIL_URL and MAIL_FROM, and that the folder or the server is there",
            )
        }
    }
}

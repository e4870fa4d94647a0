//! What goes wrong, how often, and how often it really did.

use super::random::Chance;

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident = $word:literal),+ $(,)?) => {
        /// One way in which the world misbehaves. A run in which one of them never happened proves nothing about it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Fault { $($(#[$doc])* $name),+ }

        impl Fault {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// For people.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$name => $word),+ }
            }
        }
    };
}

faults! {
    /// No connection: surely nothing was sent.
    NoConnection = "no connection",
    /// A wrong key: 403.
    NotLetIn = "not let in (403)",
    /// Sent, and lost on the way.
    RequestLost = "request lost",
    /// It arrives up to 47 hours after its caller has given up.
    RequestDelayed = "request delayed up to 47 h",
    /// It arrives twice.
    RequestDoubled = "request doubled",
    /// It arrives after one that was sent later.
    RequestsReordered = "requests reordered",
    /// Done, and the answer is lost.
    AnswerLost = "answer lost after the effect",
    /// Done, and the answer makes no sense.
    AnswerUnreadable = "answer unreadable",
    /// 429.
    Throttled = "429",
    /// 503, with and without a time to wait.
    Busy = "503",
    /// One 500 before anything was done.
    Failed = "500",
    /// A 500 after it was done.
    FailedAfterEffect = "500 after the effect",
    /// An API that answers 500 for hours.
    RunOfFailures = "runs of 500",
    /// An API is left alone by all workers, because it asked for it.
    Paused = "API paused for the fleet",
    /// An API is left alone by all workers, because it fails.
    BreakerTripped = "breaker tripped",
    /// The issuer takes its time: PENDING.
    Pending = "adjust pending",
    /// The issuer says yes, and no an hour later.
    LateDecline = "late decline by the bank",
    /// Feedback is answered 200 and not accepted.
    Rejected = "feedback rejected",
    /// A worker dies before it has claimed.
    CrashBeforeClaim = "crash before a claim is committed",
    /// A worker dies with what it has claimed.
    CrashAfterClaim = "crash after a claim is committed",
    /// A worker dies before its attempt is recorded.
    CrashBeforeBegin = "crash before an attempt is committed",
    /// A worker dies before it sends.
    CrashAfterBegin = "crash after an attempt is committed",
    /// A worker dies with the answer.
    CrashBeforeFinish = "crash before an outcome is committed",
    /// A worker dies when the outcome is kept.
    CrashAfterFinish = "crash after an outcome is committed",
    /// A worker dies before it has looked at a visit.
    CrashBeforeLook = "crash before a look is committed",
    /// A worker dies before it has ended the effect of a look.
    CrashAfterLook = "crash between a look and its end",
    /// The process that was asked dies before it has committed: Amazon asks again.
    CrashBeforeArrival = "crash before an arrival is committed",
    /// It dies before it has answered: Amazon asks again.
    CrashAfterArrival = "crash after an arrival is committed",
    /// A worker sleeps past its lease.
    Asleep = "worker asleep past its lease",
    /// A worker's clock jumps ahead.
    ClockAhead = "clock jumps ahead",
    /// A worker's clock jumps back.
    ClockBehind = "clock jumps back",
    /// An event is never told.
    EventLost = "event missing",
    /// An event is told twice.
    EventDoubled = "event doubled",
    /// An older event is told after a newer one.
    EventsReordered = "events out of order",
    /// The gate asks twice.
    TapDoubled = "tap doubled",
    /// A cart is sent twice.
    CartDoubled = "cart doubled",
    /// The cart is faster than the tap.
    CartBeforeTap = "cart before its tap",
    /// A cart comes after the hold was released, or the token ended.
    LateCart = "late cart",
    /// No cart comes.
    NoCart = "no cart",
    /// Amazon wants to be asked to adjust, and was not.
    SkippedAdjustRefused = "capture without an adjustment refused",
    /// 400 to a refund.
    RefundRefused = "refund refused",
    /// A refund that was given back is asked for again.
    RefundRepeated = "refund repeated with its key",
    /// 400 to a refund that was given back before, and of which nobody heard.
    RefundRepeatRefused = "refund refused when it was made before",
    /// A refund is asked for before anybody has confirmed the capture.
    RefundWaits = "refund before its capture is confirmed",
    /// A refund is asked for while something is owed.
    RefundOfDebt = "refund of a trip that owes",
    /// The bank, or the shopper's payment, changed what a refund is made of while it waited.
    RefundSplitAnew = "money moved while its refund waited",
    /// Amazon knows no address.
    NoAddress = "shopper without an address",
    /// The mail server will never take a mail.
    MailRefused = "mail refused",
    /// The mail server is away, for a moment or for hours.
    MailBusy = "mail server away",
    /// The mail was taken, and the answer is lost.
    MailUnheard = "mail taken without an answer",
    /// The tries of a mail are over.
    MailGivenUp = "mail given up",
    /// A worker dies when its mail has left.
    CrashAfterMail = "crash after a mail has left",
    /// A payoff is committed, and its process dies before Stripe is asked for a page.
    CrashBeforePage = "crash before a payment page is asked for",
    /// Stripe has made a page, and the process dies with its address.
    CrashAfterPage = "crash with a payment page",
    /// Stripe never hears that a page is wanted.
    PageRequestLost = "request for a payment page lost",
    /// The page is made, and nobody hears of it.
    PageUnheard = "payment page made without an answer",
    /// 500 for a page, kept under its key.
    PageFailed = "payment page answered with a 500",
    /// The card is declined on the page.
    PaymentDeclined = "payment declined",
    /// The shopper closes the page.
    PaymentAbandoned = "payment page left without paying",
    /// Nobody has paid until the page is over.
    PageExpired = "payment page over",
    /// The shopper pays, and closes the browser.
    NeverCameBack = "shopper who paid and never came back",
    /// A webhook is never told.
    WebhookLost = "webhook missing",
    /// A webhook is told days late.
    WebhookLate = "webhook late",
    /// A webhook is told twice.
    WebhookDoubled = "webhook doubled",
    /// An older webhook is told after a newer one.
    WebhooksReordered = "webhooks out of order",
    /// Stripe does not answer who looks.
    StripeAway = "Stripe away",
    /// The debt has shrunk since the page was made.
    PaidTooMuch = "paid online and elsewhere",
    /// The bank takes a payment back.
    Disputed = "payment disputed",
    /// And gives it back.
    DisputeWon = "dispute won",
    /// And keeps it.
    DisputeLost = "dispute lost",
    /// A dispute is told before its payment.
    DisputeBeforePayment = "dispute before word of its payment",
}

/// How often each fault falls in a run, in ten thousandths, and how often it did.
#[derive(Debug)]
pub(super) struct Faults {
    rates: Vec<u32>,
    pub(super) counts: Vec<u64>,
}

impl Faults {
    /// Each fault is absent, rare or frequent in a run, by itself: some runs meet one alone, some meet many at once.
    pub(super) fn new(chance: &mut Chance) -> Self {
        let rates = Fault::ALL.iter().map(|_| chance.pick(&[0, 0, 60, 300, 900])).collect();
        Self { rates, counts: vec![0; Fault::ALL.len()] }
    }

    /// Does it fall now? Counts it.
    pub(super) fn falls(&mut self, fault: Fault, chance: &mut Chance) -> bool {
        let falls = chance.falls(self.rates[fault as usize]);
        if falls {
            self.note(fault);
        }
        falls
    }

    pub(super) fn is_on(&self, fault: Fault) -> bool {
        self.rates[fault as usize] > 0
    }

    /// It came about by itself.
    pub(super) fn note(&mut self, fault: Fault) {
        self.counts[fault as usize] += 1;
    }
}

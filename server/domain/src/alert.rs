//! What a person must look at. A row with a closed kind, a subject and a count; it stays open until someone closes it.

use crate::reason::closed_list;

closed_list!(
    /// The kinds of alert.
    AlertKind {
        /// A bank declined a payment.
        PaymentDeclined = "payment_declined",
        /// A trip ended without being collected whole.
        BadDebt = "bad_debt",
        /// A cart has lines that could not be identified.
        BadCart = "bad_cart",
        /// Amazon sent another cart under the id of an earlier one.
        CartDiffers = "cart_differs",
        /// A shopper came in, and Amazon has sent no cart, not even an empty one, for so long that the hold is released.
        CartMissing = "cart_missing",
        /// A cart came for a trip that was already closed.
        LateCart = "late_cart",
        /// A cart came for a trip that the gate never saw, so that nobody is known to owe for it.
        UnresolvedInstrument = "unresolved_instrument",
        /// A capture's answer never came.
        CaptureUnknown = "capture_unknown",
        /// Nobody could say whether a capture happened before its time was up.
        CaptureUnconfirmed = "capture_unconfirmed",
        /// A capture was seen on a trip that we have as not captured.
        LateCapture = "late_capture",
        /// Amazon answered with something that cannot be right: no money moves on it.
        ImplausibleAnswer = "implausible_answer",
        /// More was taken than is owed: the rest is the shopper's.
        ShopperCredit = "shopper_credit",
        /// The bank took a capture back.
        CaptureDeclined = "capture_declined",
        /// Stripe tells something of a payoff that cannot be right: no money moves on it.
        PayoffImplausible = "payoff_implausible",
        /// A cardholder disputes a payoff: what it had paid is owed again.
        PayoffDisputed = "payoff_disputed",
        /// A dispute at Stripe is of a payment that nobody here has seen.
        PayoffUnknown = "payoff_unknown",
        /// Stripe's balance and our payoffs differ.
        PayoffUnmatched = "payoff_unmatched",
        /// The same gate event came with another store or another instrument.
        GateEventReused = "gate_event_reused",
        /// Amazon told of a risk that neither its list nor the store's rules know.
        UnknownRisk = "unknown_risk",
        /// Somebody with too many unpaid visits tried to come in (test plan 9.10: logged for fraud investigation).
        RepeatOffender = "repeat_offender",
        /// Taps were decided while the database was away; the subject is the store, the count how many, the first time when the first
        /// of them was.
        DecidedWithoutRecords = "decided_without_records",
        /// A tap got two answers, from two processes, while the database was away for one of them.
        GateAnswersDiffer = "gate_answers_differ",
        /// A decision that was made without the database cannot be kept: it waits in a file beside the gate's journal.
        DecisionNotKept = "decision_not_kept",
        /// An effect was written by a version that this one cannot read.
        UnreadableEffect = "unreadable_effect",
        /// Something was lost for good, such as a cart nobody could price in time.
        RevenueLost = "revenue_lost",
        /// An effect has run out of tries.
        EffectExhausted = "effect_exhausted",
        /// Amazon does not know a trip that we know.
        UnknownTrip = "unknown_trip",
        /// Amazon refused a call, and a repeat would change nothing.
        CallRefused = "call_refused",
        /// Amazon answered 401 or 403: a setting is wrong.
        AccessDenied = "access_denied",
        /// A refund waits for a person's decision.
        RefundInReview = "refund_in_review",
        /// Amazon refused a refund: a person gives the money back in another way.
        RefundRefused = "refund_refused",
        /// A refund, or a part of it, can only be given back by a person.
        RefundByHand = "refund_by_hand",
        /// Amazon was asked for a refund as often as it may be; nobody knows whether it was done.
        RefundStuck = "refund_stuck",
        /// A shopper says that a debt was paid already, or is not theirs.
        DisputeOpen = "dispute_open",
        /// Amazon had given back what a person gave back as well.
        RefundedTwice = "refunded_twice",
        /// Amazon did not accept a payment status.
        FeedbackRejected = "feedback_rejected",
        /// One of Amazon's APIs is paused until after the deadline of something that waits for it.
        PauseOutlivesDeadline = "pause_outlives_deadline",
        /// A cart is not charged yet, and its payment token ends soon (test plan, IF-021).
        DeadlineNear = "deadline_near",
        /// An event is about a trip that nobody here has seen, or names none. It is parked.
        UnknownEventTrip = "unknown_event_trip",
        /// The event feed tells of a store that is not served here, or of a trip in another store than its own.
        UnknownEventStore = "unknown_event_store",
        /// The event feed has an event whose name nobody here knows.
        UnknownEvent = "unknown_event",
        /// An event's amount cannot be right: more than was asked for, not above nothing, or of another currency.
        AbsurdEventAmount = "absurd_event_amount",
        /// Two events of the same moment say that a capture was made and that it was not.
        EventsDisagree = "events_disagree",
        /// The hold on a card is gone, and we did not release it.
        HoldCancelled = "hold_cancelled",
        /// Somebody signed in with the facts of a card that only a thief can have: its visit is a canary.
        CanaryOpened = "canary_opened",
        /// Audit rows wait for their seal longer than they should: nobody seals, or not fast enough.
        AuditUnsealed = "audit_unsealed",
    }
);

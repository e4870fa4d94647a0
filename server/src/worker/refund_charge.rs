//! Gives money back to the card. A call without an answer is simply made again: the key is the same for ever.

use domain::id::{RefundId, StoreId, TripId};
use domain::money::Money;
use domain::refund::{RefundEvent, RefundReason};

use super::Worker;
use super::call::{call, failed};
use crate::client::amazon::{CallError, RefundAnswer, RefundCharge};
use crate::flow::attempt::Meaning;
use crate::store::StoreError;
use crate::store::outbox::Claim;

/// What the effect says.
pub(super) struct Order<'a> {
    pub(super) refund: RefundId,
    pub(super) trip: &'a TripId,
    pub(super) store: &'a StoreId,
    pub(super) amount: Money,
    pub(super) reason: RefundReason,
}

pub(super) async fn act(worker: &Worker, claim: &Claim, order: Order<'_>) -> Result<Option<Claim>, StoreError> {
    let Order { refund, trip, store, amount, reason } = order;
    let request = RefundCharge { store: store.clone(), trip: trip.clone(), amount, refund, reason };
    call(worker, claim, trip, request, meaning).await
}

fn meaning(outcome: &Result<RefundAnswer, CallError>) -> Meaning {
    match outcome {
        Ok(RefundAnswer::Given { reconciliation }) => {
            Meaning::Refund(RefundEvent::Answered { reconciliation: reconciliation.clone() })
        }
        // Whether an earlier try may have done it is read from the attempts.
        Ok(RefundAnswer::Declined) | Err(CallError::Refused { .. } | CallError::Invalid { .. }) => {
            Meaning::Refund(RefundEvent::Refused { in_doubt: false })
        }
        Err(error) => failed(error),
    }
}

#[cfg(test)]
mod tests {
    use domain::alert::AlertKind;
    use domain::id::ReconciliationId;

    use super::*;
    use crate::client::amazon::RefusalName;

    #[test]
    fn ref_004_ref_007_only_an_answer_ends_a_refund_and_everything_else_is_asked_again() {
        let refused = |name| Err(CallError::Refused { status: 400, name, message: String::new() });
        for name in [RefusalName::UnknownShoppingTrip, RefusalName::BadRequest, RefusalName::ShoppingTripExpired] {
            assert!(matches!(meaning(&refused(name)), Meaning::Refund(RefundEvent::Refused { .. })), "{name:?}");
        }
        let number = Some(ReconciliationId::new("rec-1").unwrap());
        let given = meaning(&Ok(RefundAnswer::Given { reconciliation: number.clone() }));
        assert!(matches!(given, Meaning::Refund(RefundEvent::Answered { reconciliation }) if reconciliation == number));
        let again = [
            CallError::NoAnswer { source: "cut off".into() },
            CallError::Unreadable { status: 200 },
            CallError::NotSent { source: "no route".into() },
            CallError::Misconfigured { status: 403 },
            CallError::Busy { status: 500, retry_after: None, message: String::new() },
        ];
        for error in again {
            assert!(matches!(meaning(&Err(error)), Meaning::TryAgain { .. }));
        }
        assert!(matches!(meaning(&Err(CallError::Throttled { retry_after: None })), Meaning::Throttled { .. }));
        let invalid = meaning(&Err(CallError::Invalid { field: "amount.amount" }));
        assert!(!matches!(invalid, Meaning::GiveUp(AlertKind::CallRefused)), "a person gives it back");
    }
}

//! What each state of a refund makes of each event.

use time::OffsetDateTime;

use crate::alert::AlertKind;
use crate::effect::RefundNews;
use crate::id::ReconciliationId;
use crate::money::Money;

use super::{
    CardPart, Funds, Refund, RefundCase, RefundError, RefundEvent, RefundKind, RefundMovement, RefundStep, Split,
};

pub(super) type Next = Result<RefundStep, RefundError>;

pub(super) fn in_review(event: RefundEvent, case: RefundCase<'_>) -> Next {
    match event {
        RefundEvent::Approved { funds, until } => approved(Split::of(case.amount, funds)?, until, case),
        RefundEvent::Declined => {
            let step = RefundStep::to(Refund::Declined);
            // Of a credit that was never approved the shopper has not heard.
            Ok(if case.kind == RefundKind::Goods { step.then(case.tell(RefundNews::Declined)) } else { step })
        }
        RefundEvent::Due { .. }
        | RefundEvent::Answered { .. }
        | RefundEvent::Refused { .. }
        | RefundEvent::TriesExhausted
        | RefundEvent::DoneByHand => Err(RefundError::MovedOn),
    }
}

fn approved(split: Split, until: Option<OffsetDateTime>, case: RefundCase<'_>) -> Next {
    let step = if split.card.is_positive() {
        let refund = until.map_or(Refund::Sending { split }, |until| Refund::Waiting { split, until });
        RefundStep::to(refund).then(case.charge(split.card))
    } else if split.elsewhere.is_positive() {
        by_hand_from(split, split.elsewhere).alert(AlertKind::RefundByHand)
    } else {
        RefundStep::to(Refund::Credited { split })
    };
    Ok(step
        .moving(RefundMovement::Credited(split.credit))
        .moving(RefundMovement::Approved(split.cash()?))
        .then(case.tell(RefundNews::Approved)))
}

fn by_hand_from(split: Split, left: Money) -> RefundStep {
    RefundStep::to(Refund::ByHand { split, left, in_doubt: false, card: CardPart::Unpaid })
}

pub(super) fn waiting(split: Split, until: OffsetDateTime, event: RefundEvent, case: RefundCase<'_>) -> Next {
    match event {
        RefundEvent::Due { funds } => due(split, funds, case),
        // Said of a call that was never made.
        RefundEvent::TriesExhausted => {
            Ok(RefundStep::to(Refund::Waiting { split, until }).alert(AlertKind::RefundStuck))
        }
        RefundEvent::Approved { .. }
        | RefundEvent::Declined
        | RefundEvent::Answered { .. }
        | RefundEvent::Refused { .. }
        | RefundEvent::DoneByHand => Err(RefundError::MovedOn),
    }
}

/// The money may have moved during the wait: what is owed by now is reduced first, and no more is sent than is there.
fn due(split: Split, funds: Funds, case: RefundCase<'_>) -> Next {
    let cash = split.cash()?;
    let Ok(now) = Split::of(cash, funds) else {
        // The money is gone, and so is the debt: a person looks.
        return Ok(by_hand_from(split, cash).alert(AlertKind::RefundByHand));
    };
    let changed = Split { credit: split.credit.checked_add(now.credit)?, ..now };
    let step = if now.card.is_positive() {
        let step = RefundStep::to(Refund::Sending { split: changed });
        if now.card == split.card { step } else { step.then(case.charge(now.card)) }
    } else if now.elsewhere.is_positive() {
        by_hand_from(changed, now.elsewhere).alert(AlertKind::RefundByHand)
    } else {
        RefundStep::to(Refund::Credited { split: changed })
    };
    Ok(step.moving(RefundMovement::Approved(now.credit.checked_neg()?)).moving(RefundMovement::Credited(now.credit)))
}

pub(super) fn sending(split: Split, event: RefundEvent, case: RefundCase<'_>) -> Next {
    match event {
        // The worker before us is gone, and its call perhaps made: the same call again.
        RefundEvent::Due { .. } => Ok(RefundStep::to(Refund::Sending { split })),
        RefundEvent::Answered { reconciliation } => Ok(answered(split, reconciliation, case)),
        RefundEvent::Refused { in_doubt } => {
            let refund = Refund::ByHand { split, left: split.cash()?, in_doubt, card: CardPart::Unpaid };
            Ok(RefundStep::to(refund).alert(AlertKind::RefundRefused))
        }
        RefundEvent::TriesExhausted => Ok(RefundStep::to(Refund::Sending { split }).alert(AlertKind::RefundStuck)),
        RefundEvent::Approved { .. } | RefundEvent::Declined | RefundEvent::DoneByHand => Err(RefundError::MovedOn),
    }
}

fn answered(split: Split, reconciliation: Option<ReconciliationId>, case: RefundCase<'_>) -> RefundStep {
    let card = CardPart::Paid { reconciliation };
    let nothing = Money::zero(split.card.currency());
    let step = if split.elsewhere.is_positive() {
        let refund = Refund::ByHand { split, left: split.elsewhere, in_doubt: false, card };
        RefundStep::to(refund).alert(AlertKind::RefundByHand)
    } else {
        RefundStep::to(Refund::Refunded { split, by_hand: nothing, card }).then(case.tell(RefundNews::Refunded))
    };
    step.moving(RefundMovement::Refunded(split.card))
}

/// What a person must give back, and why.
pub(super) struct Hand {
    pub(super) split: Split,
    pub(super) left: Money,
    pub(super) in_doubt: bool,
    pub(super) card: CardPart,
}

pub(super) fn by_hand(hand: Hand, event: RefundEvent, case: RefundCase<'_>) -> Next {
    let Hand { split, left, in_doubt, card } = hand;
    match event {
        RefundEvent::DoneByHand => Ok(RefundStep::to(Refund::Refunded { split, by_hand: left, card })
            .moving(RefundMovement::PaidByHand(left))
            .then(case.tell(RefundNews::Refunded))),
        // It had been done after all: an answer that came late, or a person who looked.
        RefundEvent::Answered { reconciliation } if card == CardPart::Unpaid && split.card.is_positive() => {
            Ok(answered(split, reconciliation, case))
        }
        RefundEvent::Answered { .. } | RefundEvent::Refused { .. } | RefundEvent::TriesExhausted => {
            Ok(RefundStep::to(Refund::ByHand { split, left, in_doubt, card }))
        }
        RefundEvent::Approved { .. } | RefundEvent::Declined | RefundEvent::Due { .. } => Err(RefundError::MovedOn),
    }
}

pub(super) fn refunded(split: Split, by_hand: Money, card: CardPart, event: RefundEvent) -> Next {
    match event {
        // A person gave it back, and Amazon had as well: the books say so, and a person looks.
        RefundEvent::Answered { reconciliation } if card == CardPart::Unpaid && split.card.is_positive() => {
            let card = CardPart::Paid { reconciliation };
            Ok(RefundStep::to(Refund::Refunded { split, by_hand, card })
                .moving(RefundMovement::Refunded(split.card))
                .alert(AlertKind::RefundedTwice))
        }
        RefundEvent::Answered { .. } | RefundEvent::Refused { .. } | RefundEvent::TriesExhausted => {
            Ok(RefundStep::to(Refund::Refunded { split, by_hand, card }))
        }
        RefundEvent::Approved { .. } | RefundEvent::Declined | RefundEvent::Due { .. } | RefundEvent::DoneByHand => {
            Err(RefundError::MovedOn)
        }
    }
}

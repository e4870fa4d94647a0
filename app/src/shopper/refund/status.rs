//! How a refund stands.

use leptos::prelude::*;

use crate::backend::refund::{RefundPage, RefundStage};
use crate::part::moment::{Day, Moment};
use crate::part::money::amount;
use crate::part::notice::{Notice, Tone};
use crate::part::title::PageTitle;
use crate::shopper::refund::check::{Returned, Ways};
use crate::word::refund as word;

/// The look, the title and the text of a stage.
fn standing(stage: &RefundStage) -> (Tone, &'static str, String) {
    match stage {
        RefundStage::InReview => (Tone::Calm, word::IN_REVIEW, word::IN_REVIEW_TEXT.to_owned()),
        RefundStage::Waiting => (Tone::Good, word::WAITING, word::WAITING_TEXT.to_owned()),
        RefundStage::Sending { is_late: false } => (Tone::Good, word::SENDING, word::SENDING_TEXT.to_owned()),
        RefundStage::Sending { is_late: true } => (Tone::Calm, word::SENDING, word::LATE_TEXT.to_owned()),
        RefundStage::ByHand => (Tone::Calm, word::BY_HAND, word::BY_HAND_TEXT.to_owned()),
        RefundStage::Refunded => (Tone::Good, word::REFUNDED, word::REFUNDED_TEXT.to_owned()),
        RefundStage::Credited => (Tone::Good, word::CREDITED, word::CREDITED_TEXT.to_owned()),
        RefundStage::Declined { because } => (Tone::Warning, word::DECLINED, word::because(because)),
    }
}

#[component]
pub(super) fn StatusView(page: RefundPage) -> impl IntoView {
    let (tone, title, text) = standing(&page.stage);
    let ways = page.ways.map(|ways| view! { <Ways ways /> });
    let reconciliation = page.reconciliation.map(|number| {
        view! {
            <dt>{word::RECONCILIATION}</dt>
            <dd class="code">{number.to_string()}</dd>
        }
    });
    let is_over = matches!(page.stage, RefundStage::Refunded | RefundStage::Credited | RefundStage::Declined { .. });
    let mailed = (!is_over).then(|| view! { <p>{word::MAILED}</p> });
    view! {
        <PageTitle name=word::STATUS />
        <h1>{word::STATUS}</h1>
        <Notice tone title>
            <p>{text}</p>
        </Notice>
        {mailed}
        <dl class="facts">
            <dt>{word::REFERENCE}</dt>
            <dd class="code">{page.id.to_string()}</dd>
            {reconciliation}
            <dt>{word::REQUESTED}</dt>
            <dd>
                <Moment at=page.requested_at />
            </dd>
            <dt>{word::STORE}</dt>
            <dd>{page.store_name} ", " <Day at=page.started_at /></dd>
            <dt>{word::CONTACT}</dt>
            <dd>{page.contact}</dd>
        </dl>
        <Returned lines=page.lines total=amount(page.amount) />
        {ways}
        <p>
            <a href=format!("/trips/{}", page.trip)>{word::BACK}</a>
        </p>
    }
}

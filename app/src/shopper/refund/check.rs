//! The exact amount, and the button that asks for it.

use leptos::form::ActionForm;
use leptos::prelude::*;

use crate::backend::refund::{RefundCheck, RefundForm, RefundWays, ReturnChoice, ReturnedLine};
use crate::error::UiError;
use crate::island::SubmitButton;
use crate::part::moment::Day;
use crate::part::money::{amount, quantity};
use crate::part::note::NoteField;
use crate::part::notice::{ErrorSummary, Notice, Tone};
use crate::part::title::PageTitle;
use crate::shopper::refund::{AskRefund, lines_text};
use crate::word::{layout, refund as word, trouble};

#[component]
pub(super) fn CheckView(form: RefundForm, choice: ReturnChoice, check: RefundCheck) -> impl IntoView {
    let ask = ServerAction::<AskRefund>::new();
    let error = ask.value().get_untracked().and_then(Result::err);
    let note_problem = note_problem(error);
    let problem = error.map(problem);
    let lines = lines_text(&choice.lines);
    let change = format!("/trips/{}/refund?{}", form.trip, query(&choice));
    let reviewed = check.is_reviewed.then(|| view! { <p>{word::REVIEWED}</p> });
    view! {
        <PageTitle name=word::CHECK failed=error.is_some() />
        {problem}
        <h1>{word::CHECK}</h1>
        <p class="lead">{word::CHECK_LEAD}</p>
        <p>{form.store_name} ", " <Day at=form.started_at /></p>
        <Returned lines=check.lines total=amount(check.amount) />
        <dl class="facts">
            <dt>{word::WHY}</dt>
            <dd>{word::reason(choice.reason)}</dd>
        </dl>
        <p>
            <a href=change>{word::CHANGE}</a>
        </p>
        <h2>{word::HOW}</h2>
        <Ways ways=check.ways />
        {reviewed}
        <ActionForm action=ask>
            <input type="hidden" name="trip" value=form.trip.to_string() />
            <input type="hidden" name="refund" value=check.id.to_string() />
            <input type="hidden" name="lines" value=lines />
            <input type="hidden" name="reason" value=choice.reason.word() />
            <input type="hidden" name="agreed_minor" value=check.amount.minor().to_string() />
            <input type="hidden" name="currency" value=check.amount.currency().code().to_owned() />
            <NoteField label=word::NOTE hint=word::NOTE_HINT problem=note_problem />
            <SubmitButton label=word::SUBMIT.to_owned() busy_label=layout::BUSY.to_owned() />
        </ActionForm>
    }
}

/// What is wrong with the note, where it is that.
pub(crate) fn note_problem(error: Option<UiError>) -> Option<&'static str> {
    match error? {
        UiError::LongNote => Some(word::LONG_NOTE),
        UiError::CardNumber => Some(word::CARD_NUMBER),
        _ => None,
    }
}

/// Why the form was refused last time.
fn problem(error: UiError) -> AnyView {
    if let Some(message) = note_problem(Some(error)) {
        return view! { <ErrorSummary field="note" message /> }.into_any();
    }
    let (title, text) = match error {
        UiError::RefundChanged => (word::CHANGED, word::CHANGED_TEXT),
        error => trouble::of(error),
    };
    view! {
        <Notice tone=Tone::Warning title>
            <p role="alert">{text}</p>
        </Notice>
    }
    .into_any()
}

/// Only digits, points, letters and underscores: nothing to escape.
fn query(choice: &ReturnChoice) -> String {
    let lines = choice.lines.iter().map(|(line_no, quantity)| format!("line-{line_no}={quantity}"));
    lines.chain([format!("reason={}", choice.reason.word())]).collect::<Vec<_>>().join("&")
}

/// The roles repeat what the elements say: on a phone the rows are laid out as cards, and some browsers then forget it.
#[component]
pub(super) fn Returned(lines: Vec<ReturnedLine>, total: String) -> impl IntoView {
    let rows = lines.into_iter().map(|it| {
        view! {
            <tr role="row">
                <th scope="row" role="rowheader" class="debt-date">
                    {it.name}
                </th>
                <td role="cell" class="debt-store">{quantity(it.quantity, &it.unit)}</td>
                <td role="cell" class="debt-amount money">{amount(it.amount)}</td>
            </tr>
        }
    });
    view! {
        <table class="table debt-table" role="table">
            <caption>{word::COMES_BACK}</caption>
            <tbody role="rowgroup">{rows.collect::<Vec<_>>()}</tbody>
            <tfoot role="rowgroup">
                <tr role="row">
                    <th scope="row" role="rowheader" colspan="2">{word::AMOUNT}</th>
                    <td role="cell" class="money">{total}</td>
                </tr>
            </tfoot>
        </table>
    }
}

/// Where the money goes, a sentence each.
#[component]
pub(super) fn Ways(ways: RefundWays) -> impl IntoView {
    let RefundWays { off_debt, to_card, elsewhere } = ways;
    let sentences = [
        off_debt.is_positive().then(|| word::off_debt(&amount(off_debt))),
        to_card.is_positive().then(|| word::to_card(&amount(to_card))),
        elsewhere.is_positive().then(|| word::elsewhere(&amount(elsewhere))),
    ];
    sentences.into_iter().flatten().map(|text| view! { <p>{text}</p> }).collect::<Vec<_>>()
}

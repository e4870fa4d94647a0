//! What comes back and why, or why nothing can.

use leptos::prelude::*;
use rust_decimal::Decimal;

use crate::backend::refund::{RefundBar, RefundForm, ReturnReason, ReturnableLine};
use crate::error::UiError;
use crate::part::moment::Day;
use crate::part::money::{amount, quantity};
use crate::part::notice::{Notice, ProblemSummary, Tone};
use crate::part::title::PageTitle;
use crate::respond::Answer;
use crate::shopper::refund::typed::{PIECES, Problem, Typed, field};
use crate::word::{date, refund as word};

#[component]
pub(super) fn ChooseView(form: RefundForm, typed: Typed, problems: Vec<Problem>) -> impl IntoView {
    let failed = !problems.is_empty();
    if failed {
        Answer::of_request().set_status(UiError::NotRefundable.status());
    }
    let summary: Vec<_> = problems.iter().map(|it| (it.field.clone(), it.message.clone())).collect();
    let back = format!("/trips/{}", form.trip);
    let head = view! {
        <p class="lead">{form.store_name.clone()} ", " <Day at=form.started_at /></p>
    };
    let content = match form.bar {
        Some(bar) => view! { <Barred bar form /> }.into_any(),
        None => view! { <Choices form typed problems /> }.into_any(),
    };
    view! {
        <PageTitle name=word::NAME failed />
        <ProblemSummary problems=summary />
        <h1>{word::NAME}</h1>
        {head}
        {content}
        <p>
            <a href=back>{word::BACK}</a>
        </p>
    }
}

/// Said before anything is sent.
#[component]
fn Barred(bar: RefundBar, form: RefundForm) -> impl IntoView {
    let text = match bar {
        RefundBar::NotCharged => word::NOT_CHARGED.to_owned(),
        RefundBar::WindowOver { days } => word::window_over(days, &date::day(form.until)),
        RefundBar::Open(_) => word::OPEN.to_owned(),
        RefundBar::NothingLeft => word::ALL_BACK.to_owned(),
        RefundBar::AskStore => word::ASK_STORE.to_owned(),
    };
    let open = match bar {
        RefundBar::Open(refund) => Some(view! {
            <p>
                <a href=format!("/refunds/{refund}")>{word::OPEN_LINK}</a>
            </p>
        }),
        _ => None,
    };
    view! {
        <Notice tone=Tone::Calm title=word::BARRED>
            <p>{text}</p>
            {open}
        </Notice>
        <dl class="facts">
            <dt>{word::CONTACT}</dt>
            <dd>{form.contact}</dd>
        </dl>
    }
}

#[component]
fn Choices(form: RefundForm, typed: Typed, problems: Vec<Problem>) -> impl IntoView {
    let action = format!("/trips/{}/refund/check", form.trip);
    let until = word::until(&date::day(form.until));
    let wrong = |name: &str| problems.iter().find(|it| it.field == name).map(|it| it.message.clone());
    let lines: Vec<_> = form
        .lines
        .into_iter()
        .map(|line| {
            let problem = wrong(&field(line.line_no));
            let typed = typed.line(line.line_no).to_owned();
            view! { <Line line typed problem /> }
        })
        .collect();
    let reason_problem = wrong("reason");
    let chosen = typed.reason().to_owned();
    view! {
        <p>{until}</p>
        <form action=action method="get" novalidate>
            <fieldset class="choices">
                <legend>
                    <h2>{word::CHOOSE}</h2>
                </legend>
                <p class="hint">{word::CHOOSE_HINT}</p>
                {lines}
            </fieldset>
            <Reasons chosen problem=reason_problem />
            <button class="button" type="submit">
                {word::CONTINUE}
            </button>
        </form>
    }
}

#[component]
fn Line(line: ReturnableLine, typed: String, problem: Option<String>) -> impl IntoView {
    let id = field(line.line_no);
    let left = quantity(line.left, &line.unit);
    let (hint_id, problem_id) = (format!("{id}-hint"), format!("{id}-problem"));
    let label = line.name.clone();
    if line.left <= Decimal::ZERO {
        return view! {
            <div class="field">
                <p class="choice-name">{label}</p>
                <p class="hint">{word::NOTHING_LEFT_OF_LINE}</p>
            </div>
        }
        .into_any();
    }
    let described_by = if problem.is_some() { format!("{hint_id} {problem_id}") } else { hint_id.clone() };
    let failed = problem.is_some();
    let problem = problem.map(|text| view! { <p id=problem_id class="field-problem">{text}</p> });
    let is_pieces = line.unit == PIECES;
    view! {
        <div class="field choice" class:field-failed=failed>
            <label for=id.clone()>{label}</label>
            {problem}
            <div class="choice-row">
                <input
                    id=id.clone()
                    name=id
                    class="input input-quantity"
                    type="number"
                    inputmode=if is_pieces { "numeric" } else { "decimal" }
                    min="0"
                    max=line.left.normalize().to_string()
                    step=if is_pieces { "1" } else { "any" }
                    value=typed
                    autocomplete="off"
                    aria-describedby=described_by
                    aria-invalid=failed.then_some("true")
                />
                <p id=hint_id class="hint">
                    {word::of_line(&left)} " · " {amount(line.price)}
                </p>
            </div>
        </div>
    }
    .into_any()
}

#[component]
fn Reasons(chosen: String, problem: Option<String>) -> impl IntoView {
    let failed = problem.is_some();
    let problem = problem.map(|text| view! { <p id="reason-problem" class="field-problem">{text}</p> });
    let described_by = failed.then_some("reason-problem");
    let choices = ReturnReason::ALL.into_iter().enumerate().map(|(number, reason)| {
        // The first one has the name's own id, to which the summary of problems leads.
        let id = if number == 0 { "reason".to_owned() } else { format!("reason-{number}") };
        view! {
            <div class="radio">
                <input id=id.clone() type="radio" name="reason" value=reason.word() checked=chosen == reason.word() />
                <label for=id>{word::reason(reason)}</label>
            </div>
        }
    });
    let choices: Vec<_> = choices.collect();
    view! {
        <fieldset class="choices field" class:field-failed=failed aria-describedby=described_by>
            <legend>
                <h2>{word::REASON}</h2>
            </legend>
            {problem}
            {choices}
        </fieldset>
    }
}

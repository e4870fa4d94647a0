//! `/sign-in/card`: facts of a card and of one visit open all visits of that card; without the last fact, what is owed.

use domain::id::StoreId;
use domain::sign_in::{CardClaim, LastFact, StatementNumber};
use leptos::form::ActionForm;
use leptos::prelude::*;

use crate::backend::backend;
use crate::backend::ways::StoreChoice;
use crate::error::{CardProblem, UiError};
use crate::island::SubmitButton;
use crate::part::asked::asked;
use crate::part::entrance::{Next, SkipWhenSignedIn, next_of_query, problem_text};
use crate::part::field::{Field, Typing};
use crate::part::notice::ErrorSummary;
use crate::part::title::PageTitle;
use crate::shopper::way_back::WayBack;
use crate::word::{layout, sign_in as ways, sign_in_card as word};

/// Signs this browser in by card. What was typed is read here and goes nowhere else: an error has none of it.
#[server(endpoint = "sign_in_card")]
pub async fn sign_in_card(
    store: String,
    day: String,
    tail: String,
    expiry: String,
    total: String,
    statement: String,
    next: Option<String>,
) -> Result<(), UiError> {
    // First of all: whoever typed a whole card number must hear of that, whatever else is wrong.
    let tail = tail.parse()?;
    let claim = CardClaim {
        store: StoreId::new(&store).map_err(|_| UiError::Card(CardProblem::Store))?,
        day: CardClaim::day(&day)?,
        tail,
        expiry: expiry.parse()?,
        last: LastFact::new(&total, &statement)?,
    };
    let who = backend()?.sign_in_by_card(claim).await?;
    leptos_axum::redirect(&WayBack::after(&who, next.as_deref().and_then(WayBack::new)).to_string());
    Ok(())
}

const DAY: Typing = Typing { kind: "date", autocomplete: "off", inputmode: "none", pattern: None, chars_max: 10 };

/// Room for a whole number: it is refused with the reason, and not cut to four digits by the browser.
const TAIL: Typing = Typing { kind: "text", autocomplete: "off", inputmode: "numeric", pattern: None, chars_max: 30 };

const EXPIRY: Typing =
    Typing { kind: "text", autocomplete: "cc-exp", inputmode: "numeric", pattern: None, chars_max: 30 };

const TOTAL: Typing = Typing { kind: "text", autocomplete: "off", inputmode: "decimal", pattern: None, chars_max: 20 };

const STATEMENT: Typing = Typing {
    kind: "text",
    autocomplete: "off",
    inputmode: "text",
    pattern: None,
    chars_max: StatementNumber::CHARS_MAX,
};

#[component]
pub(crate) fn CardPage() -> impl IntoView {
    asked(async |backend| backend.stores().await, |stores| view! { <CardForm stores /> })
}

#[component]
fn CardForm(stores: Vec<StoreChoice>) -> impl IntoView {
    let next = next_of_query();
    let action = ServerAction::<SignInCard>::new();
    let error = action.value().get_untracked().and_then(Result::err);
    let failed = error.map(field_of);
    let message = error.map(problem_text);
    let problem = move |field: &'static str| message.filter(|_| failed == Some(field));
    let summary = failed.zip(message).map(|(field, message)| view! { <ErrorSummary field message /> });
    let by_email = WayBack::sign_in(next.as_ref());
    view! {
        <SkipWhenSignedIn next=next.clone() />
        <PageTitle name=word::NAME failed=error.is_some() />
        {summary}
        <h1>{word::NAME}</h1>
        <p class="lead">{word::LEAD}</p>
        <ActionForm action>
            <Next next />
            <StoreField stores problem=problem("store") />
            <Field name="day" label=word::DAY hint=word::DAY_HINT typing=DAY problem=problem("day") class="input" />
            <Field
                name="tail"
                label=word::TAIL
                hint=word::TAIL_HINT
                typing=TAIL
                problem=problem("tail")
                class="input input-code"
            />
            <Wallet />
            <Field
                name="expiry"
                label=word::EXPIRY
                hint=word::EXPIRY_HINT
                typing=EXPIRY
                problem=problem("expiry")
                class="input input-code"
            />
            <h2>{word::LAST}</h2>
            <p>{word::LAST_TEXT}</p>
            <Field
                name="total"
                label=word::TOTAL
                hint=word::TOTAL_HINT
                typing=TOTAL
                problem=problem("total")
                class="input input-code"
                optional=true
            />
            <Field
                name="statement"
                label=word::STATEMENT
                hint=word::STATEMENT_HINT
                typing=STATEMENT
                problem=problem("statement")
                class="input"
                optional=true
            />
            <SubmitButton label=ways::SIGN_IN.to_owned() busy_label=layout::BUSY.to_owned() />
        </ActionForm>
        <p>
            <a href=by_email>{ways::BY_EMAIL}</a>
        </p>
    }
}

/// Which field an error leads to.
fn field_of(error: UiError) -> &'static str {
    match error {
        UiError::Card(problem) => match problem {
            CardProblem::Day => "day",
            CardProblem::Tail | CardProblem::WholeNumber => "tail",
            CardProblem::Expiry => "expiry",
            CardProblem::Total => "total",
            CardProblem::Statement | CardProblem::AskStatement => "statement",
            CardProblem::Store | CardProblem::NoMatch => "store",
        },
        _ => "store",
    }
}

#[component]
fn StoreField(stores: Vec<StoreChoice>, problem: Option<&'static str>) -> impl IntoView {
    let described_by = problem.map(|_| "store-problem");
    let choices = stores.into_iter().map(|it| view! { <option value=it.id.to_string()>{it.name}</option> });
    let choices: Vec<_> = choices.collect();
    view! {
        <div class="field" class:field-failed=problem.is_some()>
            <label for="store">{word::STORE}</label>
            {problem.map(|text| view! { <p id="store-problem" class="field-problem">{text}</p> })}
            <select
                id="store"
                name="store"
                class="input"
                required
                aria-describedby=described_by
                aria-invalid=problem.map(|_| "true")
            >
                {choices}
            </select>
        </div>
    }
}

/// A phone or a watch has a number of its own in the card's place, and its last digits are what the store saw.
#[component]
fn Wallet() -> impl IntoView {
    view! {
        <details class="help">
            <summary>{word::WALLET}</summary>
            <p>{word::WALLET_TEXT}</p>
            <ul>{word::WALLETS.map(|(wallet, way)| view! { <li>{wallet}": "{way}</li> })}</ul>
        </details>
    }
}

//! "I already paid" and "this is not mine": what is wrong, the message that is sent, and how it stands.

use std::sync::Arc;

use domain::id::{DisputeId, TripId};
use domain::money::Money;
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::backend::dispute::{DisputeBar, DisputeClaim, DisputeForm, DisputePage as Page, DisputeStage, DisputeWish};
use crate::backend::{ShopperBackend, backend};
use crate::error::UiError;
use crate::island::SubmitButton;
use crate::part::asked::{asked, trip_of_path};
use crate::part::moment::{Day, Moment};
use crate::part::money::amount;
use crate::part::note::NoteField;
use crate::part::notice::{ErrorSummary, Notice, ProblemSummary, Refusal, Tone};
use crate::part::title::PageTitle;
use crate::respond::Answer;
use crate::shopper::refund::{note_of, note_problem};
use crate::word::{dispute as word, layout};

/// Sends what a shopper says of a debt.
#[server(endpoint = "open_dispute")]
pub async fn open_dispute(trip: String, dispute: String, claim: String, note: String) -> Result<(), UiError> {
    let note = note_of(&note)?;
    let trip = TripId::new(&trip).map_err(|_| UiError::NotFound)?;
    let id: DisputeId = dispute.parse().map_err(|_| UiError::NotDisputable)?;
    let claim = claim.parse().map_err(|_| UiError::NotDisputable)?;
    let id = backend()?.open_dispute(DisputeWish { id, trip, claim, note }).await?;
    leptos_axum::redirect(&format!("/disputes/{id}"));
    Ok(())
}

/// `/trips/{trip}/dispute`
#[component]
pub(crate) fn ClaimPage() -> impl IntoView {
    let trip = trip_of_path();
    let ask = async move |backend: Arc<dyn ShopperBackend>| backend.dispute_form(trip.ok_or(UiError::NotFound)?).await;
    asked(ask, |form| view! { <ClaimView form is_asked=false /> })
}

/// `/trips/{trip}/dispute/check?claim=…`
#[component]
pub(crate) fn MessagePage() -> impl IntoView {
    let trip = trip_of_path();
    let claim: Option<DisputeClaim> = use_query_map().read_untracked().get_str("claim").and_then(|it| it.parse().ok());
    let ask = async move |backend: Arc<dyn ShopperBackend>| backend.dispute_form(trip.ok_or(UiError::NotFound)?).await;
    asked(ask, move |form: DisputeForm| match (form.owed, claim) {
        (Ok(owed), Some(claim)) => view! { <MessageView form owed claim /> }.into_any(),
        (Ok(_), None) => view! { <ClaimView form is_asked=true /> }.into_any(),
        (Err(_), _) => view! { <ClaimView form is_asked=false /> }.into_any(),
    })
}

/// `is_asked`: the form was sent, and nothing was chosen.
#[component]
fn ClaimView(form: DisputeForm, is_asked: bool) -> impl IntoView {
    if is_asked {
        Answer::of_request().set_status(UiError::NotDisputable.status());
    }
    let problems = if is_asked { vec![("claim".to_owned(), word::NO_CLAIM.to_owned())] } else { vec![] };
    let content = match form.owed {
        Ok(_) => view! { <Claims trip=form.trip.clone() is_asked /> }.into_any(),
        Err(bar) => view! { <Barred bar /> }.into_any(),
    };
    let owed = form.owed.ok();
    view! {
        <PageTitle name=word::NAME failed=is_asked />
        <ProblemSummary problems />
        <h1>{word::NAME}</h1>
        <Facts store=form.store_name started_at=form.started_at owed contact=form.contact />
        {content}
        <BackToBalance />
    }
}

#[component]
fn Facts(store: String, started_at: time::OffsetDateTime, owed: Option<Money>, contact: String) -> impl IntoView {
    let owed = owed.map(|owed| {
        view! {
            <dt>{word::OWED}</dt>
            <dd>{amount(owed)}</dd>
        }
    });
    view! {
        <dl class="facts">
            <dt>{word::TRIP}</dt>
            <dd>{store} ", " <Day at=started_at /></dd>
            {owed}
            <dt>{word::CONTACT}</dt>
            <dd>{contact}</dd>
        </dl>
    }
}

#[component]
fn Barred(bar: DisputeBar) -> impl IntoView {
    let text = match bar {
        DisputeBar::NotOwed => word::NOT_OWED,
        DisputeBar::Open(_) => word::ALREADY_OPEN,
        DisputeBar::TooOften => word::TOO_OFTEN,
    };
    let open = match bar {
        DisputeBar::Open(dispute) => Some(view! {
            <p>
                <a href=format!("/disputes/{dispute}")>{word::SEE}</a>
            </p>
        }),
        DisputeBar::NotOwed | DisputeBar::TooOften => None,
    };
    view! {
        <Notice tone=Tone::Calm title=word::BARRED>
            <p>{text}</p>
            {open}
        </Notice>
    }
}

#[component]
fn Claims(trip: TripId, is_asked: bool) -> impl IntoView {
    let choices = DisputeClaim::ALL.into_iter().enumerate().map(|(number, claim)| {
        // The first one has the name's own id, to which the summary of problems leads.
        let id = if number == 0 { "claim".to_owned() } else { format!("claim-{number}") };
        view! {
            <div class="radio">
                <input id=id.clone() type="radio" name="claim" value=claim.word() />
                <label for=id>{word::claim(claim)}</label>
            </div>
        }
    });
    let choices: Vec<_> = choices.collect();
    let problem = is_asked.then(|| view! { <p id="claim-problem" class="field-problem">{word::NO_CLAIM}</p> });
    view! {
        <p class="lead">{word::LEAD}</p>
        <form action=format!("/trips/{trip}/dispute/check") method="get">
            <fieldset class="choices field" class:field-failed=is_asked aria-describedby=is_asked.then_some("claim-problem")>
                <legend>
                    <h2>{word::CLAIM}</h2>
                </legend>
                {problem}
                {choices}
            </fieldset>
            <button class="button" type="submit">
                {word::CONTINUE}
            </button>
        </form>
    }
}

#[component]
fn MessageView(form: DisputeForm, owed: Money, claim: DisputeClaim) -> impl IntoView {
    let open = ServerAction::<OpenDispute>::new();
    let error = open.value().get_untracked().and_then(Result::err);
    let note_problem = note_problem(error);
    let problem = error.map(|error| match note_problem {
        Some(message) => view! { <ErrorSummary field="note" message /> }.into_any(),
        None => view! { <Refusal error /> }.into_any(),
    });
    let change = format!("/trips/{}/dispute", form.trip);
    view! {
        <PageTitle name=word::CHECK failed=error.is_some() />
        {problem}
        <h1>{word::CHECK}</h1>
        <p class="lead">{word::CHECK_LEAD}</p>
        <dl class="facts">
            <dt>{word::SAYS}</dt>
            <dd>{word::claim(claim)} " " <a href=change>{word::CHANGE}</a></dd>
        </dl>
        <Facts store=form.store_name started_at=form.started_at owed=Some(owed) contact=form.contact />
        <ActionForm action=open>
            <input type="hidden" name="trip" value=form.trip.to_string() />
            <input type="hidden" name="dispute" value=form.id.to_string() />
            <input type="hidden" name="claim" value=claim.word() />
            <NoteField label=word::NOTE hint=word::NOTE_HINT problem=note_problem />
            <SubmitButton label=word::SUBMIT.to_owned() busy_label=layout::BUSY.to_owned() />
        </ActionForm>
        <BackToBalance />
    }
}

/// `/disputes/{dispute}`: the confirmation, and how it stands from then on.
#[component]
pub(crate) fn DisputePage() -> impl IntoView {
    let id = use_params_map().read_untracked().get_str("dispute").and_then(|id| id.parse().ok());
    let ask = async move |backend: Arc<dyn ShopperBackend>| backend.dispute(id.ok_or(UiError::NotFound)?).await;
    asked(ask, |page: Page| view! { <StatusView page /> })
}

#[component]
fn StatusView(page: Page) -> impl IntoView {
    let (tone, title, text) = match &page.stage {
        DisputeStage::Open => (Tone::Calm, word::OPEN, word::OPEN_TEXT.to_owned()),
        DisputeStage::Upheld => (Tone::Good, word::UPHELD, word::UPHELD_TEXT.to_owned()),
        DisputeStage::Rejected { because } => (Tone::Warning, word::REJECTED, word::because(because)),
    };
    let outstanding = page.outstanding.is_positive().then(|| {
        view! {
            <dt>{word::STILL_OWED}</dt>
            <dd>{amount(page.outstanding)}</dd>
        }
    });
    let pay = page.outstanding.is_positive().then(|| {
        view! {
            <p>
                <a class="button" href="/balance">
                    {word::PAY}
                </a>
            </p>
        }
    });
    view! {
        <PageTitle name=word::STATUS />
        <h1>{word::STATUS}</h1>
        <Notice tone title>
            <p>{text}</p>
        </Notice>
        {pay}
        <dl class="facts">
            <dt>{word::REFERENCE}</dt>
            <dd class="code">{page.id.to_string()}</dd>
            <dt>{word::SAYS}</dt>
            <dd>{word::claim(page.claim)}</dd>
            <dt>{word::OPENED}</dt>
            <dd>
                <Moment at=page.opened_at />
            </dd>
            <dt>{word::TRIP}</dt>
            <dd>
                <a href=format!("/trips/{}", page.trip)>{page.store_name} ", " <Day at=page.started_at /></a>
            </dd>
            {outstanding}
            <dt>{word::CONTACT}</dt>
            <dd>{page.contact}</dd>
        </dl>
        <BackToBalance />
    }
}

#[component]
fn BackToBalance() -> impl IntoView {
    view! {
        <p>
            <a href="/balance">{word::BACK}</a>
        </p>
    }
}

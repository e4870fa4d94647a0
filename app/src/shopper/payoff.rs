//! Paying what is owed: the page where it is checked, the form that leads to the payment page, and the page one comes back to.

use std::sync::Arc;

use domain::id::TripId;
use domain::money::{Currency, Money};
use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};

use crate::backend::{
    PayoffCheck, PayoffGate, PayoffPage as Page, PayoffProgress, PayoffTrip, ShopperBackend, backend,
};
use crate::error::UiError;
use crate::island::SubmitButton;
use crate::part::asked::asked;
use crate::part::moment::Day;
use crate::part::money::amount;
use crate::part::notice::{Notice, Refusal, Tone};
use crate::part::title::PageTitle;
use crate::shopper::balance::sum;
use crate::word::{layout, payoff as word};

/// Goes to the payment page. `trips` has their ids with commas between, which no id has; what they cost was agreed to.
#[server(endpoint = "pay")]
pub async fn pay(trips: String, agreed_minor: i64, currency: String) -> Result<(), UiError> {
    let currency = Currency::new(&currency).map_err(|_| UiError::NotPayable)?;
    let address = backend()?.pay(chosen(trips.split(','))?, Money::new(agreed_minor, currency)).await?;
    leptos_axum::redirect(&address);
    Ok(())
}

fn chosen<'a>(ids: impl Iterator<Item = &'a str>) -> Result<Vec<TripId>, UiError> {
    let ids = ids.filter(|id| !id.is_empty());
    ids.map(|id| TripId::new(id).map_err(|_| UiError::NotPayable)).collect()
}

/// `/balance/check?trip=…&trip=…`
#[component]
pub(crate) fn CheckPage() -> impl IntoView {
    let trips = use_query_map().read_untracked().get_all("trip").unwrap_or_default();
    let trips = chosen(trips.iter().map(String::as_str));
    let ask = async move |backend: Arc<dyn ShopperBackend>| backend.check_payoff(trips?).await;
    asked(ask, |check| view! { <CheckView check /> })
}

#[component]
fn CheckView(check: PayoffCheck) -> impl IntoView {
    let pay = ServerAction::<Pay>::new();
    let problem = pay.value().get_untracked().and_then(Result::err).map(|error| view! { <Refusal error /> });
    let failed = problem.is_some();
    let ids: Vec<String> = check.trips.iter().map(|it| it.trip.to_string()).collect();
    let total = check.total;
    let trips = check.trips.into_iter().map(|it| PayoffTrip {
        trip: it.trip,
        store_name: it.store_name,
        contact: it.contact,
        started_at: it.started_at,
        amount: it.outstanding,
    });
    let trips: Vec<_> = trips.collect();
    view! {
        <PageTitle name=word::CHECK failed />
        {problem}
        <h1>{word::CHECK}</h1>
        <p class="lead">{word::CHECK_LEAD}</p>
        <Trips trips total=amount(total) total_name=word::TOTAL />
        <ActionForm action=pay>
            <input type="hidden" name="trips" value=ids.join(",") />
            <input type="hidden" name="agreed_minor" value=total.minor().to_string() />
            <input type="hidden" name="currency" value=total.currency().code().to_owned() />
            <SubmitButton label=word::PAY.to_owned() busy_label=layout::BUSY.to_owned() />
        </ActionForm>
        <BackToBalance />
    }
}

/// `/payoff/{payoff}`: where one comes back to from the payment page, however it went.
#[component]
pub(crate) fn PayoffPage() -> impl IntoView {
    let id = use_params_map().read_untracked().get_str("payoff").and_then(|id| id.parse().ok());
    let ask = async move |backend: Arc<dyn ShopperBackend>| backend.payoff(id.ok_or(UiError::NotFound)?).await;
    asked(ask, |page| view! { <PayoffView page /> })
}

#[component]
fn PayoffView(page: Page) -> impl IntoView {
    let here = format!("/payoff/{}", page.id);
    let paid = amount(page.amount);
    let (tone, title, text) = match &page.progress {
        PayoffProgress::Waiting => (Tone::Calm, word::WAITING.to_owned(), word::WAITING_TEXT),
        PayoffProgress::Unpaid { is_declined: true, .. } => {
            (Tone::Warning, word::DECLINED.to_owned(), word::DECLINED_TEXT)
        }
        PayoffProgress::Unpaid { .. } => (Tone::Warning, word::UNPAID.to_owned(), word::UNPAID_TEXT),
        PayoffProgress::Over => (Tone::Warning, word::OVER.to_owned(), word::OVER_TEXT),
        PayoffProgress::Paid => (Tone::Good, word::paid(&paid), word::MAILED),
        PayoffProgress::ChargedBack => (Tone::Warning, word::CHARGED_BACK.to_owned(), word::CHARGED_BACK_TEXT),
    };
    let next = match &page.progress {
        PayoffProgress::Waiting => Some((here, word::LOOK_AGAIN)),
        PayoffProgress::Unpaid { address, .. } => Some((address.clone(), word::GO_ON)),
        PayoffProgress::Over | PayoffProgress::Paid | PayoffProgress::ChargedBack => None,
    };
    let next = next.map(|(address, label)| {
        view! {
            <p>
                <a class="button" href=address>
                    {label}
                </a>
            </p>
        }
    });
    let is_settled = matches!(page.progress, PayoffProgress::Paid | PayoffProgress::ChargedBack);
    let name = if is_settled { title.clone() } else { word::NAME.to_owned() };
    let standing = is_settled.then(|| view! { <Standing remaining=page.remaining gates=page.gates /> });
    let total_name = if page.progress == PayoffProgress::Paid { word::PAID } else { word::AMOUNT };
    // Who may only pay sees no trip.
    let trips = page.trips;
    let trips = (!trips.is_empty()).then(|| view! { <Trips trips total=paid total_name /> });
    view! {
        <PageTitle name=name />
        <h1>{word::NAME}</h1>
        <Notice tone title>
            <p>{text}</p>
        </Notice>
        {next}
        {standing}
        {trips}
        <dl class="facts">
            <dt>{word::REFERENCE}</dt>
            <dd class="code">{page.id.to_string()}</dd>
        </dl>
        <BackToBalance />
    }
}

/// What is left, and what the gate makes of it.
#[component]
fn Standing(remaining: Vec<Money>, gates: Vec<PayoffGate>) -> impl IntoView {
    let left = if remaining.is_empty() {
        view! { <p>{word::NOTHING_OWED}</p> }.into_any()
    } else {
        view! { <p>{format!("{}: {}", word::STILL_OWED, sum(&remaining))}</p> }.into_any()
    };
    let gates: Vec<_> =
        gates.into_iter().map(|gate| view! { <p>{word::gate(&gate.store_name, gate.opens)}</p> }).collect();
    view! {
        <section>
            <h2>{word::GATE}</h2>
            {left}
            {gates}
        </section>
    }
}

/// The roles repeat what the elements say, as in the balance.
#[component]
fn Trips(trips: Vec<PayoffTrip>, total: String, total_name: &'static str) -> impl IntoView {
    let rows = trips.into_iter().map(|it| {
        view! {
            <tr role="row">
                <th scope="row" role="rowheader" class="debt-date">
                    <a href=format!("/trips/{}", it.trip)>
                        <Day at=it.started_at />
                    </a>
                </th>
                <td role="cell" class="debt-store">{it.store_name}</td>
                <td role="cell" class="debt-amount money">{amount(it.amount)}</td>
            </tr>
        }
    });
    view! {
        <table class="table debt-table" role="table">
            <caption>{word::FOR_TRIPS}</caption>
            <tbody role="rowgroup">{rows.collect::<Vec<_>>()}</tbody>
            <tfoot role="rowgroup">
                <tr role="row">
                    <th scope="row" role="rowheader" colspan="2">{total_name}</th>
                    <td role="cell" class="money">{total}</td>
                </tr>
            </tfoot>
        </table>
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

//! Bringing something back, in three pages: what and why, the exact amount, and how it stands.
//!
//! What is chosen travels in the address, which says nothing of a person; what a shopper adds is typed on the page that is sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::id::{RefundId, TripId};
use domain::money::{Currency, Money};
use domain::note::{Note, NoteError};
use leptos::prelude::*;
use leptos_router::hooks::{use_params_map, use_query_map};
use rust_decimal::Decimal;

use crate::backend::refund::{RefundCheck, RefundForm, RefundPage as Page, RefundWish, ReturnChoice};
use crate::backend::{ShopperBackend, backend};
use crate::error::UiError;
use crate::part::asked::{asked, trip_of_path};
use crate::shopper::refund::check::CheckView;
use crate::shopper::refund::choose::ChooseView;
use crate::shopper::refund::status::StatusView;
use crate::shopper::refund::typed::{Problem, Typed};

pub(crate) use crate::shopper::refund::check::note_problem;

mod check;
mod choose;
pub(crate) mod door;
mod status;
mod typed;

/// Asks for a refund. `lines` is like `1=2,3=0.5`; the amount was agreed to.
#[server(endpoint = "ask_refund")]
pub async fn ask_refund(
    trip: String,
    refund: String,
    lines: String,
    reason: String,
    note: String,
    agreed_minor: i64,
    currency: String,
) -> Result<(), UiError> {
    let note = note_of(&note)?;
    let trip = TripId::new(&trip).map_err(|_| UiError::NotFound)?;
    let id: RefundId = refund.parse().map_err(|_| UiError::NotRefundable)?;
    let reason = reason.parse().map_err(|_| UiError::NotRefundable)?;
    let choice = ReturnChoice { lines: lines_of(&lines).ok_or(UiError::NotRefundable)?, reason };
    let currency = Currency::new(&currency).map_err(|_| UiError::NotRefundable)?;
    let wish = RefundWish { id, trip, choice, note, agreed: Money::new(agreed_minor, currency) };
    let id = backend()?.ask_refund(wish).await?;
    leptos_axum::redirect(&format!("/refunds/{id}"));
    Ok(())
}

/// What a shopper added, or why it cannot be kept.
pub(crate) fn note_of(typed: &str) -> Result<Option<Note>, UiError> {
    Note::new(typed).map_err(|error| match error {
        NoteError::TooLong => UiError::LongNote,
        NoteError::CardNumber => UiError::CardNumber,
    })
}

fn lines_of(text: &str) -> Option<BTreeMap<u32, Decimal>> {
    let lines = text.split(',').map(|line| {
        let (line_no, quantity) = line.split_once('=')?;
        Some((line_no.parse().ok()?, quantity.parse().ok()?))
    });
    lines.collect()
}

fn lines_text(lines: &BTreeMap<u32, Decimal>) -> String {
    lines.iter().map(|(line_no, quantity)| format!("{line_no}={quantity}")).collect::<Vec<_>>().join(",")
}

/// What one of the two first pages shows.
enum Shown {
    Choose { form: RefundForm, typed: Typed, problems: Vec<Problem> },
    Check { form: RefundForm, choice: ReturnChoice, check: RefundCheck },
}

/// `/trips/{trip}/refund`
#[component]
pub(crate) fn ChoosePage() -> impl IntoView {
    let (trip, query) = (trip_of_path(), use_query_map().get_untracked());
    let ask = async move |backend: Arc<dyn ShopperBackend>| {
        let form = backend.refund_form(trip.ok_or(UiError::NotFound)?).await?;
        let typed = Typed::of(&query, &form);
        Ok(Shown::Choose { form, typed, problems: vec![] })
    };
    asked(ask, show)
}

/// `/trips/{trip}/refund/check?line-1=2&reason=…`: what is wrong is said on the first page's form, with what was typed.
#[component]
pub(crate) fn CheckPage() -> impl IntoView {
    let (trip, query) = (trip_of_path(), use_query_map().get_untracked());
    let ask = async move |backend: Arc<dyn ShopperBackend>| {
        let trip = trip.ok_or(UiError::NotFound)?;
        let form = backend.refund_form(trip.clone()).await?;
        let typed = Typed::of(&query, &form);
        if form.bar.is_some() {
            return Ok(Shown::Choose { form, typed, problems: vec![] });
        }
        match typed.choice(&form) {
            Ok(choice) => {
                let check = backend.check_refund(trip, choice.clone()).await?;
                Ok(Shown::Check { form, choice, check })
            }
            Err(problems) => Ok(Shown::Choose { form, typed, problems }),
        }
    };
    asked(ask, show)
}

fn show(shown: Shown) -> AnyView {
    match shown {
        Shown::Choose { form, typed, problems } => view! { <ChooseView form typed problems /> }.into_any(),
        Shown::Check { form, choice, check } => view! { <CheckView form choice check /> }.into_any(),
    }
}

/// `/refunds/{refund}`: the confirmation, and how it stands from then on.
#[component]
pub(crate) fn RefundPage() -> impl IntoView {
    let id = use_params_map().read_untracked().get_str("refund").and_then(|id| id.parse().ok());
    let ask = async move |backend: Arc<dyn ShopperBackend>| backend.refund(id.ok_or(UiError::NotFound)?).await;
    asked(ask, |page: Page| view! { <StatusView page /> })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_chosen_survives_the_form() {
        let lines = BTreeMap::from([(1, Decimal::from(2)), (3, "0.55".parse().unwrap())]);
        assert_eq!(lines_of(&lines_text(&lines)), Some(lines));
        for text in ["", "1", "a=1", "1=b", "1=1,,2=1"] {
            assert_eq!(lines_of(text), None, "{text}");
        }
    }
}

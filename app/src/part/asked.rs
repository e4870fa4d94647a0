//! A page made from one answer of the backend.

use std::sync::Arc;

use domain::id::TripId;
use leptos::prelude::*;
use leptos_router::hooks::use_params_map;

use crate::backend::{ShopperBackend, backend};
use crate::error::UiError;
use crate::part::trouble::Trouble;

/// The trip that the address names. `None`: what stands there is no trip's id.
pub(crate) fn trip_of_path() -> Option<TripId> {
    use_params_map().read_untracked().get_str("trip").and_then(|id| TripId::new(id).ok())
}

/// Shows the answer to `ask`, or what went wrong.
pub(crate) fn asked<T, F, V>(
    ask: impl FnOnce(Arc<dyn ShopperBackend>) -> F,
    show: impl FnOnce(T) -> V + Send + 'static,
) -> impl IntoView
where
    T: Send + 'static,
    F: Future<Output = Result<T, UiError>> + Send + 'static,
    V: IntoView + 'static,
{
    let answer = backend().map(ask);
    Suspend::new(async move {
        let answer = match answer {
            Ok(answer) => answer.await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(value) => show(value).into_any(),
            Err(error) => view! { <Trouble error /> }.into_any(),
        }
    })
}

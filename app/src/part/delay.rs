//! One plain sentence for what does not work just now.

use leptos::prelude::*;

use crate::backend::{Delays, backend};
use crate::part::notice::{Notice, Tone};
use crate::word::trouble as word;

/// What a page waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WaitsFor {
    Mail,
    Charge,
}

/// Says that it is late, if it is. A page without this sentence is better than none.
#[component]
pub(crate) fn Delay(waits_for: WaitsFor) -> impl IntoView {
    let backend = backend();
    Suspend::new(async move {
        let Ok(backend) = backend else { return None };
        let Delays { mail, charges } = backend.delays().await.unwrap_or_default();
        let (is_late, title, text) = match waits_for {
            WaitsFor::Mail => (mail, word::MAIL_LATE, word::MAIL_LATE_TEXT),
            WaitsFor::Charge => (charges, word::CHARGE_LATE, word::CHARGE_LATE_TEXT),
        };
        is_late.then(|| {
            view! {
                <Notice tone=Tone::Calm title>
                    <p>{text}</p>
                </Notice>
            }
        })
    })
}

//! What moves in the browser. Without a program each is a plain button or nothing at all, and the page still works.

use std::time::Duration;

use leptos::ev;
use leptos::html::Button;
use leptos::prelude::*;

/// After this, a form that got no answer may be sent again.
const BUSY_FOR: Duration = Duration::from_secs(15);
/// How long "copied" stays.
const COPIED_FOR: Duration = Duration::from_secs(3);

/// Sends a form. Says that it is busy after the first press, so that nobody sends a form twice.
#[island]
pub fn SubmitButton(
    /// What it says.
    label: String,
    /// What it says while the form is on its way.
    busy_label: String,
) -> impl IntoView {
    let busy = RwSignal::new(false);
    let button = NodeRef::<Button>::new();
    let press = move |event: ev::MouseEvent| {
        if busy.get_untracked() {
            event.prevent_default();
        } else if button.get_untracked().and_then(|it| it.form()).is_some_and(|form| form.check_validity()) {
            busy.set(true);
            set_timeout(move || busy.set(false), BUSY_FOR);
        }
    };
    // Coming back from the next page, a browser may show this one as it was left.
    let _ = window_event_listener(ev::pageshow, move |_| busy.set(false));
    view! {
        <button class="button" type="submit" node_ref=button on:click=press aria-disabled=move || busy.get().then_some("true")>
            {move || if busy.get() { busy_label.clone() } else { label.clone() }}
        </button>
    }
}

/// Copies a text. Absent without a program, which it needs.
#[island]
pub fn CopyButton(
    /// What is copied.
    text: String,
    /// What it says.
    label: String,
    /// What it says once the text has been copied.
    copied_label: String,
) -> impl IntoView {
    let absent = until_hydrated();
    let copied = RwSignal::new(false);
    let press = move |_| {
        copy(text.clone(), move || {
            copied.set(true);
            set_timeout(move || copied.set(false), COPIED_FOR);
        });
    };
    view! {
        <button class="button button-quiet" type="button" hidden=absent on:click=press>
            <span aria-live="polite">
                {move || if copied.get() { copied_label.clone() } else { label.clone() }}
            </span>
        </button>
    }
}

/// Prints the page. Absent without a program, which it needs.
#[island]
pub fn PrintButton(
    /// What it says.
    label: String,
) -> impl IntoView {
    let absent = until_hydrated();
    let press = move |_| drop(window().print());
    view! {
        <button class="button button-quiet" type="button" hidden=absent on:click=press>
            {label}
        </button>
    }
}

/// True until a program has taken the page over.
fn until_hydrated() -> RwSignal<bool> {
    let absent = RwSignal::new(true);
    Effect::new(move || absent.set(false));
    absent
}

/// Puts `text` on the clipboard and then says so. A browser that refuses changes nothing.
#[cfg(feature = "hydrate")]
fn copy(text: String, then: impl FnOnce() + 'static) {
    leptos::task::spawn_local(async move {
        let written = web_sys::window().map(|it| it.navigator().clipboard().write_text(&text));
        if let Some(written) = written
            && wasm_bindgen_futures::JsFuture::from(written).await.is_ok()
        {
            then();
        }
    });
}

/// There is no clipboard on a server.
#[cfg(not(feature = "hydrate"))]
fn copy(_: String, _: impl FnOnce() + 'static) {}

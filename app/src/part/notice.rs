//! What a page says first: how things stand, or what was refused.

use leptos::prelude::*;

use crate::error::UiError;
use crate::word::{sign_in as word, trouble};

/// The look of a notice. The words say the same, for those who see no colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    Calm,
    Good,
    Warning,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Self::Calm => "notice",
            Self::Good => "notice notice-good",
            Self::Warning => "notice notice-warning",
        }
    }
}

/// A title and something to read.
#[component]
pub(crate) fn Notice(tone: Tone, #[prop(into)] title: String, children: Children) -> impl IntoView {
    view! {
        <section class=tone.class()>
            <h2 class="notice-title">{title}</h2>
            {children()}
        </section>
    }
}

/// The same for a form with more than one field: the id of each field to put right, and what is wrong with it. Nothing where nothing is.
#[component]
pub(crate) fn ProblemSummary(problems: Vec<(String, String)>) -> impl IntoView {
    let links = problems.into_iter().map(|(field, message)| {
        view! {
            <li>
                <a href=format!("#{field}")>{message}</a>
            </li>
        }
    });
    let links: Vec<_> = links.collect();
    (!links.is_empty()).then(|| {
        view! {
            <div class="error-summary" role="alert" tabindex="-1" autofocus aria-labelledby="error-summary-title">
                <h2 class="error-summary-title" id="error-summary-title">
                    {word::PROBLEM}
                </h2>
                <ul>{links}</ul>
            </div>
        }
    })
}

/// What went wrong with what was sent, and what to do, where no field is to blame.
#[component]
pub(crate) fn Refusal(error: UiError) -> impl IntoView {
    let (title, text) = trouble::of(error);
    view! {
        <Notice tone=Tone::Warning title>
            <p role="alert">{text}</p>
        </Notice>
    }
}

/// At the top of a page whose form was refused: says why and leads to the field. The browser moves the focus here.
#[component]
pub(crate) fn ErrorSummary(
    /// The id of the field.
    field: &'static str,
    message: &'static str,
) -> impl IntoView {
    view! {
        <div class="error-summary" role="alert" tabindex="-1" autofocus aria-labelledby="error-summary-title">
            <h2 class="error-summary-title" id="error-summary-title">
                {word::PROBLEM}
            </h2>
            <p>
                <a href=format!("#{field}")>{message}</a>
            </p>
        </div>
    }
}

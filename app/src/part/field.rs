//! One question of a form.

use leptos::prelude::*;

/// What a browser needs to know to help with typing, and to refuse before the server does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Typing {
    /// The `type` of the input.
    pub(crate) kind: &'static str,
    /// WHATWG autofill name, like `email`.
    pub(crate) autocomplete: &'static str,
    /// Which keyboard a phone shows.
    pub(crate) inputmode: &'static str,
    /// What is accepted, as a regular expression over the whole text.
    pub(crate) pattern: Option<&'static str>,
    pub(crate) chars_max: usize,
}

/// A code that was mailed. Room for blanks between the digits.
pub(crate) const CODE: Typing = Typing {
    kind: "text",
    autocomplete: "one-time-code",
    inputmode: "numeric",
    pattern: Some(r"\s*([0-9][\s\-]*){8}"),
    chars_max: 24,
};

/// A label, a hint, what was wrong, and the input, tied together for screen readers. The id is the name.
#[component]
pub(crate) fn Field(
    name: &'static str,
    label: &'static str,
    #[prop(into)] hint: String,
    typing: Typing,
    problem: Option<&'static str>,
    /// Narrow enough for what is typed.
    class: &'static str,
    /// May it stay empty?
    #[prop(optional)]
    optional: bool,
) -> impl IntoView {
    let hint_id = format!("{name}-hint");
    let problem_id = format!("{name}-problem");
    let described_by = if problem.is_some() { format!("{hint_id} {problem_id}") } else { hint_id.clone() };
    let problem_text = problem.map(|text| view! { <p id=problem_id class="field-problem">{text}</p> });
    view! {
        <div class="field" class:field-failed=problem.is_some()>
            <label for=name>{label}</label>
            <p id=hint_id class="hint">
                {hint}
            </p>
            {problem_text}
            <input
                id=name
                name=name
                class=class
                type=typing.kind
                autocomplete=typing.autocomplete
                inputmode=typing.inputmode
                pattern=typing.pattern
                maxlength=typing.chars_max.to_string()
                spellcheck="false"
                autocapitalize="none"
                required=!optional
                aria-describedby=described_by
                aria-invalid=problem.map(|_| "true")
            />
        </div>
    }
}

//! A field for a shopper's own words, in a form that ends with it.

use domain::note::Note;
use leptos::prelude::*;

/// A label, a hint, what was wrong, and the text. The id is `note`.
#[component]
pub(crate) fn NoteField(label: &'static str, hint: &'static str, problem: Option<&'static str>) -> impl IntoView {
    let described_by = if problem.is_some() { "note-hint note-problem" } else { "note-hint" };
    let problem_text = problem.map(|text| view! { <p id="note-problem" class="field-problem">{text}</p> });
    view! {
        <div class="field" class:field-failed=problem.is_some()>
            <label for="note">{label}</label>
            <p id="note-hint" class="hint">
                {hint}
            </p>
            {problem_text}
            <textarea
                id="note"
                name="note"
                class="input input-note"
                rows="4"
                maxlength=Note::CHARS_MAX.to_string()
                aria-describedby=described_by
                aria-invalid=problem.is_some().then_some("true")
            ></textarea>
        </div>
    }
}

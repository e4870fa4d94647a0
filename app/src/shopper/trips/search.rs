//! Finding a trip: by days and card in the address of the page, and by the number on a card statement in a form that leaves none.

use leptos::form::ActionForm;
use leptos::prelude::*;
use leptos_router::hooks::use_query_map;
use time::Date;
use time::macros::format_description;

use crate::backend::backend;
use crate::backend::find::{CardChoice, CardKey, TripPlace, TripSearch};
use crate::error::UiError;
use crate::part::notice::{Notice, Tone};
use crate::word::{trip as word, trouble};

/// Longest text that is looked for, in characters. Longer than any number on a statement.
const NUMBER_CHARS_MAX: usize = 64;

/// Goes to the trip whose payment has this number on the card's statement. Not a search in the address: the number is a fact by which
/// people sign in.
#[server(endpoint = "find_payment")]
pub async fn find_payment(number: String) -> Result<(), UiError> {
    let number = number.trim();
    if number.is_empty() || number.chars().count() > NUMBER_CHARS_MAX {
        return Err(UiError::NoMatch);
    }
    let trip = backend()?.find_payment(number.to_owned()).await?;
    leptos_axum::redirect(&format!("/trips/{trip}"));
    Ok(())
}

/// What stands in the address of the list, as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Looked {
    from: String,
    to: String,
    card: String,
    after: String,
}

impl Looked {
    /// What was looked for on this page.
    pub(crate) fn of_query() -> Self {
        let query = use_query_map().read_untracked();
        let text =
            |name: &str| query.get_str(name).unwrap_or_default().trim().chars().take(NUMBER_CHARS_MAX * 5).collect();
        Self { from: text("from"), to: text("to"), card: text("card"), after: text("after") }
    }

    /// `None`: a day is none.
    pub(crate) fn search(&self) -> Option<TripSearch> {
        let (from, to) = (self.from().ok()?, self.to().ok()?);
        Some(TripSearch { from, to, card: CardKey::new(&self.card), after: TripPlace::new(&self.after) })
    }

    fn from(&self) -> Result<Option<Date>, &'static str> {
        day(&self.from)
    }

    fn to(&self) -> Result<Option<Date>, &'static str> {
        let to = day(&self.to)?;
        match (self.from(), to) {
            (Ok(Some(from)), Some(to)) if to < from => Err(word::BACKWARDS),
            _ => Ok(to),
        }
    }
}

/// A day of this century or the next as browsers and people write it; `None` for no text.
fn day(text: &str) -> Result<Option<Date>, &'static str> {
    if text.is_empty() {
        return Ok(None);
    }
    let day = Date::parse(text, format_description!("[year]-[month padding:none]-[day padding:none]")).ok();
    day.filter(|it| (2000..2200).contains(&it.year())).map(Some).ok_or(word::BAD_DATE)
}

/// The address of a page of the list. Nothing in it needs escaping.
pub(crate) fn address(search: &TripSearch, after: Option<&str>) -> String {
    let parts = [
        ("from", search.from.map(|it| it.to_string())),
        ("to", search.to.map(|it| it.to_string())),
        ("card", search.card.as_ref().map(ToString::to_string)),
        ("after", after.map(str::to_owned)),
    ];
    let parts = parts.into_iter().filter_map(|(name, value)| Some(format!("{name}={}", value?)));
    let query = parts.collect::<Vec<_>>().join("&");
    if query.is_empty() { "/trips".to_owned() } else { format!("/trips?{query}") }
}

/// By days and card.
#[component]
pub(crate) fn SearchForm(looked: Looked, cards: Vec<CardChoice>) -> impl IntoView {
    let is_all = looked == Looked::default();
    let problems = (looked.from().err(), looked.to().err());
    // One card, or none: nothing to choose.
    let cards = (cards.len() > 1).then(|| {
        let options = cards.into_iter().map(|choice| {
            let key = choice.key.to_string();
            let selected = key == looked.card;
            view! {
                <option value=key selected=selected>
                    {choice.name}
                </option>
            }
        });
        view! {
            <div class="field">
                <label for="card">{word::CARD}</label>
                <select id="card" name="card" class="input">
                    <option value="">{word::ANY_CARD}</option>
                    {options.collect::<Vec<_>>()}
                </select>
            </div>
        }
    });
    let clear = (!is_all).then(|| {
        view! {
            <p>
                <a href="/trips">{word::CLEAR}</a>
            </p>
        }
    });
    view! {
        <form class="search" action="/trips" method="get" role="search" aria-label=word::FIND novalidate>
            <DayField name="from" label=word::FROM value=looked.from problem=problems.0 />
            <DayField name="to" label=word::TO value=looked.to problem=problems.1 />
            {cards}
            <button class="button button-quiet" type="submit">
                {word::SHOW}
            </button>
        </form>
        {clear}
    }
}

#[component]
fn DayField(name: &'static str, label: &'static str, value: String, problem: Option<&'static str>) -> impl IntoView {
    let (hint_id, problem_id) = (format!("{name}-hint"), format!("{name}-problem"));
    let described_by = if problem.is_some() { format!("{hint_id} {problem_id}") } else { hint_id.clone() };
    let problem_text = problem.map(|text| view! { <p id=problem_id class="field-problem" role="alert">{text}</p> });
    // A browser's own field for days shows none that is no day: what was typed is kept in a plain one.
    let kind = if problem.is_some() { "text" } else { "date" };
    view! {
        <div class="field" class:field-failed=problem.is_some()>
            <label for=name>{label}</label>
            <p id=hint_id class="hint">
                {word::DATE_HINT}
            </p>
            {problem_text}
            <input
                id=name
                name=name
                class="input input-day"
                type=kind
                value=value
                maxlength="10"
                aria-describedby=described_by
                aria-invalid=problem.map(|_| "true")
            />
        </div>
    }
}

/// By the number on a statement.
#[component]
pub(crate) fn NumberForm() -> impl IntoView {
    let find = ServerAction::<FindPayment>::new();
    let problem = find.value().get_untracked().and_then(Result::err).map(trouble::of);
    let is_open = problem.is_some();
    let problem = problem.map(|(title, text)| {
        view! {
            <Notice tone=Tone::Warning title>
                <p role="alert">{text}</p>
            </Notice>
        }
    });
    view! {
        {problem}
        <details class="help" open=is_open>
            <summary>{word::BY_NUMBER}</summary>
            <ActionForm action=find>
                <div class="field">
                    <label for="number">{word::NUMBER}</label>
                    <p id="number-hint" class="hint">
                        {word::NUMBER_HINT}
                    </p>
                    <input
                        id="number"
                        name="number"
                        class="input"
                        type="text"
                        autocomplete="off"
                        spellcheck="false"
                        maxlength=NUMBER_CHARS_MAX.to_string()
                        required
                        aria-describedby="number-hint"
                    />
                </div>
                <button class="button button-quiet" type="submit">
                    {word::FIND_NUMBER}
                </button>
            </ActionForm>
        </details>
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn a_day_is_written_like_a_browser_does_and_anything_else_is_named() {
        assert_eq!(day(""), Ok(None));
        for text in ["2026-11-01", "2026-11-1"] {
            assert_eq!(day(text), Ok(Some(date!(2026 - 11 - 01))));
        }
        for text in [
            "21.11.2026",
            "2026-13-01",
            "2026-02-30",
            "1999-12-31",
            "2200-01-01",
            "0000-00-00",
            "-2026-01-01",
            "x",
            "2026-11-01 ",
        ] {
            assert_eq!(day(text), Err(word::BAD_DATE), "{text}");
        }
        let looked = Looked { from: "2026-11-02".into(), to: "2026-11-01".into(), ..Looked::default() };
        assert_eq!((looked.from().is_ok(), looked.to(), looked.search()), (true, Err(word::BACKWARDS), None));
    }

    #[test]
    fn an_address_keeps_what_was_looked_for() {
        let search = TripSearch {
            from: Some(date!(2026 - 11 - 01)),
            card: CardKey::new("0123456789abcdef"),
            ..TripSearch::default()
        };
        assert_eq!(address(&search, Some("5.T-1")), "/trips?from=2026-11-01&card=0123456789abcdef&after=5.T-1");
        assert_eq!(address(&TripSearch::default(), None), "/trips");
    }
}

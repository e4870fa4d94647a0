//! Moments, for people and for programs.

use leptos::prelude::*;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::word::date;

/// Day and time.
#[component]
pub(crate) fn Moment(at: OffsetDateTime) -> impl IntoView {
    view! { <time datetime=machine_readable(at)>{date::moment(at)}</time> }
}

/// Only the day.
#[component]
pub(crate) fn Day(at: OffsetDateTime) -> impl IntoView {
    view! { <time datetime=machine_readable(at)>{date::day(at)}</time> }
}

/// `None`, and so no attribute, only for years that RFC 3339 cannot write.
fn machine_readable(at: OffsetDateTime) -> Option<String> {
    at.replace_nanosecond(0).unwrap_or(at).format(&Rfc3339).ok()
}

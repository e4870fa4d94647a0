//! How long Amazon asks us to wait.

use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// Longer than any trip can still be paid; more is nonsense, and would overflow a date.
const WAIT_MAX: Duration = Duration::from_hours(7 * 24);

/// The larger of the header `Retry-After` (seconds, or a date) and the body's `retryAfter` (seconds, as text or number).
/// `None` when neither can be read. At most a week.
///
/// Source: Capture Charge page, "Error codes" (429 and 503); RFC 9110, section 10.2.3.
pub(super) fn retry_after(headers: &HeaderMap, body: &Value, now: OffsetDateTime) -> Option<Duration> {
    let header = headers.get(RETRY_AFTER).and_then(|it| it.to_str().ok());
    let header = header.and_then(|text| seconds(text).or_else(|| until(text, now)));
    let body = match body.get("retryAfter") {
        Some(Value::String(text)) => seconds(text),
        Some(Value::Number(number)) => seconds(number.as_str()),
        _ => None,
    };
    header.max(body).map(|wait| wait.min(WAIT_MAX))
}

/// Whole seconds; a fraction counts as a whole one.
fn seconds(text: &str) -> Option<Duration> {
    let text = text.trim();
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
    if !digits(whole) || !digits(fraction) {
        return None;
    }
    let begun = u64::from(fraction.bytes().any(|it| it != b'0'));
    // Only digits: what does not fit is too large.
    Some(Duration::from_secs(whole.parse::<u64>().unwrap_or(u64::MAX).saturating_add(begun)))
}

/// The time until an HTTP date, none if it has passed. The preferred form of HTTP dates is also a date of RFC 2822.
fn until(text: &str, now: OffsetDateTime) -> Option<Duration> {
    let at = OffsetDateTime::parse(text.trim(), &Rfc2822).ok()?;
    Some(Duration::try_from(at - now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-11-21 10:00:00 UTC);

    fn wait(header: Option<&'static str>, body: &Value) -> Option<u64> {
        let headers = header.map(|it| (RETRY_AFTER, HeaderValue::from_static(it)));
        retry_after(&headers.into_iter().collect(), body, NOW).map(|it| it.as_secs())
    }

    #[test]
    fn seconds_and_dates_are_both_understood() {
        assert_eq!(wait(Some("600"), &Value::Null), Some(600));
        assert_eq!(wait(Some("Sat, 21 Nov 2026 10:10:00 GMT"), &Value::Null), Some(600));
        assert_eq!(wait(Some("Sat, 21 Nov 2026 09:00:00 GMT"), &Value::Null), Some(0));
        assert_eq!(wait(Some("soon"), &Value::Null), None);
        assert_eq!(wait(Some("-1"), &Value::Null), None);
    }

    #[test]
    fn the_body_may_say_it_as_text_or_number() {
        assert_eq!(wait(None, &json!({"retryAfter": "30"})), Some(30));
        assert_eq!(wait(None, &json!({"retryAfter": 30})), Some(30));
        assert_eq!(wait(None, &json!({"retryAfter": 1.5})), Some(2));
        assert_eq!(wait(None, &json!({"retryAfter": null})), None);
        assert_eq!(wait(None, &json!("retryAfter")), None);
    }

    #[test]
    fn the_larger_of_header_and_body_wins() {
        assert_eq!(wait(Some("600"), &json!({"retryAfter": "30"})), Some(600));
        assert_eq!(wait(Some("30"), &json!({"retryAfter": "600"})), Some(600));
        assert_eq!(wait(Some("rubbish"), &json!({"retryAfter": "600"})), Some(600));
    }

    #[test]
    fn nonsense_waits_at_most_a_week() {
        assert_eq!(wait(Some("99999999999999999999999"), &Value::Null), Some(604_800));
        assert_eq!(wait(Some("Sat, 21 Nov 2099 10:10:00 GMT"), &Value::Null), Some(604_800));
    }
}

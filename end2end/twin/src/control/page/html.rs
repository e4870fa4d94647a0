//! What the control page looks like.

use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{
    Api, Card, Mail,
    money::Amount,
    truth::{Call, Trip},
    world::World,
};

const STYLE: &str = include_str!("style.css");
/// Trips, calls and mails shown, newest first; the truth has all of them.
const ROWS_MAX: usize = 50;

/// The whole control page.
pub(super) fn overview(world: &World) -> String {
    let truth = world.truth();
    let (cards, waiting, settings) = {
        let state = world.state();
        let cards: Vec<Card> = state.network.cards().cloned().collect();
        (cards, state.faults.describe(Api::name), state.network.settings)
    };
    let mails = world.mail.list().unwrap_or_default();
    let body = [
        walk_section(&cards),
        trips_section(&truth.trips),
        mails_section(&mails),
        faults_section(&waiting, settings.data_before_capture, &format!("{:?}", settings.duplicate_capture)),
        clock_section(world.clock.offset_seconds(), truth.now),
        calls_section(&truth.calls),
    ];
    page("The twin", &format!("<h1>The twin</h1><p>The world outside Storeside.</p>{}", body.concat()))
}

/// A heading, some sentences, and the way back.
pub(super) fn story(title: &str, steps: &[String]) -> String {
    let steps: String = steps.iter().map(|step| format!("<li>{}</li>", escape(step))).collect();
    let title = escape(title);
    page(&title, &format!("<h1>{title}</h1><ol>{steps}</ol><p><a href=\"/\">Back to the twin</a></p>"))
}

/// One mail as text.
pub(super) fn mail(mail: &Mail) -> String {
    let subject = escape(&mail.subject);
    let to = escape(&mail.to.join(", "));
    let text = escape(&mail.text);
    page(
        &subject,
        &format!("<h1>{subject}</h1><p>To {to}</p><pre>{text}</pre><p><a href=\"/\">Back to the twin</a></p>"),
    )
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><style>{STYLE}</style></head>\
         <body><main>{body}</main></body></html>"
    )
}

fn walk_section(cards: &[Card]) -> String {
    let option = |card: &Card| {
        let name = escape(&card.name);
        format!("<option value=\"{name}\">{name} ({} {})</option>", escape(&card.brand), escape(&card.last_four))
    };
    // The everyday card first.
    let (usual, others): (Vec<_>, Vec<_>) = cards.iter().partition(|card| card.name == "visa");
    let options: String = usual.into_iter().chain(others).map(option).collect();
    format!(
        "<section id=\"walk\"><h2>Walk a shopper</h2><form method=\"post\" action=\"/walk\">\
         <label for=\"card\">Card</label><select id=\"card\" name=\"card\">{options}</select>\
         <label for=\"items\">Number of items, 0 for an empty cart</label>\
         <input id=\"items\" name=\"items\" type=\"number\" min=\"0\" max=\"500\" value=\"3\" required>\
         <button>Tap, shop and leave</button></form></section>"
    )
}

fn trips_section(trips: &[Trip]) -> String {
    let rows = trips.iter().rev().take(ROWS_MAX).map(|trip| {
        let money = |minor| Amount::new(minor, &trip.currency).to_string();
        let end = match trip {
            Trip { admitted: false, .. } => "not admitted",
            Trip { cancelled: true, .. } => "cancelled",
            Trip { captures_minor, .. } if captures_minor.len() > 1 => "charged more than once",
            Trip { captures_minor, .. } if !captures_minor.is_empty() => "captured",
            _ => "open",
        };
        [
            at(trip.tapped_at),
            trip.id.to_string(),
            trip.card.clone(),
            end.to_owned(),
            money(trip.hold_minor),
            money(trip.captured_minor()),
            trip.capture_calls.to_string(),
            money(trip.refunded_minor()),
            trip.feedback.last().map_or_else(String::new, |it| {
                let of = |minor| Amount::new(minor, &it.currency).decimal();
                format!("{} of {}", of(it.settled_minor), of(it.total_minor))
            }),
        ]
    });
    let heads =
        ["Tapped", "Trip", "Card", "State", "Held", "Captured", "Capture calls", "Refunded", "Settled, as reported"];
    table("trips", "Trips", &heads, rows)
}

fn mails_section(mails: &[Mail]) -> String {
    let items: String = mails
        .iter()
        .take(ROWS_MAX)
        .map(|mail| {
            let (file, subject) = (escape(&mail.file), escape(&mail.subject));
            let to = escape(&mail.to.join(", "));
            format!("<li><a href=\"/mails/{file}\">{subject}</a> to {to}, {}</li>", at(mail.at.into()))
        })
        .collect();
    let items = if items.is_empty() { "<li>None yet.</li>".to_owned() } else { items };
    format!("<section id=\"mails\"><h2>Mails</h2><ul>{items}</ul></section>")
}

fn faults_section(waiting: &[String], data_before_capture: bool, duplicate_capture: &str) -> String {
    let apis: String = Api::ALL.iter().map(|api| format!("<option>{}</option>", api.name())).collect();
    let faults =
        ["lose_answer", "fail_after_effect", "too_many_requests", "service_exception", "service_unavailable", "hang"];
    let faults: String = faults.iter().map(|fault| format!("<option>{fault}</option>")).collect();
    let waiting: String = waiting.iter().map(|it| format!("<li>{}</li>", escape(it))).collect();
    let waiting = if waiting.is_empty() { "<li>None are waiting.</li>".to_owned() } else { waiting };
    let early = if data_before_capture { "exists" } else { "does not exist" };
    format!(
        "<section id=\"faults\"><h2>Faults</h2><ul>{waiting}</ul>\
         <p>Transactional data {early} before the capture. A second capture is: {duplicate_capture}.</p>\
         <form method=\"post\" action=\"/faults\">\
         <label for=\"api\">API</label><select id=\"api\" name=\"api\">{apis}</select>\
         <label for=\"fault\">Fault</label><select id=\"fault\" name=\"fault\">{faults}</select>\
         <label for=\"times\">Calls it hits</label>\
         <input id=\"times\" name=\"times\" type=\"number\" min=\"1\" value=\"1\" required>\
         <button>Set the fault</button></form>\
         <form method=\"post\" action=\"/faults\"><input type=\"hidden\" name=\"clear\" value=\"true\">\
         <button>Clear all faults</button></form></section>"
    )
}

fn clock_section(offset_seconds: i64, now: OffsetDateTime) -> String {
    format!(
        "<section id=\"clock\"><h2>Clock</h2><p>It is {}.</p><form method=\"post\" action=\"/clock\">\
         <label for=\"offset\">Seconds from real time</label>\
         <input id=\"offset\" name=\"offset_seconds\" type=\"number\" value=\"{offset_seconds}\" required>\
         <button>Set the clock</button></form></section>",
        at(now)
    )
}

fn calls_section(calls: &[Call]) -> String {
    let rows = calls.iter().rev().take(ROWS_MAX).map(|call| {
        let status = call.status.map_or_else(|| "none".to_owned(), |status| status.to_string());
        let lost = if call.answered { "" } else { ", not answered" };
        [
            at(call.at),
            call.api.name().to_owned(),
            call.trip.clone().unwrap_or_default(),
            format!("{status}{lost}"),
            call.reason.clone().unwrap_or_default(),
        ]
    });
    table("calls", "Calls from Storeside", &["At", "API", "Trip", "Status", "Why"], rows)
}

fn table<const N: usize>(id: &str, title: &str, heads: &[&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let mut html =
        format!("<section id=\"{id}\"><h2>{title}</h2><div class=\"wide\" tabindex=\"0\"><table><thead><tr>");
    let cells = heads.iter().map(|head| format!("<th scope=\"col\">{head}</th>"));
    html.extend(cells);
    html.push_str("</tr></thead><tbody>");
    for row in rows {
        html.push_str("<tr>");
        html.extend(row.iter().map(|cell| format!("<td>{}</td>", escape(cell))));
        html.push_str("</tr>");
    }
    html.push_str("</tbody></table></div></section>");
    html
}

fn at(moment: OffsetDateTime) -> String {
    let whole = moment.replace_nanosecond(0).unwrap_or(moment);
    whole.format(&Rfc3339).unwrap_or_default()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

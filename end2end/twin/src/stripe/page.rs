//! The page on which a card is typed: plain HTML and forms, no script.

use std::sync::Arc;

use axum::{
    Form, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::get,
};
use serde::Deserialize;

use super::book::{Card, PayOutcome, SessionStatus, StripeSession};
use crate::{money::Amount, world::World};

const STYLE: &str = include_str!("../control/page/style.css");

/// What a tester may type, and what it does.
const CARDS: [(&str, &str); 5] = [
    ("4242 4242 4242 4242", "is approved"),
    ("4000 0000 0000 0002", "is declined"),
    ("4000 0000 0000 9995", "has insufficient funds"),
    ("4000 0025 0000 3155", "needs authentication"),
    ("4000 0000 0000 0259", "is approved, and disputed at once"),
];

pub(super) fn routes() -> Router<Arc<World>> {
    Router::new().route("/checkout/{session}", get(show).post(pay))
}

fn find(world: &World, id: &str) -> Option<StripeSession> {
    let now = world.clock.now().unix_timestamp();
    world.state().stripe.book.session(id, now).ok()
}

async fn show(State(world): State<Arc<World>>, Path(id): Path<String>) -> Response {
    match find(&world, &id) {
        Some(session) => Html(checkout(&session, None)).into_response(),
        None => (StatusCode::NOT_FOUND, Html(page("Not found", "<h1>There is no such payment</h1>"))).into_response(),
    }
}

#[derive(Debug, Deserialize)]
struct Typed {
    number: String,
    /// `yes` or `no`, once the bank has asked.
    authenticated: Option<String>,
}

async fn pay(State(world): State<Arc<World>>, Path(id): Path<String>, Form(typed): Form<Typed>) -> Response {
    let Some(session) = find(&world, &id) else { return show(State(world), Path(id)).await };
    let authenticated = typed.authenticated.as_deref().map(|it| it == "yes");
    let now = world.clock.now().unix_timestamp();
    let outcome = world.state().stripe.book.pay(&id, Card::of(&typed.number), authenticated, now);
    world.tell_webhooks().await;
    match outcome {
        PayOutcome::Paid => Redirect::to(&success_url(&session)).into_response(),
        PayOutcome::Declined(code) => {
            let said = format!("Your card was declined ({code}). Try another card.");
            Html(checkout(&session, Some(&said))).into_response()
        }
        PayOutcome::NeedsAuthentication => Html(authentication(&typed.number)).into_response(),
        PayOutcome::NotOpen => show(State(world), Path(id)).await,
    }
}

fn success_url(session: &StripeSession) -> String {
    session.success_url.replace("{CHECKOUT_SESSION_ID}", &session.id)
}

fn checkout(session: &StripeSession, problem: Option<&str>) -> String {
    let amount = Amount::new(session.amount_minor, &session.currency.to_uppercase()).to_string();
    let head = format!(
        "<p>The twin plays Stripe Checkout. No money moves.</p><h1>Pay {amount}</h1><p>{}</p>",
        escape(&session.name)
    );
    let back = session.cancel_url.as_ref();
    let back = back.map(|url| format!("<p><a href=\"{}\">Back to the store</a></p>", escape(url))).unwrap_or_default();
    let content = match session.status {
        SessionStatus::Expired => format!("<p role=\"alert\">This payment page has expired.</p>{back}"),
        SessionStatus::Complete => {
            format!("<p>This is paid.</p><p><a href=\"{}\">Back to the store</a></p>", escape(&success_url(session)))
        }
        SessionStatus::Open => {
            let problem = problem.map(|it| format!("<p role=\"alert\">{}</p>", escape(it))).unwrap_or_default();
            let cards: String =
                CARDS.iter().map(|(number, what)| format!("<li><code>{number}</code> {what}</li>")).collect();
            format!(
                "{problem}<form method=\"post\"><p><label for=\"number\">Card number</label><br>\
                 <input id=\"number\" name=\"number\" inputmode=\"numeric\" autocomplete=\"off\" required></p>\
                 <p><button type=\"submit\">Pay {amount}</button></p></form>{back}<h2>Test cards</h2><ul>{cards}</ul>"
            )
        }
    };
    page(&format!("Pay {amount}"), &format!("{head}{content}"))
}

fn authentication(number: &str) -> String {
    let number = escape(number);
    let form = |answer: &str, label: &str| {
        format!(
            "<form method=\"post\"><input type=\"hidden\" name=\"number\" value=\"{number}\">\
             <input type=\"hidden\" name=\"authenticated\" value=\"{answer}\"><p><button type=\"submit\">{label}</button></p></form>"
        )
    };
    let forms = form("yes", "Complete authentication") + &form("no", "Fail authentication");
    page("Your bank asks", &format!("<h1>Your bank asks whether this is you</h1>{forms}"))
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><style>{STYLE}</style></head>\
         <body><main>{body}</main></body></html>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

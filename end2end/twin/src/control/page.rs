//! The control page: plain HTML and forms, no script.

mod html;

use std::sync::Arc;

use axum::{
    Form, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;

use super::json::{FaultName, FaultOrder, TimesOrder};
use crate::{Api, WalkOrder, connector::Visit, walk::Walk, world::World};

pub(super) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/", get(show))
        .route("/walk", post(walk))
        .route("/faults", post(faults))
        .route("/clock", post(clock))
        .route("/mails/{file}", get(mail))
}

async fn show(State(world): State<Arc<World>>) -> Html<String> {
    Html(html::overview(&world))
}

#[derive(Debug, Deserialize)]
struct WalkForm {
    card: String,
    items: usize,
}

async fn walk(State(world): State<Arc<World>>, Form(form): Form<WalkForm>) -> Response {
    let order = WalkOrder { items: form.items, ..WalkOrder::of(Visit::of(&form.card)) };
    match world.walk(order).await {
        Ok(Walk { steps, .. }) => Html(html::story("What happened", &steps)).into_response(),
        Err(error) => {
            let page = html::story("The shopper could not walk", &[error.to_string()]);
            (StatusCode::BAD_GATEWAY, Html(page)).into_response()
        }
    }
}

#[derive(Debug, Deserialize)]
struct FaultForm {
    api: Option<Api>,
    fault: Option<FaultName>,
    times: Option<u32>,
    #[serde(default)]
    clear: bool,
}

async fn faults(State(world): State<Arc<World>>, Form(form): Form<FaultForm>) -> Response {
    let FaultForm { api, fault, times, clear } = form;
    let order = FaultOrder { api, fault, times: times.map(TimesOrder::Next), clear, ..FaultOrder::default() };
    match order.carry_out(&world) {
        Ok(()) => Redirect::to("/#faults").into_response(),
        Err(message) => {
            let page = html::story("The fault was not set", &[message.to_owned()]);
            (StatusCode::BAD_REQUEST, Html(page)).into_response()
        }
    }
}

#[derive(Debug, Deserialize)]
struct ClockForm {
    offset_seconds: i64,
}

async fn clock(State(world): State<Arc<World>>, Form(form): Form<ClockForm>) -> Response {
    match world.clock.set_offset_seconds(form.offset_seconds) {
        Ok(()) => Redirect::to("/#clock").into_response(),
        Err(error) => {
            let page = html::story("The clock was not moved", &[error.to_string()]);
            (StatusCode::INTERNAL_SERVER_ERROR, Html(page)).into_response()
        }
    }
}

async fn mail(State(world): State<Arc<World>>, Path(file): Path<String>) -> Response {
    // Looked up in the list, so that no path outside the folder can be named.
    let mails = world.mail.list().unwrap_or_default();
    match mails.into_iter().find(|mail| mail.file == file) {
        Some(mail) => Html(html::mail(&mail)).into_response(),
        None => (StatusCode::NOT_FOUND, Html(html::story("There is no such mail", &[]))).into_response(),
    }
}

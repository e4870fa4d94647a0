//! What a viewer downloads: files, to whoever may see the page they belong to.

use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use domain::id::TripId;
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use tower_sessions::Session;

use super::{Portal, PortalState};
use crate::flow::download_data::download_data;
use crate::flow::read_receipt::TripPaper;
use crate::flow::shopper as flow;
use crate::paper;

/// Every file.
pub fn routes(portal: PortalState) -> Router {
    Router::new()
        .route("/trips/{trip}/receipt.pdf", get(receipt))
        .route("/privacy/data.json", get(personal))
        .with_state(portal)
}

async fn personal(State(state): State<PortalState>, session: Session, parts: Parts) -> Response {
    let portal = Portal::of(&state, session, &parts);
    let viewer = match portal.viewer().await {
        Ok(Some(viewer)) => viewer,
        Ok(None) => return Redirect::to("/sign-in?next=/privacy").into_response(),
        Err(_) => return away(),
    };
    let found = download_data(&state.database, &state.vault, &viewer, portal.now()).await;
    match found.map(|it| serde_json::to_vec_pretty(&it)) {
        Ok(Ok(bytes)) => attachment("application/json", "my-data.json", bytes),
        Ok(Err(_)) => away(),
        Err(error) => {
            super::unavailable(&error);
            away()
        }
    }
}

async fn receipt(
    State(state): State<PortalState>,
    Path(trip): Path<String>,
    session: Session,
    parts: Parts,
) -> Response {
    let portal = Portal::of(&state, session, &parts);
    let Ok(trip) = TripId::new(&trip) else { return no_receipt() };
    let viewer = match portal.viewer().await {
        Ok(Some(viewer)) => viewer,
        // A trip's id has letters, digits, `-` and `_` only.
        Ok(None) => return Redirect::to(&format!("/sign-in?next=/trips/{trip}")).into_response(),
        Err(_) => return away(),
    };
    match flow::trip(&state.database, &state.vault, &viewer, &trip, portal.now()).await {
        Ok(Some(TripPaper::Receipt(receipt))) => {
            let name = paper::file_name(receipt.started_at);
            attachment("application/pdf", &name, paper::receipt_pdf(&receipt))
        }
        Ok(Some(TripPaper::NoPurchase { .. }) | None) => no_receipt(),
        Err(error) => {
            super::unavailable(&error);
            away()
        }
    }
}

/// A file to be kept by whoever asked, and by no cache on the way.
fn attachment(kind: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let disposition = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let disposition = disposition.unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, bytes).into_response()
}

/// The same for a trip of somebody else's, and for one without a receipt.
fn no_receipt() -> Response {
    plain(StatusCode::NOT_FOUND, "There is no such receipt among yours. It may still be coming: look at your trips.")
}

fn away() -> Response {
    plain(StatusCode::SERVICE_UNAVAILABLE, "This does not work right now. Nothing is lost. Try again in a few minutes.")
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    (status, [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], text).into_response()
}

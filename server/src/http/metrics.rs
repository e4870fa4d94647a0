//! Numbers for Prometheus: rate, errors and latency of each API in and out, what waits, and what was sold, given back and is owed.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use sqlx::PgPool;

use crate::clock::Clock;
use crate::log::chain;

mod figures;
mod gauge;

/// Bounds of the latency histograms in seconds: around the gate's 100 ms and Amazon's two seconds.
const SECONDS: [f64; 12] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0];

/// What the page is made of.
#[derive(Debug, Clone)]
pub struct MetricsState {
    /// Everything this process has counted.
    pub handle: PrometheusHandle,
    /// For what waits.
    pub database: PgPool,
    /// For how long.
    pub clock: Clock,
}

/// Makes every `metrics` call of this process count. Once per process.
///
/// # Errors
///
/// When it was done before.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .install_recorder()
}

/// `GET /metrics`. Not for the public: a request that came through a proxy is told that there is nothing.
pub async fn get(State(state): State<MetricsState>, headers: HeaderMap) -> Response {
    if headers.contains_key("x-forwarded-for") || headers.contains_key(header::FORWARDED) {
        return StatusCode::NOT_FOUND.into_response();
    }
    if let Err(error) = gauge::set_all(&state.database, state.clock.now()).await {
        tracing::warn!(error = chain(&error), "the rows could not be counted");
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], state.handle.render()).into_response()
}

//! The log: one JSON object a line, with the whole chain of an error's causes.

use std::error::Error;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// An error and what it came of, on one line: `the database did not answer as asked: pool timed out`.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Starts it, on standard error.
pub fn start() {
    start_on(std::io::stderr);
}

/// Starts it where this writes. `RUST_LOG` chooses what is logged; without it, everything from `info` up. The signature library
/// would log whole requests at `trace`: it stays quiet.
pub fn start_on(writer: impl for<'a> MakeWriter<'a> + Send + Sync + 'static) {
    let chosen = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let quiet = "scratchstack_aws_signature=warn".parse();
    let filter = quiet.map_or(EnvFilter::new("info"), |directive| chosen.add_directive(directive));
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(filter)
        .with_writer(writer)
        .init();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::StoreError;

    #[test]
    fn an_error_is_logged_with_what_it_came_of() {
        let text = chain(&StoreError::from(sqlx::Error::PoolTimedOut));
        assert!(text.starts_with("the database did not answer as asked: pool timed out"), "{text}");
    }
}

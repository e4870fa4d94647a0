//! What a page says to the browser besides its text: a status, or another address.

use http::{HeaderValue, StatusCode, header};
use leptos::prelude::use_context;
use leptos_axum::ResponseOptions;

/// Where a page's status goes. Taken before a page waits for anything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer(Option<ResponseOptions>);

impl Answer {
    /// The answer of the request that is being served; one that goes nowhere while the routes are only listed.
    pub(crate) fn of_request() -> Self {
        Self(use_context())
    }

    pub(crate) fn set_status(&self, status: StatusCode) {
        if let Some(options) = &self.0 {
            options.set_status(status);
        }
    }

    /// Sends the browser to `address`, which is one of ours and made of printable ASCII; anything else is not sent.
    pub(crate) fn redirect(&self, address: &str) {
        if let (Some(options), Ok(location)) = (&self.0, HeaderValue::from_str(address)) {
            options.set_status(StatusCode::FOUND);
            options.insert_header(header::LOCATION, location);
        }
    }
}

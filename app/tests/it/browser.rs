//! What a browser without a program does: open an address, send a form.

use std::sync::Arc;

use app::backend::ShopperBackend;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode, header};
use leptos::config::LeptosOptions;
use leptos::prelude::provide_context;
use leptos_axum::{LeptosRoutes, file_and_error_handler_with_context, generate_route_list};
use tower::ServiceExt;

use crate::fake::Fake;

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// Where the browser is sent.
    pub(crate) location: Option<String>,
    pub(crate) html: String,
}

impl Answer {
    async fn read(response: Response<Body>) -> Self {
        let status = response.status();
        let location = response.headers().get(header::LOCATION).map(|it| it.to_str().unwrap().to_owned());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Self { status, location, html: String::from_utf8(bytes.to_vec()).unwrap() }
    }

    /// The text of the page as people read it: without tags and comments, blanks made one.
    pub(crate) fn text(&self) -> String {
        let body = self.html.split_once("<body").map_or(self.html.as_str(), |(_, body)| body);
        let tags = body.split('<').map(|piece| piece.split_once('>').map_or("", |(_, text)| text));
        tags.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
    }

    pub(crate) fn title(&self) -> &str {
        self.html.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map_or("", |(title, _)| title)
    }
}

/// The pages and their forms as the server routes them.
fn site(fake: Fake) -> Router {
    let options = LeptosOptions::builder().output_name("storeside").build();
    let backend: Arc<dyn ShopperBackend> = Arc::new(fake);
    let context = move || provide_context(Arc::clone(&backend));
    let shell_options = options.clone();
    Router::new()
        .leptos_routes_with_context(&options, generate_route_list(app::App), context.clone(), move || {
            app::shell(shell_options.clone())
        })
        .fallback(file_and_error_handler_with_context(context, app::shell))
        .with_state(options)
}

/// Opens `path`.
pub(crate) async fn open(fake: Fake, path: &str) -> Answer {
    let request = Request::get(path).header(header::ACCEPT, "text/html").body(Body::empty()).unwrap();
    Answer::read(site(fake).oneshot(request).await.unwrap()).await
}

/// Sends the form with `action` from the page at `from`.
pub(crate) async fn send(fake: Fake, from: &str, action: &str, form: &str) -> Answer {
    let request = Request::post(action)
        .header(header::ACCEPT, "text/html")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::REFERER, format!("http://localhost:3000{from}"))
        .body(Body::from(form.to_owned()))
        .unwrap();
    Answer::read(site(fake).oneshot(request).await.unwrap()).await
}

/// The path a browser is sent to on our site.
pub(crate) fn local(answer: &Answer) -> &str {
    let location = answer.location.as_deref().unwrap_or_default();
    location.strip_prefix("http://localhost:3000").unwrap_or(location)
}

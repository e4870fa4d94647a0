//! The page of a portal that can show nothing at all: closed by the people who run it, or without its database.

use leptos::prelude::*;
use leptos_meta::HashedStylesheet;

use crate::word::{closed as word, layout};

/// The whole document. It asks nobody for anything. `told`: what the people who run it want to say, in their own words.
#[must_use]
pub fn closed_page(options: &LeptosOptions, told: Option<&str>) -> String {
    let options = options.clone();
    let text = told.unwrap_or(word::TEXT).to_owned();
    let title = if told.is_some() { word::MAINTENANCE } else { word::TITLE };
    Owner::new().with(|| {
        view! {
            <!DOCTYPE html>
            <html lang="en">
                <head>
                    <meta charset="utf-8" />
                    <meta name="viewport" content="width=device-width, initial-scale=1" />
                    <meta name="color-scheme" content="light dark" />
                    <title>{layout::page_title(title)}</title>
                    <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                    <HashedStylesheet options id="leptos" />
                </head>
                <body>
                    <main id="main" class="main">
                        <h1>{title}</h1>
                        <p class="lead">{text}</p>
                        <p>{word::NOTHING_LOST}</p>
                        <p>{word::STORES}</p>
                    </main>
                </body>
            </html>
        }
        .to_html()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_is_text_and_never_markup() {
        let options = LeptosOptions::builder().output_name("storeside").site_root("no-such-folder").build();
        let page = closed_page(&options, Some("Back at <b>14:00</b>"));
        assert!(page.contains("Back at &lt;b&gt;14:00&lt;/b&gt;") && page.contains(word::MAINTENANCE), "{page}");
        let page = closed_page(&options, None);
        assert!(page.starts_with("<!DOCTYPE html>") && page.contains(word::TITLE), "{page}");
        assert!(!page.contains("<script"), "{page}");
    }
}

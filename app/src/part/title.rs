//! The name of a page in the browser's tab.

use leptos::prelude::*;
use leptos_meta::{Meta, Title};

use crate::word::layout as word;

/// `name`, and the brand. A page whose form was refused says so first, for those who only hear it.
#[component]
pub(crate) fn PageTitle(
    #[prop(into)] name: String,
    #[prop(optional)] failed: bool,
    /// What a search engine shows of a page that is for everybody.
    #[prop(optional)]
    description: Option<&'static str>,
) -> impl IntoView {
    let text = if failed { word::failed_page_title(&name) } else { word::page_title(&name) };
    let description = description.map(|content| view! { <Meta name="description" content /> });
    view! {
        <Title text=escaped(&text) />
        {description}
    }
}

/// `leptos_meta` 0.8 writes the title into the page as it is; names of stores come from outside.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_cannot_end_itself() {
        assert_eq!(escaped("R&B </title><script>"), "R&amp;B &lt;/title&gt;&lt;script&gt;");
    }
}

//! Around every page: the header, which knows whether one is signed in, and the footer.

use leptos::prelude::*;
use leptos_router::hooks::use_location;

use crate::backend::{SignedIn, backend};
use crate::shopper::sign_out::SignOutForm;
use crate::word::layout as word;

/// The brand and the way around.
#[component]
pub(crate) fn Header() -> impl IntoView {
    let backend = backend();
    let path = use_location().pathname.get_untracked();
    let navigation = Suspend::new(async move {
        let who = match backend {
            Ok(backend) => backend.who().await,
            Err(error) => Err(error),
        };
        match who {
            Ok(Some(shopper)) => view! { <SignedInNavigation shopper path /> }.into_any(),
            // Also when that cannot be told: signing in then says what does not work.
            Ok(None) | Err(_) => view! { <SignedOutNavigation path /> }.into_any(),
        }
    });
    view! {
        <header class="header">
            <div class="header-row">
                <a class="brand" href="/">
                    <svg class="brand-mark" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
                        <path d="M4 21V8a8 8 0 0 1 16 0v13h-4V8a4 4 0 0 0-8 0v13z" />
                        <circle cx="12" cy="16" r="2.5" />
                    </svg>
                    {word::BRAND}
                </a>
                {navigation}
            </div>
        </header>
    }
}

#[component]
fn SignedInNavigation(shopper: SignedIn, path: String) -> impl IntoView {
    let trips = (shopper != SignedIn::Debtor).then(|| {
        view! {
            <li>
                <a href="/trips" aria-current=current(&path, "/trips")>
                    {word::TRIPS}
                </a>
            </li>
        }
    });
    let name = match &shopper {
        SignedIn::Email { masked } => word::signed_in_as(masked),
        SignedIn::Card | SignedIn::Debtor => word::SIGNED_IN_BY_CARD.to_owned(),
        SignedIn::Visit => word::SIGNED_IN_BY_LINK.to_owned(),
    };
    view! {
        <nav class="navigation" aria-label=word::NAVIGATION>
            <ul>
                {trips}
                <li>
                    <a href="/balance" aria-current=current(&path, "/balance")>
                        {word::BALANCE}
                    </a>
                </li>
            </ul>
        </nav>
        <div class="account">
            <p class="account-name">
                <a href="/sessions" aria-current=current(&path, "/sessions")>
                    {name}
                </a>
            </p>
            <SignOutForm />
        </div>
    }
}

#[component]
fn SignedOutNavigation(path: String) -> impl IntoView {
    view! {
        <nav class="navigation navigation-out" aria-label=word::NAVIGATION>
            <ul>
                <li>
                    <a href="/sign-in" aria-current=current(&path, "/sign-in")>
                        {word::SIGN_IN}
                    </a>
                </li>
            </ul>
        </nav>
    }
}

/// `page` for the page one is on, `true` for a page under it.
fn current(path: &str, link: &str) -> Option<&'static str> {
    let rest = path.strip_prefix(link)?;
    match rest {
        "" => Some("page"),
        rest if rest.starts_with('/') => Some("true"),
        _ => None,
    }
}

/// The end of every page.
#[component]
pub(crate) fn Footer() -> impl IntoView {
    view! {
        <footer class="footer">
            <div class="footer-row">
                <p>{word::FOOTER}</p>
                <p>
                    <a href="/help">{word::HELP}</a>
                </p>
                <p>{word::FOOTER_CARD}</p>
                <p>
                    <a href="/privacy">{word::PRIVACY}</a>
                </p>
            </div>
        </footer>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_link_to_where_one_is_says_so() {
        assert_eq!(current("/trips", "/trips"), Some("page"));
        assert_eq!(current("/trips/T1", "/trips"), Some("true"));
        assert_eq!(current("/tripsy", "/trips"), None);
        assert_eq!(current("/", "/trips"), None);
    }
}

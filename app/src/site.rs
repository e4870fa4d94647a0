//! The document around every page, and the table of routes: one line a page.

use leptos::prelude::*;
use leptos_meta::{HashedStylesheet, MetaTags, provide_meta_context};
use leptos_router::components::{Route, Router, Routes};
use leptos_router::{SsrMode, path};

use crate::error::UiError;
use crate::part::layout::{Footer, Header};
use crate::part::trouble::Trouble;
use crate::shopper::balance::BalancePage;
use crate::shopper::confirm::{ConfirmCodePage, ConfirmPage};
use crate::shopper::dispute::{ClaimPage, DisputePage, MessagePage};
use crate::shopper::help::HelpPage;
use crate::shopper::home::HomePage;
use crate::shopper::link::LinkPage;
use crate::shopper::payoff::{CheckPage, PayoffPage};
use crate::shopper::privacy::{ErasePage, ErasedPage, PrivacyPage};
use crate::shopper::refund::{self, ChoosePage, RefundPage};
use crate::shopper::sessions::SessionsPage;
use crate::shopper::sign_in::{CodePage, SignInPage};
use crate::shopper::sign_in_card::CardPage;
use crate::shopper::sign_in_loyalty::LoyaltyPage;
use crate::shopper::sign_out::SignedOutPage;
use crate::shopper::trip::TripPage;
use crate::shopper::trips::TripsPage;
use crate::word::layout as word;

/// The whole document. Scripts carry the nonce of the response; no style and no script is inline without it.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="light dark" />
                <meta name="format-detection" content="telephone=no" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <HashedStylesheet options=options.clone() id="leptos" />
                <HydrationScripts options=options.clone() islands=true />
                <AutoReload options />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

/// The routes. Every page waits for all it shows, so that it is whole when it arrives.
#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let not_found = || view! { <Trouble error=UiError::NotFound /> };
    view! {
        <Router>
            <a class="skip" href="#main">
                {word::SKIP}
            </a>
            <Header />
            <main id="main" class="main" tabindex="-1">
                <Routes fallback=not_found>
                    <Route path=path!("") view=HomePage ssr=SsrMode::Async />
                    <Route path=path!("help") view=HelpPage ssr=SsrMode::Async />
                    <Route path=path!("sign-in") view=SignInPage ssr=SsrMode::Async />
                    <Route path=path!("sign-in/code") view=CodePage ssr=SsrMode::Async />
                    <Route path=path!("sign-in/card") view=CardPage ssr=SsrMode::Async />
                    <Route path=path!("sign-in/loyalty") view=LoyaltyPage ssr=SsrMode::Async />
                    <Route path=path!("link/:token") view=LinkPage ssr=SsrMode::Async />
                    <Route path=path!("confirm") view=ConfirmPage ssr=SsrMode::Async />
                    <Route path=path!("confirm/code") view=ConfirmCodePage ssr=SsrMode::Async />
                    <Route path=path!("sessions") view=SessionsPage ssr=SsrMode::Async />
                    <Route path=path!("signed-out") view=SignedOutPage ssr=SsrMode::Async />
                    <Route path=path!("trips") view=TripsPage ssr=SsrMode::Async />
                    <Route path=path!("trips/:trip") view=TripPage ssr=SsrMode::Async />
                    <Route path=path!("trips/:trip/refund") view=ChoosePage ssr=SsrMode::Async />
                    <Route path=path!("trips/:trip/refund/check") view=refund::CheckPage ssr=SsrMode::Async />
                    <Route path=path!("refunds/:refund") view=RefundPage ssr=SsrMode::Async />
                    <Route path=path!("trips/:trip/dispute") view=ClaimPage ssr=SsrMode::Async />
                    <Route path=path!("trips/:trip/dispute/check") view=MessagePage ssr=SsrMode::Async />
                    <Route path=path!("disputes/:dispute") view=DisputePage ssr=SsrMode::Async />
                    <Route path=path!("privacy") view=PrivacyPage ssr=SsrMode::Async />
                    <Route path=path!("privacy/erase") view=ErasePage ssr=SsrMode::Async />
                    <Route path=path!("privacy/erased") view=ErasedPage ssr=SsrMode::Async />
                    <Route path=path!("balance") view=BalancePage ssr=SsrMode::Async />
                    <Route path=path!("balance/check") view=CheckPage ssr=SsrMode::Async />
                    <Route path=path!("payoff/:payoff") view=PayoffPage ssr=SsrMode::Async />
                </Routes>
            </main>
            <Footer />
        </Router>
    }
}

//! What holds for every page.

use app::backend::TripPage;
use app::error::UiError;
use axum::http::StatusCode;

use crate::browser::open;
use crate::fake::{Fake, merchant, receipt};
use crate::refund;

const PAGES: [&str; 14] = [
    "/",
    "/help",
    "/sign-in",
    "/sign-in/code",
    "/signed-out",
    "/trips",
    "/trips/T-1",
    "/balance",
    "/trips/T-1/refund",
    "/trips/T-1/refund/check?line-1=1&reason=OTHER",
    "/refunds/550e8400-e29b-41d4-a716-446655440000",
    "/trips/T-1/dispute",
    "/trips/T-1/dispute/check?claim=not_mine",
    "/disputes/550e8400-e29b-41d4-a716-446655440000",
];

fn full(signed_in: bool) -> Fake {
    refund::full(Fake { signed_in, page: Some(TripPage::Receipt(Box::new(receipt()))), ..Fake::default() })
}

#[tokio::test]
async fn every_page_has_one_title_one_heading_and_one_main_part() {
    for path in PAGES {
        let fake = full(!path.starts_with("/sign"));
        let page = open(fake, path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.title().ends_with(" – Storeside"), "{path}: {}", page.title());
        for part in ["<h1", "<main id=\"main\"", "href=\"#main\"", "<footer"] {
            assert_eq!(page.html.matches(part).count(), 1, "{path}: {part}");
        }
    }
}

#[tokio::test]
async fn no_page_needs_an_inline_style_or_a_script_of_another_site() {
    for path in PAGES {
        let page = open(full(true), path).await;
        assert!(!page.html.contains("style=\"") && !page.html.contains("<style"), "{path}");
        assert!(!page.html.contains("onclick=") && !page.html.contains("src=\"http"), "{path}");
        for script in page.html.split("<script").skip(1) {
            assert!(script.split_once('>').unwrap().0.contains("nonce=\""), "{path}: a script without a nonce");
        }
    }
}

#[tokio::test]
async fn the_header_knows_who_is_signed_in() {
    let known = open(Fake::signed_in(), "/").await;
    assert!(known.text().contains("Signed in as j•••@e•••.com") && known.html.contains("action=\"/api/sign_out\""));
    let unknown = open(Fake::default(), "/").await;
    assert!(!unknown.text().contains("Signed in as") && unknown.html.contains("href=\"/sign-in\""));
}

#[tokio::test]
async fn the_first_page_has_three_doors_that_open_for_who_is_signed_in() {
    let unknown = open(Fake::default(), "/").await;
    for address in ["/sign-in?next=/trips", "/sign-in?next=/balance"] {
        assert!(unknown.html.contains(&format!("href=\"{address}\" class=\"door-link\"")), "{}", unknown.html);
    }
    let known = open(Fake::signed_in(), "/").await;
    assert_eq!(known.html.matches("class=\"door-link\"").count(), 3);
    for address in ["/trips", "/balance"] {
        assert!(known.html.contains(&format!("href=\"{address}\" class=\"door-link\"")), "{}", known.html);
    }
}

#[tokio::test]
async fn every_page_leads_to_help_and_help_to_people() {
    for path in PAGES {
        assert!(open(full(true), path).await.html.contains("href=\"/help\""), "{path}");
    }
    let help = open(Fake::default(), "/help").await;
    assert!(help.text().contains(&merchant().contact) && help.html.contains("name=\"description\""));
}

#[tokio::test]
async fn an_unknown_address_is_not_found() {
    for path in ["/nowhere", "/trips/T-1/more", "/trips/not%20an%20id", "/trips/T-unknown"] {
        let page = open(Fake::signed_in(), path).await;
        assert_eq!(page.status, StatusCode::NOT_FOUND, "{path}");
        assert!(page.text().contains("Page not found"), "{path}");
    }
}

#[tokio::test]
async fn who_is_not_signed_in_is_sent_to_sign_in_and_back() {
    for path in ["/trips", "/trips/T-1", "/balance"] {
        let page = open(Fake::default(), path).await;
        assert_eq!(page.status, StatusCode::FOUND, "{path}");
        assert_eq!(page.location, Some(format!("/sign-in?next={path}")));
    }
}

#[tokio::test]
async fn with_the_server_parts_away_every_page_says_so_and_public_pages_stay() {
    let away = Fake { failing: Some(UiError::Unavailable), ..Fake::default() };
    for path in ["/trips", "/trips/T-1", "/balance"] {
        let page = open(away.clone(), path).await;
        assert_eq!(page.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(page.text().contains("Try again in a few minutes"), "{path}");
    }
    for path in ["/", "/help", "/sign-in"] {
        assert_eq!(open(away.clone(), path).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_fault_of_ours_is_a_500_with_something_to_do() {
    let broken = Fake { failing: Some(UiError::Unexpected), ..Fake::default() };
    let page = open(broken, "/trips").await;
    assert_eq!(page.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(page.text().contains("Something went wrong on our side"));
}

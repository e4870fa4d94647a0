//! Signing in and out, by forms alone.

use app::error::UiError;
use axum::http::StatusCode;

use crate::browser::{local, open, send};
use crate::fake::{CODE, Fake};

#[tokio::test]
async fn the_address_leads_to_the_code_and_the_code_to_the_page_one_wanted() {
    let page = open(Fake::default(), "/sign-in?next=/trips/T-1").await;
    assert!(page.html.contains("action=\"/api/request_code\"") && page.html.contains("value=\"/trips/T-1\""));
    let sent = send(Fake::default(), "/sign-in", "/api/request_code", "email=jane%40example.com&next=/trips/T-1").await;
    assert_eq!((sent.status, local(&sent)), (StatusCode::FOUND, "/sign-in/code?next=/trips/T-1"));
    let code = open(Fake::default(), local(&sent)).await;
    assert!(code.text().contains("If we know this address, a code is on its way"));
    let form = format!("code={CODE}&next=/trips/T-1");
    let signed_in = send(Fake::default(), "/sign-in/code", "/api/sign_in", &form).await;
    assert_eq!((signed_in.status, local(&signed_in)), (StatusCode::FOUND, "/trips/T-1"));
}

#[tokio::test]
async fn no_link_leads_from_here_to_another_site() {
    for next in ["https://evil.example", "//evil.example", "/\\evil.example", "/trips/../../x"] {
        let page = open(Fake::default(), &format!("/sign-in?next={next}")).await;
        assert!(!page.html.contains("name=\"next\""), "{next}");
        let form = format!("code={CODE}&next={next}");
        let signed_in = send(Fake::default(), "/sign-in/code", "/api/sign_in", &form).await;
        assert_eq!(local(&signed_in), "/trips", "{next}");
    }
}

#[tokio::test]
async fn a_wrong_code_brings_the_page_back_with_a_summary_that_leads_to_the_field() {
    let refused = send(Fake::default(), "/sign-in/code?next=/balance", "/api/sign_in", "code=00000000").await;
    assert_eq!(refused.status, StatusCode::FOUND);
    let page = open(Fake::default(), local(&refused)).await;
    assert_eq!(page.title(), "Error: Enter your code – Storeside");
    assert!(page.html.contains("href=\"#code\"") && page.html.contains("role=\"alert\""));
    assert!(
        page.html.contains("aria-invalid=\"true\"")
            && page.html.contains("aria-describedby=\"code-hint code-problem\"")
    );
    assert!(page.text().contains("This code is wrong or no longer valid"));
    assert!(page.html.contains("value=\"/balance\""), "the way back is kept");
}

#[tokio::test]
async fn what_is_no_address_is_refused_in_words_and_not_repeated() {
    let refused = send(Fake::default(), "/sign-in", "/api/request_code", "email=jane%40example").await;
    let page = open(Fake::default(), local(&refused)).await;
    assert!(
        page.title().starts_with("Error: ") && page.text().contains("Enter an email address, like name@example.com")
    );
    assert!(!local(&refused).contains("jane") && !page.html.contains("jane"));
}

#[tokio::test]
async fn every_refusal_has_its_own_words() {
    let cases = [
        (UiError::TooManyTries, "Too many tries"),
        (UiError::Unavailable, "Nothing is lost; try again in a few minutes"),
        (UiError::Unexpected, "Something went wrong on our side"),
    ];
    for (error, words) in cases {
        let failing = Fake { failing: Some(error), ..Fake::default() };
        let refused = send(failing.clone(), "/sign-in", "/api/request_code", "email=jane%40example.com").await;
        let page = open(failing, local(&refused)).await;
        assert!(page.text().contains(words), "{error}: {}", page.text());
    }
}

#[tokio::test]
async fn a_made_up_error_in_the_address_shows_no_text_of_its_maker() {
    let page = open(Fake::default(), "/sign-in?__path=/api/request_code&__err=PGI-Ym9vPC9iPg==").await;
    assert!(page.text().contains("Something went wrong on our side") && !page.html.contains("boo"));
}

#[tokio::test]
async fn who_is_signed_in_skips_the_sign_in_page() {
    let page = open(Fake::signed_in(), "/sign-in?next=/balance").await;
    assert_eq!((page.status, local(&page)), (StatusCode::FOUND, "/balance"));
}

#[tokio::test]
async fn signing_out_ends_on_a_page_that_says_so() {
    let out = send(Fake::signed_in(), "/trips", "/api/sign_out", "").await;
    assert_eq!((out.status, local(&out)), (StatusCode::FOUND, "/signed-out"));
}

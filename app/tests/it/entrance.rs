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
    assert!(code.text().contains("If we know you, a code is on its way"));
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

const CARD: &str = "store=S1&day=2026-11-21&expiry=09%2F31";

#[tokio::test]
async fn ptl_001_a_card_with_a_last_fact_opens_its_trips_and_without_one_what_is_owed() {
    let page = open(Fake::default(), "/sign-in/card?next=/trips/T-1").await;
    assert!(page.html.contains("action=\"/api/sign_in_card\"") && page.text().contains("Device Account Number"));
    for (last, next) in [
        ("total=14.81&statement=", "/trips/T-1"),
        ("total=&statement=CST-1", "/trips/T-1"),
        ("total=&statement=", "/balance"),
    ] {
        let form = format!("{CARD}&tail=4242&{last}&next=/trips/T-1");
        let sent = send(Fake::default(), "/sign-in/card", "/api/sign_in_card", &form).await;
        assert_eq!((sent.status, local(&sent)), (StatusCode::FOUND, next), "{last}");
    }
}

#[tokio::test]
async fn ptl_011_each_wrong_fact_leads_to_its_field_and_none_is_repeated() {
    let cases = [
        ("store=&day=2026-11-21&expiry=09%2F31&tail=7351&total=&statement=", "store", "Choose the store"),
        ("store=S1&day=soon&expiry=09%2F31&tail=7351&total=&statement=", "day", "Enter the day"),
        ("store=S1&day=2026-11-21&expiry=13%2F31&tail=7351&total=&statement=", "expiry", "Enter the month and year"),
        ("store=S1&day=2026-11-21&expiry=09%2F31&tail=735&total=&statement=", "tail", "Enter the last four digits"),
        (
            "store=S1&day=2026-11-21&expiry=09%2F31&tail=7351&total=umpteen&statement=",
            "total",
            "Enter the total in figures",
        ),
        (
            "store=S1&day=2026-11-21&expiry=09%2F31&tail=7351&total=&statement=a%20b",
            "statement",
            "Enter the transaction ID",
        ),
        ("store=S1&day=2026-11-21&expiry=09%2F31&tail=7351&total=1&statement=", "store", "We cannot find one card"),
        ("store=&day=&expiry=&tail=5555%205555%205555%204444&total=&statement=", "tail", "Enter only four digits"),
    ];
    for (form, field, words) in cases {
        let refused = send(Fake::default(), "/sign-in/card", "/api/sign_in_card", form).await;
        let page = open(Fake::default(), local(&refused)).await;
        assert!(page.title().starts_with("Error: Sign in with your card"), "{}", page.title());
        assert!(page.html.contains(&format!("href=\"#{field}\"")) && page.text().contains(words), "{words}");
        assert!(page.html.contains(&format!("{field}-problem")), "{field}");
        for typed in ["7351", "5555", "umpteen", "13/31"] {
            assert!(!local(&refused).contains(typed) && !page.html.contains(typed), "{typed}");
        }
    }
}

#[tokio::test]
async fn looking_at_a_link_shows_a_button_and_nothing_else() {
    let token = "0a".repeat(32);
    let page = open(Fake::default(), &format!("/link/{token}")).await;
    assert!(page.html.contains("action=\"/api/open_link\"") && !page.title().contains(&token));
    let sent = send(Fake::default(), "/link/x", "/api/open_link", &format!("token={token}")).await;
    assert_eq!(local(&sent), "/balance");
    assert_eq!(open(Fake::default(), "/link/nonsense").await.status, StatusCode::GONE);
}

#[tokio::test]
async fn a_sum_without_trips_is_shown_with_a_button_and_no_trip() {
    let balance = app::backend::Balance { total: vec![crate::fake::usd(1032)], debts: vec![], can_pay: true };
    let page = open(Fake { balance, ..Fake::signed_in() }, "/balance").await;
    assert!(page.text().contains("$10.32") && page.html.contains("action=\"/api/pay\""));
    assert!(!page.html.contains("href=\"/trips/"));
}

#[tokio::test]
async fn the_sessions_page_has_a_button_for_each_and_one_for_all() {
    let page = open(Fake::signed_in(), "/sessions").await;
    assert_eq!(page.html.matches("action=\"/api/end_session\"").count(), 2);
    assert!(page.text().contains("This browser") && page.text().contains("Sign out everywhere"));
    let sent = send(Fake::signed_in(), "/sessions", "/api/end_sessions", "").await;
    assert_eq!(local(&sent), "/signed-out");
}

//! The balance.

use app::backend::Balance;
use domain::money::{Currency, Money};
use domain::reason::DebtCause;

use crate::browser::open;
use crate::fake::{Fake, debt, usd};

async fn text_of(balance: Balance) -> String {
    open(Fake { balance, ..Fake::signed_in() }, "/balance").await.text()
}

#[tokio::test]
async fn each_debt_has_its_date_store_cause_and_amount_and_the_sum_is_shown() {
    let debts = vec![debt("T-1", 2599, DebtCause::PaymentDeclined), debt("T-2", 1000, DebtCause::PartialCapture)];
    let text = text_of(Balance { total: vec![usd(3599)], debts, can_pay: false }).await;
    assert!(text.contains("You owe $35.99"), "{text}");
    assert!(
        text.contains("21 November 2026 Corner Store Your bank declined the payment. 2 items, owed for 3 days. I already paid, or this is not mine $25.99"),
        "{text}"
    );
    assert!(text.contains("Your bank allowed only a part of the payment. 2 items, owed for 3 days. I already paid, or this is not mine $10.00"), "{text}");
    assert!(text.contains("Total owed $35.99") && text.contains("the gate may stay closed"), "{text}");
}

#[tokio::test]
async fn who_owes_learns_where_to_pay_once_per_store_and_finds_no_dead_button() {
    let debts = vec![debt("T-1", 100, DebtCause::LateCart), debt("T-2", 100, DebtCause::LateCart)];
    let page = open(
        Fake { balance: Balance { total: vec![usd(200)], debts, can_pay: false }, ..Fake::signed_in() },
        "/balance",
    )
    .await;
    assert_eq!(page.text().matches("+1 206 555 0100").count(), 1);
    assert_eq!(page.html.matches("<button").count(), 1, "only the one that signs out");
}

#[tokio::test]
async fn every_cause_has_words_of_its_own() {
    let mut seen = std::collections::BTreeSet::new();
    for cause in DebtCause::ALL {
        let text = text_of(Balance { total: vec![usd(1)], debts: vec![debt("T-1", 1, *cause)], can_pay: false }).await;
        let words = text.split_once("Corner Store ").unwrap().1.split_once(" 2 items").unwrap().0.to_owned();
        assert!(!words.contains(cause.as_str()) && seen.insert(words), "{cause}");
    }
}

#[tokio::test]
async fn two_currencies_are_never_added() {
    let yen = Money::new(1200, Currency::JPY);
    let mut second = debt("T-2", 0, DebtCause::SystemError);
    second.outstanding = yen;
    let debts = vec![debt("T-1", 2599, DebtCause::PaymentDeclined), second];
    assert!(
        text_of(Balance { total: vec![usd(2599), yen], debts, can_pay: false })
            .await
            .contains("You owe $25.99 + ¥1,200")
    );
}

#[tokio::test]
async fn nothing_owed_is_said_in_words() {
    let text = text_of(Balance::default()).await;
    assert!(text.contains("You owe nothing") && !text.contains("How to pay"), "{text}");
}

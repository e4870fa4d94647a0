//! Refunds and disputes, page by page.

use app::backend::dispute::{DisputeBar, DisputeClaim, DisputeForm, DisputePage, DisputeStage, OwedDispute};
use app::backend::refund::{
    RefundBar, RefundCheck, RefundForm, RefundPage, RefundStage, RefundWays, ReturnableLine, ReturnedLine,
};
use app::backend::{Balance, Delays};
use app::error::UiError;
use axum::http::StatusCode;
use domain::reason::DebtCause;

use crate::browser::{local, open, send};
use crate::fake::{AT, Fake, debt, trip_id, usd};

const ID: &str = "550e8400-e29b-41d4-a716-446655440000";

fn form(bar: Option<RefundBar>) -> RefundForm {
    let line = |line_no, name: &str, unit: &str, left: &str| ReturnableLine {
        line_no,
        name: name.to_owned(),
        unit: unit.to_owned(),
        bought: "2".parse().unwrap(),
        left: left.parse().unwrap(),
        price: usd(398),
    };
    RefundForm {
        trip: trip_id("T-1"),
        store_name: "Corner Store".to_owned(),
        contact: "+1 206 555 0100".to_owned(),
        started_at: AT,
        until: AT + time::Duration::days(30),
        lines: vec![line(1, "Water", "unit", "2"), line(2, "Bananas", "lb", "1.25"), line(3, "Card", "unit", "0")],
        bar,
    }
}

fn ways() -> RefundWays {
    RefundWays { off_debt: usd(100), to_card: usd(298), elsewhere: usd(0) }
}

fn returned() -> Vec<ReturnedLine> {
    vec![ReturnedLine {
        name: "Water".to_owned(),
        quantity: "2".parse().unwrap(),
        unit: "unit".to_owned(),
        amount: usd(398),
    }]
}

pub(crate) fn page(stage: RefundStage) -> RefundPage {
    RefundPage {
        id: ID.parse().unwrap(),
        trip: trip_id("T-1"),
        store_name: "Corner Store".to_owned(),
        contact: "+1 206 555 0100".to_owned(),
        started_at: AT,
        requested_at: AT,
        amount: usd(398),
        lines: returned(),
        stage,
        ways: Some(ways()),
        reconciliation: None,
    }
}

fn disputed(stage: DisputeStage, outstanding: i64) -> DisputePage {
    DisputePage {
        id: ID.parse().unwrap(),
        trip: trip_id("T-1"),
        store_name: "Corner Store".to_owned(),
        contact: "+1 206 555 0100".to_owned(),
        started_at: AT,
        claim: DisputeClaim::NotMine,
        opened_at: AT,
        amount: usd(1032),
        outstanding: usd(outstanding),
        stage,
    }
}

/// Everything that the pages about refunds and disputes ask for.
pub(crate) fn full(fake: Fake) -> Fake {
    let check =
        RefundCheck { id: ID.parse().unwrap(), lines: returned(), amount: usd(398), ways: ways(), is_reviewed: true };
    Fake {
        refund_form: Some(form(None)),
        refund_check: Some(check),
        refund: Some(page(RefundStage::InReview)),
        dispute_form: Some(dispute_form(Ok(usd(1032)))),
        dispute: Some(disputed(DisputeStage::Open, 1032)),
        ..fake
    }
}

fn dispute_form(owed: Result<domain::money::Money, DisputeBar>) -> DisputeForm {
    DisputeForm {
        id: ID.parse().unwrap(),
        trip: trip_id("T-1"),
        store_name: "Corner Store".to_owned(),
        contact: "+1 206 555 0100".to_owned(),
        started_at: AT,
        owed,
    }
}

const CHECK: &str = "/trips/T-1/refund/check?line-1=2&line-2=&reason=OTHER";

#[tokio::test]
async fn what_is_typed_stays_and_each_mistake_is_said_at_its_field_and_at_the_top() {
    let path = "/trips/T-1/refund/check?line-1=3&line-2=0,5&line-3=7&reason=";
    let answer = open(full(Fake::signed_in()), path).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.title().starts_with("Error: "), "{}", answer.title());
    let (text, html) = (answer.text(), answer.html);
    for part in ["Water: type a number from 0 to 2", "Card: type a number from 0 to 0", "Choose why it comes back"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(html.contains("href=\"#line-1\"") && html.contains("href=\"#reason\""), "{html}");
    assert!(html.contains("value=\"3\"") && html.contains("value=\"0,5\""), "{html}");
    assert!(!text.contains("Bananas: type"), "a comma is a point: {text}");
}

#[tokio::test]
async fn the_exact_amount_stands_before_the_button_and_the_note_is_in_no_address() {
    let answer = open(full(Fake::signed_in()), CHECK).await;
    let text = answer.text();
    for part in
        ["Refund $3.98", "$1.00 comes off what you owe", "$2.98 goes back to the card", "A person looks at this"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    for part in ["action=\"/api/ask_refund\"", "method=\"post\"", "<textarea", "maxlength=\"500\"", ID, "value=\"1=2\""]
    {
        assert!(answer.html.contains(part), "{part}: {}", answer.html);
    }
    let sent = format!("trip=T-1&refund={ID}&lines=1%3D2&reason=OTHER&note=Jane&agreed_minor=398&currency=USD");
    let answer = send(full(Fake::signed_in()), CHECK, "/api/ask_refund", &sent).await;
    assert_eq!(local(&answer), format!("/refunds/{ID}"));
    for (error, part) in
        [(UiError::RefundChanged, "The amount has changed"), (UiError::NotRefundable, "cannot be refunded")]
    {
        let fake = Fake { refusing: Some(error), ..full(Fake::signed_in()) };
        let back = send(fake.clone(), CHECK, "/api/ask_refund", &sent).await;
        let back = local(&back).to_owned();
        assert!(back.contains("__err") && !back.contains("Jane"), "{back}");
        let text = open(fake, &back).await.text();
        assert!(text.contains(part) && text.contains("$3.98"), "{text}");
    }
}

#[tokio::test]
async fn a_form_that_nobody_of_ours_made_asks_for_nothing() {
    for sent in [
        format!("trip=..&refund={ID}&lines=1%3D2&reason=OTHER&note=&agreed_minor=398&currency=USD"),
        "trip=T-1&refund=1&lines=1%3D2&reason=OTHER&note=&agreed_minor=398&currency=USD".to_owned(),
        format!("trip=T-1&refund={ID}&lines=all&reason=OTHER&note=&agreed_minor=398&currency=USD"),
        format!("trip=T-1&refund={ID}&lines=1%3D2&reason=JWO_TECH_ERROR&note=&agreed_minor=398&currency=USD"),
        format!("trip=T-1&refund={ID}&lines=1%3D2&reason=OTHER&note=&agreed_minor=398&currency=usd"),
        "".to_owned(),
    ] {
        let answer = send(full(Fake::signed_in()), CHECK, "/api/ask_refund", &sent).await;
        assert!(local(&answer).contains("__err"), "{sent}");
    }
}

#[tokio::test]
async fn why_nothing_can_be_asked_for_is_said_before_anything_is_typed() {
    for (bar, part) in [
        (RefundBar::NotCharged, "Nothing has been charged"),
        (RefundBar::WindowOver { days: 30 }, "within 30 days of a trip. For this one that was until 21 December 2026"),
        (RefundBar::Open(ID.parse().unwrap()), "already asked for a refund"),
        (RefundBar::NothingLeft, "already been refunded"),
        (RefundBar::AskStore, "Only the store can say"),
    ] {
        let fake = Fake { refund_form: Some(form(Some(bar))), ..full(Fake::signed_in()) };
        for path in ["/trips/T-1/refund", CHECK] {
            let answer = open(fake.clone(), path).await;
            let text = answer.text();
            assert!(text.contains(part) && text.contains("+1 206 555 0100"), "{bar:?}: {text}");
            assert!(!answer.html.contains("ask_refund") && !answer.html.contains("name=\"line-1\""), "{bar:?}");
        }
    }
}

#[tokio::test]
async fn every_stage_of_a_refund_has_words_of_its_own() {
    let declined = RefundStage::Declined { because: "<b>it was eaten</b>".to_owned() };
    for (stage, part) in [
        (RefundStage::InReview, "A person looks at it"),
        (RefundStage::Waiting, "as soon as your payment for the trip is confirmed"),
        (RefundStage::Sending { is_late: false }, "It is being sent"),
        (RefundStage::Sending { is_late: true }, "We keep trying, nothing is lost"),
        (RefundStage::ByHand, "our staff give it back"),
        (RefundStage::Refunded, "Your bank decides how soon"),
        (RefundStage::Credited, "It came off what you owed"),
        (declined, "The reason: &lt;b&gt;it was eaten"),
    ] {
        let fake = Fake { refund: Some(page(stage.clone())), ..Fake::signed_in() };
        let html = open(fake, &format!("/refunds/{ID}")).await.html;
        assert!(html.contains(part) && html.contains(ID), "{stage:?}: {html}");
    }
}

#[tokio::test]
async fn a_dispute_is_chosen_checked_sent_and_told() {
    let fake = full(Fake::signed_in());
    let text = open(fake.clone(), "/trips/T-1/dispute").await.text();
    assert!(text.contains("I already paid for this trip") && text.contains("$10.32"), "{text}");
    let nothing = open(fake.clone(), "/trips/T-1/dispute/check?claim=x").await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(nothing.text().contains("Choose what is wrong"));
    let path = "/trips/T-1/dispute/check?claim=not_mine";
    let check = open(fake.clone(), path).await;
    assert!(check.html.contains("action=\"/api/open_dispute\"") && check.text().contains("This trip is not mine"));
    let sent = format!("trip=T-1&dispute={ID}&claim=not_mine&note=Jane");
    assert_eq!(local(&send(fake, path, "/api/open_dispute", &sent).await), format!("/disputes/{ID}"));
    for (stage, outstanding, part) in [
        (DisputeStage::Open, 1032, "We look at it"),
        (DisputeStage::Upheld, 0, "You need not pay"),
        (DisputeStage::Rejected { because: "the video shows you".to_owned() }, 1032, "The reason: the video shows you"),
    ] {
        let fake = Fake { dispute: Some(disputed(stage, outstanding)), ..Fake::signed_in() };
        let text = open(fake, &format!("/disputes/{ID}")).await.text();
        assert!(text.contains(part) && text.contains("Go to your balance") == (outstanding > 0), "{text}");
    }
    for bar in [DisputeBar::NotOwed, DisputeBar::TooOften, DisputeBar::Open(ID.parse().unwrap())] {
        let fake = Fake { dispute_form: Some(dispute_form(Err(bar))), ..Fake::signed_in() };
        let answer = open(fake, path).await;
        assert!(answer.text().contains("There is nothing to send") && !answer.html.contains("open_dispute"), "{bar:?}");
    }
}

#[tokio::test]
async fn the_balance_leads_to_a_dispute_and_to_the_one_there_is() {
    for (dispute, part) in [
        (None, "/trips/T-1/dispute"),
        (Some(OwedDispute { id: ID.parse().unwrap(), is_open: true }), "You told us that this is wrong"),
        (Some(OwedDispute { id: ID.parse().unwrap(), is_open: false }), "We looked at it again"),
    ] {
        let mut owed = debt("T-1", 1032, DebtCause::PaymentDeclined);
        owed.dispute = dispute;
        let balance = Balance { total: vec![usd(1032)], debts: vec![owed], can_pay: true };
        let html = open(Fake { balance, ..Fake::signed_in() }, "/balance").await.html;
        assert!(html.contains(part) && html.contains("action=\"/balance/check\""), "{part}: {html}");
    }
}

#[tokio::test]
async fn late_mails_are_told_where_a_mail_is_waited_for() {
    let late = Fake { delays: Delays { mail: true, charges: false }, ..Fake::default() };
    assert!(open(late, "/sign-in/code").await.text().contains("Our emails are late just now"));
    assert!(!open(Fake::default(), "/sign-in/code").await.text().contains("late just now"));
}

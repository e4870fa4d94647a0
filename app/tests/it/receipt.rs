//! The receipt.

use app::backend::TripPage;
use app::backend::find::ReceiptMail;
use domain::receipt::{CardFacts, PaymentProgress, Receipt, ReceiptRefund, RefundProgress};

use crate::browser::{Answer, local, open, send};
use crate::fake::{AT, Fake, card, receipt, usd};

async fn page_of(receipt: Receipt) -> Answer {
    open(Fake { page: Some(TripPage::Receipt(Box::new(receipt))), ..Fake::signed_in() }, "/trips/T-1").await
}

#[tokio::test]
async fn a_receipt_has_every_line_every_tax_and_every_sum() {
    let text = page_of(receipt()).await.text();
    for expected in [
        "Sparkling water, lime, 0.5 l Two for one: −$1.99 2 $1.99 $3.98",
        "Bananas 1.25\u{a0}lb $0.79\u{a0}/\u{a0}lb $0.99",
        "Items $18.45",
        "Two for one −$1.99",
        "State tax 3% $0.40",
        "City tax 10.25% $0.51",
        "Included: Sugar tax 1% $0.02",
        "Deposits and fees $0.20",
        "Total $17.57",
        "Charged to your card $17.57",
    ] {
        assert!(
            text.split_whitespace().collect::<Vec<_>>().join(" ").contains(&expected.replace('\u{a0}', " ")),
            "{expected}: {text}"
        );
    }
    assert!(!text.contains("Still owed"), "{text}");
}

#[tokio::test]
async fn a_receipt_says_who_sold_and_how_to_find_it_on_the_statement() {
    let text = page_of(receipt()).await.text();
    for expected in [
        "Corner Store 500 Pine Street Seattle, WA 98101",
        "Tax number 91-1234567",
        "Contact +1 206 555 0100",
        "Card VISA ending in 1234",
        "Card read Contactless",
        "P01-7741203-5512094-C038117",
        "How to find this on your statement",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[tokio::test]
async fn a_receipt_never_shows_when_the_card_expires() {
    let page = page_of(receipt()).await;
    assert!(!page.html.contains("2031") && !page.html.contains("11/31"));
}

#[tokio::test]
async fn what_is_owed_stands_first_and_leads_to_the_balance() {
    let owed = Receipt { captured: usd(0), outstanding: usd(1757), progress: PaymentProgress::Owed, ..receipt() };
    let page = page_of(owed).await;
    let text = page.text();
    assert!(text.contains("You still owe $17.57 for this trip") && text.contains("Still owed $17.57"), "{text}");
    assert!(text.contains("Charged to your card $0.00") && page.html.contains("href=\"/balance\""), "{text}");
}

#[tokio::test]
async fn the_payment_is_told_apart_while_it_runs_and_when_there_is_none() {
    let running = Receipt { captured: usd(0), progress: PaymentProgress::InProgress, card: None, ..receipt() };
    let text = page_of(running).await.text();
    assert!(
        text.contains("Your card is being charged") && text.contains("The details of your card are not known yet"),
        "{text}"
    );
    let none = Receipt { captured: usd(0), progress: PaymentProgress::NoCharge, lines: vec![], ..receipt() };
    assert!(page_of(none).await.text().contains("Nothing was charged"));
}

#[tokio::test]
async fn a_card_of_which_only_the_brand_is_known_is_named_by_it() {
    let card = CardFacts { brand: Some("AMEX".to_owned()), ..CardFacts::default() };
    let text = page_of(Receipt { card: Some(card), ..receipt() }).await.text();
    assert!(text.contains("$17.57 was charged to AMEX.") && !text.contains("How to find this"), "{text}");
}

#[tokio::test]
async fn things_that_could_not_be_identified_are_told() {
    let text = page_of(Receipt { unidentified: 2, ..receipt() }).await.text();
    assert!(text.contains("2 things you took could not be identified. They are not charged."), "{text}");
}

#[tokio::test]
async fn names_from_outside_stay_text() {
    let mut hostile = receipt();
    hostile.lines[0].name = "<script>alert(1)</script>".to_owned();
    hostile.merchant.name = "\"><img src=x onerror=alert(1)>".to_owned();
    let statement_id = Some("'\"><b onclick=alert(1)>".to_owned());
    hostile.card = hostile.card.map(|card| CardFacts { card_statement_transaction_id: statement_id, ..card });
    let html = page_of(hostile).await.html;
    assert!(!html.contains("<script>alert") && !html.contains("<img src=x") && !html.contains("<b onclick"));
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
}

#[tokio::test]
async fn comp_003_a_receipt_has_the_facts_of_the_chip_the_refunds_and_the_paper() {
    let text = |it: &str| Some(it.to_owned());
    let whole = CardFacts { application_id: text("A0000000031010"), terminal_id: text("T-77"), ..card() };
    let refund = ReceiptRefund {
        reference: "550e8400-e29b-41d4-a716-446655440000".parse().unwrap(),
        requested_at: AT,
        amount: usd(300),
        progress: RefundProgress::Declined,
        reconciliation: None,
        declined_because: text("The seal was broken."),
    };
    let page = page_of(Receipt { card: Some(whole), refunds: vec![refund], ..receipt() }).await;
    let shown = page.text();
    for part in [
        "Application (AID) A0000000031010",
        "Terminal T-77",
        "Refunds $3.00 Declined: The seal was broken.",
        "reference 550e8400-e29b-41d4-a716-446655440000",
        "Nothing is held on your card for this trip any more.",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(page.html.contains("href=\"/trips/T-1/receipt.pdf\""), "{}", page.html);
}

#[tokio::test]
async fn a_receipt_is_mailed_again_to_the_address_on_file_and_only_there() {
    let page = Some(TripPage::Receipt(Box::new(receipt())));
    let with = |mail| Fake { mail, page: page.clone(), ..Fake::signed_in() };
    let shown = open(with(Some(ReceiptMail::Masked("j•••@e•••.com".to_owned()))), "/trips/T-1").await;
    assert!(
        shown.text().contains("We send it with a PDF to j•••@e•••.com.") && shown.html.contains("/api/send_receipt")
    );
    let nobody = open(with(None), "/trips/T-1").await;
    assert!(nobody.text().contains("We do not know an email address for this card"), "{}", nobody.text());
    assert!(!nobody.html.contains("/api/send_receipt"));
    let sent = send(with(Some(ReceiptMail::OnFile)), "/trips/T-1", "/api/send_receipt", "trip=T-1").await;
    assert_eq!(sent.location.as_deref(), Some("/trips/T-1?mailed=1"));
    let done = open(with(Some(ReceiptMail::OnFile)), "/trips/T-1?mailed=1").await.text();
    assert!(done.contains("Your receipt is on its way"), "{done}");
    let refused = send(with(None), "/trips/T-1", "/api/send_receipt", "trip=T-1").await;
    let why = open(with(None), local(&refused)).await.text();
    assert!(why.contains("We do not know where to send it"), "{why}");
}

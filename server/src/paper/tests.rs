//! What is on the paper, read back from the file.

use domain::id::{ReconciliationId, TripId};
use domain::money::{Currency, Money};
use domain::pricing::AppliedPromotion;
use domain::promotion::PromotionId;
use domain::receipt::{CardFacts, Merchant, PaymentProgress, ReceiptLine, ReceiptRefund, ReceiptTax, RefundProgress};
use lopdf::{Document, Object};
use time::macros::datetime;

use super::*;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

fn line(number: usize) -> ReceiptLine {
    ReceiptLine {
        name: format!("Article number {number} of many"),
        quantity: "2".parse().unwrap(),
        unit: "unit".to_owned(),
        unit_price: usd(150),
        price: usd(300),
        promotions: vec![],
    }
}

fn card() -> CardFacts {
    let text = |it: &str| Some(it.to_owned());
    CardFacts {
        brand: text("VISA"),
        tail: text("1234"),
        expiration_month: text("11"),
        expiration_year: text("2031"),
        pos_entry_mode: text("EMV_9F39_07"),
        application_id: text("A0000000031010"),
        terminal_id: text("T-77"),
        card_statement_transaction_id: text("P01-7741203-5512094"),
        ..CardFacts::default()
    }
}

fn receipt_of(lines: usize) -> Receipt {
    let sale = AppliedPromotion { id: PromotionId("sale".into()), name: "Two for one".into(), amount: usd(199) };
    Receipt {
        trip: TripId::new("trip-1").unwrap(),
        merchant: Merchant {
            name: "Corner Market".to_owned(),
            address: "1 Market Street\nSpringfield".to_owned(),
            tax_number: "12-3456789".to_owned(),
            contact: "help@shop.example".to_owned(),
        },
        started_at: datetime!(2026-11-21 14:05 UTC),
        lines: (1..=lines).map(line).collect(),
        unidentified: 0,
        price: usd(123_456),
        promotions: vec![sale],
        discount: usd(199),
        taxes: vec![ReceiptTax {
            jurisdiction: "US-NY".into(),
            name: "Sales tax".into(),
            percent: "8.875".parse().unwrap(),
            included: false,
            amount: usd(36),
        }],
        tax: usd(36),
        tax_included: usd(0),
        deposits: usd(20),
        total: usd(123_313),
        captured: usd(123_000),
        outstanding: usd(313),
        progress: PaymentProgress::Owed,
        card: Some(card()),
        refunds: vec![ReceiptRefund {
            reference: "550e8400-e29b-41d4-a716-446655440000".parse().unwrap(),
            requested_at: datetime!(2026-11-22 09:00 UTC),
            amount: usd(300),
            progress: RefundProgress::Refunded,
            reconciliation: Some(ReconciliationId::new("REC-9").unwrap()),
            declined_because: None,
        }],
        held: None,
    }
}

/// The text of each page.
fn pages(bytes: &[u8]) -> Vec<String> {
    let file = Document::load_mem(bytes).unwrap();
    file.get_pages().keys().map(|number| file.extract_text(&[*number]).unwrap()).collect()
}

/// The text of all pages, every blank one blank.
fn text(receipt: &Receipt) -> String {
    pages(&receipt_pdf(receipt)).join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn comp_003_everything_on_the_paper_can_be_read_and_copied_out_of_it() {
    let text = text(&receipt_of(3));
    for part in [
        "Corner Market",
        "1 Market Street",
        "Springfield",
        "12-3456789",
        "help@shop.example",
        "21 November 2026, 14:05 UTC",
        "trip-1",
        "Article number 3 of many",
        "$1.50",
        "$3.00",
        "$1,234.56",
        "Two for one",
        "−$1.99",
        "Sales tax 8.875%",
        "$0.36",
        "Deposits and fees",
        "$0.20",
        "Total",
        "$1,233.13",
        "Charged to your card",
        "$1,230.00",
        "Still owed",
        "$3.13",
        "VISA ending in 1234",
        "Contactless",
        "A0000000031010",
        "T-77",
        "P01-7741203-5512094",
        "Refunded to your card",
        "REC-9",
        "Page 1 of 1",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert!(!text.contains("2031"), "a receipt never shows when the card expires");
}

#[test]
fn ptl_003_many_articles_fill_many_pages_each_with_the_head_of_the_table() {
    let pages = pages(&receipt_pdf(&receipt_of(200)));
    assert!(pages.len() >= 4, "{}", pages.len());
    for (number, page) in (1..).zip(&pages) {
        assert!(page.contains(&format!("Page {number} of {}", pages.len())), "{page}");
        assert_eq!(page.contains("Unit price"), page.contains("Article number"), "{page}");
    }
    let all = pages.join(" ");
    for number in 1..=200 {
        assert_eq!(all.matches(&format!("Article number {number} of many")).count(), 1, "{number}");
    }
}

#[test]
fn the_same_receipt_is_the_same_bytes_and_they_say_nothing_of_who_and_when() {
    let first = receipt_pdf(&receipt_of(50));
    assert_eq!(first, receipt_pdf(&receipt_of(50)));
    assert_ne!(first, receipt_pdf(&receipt_of(49)));
    assert!(first.len() <= 60_000, "{} bytes", first.len());
    let file = Document::load_mem(&first).unwrap();
    let info = file.trailer.get(b"Info").unwrap().as_reference().unwrap();
    for (key, value) in file.get_dictionary(info).unwrap() {
        let said = match value {
            Object::String(text, _) => text.iter().any(|byte| !matches!(byte, 0xfe | 0xff | 0)),
            _ => false,
        };
        assert!(!said || key == b"Title", "{}: {value:?}", String::from_utf8_lossy(key));
    }
    assert!(file.catalog().unwrap().get(b"Metadata").is_err());
}

#[test]
fn what_the_typeface_does_not_have_is_replaced_and_what_hides_text_is_left_out() {
    let mut odd = receipt_of(1);
    odd.lines[0].name = "Grüße Ελλάδα Привет 🛒 寿司 \u{202e}evil\u{200b} tab\tnul\0end".to_owned();
    let text = text(&odd);
    assert!(text.contains("Grüße Ελλάδα Привет ? ?? evil tab nulend"), "{text}");
}

#[test]
fn a_name_of_any_length_stays_on_the_paper() {
    let mut long = receipt_of(1);
    long.lines[0].name = "W".repeat(5_000);
    long.merchant.contact = "x".repeat(2_000);
    let pages = pages(&receipt_pdf(&long));
    let all: String = pages.join("").split_whitespace().collect();
    assert!(all.matches('W').count() >= 5_000 && all.contains("$1,233.13"), "{}", pages.len());
    let none = Receipt { lines: vec![], card: None, refunds: vec![], ..receipt_of(0) };
    assert!(text(&none).contains("The details of your card are not known yet."));
}

#[test]
fn a_file_is_named_by_its_day_only() {
    assert_eq!(file_name(datetime!(2026-11-21 14:05 UTC)), "receipt-2026-11-21.pdf");
}

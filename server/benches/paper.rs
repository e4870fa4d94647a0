//! How long a receipt on paper takes, and how large it is: `cargo bench -p server --bench paper`.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot go on has failed")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use domain::id::TripId;
use domain::money::{Currency, Money};
use domain::pricing::AppliedPromotion;
use domain::promotion::PromotionId;
use domain::receipt::{CardFacts, Merchant, PaymentProgress, Receipt, ReceiptLine, ReceiptTax};
use server::paper::receipt_pdf;
use time::OffsetDateTime;

/// The target of issue 6, at the 99th percentile and for 50 lines.
const TIME_MAX: Duration = Duration::from_millis(10);
const BYTES_MAX: usize = 60_000;

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::USD)
}

/// Names of many letters, as a catalogue has them; every third line has a promotion.
fn receipt(lines: usize) -> Receipt {
    let line = |number: usize| ReceiptLine {
        name: format!("Büchsenmilch №{number} «Ελλάς», quite long, 0.{number} l"),
        quantity: "2".parse().unwrap(),
        unit: "unit".to_owned(),
        unit_price: usd(199),
        price: usd(398),
        promotions: if number.is_multiple_of(3) {
            vec![AppliedPromotion { id: PromotionId("two".into()), name: "Two for one".into(), amount: usd(199) }]
        } else {
            vec![]
        },
    };
    let text = |it: &str| Some(it.to_owned());
    Receipt {
        trip: TripId::new("550e8400-e29b-41d4-a716-446655440000").unwrap(),
        merchant: Merchant {
            name: "Corner Market".to_owned(),
            address: "1 Market Street\nSpringfield".to_owned(),
            tax_number: "12-3456789".to_owned(),
            contact: "help@shop.example".to_owned(),
        },
        started_at: OffsetDateTime::UNIX_EPOCH,
        lines: (0..lines).map(line).collect(),
        unidentified: 1,
        price: usd(19_900),
        promotions: vec![],
        discount: usd(0),
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
        total: usd(19_956),
        captured: usd(19_956),
        outstanding: usd(0),
        progress: PaymentProgress::Paid,
        card: Some(CardFacts {
            brand: text("VISA"),
            tail: text("1234"),
            application_id: text("A0000000031010"),
            card_statement_transaction_id: text("P01-7741203-5512094-C038117"),
            ..CardFacts::default()
        }),
        refunds: vec![],
        held: None,
    }
}

/// Median and 99th percentile of the quietest of five rounds: what else the machine does is not the paper's.
fn measure(receipt: &Receipt) -> (Duration, Duration) {
    let round = |_| {
        let time = |_| {
            let start = Instant::now();
            black_box(receipt_pdf(black_box(receipt)));
            start.elapsed()
        };
        let mut times: Vec<Duration> = (0..200).map(time).collect();
        times.sort_unstable();
        (times[times.len() / 2], times[times.len() * 99 / 100])
    };
    (0..5).map(round).min_by_key(|(_, p99)| *p99).unwrap()
}

fn main() {
    let mut missed = false;
    println!("{:<8} {:>10} {:>10} {:>8}", "lines", "p50 µs", "p99 µs", "bytes");
    for (lines, has_target) in [(5, false), (50, true), (500, false)] {
        let receipt = receipt(lines);
        let bytes = receipt_pdf(&receipt).len();
        let (p50, p99) = measure(&receipt);
        let met = p99 <= TIME_MAX && bytes <= BYTES_MAX;
        missed |= has_target && !met;
        let verdict = match (has_target, met) {
            (false, _) => "",
            (true, true) => "  10 ms and 60,000 bytes: met",
            (true, false) => "  10 ms and 60,000 bytes: MISSED",
        };
        println!("{lines:<8} {:>10} {:>10} {bytes:>8}{verdict}", p50.as_micros(), p99.as_micros());
    }
    if missed {
        std::process::exit(1);
    }
}

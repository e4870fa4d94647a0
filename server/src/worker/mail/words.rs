//! What the mails say: plain text, so that every mailbox shows it.

use std::fmt::Write;

use domain::effect::SignInCode;
use domain::money::Money;
use domain::receipt::{Receipt, word};
use time::OffsetDateTime;

use super::Words;
use crate::flow::payment_link::{LinkMail, link_address};
use crate::flow::read_receipt::TripMail;
use crate::secret::Secret;

/// Columns of an article line, which a phone shows without breaking.
const WIDTH: usize = 44;

pub(super) fn receipt(mail: &TripMail, public_url: &str) -> Words {
    let receipt = &mail.receipt;
    let mut text = head(receipt);
    push_lines(&mut text, receipt);
    push_totals(&mut text, receipt);
    push_card(&mut text, receipt);
    push_refunds(&mut text, receipt);
    let _ = write!(
        text,
        "\nThe receipt comes with this mail as a PDF. It is also here:\n{public_url}/trips/{}\n\nSomething wrong? {} can help.\n",
        receipt.trip, receipt.merchant.contact
    );
    Words { subject: format!("Your receipt from {}: {}", receipt.merchant.name, amount(receipt.total)), text }
}

pub(super) fn debt_notice(mail: &TripMail, token: &Secret, public_url: &str) -> Words {
    let receipt = &mail.receipt;
    let owed = amount(receipt.outstanding);
    let mut text = format!(
        "We could not take the whole payment for your visit to {} on {}.\n\nYou owe {owed}. The gate may stay closed for \
         this card until it is paid.\n\nWhat to do: see why, and pay by card here:\n{}\n\nThe link opens this one visit. It is \
         good once, for 7 days: keep it to yourself. All that you owe, visit by visit, is here:\n{public_url}/balance\n\nOr write \
         to {} and name the visit below. They take the payment, and the gate opens for you again.\n\nVisit: {}\n\n",
        receipt.merchant.name,
        day(receipt.started_at),
        link_address(public_url, token),
        receipt.merchant.contact,
        receipt.trip,
    );
    push_lines(&mut text, receipt);
    push_totals(&mut text, receipt);
    Words { subject: format!("You owe {owed} at {}", receipt.merchant.name), text }
}

pub(super) fn sign_in_code(code: &SignInCode) -> Words {
    let code = &code.0;
    Words {
        subject: "Your sign-in code".to_owned(),
        text: format!(
            "Your code is {code}\n\nType it into the page that asked for it. It is good for 10 minutes, and only in that \
             browser.\n\nYou did not ask for a code? Then somebody typed your address. Nothing has happened, and there is \
             nothing to do.\n"
        ),
    }
}

pub(super) fn payment_link(mail: &LinkMail, public_url: &str) -> Words {
    let store = &mail.merchant.name;
    Words {
        subject: format!("Your visit to {store}: pay what is owed"),
        text: format!(
            "Something is owed for your visit to {store} on {}. See how much and why, and pay it by card here:\n{}\n\nThe link \
             opens this one visit. It is good once, for 7 days: keep it to yourself.\n\nSomething wrong? {} can help.\n",
            day(mail.started_at),
            link_address(public_url, &mail.token),
            mail.merchant.contact,
        ),
    }
}

fn head(receipt: &Receipt) -> String {
    let merchant = &receipt.merchant;
    format!(
        "{}\n{}\nTax number {}\n\n{}\n\n",
        merchant.name,
        merchant.address,
        merchant.tax_number,
        day(receipt.started_at)
    )
}

fn push_lines(text: &mut String, receipt: &Receipt) {
    for line in &receipt.lines {
        push_amount(text, &line.name, line.price);
        for promotion in &line.promotions {
            let _ = writeln!(text, "  {}: -{}", promotion.name, amount(promotion.amount));
        }
        let _ = writeln!(text, "  {} {} x {}", line.quantity.normalize(), line.unit, amount(line.unit_price));
    }
    if receipt.unidentified > 0 {
        let _ = writeln!(text, "Not charged: {} items we could not identify", receipt.unidentified);
    }
}

fn push_totals(text: &mut String, receipt: &Receipt) {
    text.push('\n');
    for sum in word::sums(receipt) {
        let sign = if sum.is_off { "-" } else { "" };
        push_text(text, &sum.name, &format!("{sign}{}", amount(sum.amount)));
    }
}

fn push_card(text: &mut String, receipt: &Receipt) {
    let Some(card) = &receipt.card else { return };
    text.push('\n');
    for (name, fact) in word::card_rows(card) {
        let _ = writeln!(text, "{name}: {fact}");
    }
    if let Some(number) = &card.card_statement_transaction_id {
        let _ = write!(text, "Transaction on your card statement: {number}\n{}\n", word::STATEMENT_TEXT);
    }
}

fn push_refunds(text: &mut String, receipt: &Receipt) {
    for refund in &receipt.refunds {
        text.push('\n');
        push_amount(text, word::REFUNDS, refund.amount);
        for line in word::refund_lines(refund) {
            let _ = writeln!(text, "  {line}");
        }
    }
}

/// A name on the left and an amount on the right.
pub(super) fn push_amount(text: &mut String, name: &str, money: Money) {
    push_text(text, name, &amount(money));
}

pub(super) fn push_text(text: &mut String, name: &str, right: &str) {
    let room = WIDTH.saturating_sub(right.chars().count() + 1);
    let name: String = name.chars().take(room).collect();
    let _ = writeln!(text, "{name:<room$} {right}");
}

/// Plain ASCII, for every mailbox: `USD 25.99`.
pub(super) fn amount(money: Money) -> String {
    word::plain_amount(money)
}

pub(super) fn day(at: OffsetDateTime) -> String {
    word::moment(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::{EmailAddress, TripId};
    use domain::money::Currency;
    use domain::pricing::AppliedPromotion;
    use domain::promotion::PromotionId;
    use domain::receipt::{CardFacts, Merchant, PaymentProgress, ReceiptLine, ReceiptTax};

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    fn mail() -> TripMail {
        let line = |name: &str, price| ReceiptLine {
            name: name.to_owned(),
            quantity: "2.0".parse().unwrap(),
            unit: "unit".to_owned(),
            unit_price: usd(100),
            price: usd(price),
            promotions: vec![],
        };
        let sale = AppliedPromotion { id: PromotionId("sale".into()), name: "Sale".into(), amount: usd(20) };
        TripMail {
            to: EmailAddress::new("a@b.com").unwrap(),
            receipt: Receipt {
                trip: TripId::new("trip-1").unwrap(),
                merchant: Merchant {
                    name: "Corner Market".to_owned(),
                    address: "1 Street".to_owned(),
                    tax_number: "12".to_owned(),
                    contact: "help@example.com".to_owned(),
                },
                started_at: OffsetDateTime::UNIX_EPOCH,
                lines: vec![
                    ReceiptLine { promotions: vec![sale.clone()], ..line("Tea", 200) },
                    line(&"A very long name ".repeat(9), 200),
                ],
                unidentified: 1,
                price: usd(400),
                promotions: vec![sale],
                discount: usd(20),
                taxes: vec![ReceiptTax {
                    jurisdiction: "US-NY".into(),
                    name: "Sales tax".into(),
                    percent: "8.875".parse().unwrap(),
                    included: false,
                    amount: usd(36),
                }],
                tax: usd(36),
                tax_included: usd(0),
                deposits: usd(5),
                total: usd(421),
                captured: usd(421),
                outstanding: usd(0),
                progress: PaymentProgress::Paid,
                card: Some(CardFacts {
                    brand: Some("VISA".to_owned()),
                    tail: Some("1234".to_owned()),
                    card_statement_transaction_id: Some("CST-1".to_owned()),
                    ..CardFacts::default()
                }),
                refunds: vec![],
                held: None,
            },
        }
    }

    #[test]
    fn a_receipt_says_what_was_bought_what_it_cost_and_with_which_card() {
        let words = receipt(&mail(), "https://shop.example");
        assert_eq!(words.subject, "Your receipt from Corner Market: USD 4.21");
        for part in [
            "Tea                                 USD 2.00",
            "  2 unit x USD 1.00",
            "  Sale: -USD 0.20",
            "Sale                               -USD 0.20",
            "Sales tax 8.875%                    USD 0.36",
            "Deposits and fees                   USD 0.05",
            "Total                               USD 4.21",
            "VISA ending in 1234",
            "Transaction on your card statement: CST-1",
            "Not charged: 1 items",
            "https://shop.example/trips/trip-1",
        ] {
            assert!(words.text.contains(part), "{part} is not in\n{}", words.text);
        }
        let widest =
            words.text.lines().filter(|line| line.ends_with("USD 2.00")).map(|line| line.chars().count()).max();
        assert_eq!(widest, Some(WIDTH));
    }

    #[test]
    fn a_debt_notice_says_how_much_where_and_what_to_do() {
        let mut mail = mail();
        mail.receipt.outstanding = usd(436);
        mail.receipt.progress = PaymentProgress::Owed;
        let words = debt_notice(&mail, &Secret::new("a-token"), "https://shop.example");
        assert_eq!(words.subject, "You owe USD 4.36 at Corner Market");
        let link = "https://shop.example/link/a-token";
        for part in ["You owe USD 4.36", "help@example.com", link, "https://shop.example/balance", "Visit: trip-1"] {
            assert!(words.text.contains(part), "{part} is not in\n{}", words.text);
        }
    }
}

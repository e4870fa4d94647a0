//! The words, amounts and moments of a receipt, in one place: the page, the paper and the mail say the same. English is the first
//! language; another one is another set of these.

use rust_decimal::Decimal;
use time::{Month, OffsetDateTime, UtcOffset};

use super::{CardFacts, Receipt, ReceiptRefund, ReceiptTax, RefundProgress};
use crate::money::Money;

/// The title.
pub const RECEIPT: &str = "Receipt";
/// Above the articles.
pub const ITEMS: &str = "Items";
/// Above the names of the articles.
pub const ITEM: &str = "Item";
/// How much of it.
pub const QUANTITY: &str = "Quantity";
/// The price of one.
pub const UNIT_PRICE: &str = "Unit price";
/// Quantity times unit price.
pub const PRICE: &str = "Price";
/// Deposits and fees.
pub const DEPOSITS: &str = "Deposits and fees";
/// What the purchase costs.
pub const TOTAL: &str = "Total";
/// What was taken from the card.
pub const CHARGED: &str = "Charged to your card";
/// While it is being taken.
pub const NOT_CHARGED_YET: &str = "Your card is being charged; this is not the last word.";
/// What could not be taken, and was not paid since.
pub const OWED: &str = "Still owed";
/// Above the card.
pub const PAYMENT: &str = "Payment";
/// Until Amazon has told.
pub const CARD_COMING: &str = "The details of your card are not known yet.";
/// The store's tax number.
pub const TAX_NUMBER: &str = "Tax number";
/// Where to ask.
pub const CONTACT: &str = "Contact";
/// When the visit began.
pub const DATE: &str = "Date";
/// Amazon's name of the visit.
pub const TRIP: &str = "Trip number";
/// The card.
pub const CARD: &str = "Card";
/// How it was read.
pub const ENTRY_MODE: &str = "Card read";
/// `cardStatementTransactionId`.
pub const STATEMENT_ID: &str = "Number on your card statement";
/// Above the next one.
pub const STATEMENT_HELP: &str = "How to find this on your statement";
/// What to look for.
pub const STATEMENT_TEXT: &str = "Look for this number in the details or the description of the payment, in your bank's app or on paper. \
    Some banks cut it: compare the first characters, the amount and the date.";
/// Above what was asked back.
pub const REFUNDS: &str = "Refunds";

/// `$1,234.50`, `¥1,200`, `CHF 25.99`; a reversal has a minus sign in front.
#[must_use]
pub fn amount(money: Money) -> String {
    let sign = if money.minor() < 0 { "−" } else { "" };
    let decimal = money.to_decimal().abs().to_string();
    let (whole, fraction) = decimal.split_once('.').unwrap_or((&decimal, ""));
    let point = if fraction.is_empty() { "" } else { "." };
    format!("{sign}{}{}{point}{fraction}", symbol(money), grouped(whole))
}

/// The same in plain ASCII, for every mailbox: `USD 25.99`.
#[must_use]
pub fn plain_amount(money: Money) -> String {
    format!("{} {}", money.currency(), money.to_decimal())
}

fn symbol(money: Money) -> String {
    match money.currency().code() {
        "USD" => "$".to_owned(),
        "EUR" => "€".to_owned(),
        "GBP" => "£".to_owned(),
        "JPY" => "¥".to_owned(),
        code => format!("{code}\u{a0}"),
    }
}

/// Thousands separated by commas.
fn grouped(digits: &str) -> String {
    let mut text = String::with_capacity(digits.len().saturating_mul(2));
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && digits.len().saturating_sub(index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The unit of a line that is counted, not weighed.
const PIECES: &str = "unit";

/// `2` for pieces, `0.55 lb` for weights: no zeros that say nothing.
#[must_use]
pub fn quantity(quantity: Decimal, unit: &str) -> String {
    let number = quantity.normalize();
    if unit == PIECES { number.to_string() } else { format!("{number}\u{a0}{unit}") }
}

/// `$3.49` for pieces, `$3.49 / lb` for weights.
#[must_use]
pub fn unit_price(price: Money, unit: &str) -> String {
    if unit == PIECES { amount(price) } else { format!("{}\u{a0}/\u{a0}{unit}", amount(price)) }
}

/// `21 November 2026`, in the moment's own offset.
#[must_use]
pub fn day(at: OffsetDateTime) -> String {
    format!("{} {} {}", at.day(), month(at.month()), at.year())
}

/// `21 November 2026, 14:05 UTC`, in the moment's own offset.
#[must_use]
pub fn moment(at: OffsetDateTime) -> String {
    format!("{}, {:02}:{:02} {}", day(at), at.hour(), at.minute(), zone(at.offset()))
}

fn zone(offset: UtcOffset) -> String {
    let (hours, minutes, _) = offset.as_hms();
    let sign = if offset.is_negative() { '−' } else { '+' };
    match (hours.abs(), minutes.abs()) {
        (0, 0) => "UTC".to_owned(),
        (hours, 0) => format!("UTC{sign}{hours}"),
        (hours, minutes) => format!("UTC{sign}{hours}:{minutes:02}"),
    }
}

fn month(month: Month) -> &'static str {
    match month {
        Month::January => "January",
        Month::February => "February",
        Month::March => "March",
        Month::April => "April",
        Month::May => "May",
        Month::June => "June",
        Month::July => "July",
        Month::August => "August",
        Month::September => "September",
        Month::October => "October",
        Month::November => "November",
        Month::December => "December",
    }
}

/// What a promotion took off.
#[must_use]
pub fn off(amount: &str) -> String {
    format!("−{amount}")
}

/// A promotion on one article: `Two for one: −$1.99`.
#[must_use]
pub fn promotion(name: &str, amount: &str) -> String {
    format!("{name}: {}", off(amount))
}

/// Things that could not be identified.
#[must_use]
pub fn unidentified(count: u32) -> String {
    match count {
        1 => "One thing you took could not be identified. It is not charged.".to_owned(),
        count => format!("{count} things you took could not be identified. They are not charged."),
    }
}

/// The rate, and whether its tax is in the prices already.
#[must_use]
pub fn tax(tax: &ReceiptTax) -> String {
    let included = if tax.included { "Included: " } else { "" };
    format!("{included}{} {}%", tax.name, tax.percent.normalize())
}

/// How much a line of the sums matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SumKind {
    /// A part of the total, or of what became of it.
    Part,
    /// The total.
    Total,
    /// What is still owed.
    Owed,
}

/// One line between the price of the articles and what is still owed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// How much it matters.
    pub kind: SumKind,
    /// What it is.
    pub name: String,
    /// How much.
    pub amount: Money,
    /// Is it taken off?
    pub is_off: bool,
}

impl Sum {
    fn part(name: impl Into<String>, amount: Money) -> Self {
        Self { kind: SumKind::Part, name: name.into(), amount, is_off: false }
    }

    /// `−$1.99` for what is taken off.
    #[must_use]
    pub fn text(&self) -> String {
        let text = amount(self.amount);
        if self.is_off { off(&text) } else { text }
    }
}

/// From the price of the articles to what is still owed, with everything between that is not nothing.
#[must_use]
pub fn sums(receipt: &Receipt) -> Vec<Sum> {
    let mut sums = vec![Sum::part(ITEMS, receipt.price)];
    sums.extend(receipt.promotions.iter().map(|it| Sum { is_off: true, ..Sum::part(it.name.as_str(), it.amount) }));
    sums.extend(receipt.taxes.iter().map(|it| Sum::part(tax(it), it.amount)));
    if receipt.deposits.is_positive() {
        sums.push(Sum::part(DEPOSITS, receipt.deposits));
    }
    sums.push(Sum { kind: SumKind::Total, ..Sum::part(TOTAL, receipt.total) });
    sums.push(Sum::part(CHARGED, receipt.captured));
    if receipt.outstanding.is_positive() {
        sums.push(Sum { kind: SumKind::Owed, ..Sum::part(OWED, receipt.outstanding) });
    }
    sums
}

/// The facts that a receipt of a chip card has, in the order in which terminals print them; without the number on the statement, which
/// needs help to be found. Never when the card expires.
#[must_use]
pub fn card_rows(card: &CardFacts) -> Vec<(&'static str, String)> {
    let verified = card.cardholder_verification_method_result.as_deref().map(verification);
    let rows = [
        (CARD, card.name()),
        (ENTRY_MODE, card.entry_mode().map(str::to_owned)),
        ("Application (AID)", card.application_id.clone()),
        ("Card sequence number", card.pan_sequence_number.clone()),
        ("Verified by", verified),
        ("Cryptogram", card.cryptogram_information_data.as_deref().map(cryptogram)),
        ("Answer of the bank", card.authorization_response_code.as_deref().map(response)),
        ("Terminal", card.terminal_id.clone()),
        ("Store's payment number", card.reconciliation_id.clone()),
    ];
    rows.into_iter().filter_map(|(name, fact)| Some((name, fact?))).collect()
}

/// The first byte of the result says how, its two highest bits aside.
///
/// Source: EMV book 3, tables C.1 (methods) and 4.10 of book 4 (tag 9F34).
fn verification(result: &str) -> String {
    let method = result.get(..2).and_then(|it| u8::from_str_radix(it, 16).ok());
    let words = match method {
        Some(0x3f) => "not asked for",
        Some(byte) => match byte & 0x3f {
            0x01 | 0x03 | 0x04 | 0x05 => "PIN, by the card",
            0x02 => "PIN, by the bank",
            0x1e => "signature",
            0x1f => "nothing, none was needed",
            _ => return result.to_owned(),
        },
        None => return result.to_owned(),
    };
    format!("{words} ({result})")
}

/// Source: EMV book 3, tag 9F27: the two highest bits say which cryptogram the card made.
fn cryptogram(result: &str) -> String {
    match u8::from_str_radix(result, 16).map(|byte| byte & 0xc0) {
        Ok(0x80) => format!("ARQC ({result})"),
        Ok(0x40) => format!("TC ({result})"),
        Ok(0x00) => format!("AAC ({result})"),
        Ok(_) | Err(_) => result.to_owned(),
    }
}

/// Source: ISO 8583, field 39, as tag 8A has it.
fn response(code: &str) -> String {
    if code == "00" { format!("approved ({code})") } else { code.to_owned() }
}

/// How far a refund is.
#[must_use]
pub fn refund_progress(progress: RefundProgress) -> &'static str {
    match progress {
        RefundProgress::InReview => "The store looks at it",
        RefundProgress::OnItsWay => "On its way to your card",
        RefundProgress::Refunded => "Refunded to your card",
        RefundProgress::Credited => "Taken off what you owed",
        RefundProgress::Declined => "Declined",
    }
}

/// What there is to say of a refund besides its amount, in lines.
#[must_use]
pub fn refund_lines(refund: &ReceiptRefund) -> Vec<String> {
    let because = refund.declined_because.as_deref();
    let mut lines = vec![match because {
        Some(because) => format!("{}: {because}", refund_progress(refund.progress)),
        None => refund_progress(refund.progress).to_owned(),
    }];
    lines.push(format!("Asked for on {}, reference {}", day(refund.requested_at), refund.reference));
    if let Some(number) = &refund.reconciliation {
        lines.push(format!("Number of the refund: {}", number.as_str()));
    }
    lines
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::money::Currency;

    #[test]
    fn amounts_read_like_on_a_price_tag() {
        let chf = Currency::new("CHF").unwrap();
        let cases = [
            (Money::new(2599, Currency::USD), "$25.99"),
            (Money::new(5, Currency::USD), "$0.05"),
            (Money::new(0, Currency::USD), "$0.00"),
            (Money::new(-500, Currency::USD), "−$5.00"),
            (Money::new(123_456_789, Currency::USD), "$1,234,567.89"),
            (Money::new(100_000, Currency::USD), "$1,000.00"),
            (Money::new(1200, Currency::JPY), "¥1,200"),
            (Money::new(2599, chf), "CHF\u{a0}25.99"),
            (Money::new(i64::MIN, Currency::JPY), "−¥9,223,372,036,854,775,808"),
        ];
        for (money, text) in cases {
            assert_eq!(amount(money), text);
        }
        assert_eq!(plain_amount(Money::new(2599, Currency::USD)), "USD 25.99");
    }

    #[test]
    fn quantities_have_their_unit_unless_they_are_pieces() {
        assert_eq!(quantity("2.000".parse().unwrap(), "unit"), "2");
        assert_eq!(quantity("0.550".parse().unwrap(), "lb"), "0.55\u{a0}lb");
        assert_eq!(quantity("100".parse().unwrap(), "unit"), "100");
        assert_eq!(unit_price(Money::new(349, Currency::USD), "lb"), "$3.49\u{a0}/\u{a0}lb");
    }

    #[test]
    fn a_moment_says_its_own_offset() {
        assert_eq!(moment(datetime!(2026-11-21 14:05:59 UTC)), "21 November 2026, 14:05 UTC");
        assert_eq!(moment(datetime!(2026-03-01 00:00 -5)), "1 March 2026, 00:00 UTC−5");
        assert_eq!(moment(datetime!(2026-03-01 09:07 +5:30)), "1 March 2026, 09:07 UTC+5:30");
    }

    #[test]
    fn comp_003_card_facts_are_told_in_words_and_the_expiry_is_not() {
        let text = |it: &str| Some(it.to_owned());
        let card = CardFacts {
            brand: text("VISA"),
            tail: text("1234"),
            expiration_month: text("11"),
            expiration_year: text("2031"),
            pos_entry_mode: text("EMV_9F39_07"),
            authorization_response_code: text("00"),
            cryptogram_information_data: text("80"),
            pan_sequence_number: text("01"),
            application_id: text("A0000000031010"),
            cardholder_verification_method_result: text("1F0302"),
            terminal_id: text("T-1"),
            reconciliation_id: text("R-1"),
            card_statement_transaction_id: text("C-1"),
            currency: text("USD"),
        };
        let rows = card_rows(&card);
        let told: Vec<&str> = rows.iter().map(|(_, fact)| fact.as_str()).collect();
        let want = [
            "VISA ending in 1234",
            "Contactless",
            "A0000000031010",
            "01",
            "nothing, none was needed (1F0302)",
            "ARQC (80)",
            "approved (00)",
            "T-1",
            "R-1",
        ];
        assert_eq!(told, want);
        assert_eq!(card_rows(&CardFacts::default()), []);
        for (result, words) in [
            ("420300", "PIN, by the bank (420300)"),
            ("5E0300", "signature (5E0300)"),
            ("3F0000", "not asked for (3F0000)"),
            ("é", "é"),
            ("ZZ", "ZZ"),
            ("", ""),
        ] {
            assert_eq!(verification(result), words);
        }
        assert_eq!((cryptogram("40"), cryptogram("x"), response("05")), ("TC (40)".into(), "x".into(), "05".into()));
    }
}

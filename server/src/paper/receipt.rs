//! What is where on a receipt.

use domain::receipt::word::{self, SumKind};
use domain::receipt::{Merchant, PaymentProgress, Receipt, ReceiptLine, ReceiptRefund};

use super::sheet::{BOLD, MARGIN, Mark, PLAIN, QUIET, RIGHT, Sheets, Style, pt};
use super::typeface::Weight;

/// The store's name.
const TITLE: Style = Style { size: pt(16), weight: Weight::Bold };

/// Above a part.
const HEADING: Style = Style { size: pt(12), weight: Weight::Bold };

/// Where the columns of the articles end.
const QUANTITY: i32 = pt(372);
const UNIT_PRICE: i32 = pt(460);

/// Room for the name of an article.
const NAME_WIDTH: i32 = pt(250);

/// Where the names of the sums begin.
const SUM_NAME: i32 = pt(270);

/// Where values begin that have their name on the left.
const VALUE: i32 = pt(200);

pub(super) fn lay_out(receipt: &Receipt) -> Vec<Vec<Mark>> {
    let mut sheets = Sheets::new();
    head(&mut sheets, &receipt.merchant);
    sheets.line(HEADING);
    sheets.left(MARGIN, HEADING, word::RECEIPT);
    fact(&mut sheets, word::DATE, &word::moment(receipt.started_at));
    fact(&mut sheets, word::TRIP, receipt.trip.as_str());
    sheets.gap(pt(10));
    articles(&mut sheets, receipt);
    sums(&mut sheets, receipt);
    payment(&mut sheets, receipt);
    refunds(&mut sheets, &receipt.refunds);
    sheets.finish()
}

fn head(sheets: &mut Sheets, merchant: &Merchant) {
    lines(sheets, MARGIN, TITLE, &merchant.name);
    for line in merchant.address.lines() {
        lines(sheets, MARGIN, PLAIN, line);
    }
    fact(sheets, word::TAX_NUMBER, &merchant.tax_number);
    fact(sheets, word::CONTACT, &merchant.contact);
    sheets.rule(pt(1));
    sheets.gap(pt(6));
}

fn table_head(sheets: &mut Sheets) {
    let style = Style { weight: Weight::Bold, ..QUIET };
    sheets.line(style);
    sheets.left(MARGIN, style, word::ITEM);
    sheets.right(QUANTITY, style, word::QUANTITY);
    sheets.right(UNIT_PRICE, style, word::UNIT_PRICE);
    sheets.right(RIGHT, style, word::PRICE);
    sheets.rule(50);
}

fn articles(sheets: &mut Sheets, receipt: &Receipt) {
    if !receipt.lines.is_empty() {
        sheets.begin_table(table_head);
        for line in &receipt.lines {
            article(sheets, line);
        }
        sheets.end_table();
        sheets.rule(50);
    }
    if receipt.unidentified > 0 {
        lines(sheets, MARGIN, QUIET, &word::unidentified(receipt.unidentified));
    }
}

/// An article stays on one page, with what was taken off.
fn article(sheets: &mut Sheets, line: &ReceiptLine) {
    let name = PLAIN.wrap(&line.name, NAME_WIDTH);
    let promotions = line.promotions.iter().map(|it| word::promotion(&it.name, &word::amount(it.amount)));
    let promotions: Vec<String> = promotions.flat_map(|it| QUIET.wrap(&it, NAME_WIDTH)).collect();
    let rows = |count: usize, style: Style| i32::try_from(count).unwrap_or(i32::MAX).saturating_mul(style.leading());
    // A name or a list of promotions that fills a page may run over to the next.
    sheets.room(rows(name.len().min(20), PLAIN) + rows(promotions.len().min(20), QUIET));
    for (number, text) in name.iter().enumerate() {
        sheets.line(PLAIN);
        sheets.left(MARGIN, PLAIN, text);
        if number == 0 {
            sheets.right(QUANTITY, PLAIN, &word::quantity(line.quantity, &line.unit));
            sheets.right(UNIT_PRICE, PLAIN, &word::unit_price(line.unit_price, &line.unit));
            sheets.right(RIGHT, PLAIN, &word::amount(line.price));
        }
    }
    for text in promotions {
        sheets.line(QUIET);
        sheets.left(MARGIN + pt(8), QUIET, &text);
    }
}

fn sums(sheets: &mut Sheets, receipt: &Receipt) {
    sheets.gap(pt(4));
    for sum in word::sums(receipt) {
        let style = if sum.kind == SumKind::Part { PLAIN } else { BOLD };
        let text = sum.text();
        let names = style.wrap(&sum.name, RIGHT - SUM_NAME - style.width(&text) - pt(10));
        for (number, name) in names.iter().enumerate() {
            sheets.line(style);
            sheets.left(SUM_NAME, style, name);
            if number == 0 {
                sheets.right(RIGHT, style, &text);
            }
        }
    }
    if receipt.progress == PaymentProgress::InProgress {
        lines(sheets, SUM_NAME, QUIET, word::NOT_CHARGED_YET);
    }
}

fn payment(sheets: &mut Sheets, receipt: &Receipt) {
    heading(sheets, word::PAYMENT);
    let Some(card) = &receipt.card else { return lines(sheets, MARGIN, PLAIN, word::CARD_COMING) };
    for (name, value) in word::card_rows(card) {
        fact(sheets, name, &value);
    }
    if let Some(number) = &card.card_statement_transaction_id {
        fact(sheets, word::STATEMENT_ID, number);
        lines(sheets, MARGIN, QUIET, word::STATEMENT_TEXT);
    }
}

fn refunds(sheets: &mut Sheets, refunds: &[ReceiptRefund]) {
    if refunds.is_empty() {
        return;
    }
    heading(sheets, word::REFUNDS);
    for refund in refunds {
        sheets.room(3 * PLAIN.leading());
        let amount = word::amount(refund.amount);
        for (number, text) in word::refund_lines(refund).iter().enumerate() {
            fact(sheets, if number == 0 { &amount } else { "" }, text);
        }
    }
}

/// A heading stays with what it is above.
fn heading(sheets: &mut Sheets, text: &str) {
    sheets.room(pt(60));
    sheets.gap(pt(12));
    lines(sheets, MARGIN, HEADING, text);
}

fn fact(sheets: &mut Sheets, name: &str, value: &str) {
    for (number, text) in PLAIN.wrap(value, RIGHT - VALUE).iter().enumerate() {
        sheets.line(PLAIN);
        if number == 0 {
            sheets.left(MARGIN, PLAIN, name);
        }
        sheets.left(VALUE, PLAIN, text);
    }
}

fn lines(sheets: &mut Sheets, x: i32, style: Style, text: &str) {
    for line in style.wrap(text, RIGHT - x) {
        sheets.line(style);
        sheets.left(x, style, &line);
    }
}

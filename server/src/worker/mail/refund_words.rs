//! What the mails about a refund say.

use std::fmt::Write;

use domain::effect::RefundNews;
use domain::refund::{Refund, Split};

use super::Words;
use super::words::{amount, day, push_amount};
use crate::flow::read_refund::RefundMail;

pub(super) fn notice(mail: &RefundMail, news: RefundNews, public_url: &str) -> Words {
    let (refund, name) = (&mail.refund, &mail.merchant.name);
    let whole = amount(refund.amount);
    let (subject, said) = match news {
        RefundNews::InReview => (
            format!("We received your refund request: {whole}"),
            "You asked for a refund. A person looks at it, and we write again when it is decided.\n".to_owned(),
        ),
        RefundNews::Approved => (format!("Your refund is approved: {whole}"), approved(mail)),
        RefundNews::Refunded => (format!("Your refund is done: {whole}"), refunded(mail)),
        RefundNews::Declined => (
            format!("Your refund was declined: {whole}"),
            format!(
                "We cannot give this refund. The reason: {}\n",
                refund.decided_because.as_deref().unwrap_or("ask us and we explain")
            ),
        ),
    };
    let mut text = format!("{name}, your visit on {}\n\n{said}\n", day(mail.started_at));
    for line in &mail.lines {
        push_amount(&mut text, &line.name, line.amount);
        let _ = writeln!(text, "  {} {}", line.quantity.normalize(), line.unit);
    }
    push_amount(&mut text, "Refund", refund.amount);
    let _ = write!(text, "\nReference: {}\n", refund.id);
    if let Some(number) = refund.state.reconciliation() {
        let _ = writeln!(text, "Reconciliation ID: {number}");
    }
    let _ = write!(
        text,
        "See how it stands:\n{public_url}/refunds/{}\n\nVisit: {}\n{public_url}/trips/{}\n\nSomething wrong? {} can help.\n",
        refund.id, refund.trip, refund.trip, mail.merchant.contact
    );
    Words { subject: format!("{subject}, {name}"), text }
}

/// Where the money goes. What is owed is reduced first.
fn approved(mail: &RefundMail) -> String {
    let mut text = String::new();
    let Some(Split { credit, card, elsewhere }) = mail.refund.state.split() else { return text };
    if credit.is_positive() {
        let _ = writeln!(text, "{} comes off what you owe for this visit.", amount(credit));
        if mail.outstanding.is_positive() {
            let _ = writeln!(text, "You still owe {}.", amount(mail.outstanding));
        }
    }
    if card.is_positive() {
        let _ = writeln!(text, "{} goes back to the card you paid with. This can take a few days.", amount(card));
    }
    if elsewhere.is_positive() {
        let _ = writeln!(text, "{} was not paid by that card. We give it back as you paid it.", amount(elsewhere));
    }
    text
}

fn refunded(mail: &RefundMail) -> String {
    let mut text = String::new();
    let Refund::Refunded { by_hand, .. } = &mail.refund.state else { return text };
    let Ok(card) = mail.refund.amount.checked_sub(*by_hand) else { return text };
    let credit = mail.refund.state.split().map_or(card, |split| split.credit);
    let card = card.checked_sub(credit).unwrap_or(card);
    if card.is_positive() {
        let _ = writeln!(
            text,
            "{} is on its way back to the card you paid with. Your bank shows it in a few days.",
            amount(card)
        );
    }
    if by_hand.is_positive() {
        let _ = writeln!(text, "{} was given back to you by our staff.", amount(*by_hand));
    }
    text
}

#[cfg(test)]
mod tests {
    use domain::id::{EmailAddress, ReconciliationId};
    use domain::money::{Currency, Money};
    use domain::receipt::Merchant;
    use domain::refund::amount::{RefundLine, RefundParts};
    use domain::refund::{CardPart, RefundKind, RefundReason};
    use time::OffsetDateTime;

    use super::*;
    use crate::flow::read_refund::RefundRow;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    fn mail(state: Refund) -> RefundMail {
        let nothing = usd(0);
        RefundMail {
            to: EmailAddress::new("a@b.com").unwrap(),
            merchant: Merchant {
                name: "Corner Market".to_owned(),
                address: String::new(),
                tax_number: String::new(),
                contact: "help@example.com".to_owned(),
            },
            started_at: OffsetDateTime::UNIX_EPOCH,
            refund: RefundRow {
                id: "550e8400-e29b-41d4-a716-446655440000".parse().unwrap(),
                trip: "trip-1".parse().unwrap(),
                store: "store-1".parse().unwrap(),
                kind: RefundKind::Goods,
                reason: RefundReason::DamagedItem,
                amount: usd(1000),
                parts: RefundParts { sales: usd(1000), tax: nothing, deposits: nothing },
                state,
                requested_by: "ann".to_owned(),
                requested_because: None,
                decided_by: None,
                decided_because: Some("it was not bought here".to_owned()),
                requested_at: OffsetDateTime::UNIX_EPOCH,
                decided_at: None,
                ended_at: None,
            },
            lines: vec![RefundLine {
                line_no: 1,
                name: "Tea".to_owned(),
                quantity: "2.0".parse().unwrap(),
                unit: "unit".to_owned(),
                price: usd(1000),
                promotions: nothing,
                taxes: vec![],
                tax: nothing,
                tax_included: nothing,
                deposit: nothing,
                amount: usd(1000),
            }],
            outstanding: usd(250),
        }
    }

    fn assert_says(words: &Words, subject: &str, parts: &[&str]) {
        assert_eq!(words.subject, format!("{subject}: USD 10.00, Corner Market"));
        let always = [
            "Reference: 550e8400-e29b-41d4-a716-446655440000",
            "https://shop.example/refunds/550e8400",
            "Visit: trip-1",
            "help@example.com",
            "Tea",
        ];
        for part in parts.iter().chain(&always) {
            assert!(words.text.contains(part), "{part} is not in\n{}", words.text);
        }
    }

    #[test]
    fn each_mail_says_how_the_refund_stands_and_by_which_reference() {
        let split = |credit, card, elsewhere| Split { credit: usd(credit), card: usd(card), elsewhere: usd(elsewhere) };
        let url = "https://shop.example";
        let asked = notice(&mail(Refund::InReview), RefundNews::InReview, url);
        assert_says(&asked, "We received your refund request", &["A person looks at it"]);

        let sending = Refund::Sending { split: split(200, 500, 300) };
        let approved = notice(&mail(sending), RefundNews::Approved, url);
        let parts =
            ["USD 2.00 comes off", "You still owe USD 2.50", "USD 5.00 goes back to the card", "USD 3.00 was not"];
        assert_says(&approved, "Your refund is approved", &parts);

        let card = CardPart::Paid { reconciliation: Some(ReconciliationId::new("rec-1").unwrap()) };
        let done = Refund::Refunded { split: split(200, 500, 300), by_hand: usd(300), card };
        let refunded = notice(&mail(done), RefundNews::Refunded, url);
        let parts = ["USD 5.00 is on its way", "USD 3.00 was given back", "Reconciliation ID: rec-1"];
        assert_says(&refunded, "Your refund is done", &parts);

        let declined = notice(&mail(Refund::Declined), RefundNews::Declined, url);
        assert_says(&declined, "Your refund was declined", &["The reason: it was not bought here"]);
        assert!(!declined.text.contains("goes back"), "{}", declined.text);
    }
}

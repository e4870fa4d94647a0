//! What the mails about a dispute say.

use std::fmt::Write;

use domain::dispute::{DisputeKind, DisputeNews};

use super::Words;
use super::words::{amount, day};
use crate::flow::dispute::ShownDispute;

pub(super) fn notice(shown: &ShownDispute, news: DisputeNews, public_url: &str) -> Words {
    let (name, row) = (&shown.merchant.name, &shown.row);
    let said = match row.kind {
        DisputeKind::AlreadyPaid => "You told us that this visit was paid already.",
        DisputeKind::NotMine => "You told us that this visit was not yours.",
    };
    let (subject, answer) = match news {
        DisputeNews::Upheld => (
            format!("You need not pay for your visit to {name}"),
            "You are right. We have taken what was owed for it off your balance.".to_owned(),
        ),
        DisputeNews::Rejected => (
            format!("We looked at your visit to {name} again"),
            format!(
                "We have looked at it, and the amount stays. The reason: {}",
                row.decided_because.as_deref().unwrap_or("ask us and we explain")
            ),
        ),
    };
    let mut text = format!("{name}, visit on {}\n\n{said}\n\n{answer}\n", day(shown.started_at));
    if shown.outstanding.is_positive() {
        let _ = write!(
            text,
            "\nStill owed for this visit: {}. See and pay it here:\n{public_url}/balance\n",
            amount(shown.outstanding)
        );
    }
    let _ = write!(
        text,
        "\nReference: {}\n{public_url}/disputes/{}\n\nSomething wrong? {} can help.\n",
        row.id, row.id, shown.merchant.contact
    );
    Words { subject, text }
}

#[cfg(test)]
mod tests {
    use domain::dispute::Dispute;
    use domain::id::{DebtId, DisputeId};
    use domain::money::{Currency, Money};
    use domain::receipt::Merchant;
    use time::OffsetDateTime;
    use uuid::Uuid;

    use super::*;
    use crate::flow::dispute::DisputeRow;

    fn shown(state: Dispute, outstanding: i64) -> ShownDispute {
        let usd = |minor| Money::new(minor, Currency::USD);
        ShownDispute {
            row: DisputeRow {
                id: DisputeId(Uuid::from_u128(7)),
                debt: DebtId(Uuid::nil()),
                trip: "trip-1".parse().unwrap(),
                kind: DisputeKind::NotMine,
                amount: usd(1000),
                state,
                opened_by: "card:1".to_owned(),
                decided_by: Some("ben".to_owned()),
                decided_because: Some("the video shows your card".to_owned()),
                opened_at: OffsetDateTime::UNIX_EPOCH,
                decided_at: Some(OffsetDateTime::UNIX_EPOCH),
            },
            merchant: Merchant {
                name: "Corner Market".to_owned(),
                address: String::new(),
                tax_number: String::new(),
                contact: "help@example.com".to_owned(),
            },
            started_at: OffsetDateTime::UNIX_EPOCH,
            outstanding: usd(outstanding),
        }
    }

    #[test]
    fn each_mail_says_what_was_decided_and_what_is_left_to_do() {
        let cleared = Money::new(1000, Currency::USD);
        let upheld = notice(&shown(Dispute::Upheld { cleared }, 0), DisputeNews::Upheld, "https://shop.example");
        assert!(upheld.subject.contains("need not pay") && upheld.text.contains("was not yours"), "{}", upheld.text);
        assert!(!upheld.text.contains("Still owed") && !upheld.text.contains("video"), "{}", upheld.text);
        let rejected = notice(&shown(Dispute::Rejected, 1000), DisputeNews::Rejected, "https://shop.example");
        for part in ["the video shows your card", "Still owed for this visit: USD 10.00", "/disputes/00000000-"] {
            assert!(rejected.text.contains(part), "{part} is not in\n{}", rejected.text);
        }
    }
}

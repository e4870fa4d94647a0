//! What the mails about payoffs say.

use std::fmt::Write;

use domain::effect::PayoffNews;
use domain::money::Money;

use super::Words;
use super::words::{amount, day, push_amount};
use crate::flow::payoff::ShownPayoff;

pub(super) fn notice(shown: &ShownPayoff, news: PayoffNews, public_url: &str) -> Words {
    let paid = amount(shown.row.amount);
    let (subject, mut text) = match news {
        PayoffNews::Paid => (format!("You paid {paid}"), format!("Thank you. We have your payment of {paid}.\n\n")),
        PayoffNews::ChargedBack => (
            format!("Your bank took {paid} back"),
            format!(
                "You paid {paid} for trips that were owed. Your bank has taken the money back, since the payment was \
                 disputed. The trips below are owed again.\n\n"
            ),
        ),
    };
    for trip in &shown.trips {
        push_amount(&mut text, &format!("{}, {}", trip.store_name, day(trip.started_at)), trip.amount);
    }
    text.push('\n');
    if shown.remaining.is_empty() {
        text.push_str("You owe nothing more.\n");
    } else {
        let owed: Vec<String> = shown.remaining.iter().map(|it: &Money| amount(*it)).collect();
        let _ = writeln!(text, "Still owed: {}. See and pay it here:\n{public_url}/balance", owed.join(" and "));
    }
    for gate in &shown.gates {
        let says = if gate.opens { "opens for your card now" } else { "stays closed for your card" };
        let _ = writeln!(text, "The gate of {} {says}.", gate.store_name);
    }
    let _ = write!(text, "\nReference: {}\n{public_url}/payoff/{}\n", shown.row.id, shown.row.id);
    if let Some(trip) = shown.trips.first() {
        let _ = write!(text, "\nSomething wrong? {} can help.\n", trip.contact);
    }
    Words { subject, text }
}

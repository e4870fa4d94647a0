//! The steps as sentences.

use std::fmt;

use crate::money::Rounding;

use super::{FoundBy, PromotionPolicy, RoundingLevel, Step, Unused};

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Found { by, id } => write!(f, "{} {id}.", found(*by)),
            Self::Converted { from, from_unit, to, to_unit } => write!(f, "{from} {from_unit} is {to} {to_unit}."),
            Self::Priced { unit_price, quantity, unit, price, rounding: None } => {
                write!(f, "{quantity} {unit} at {unit_price} is {price}.")
            }
            Self::Priced { unit_price, quantity, unit, price, rounding: Some(mode) } => {
                write!(f, "{quantity} {unit} at {unit_price} is {price}, rounded {}.", halves(*mode))
            }
            Self::PricedTogether { unit_price, lines, together, price } => {
                write!(f, "The {lines} lines of this article at {unit_price} come to {together} together; ")?;
                write!(f, "the share of this one is {price}.")
            }
            Self::Discounted { name, promotion, amount, left } => {
                write!(f, "The promotion “{name}” ({promotion}) takes off {amount}, which leaves {left}.")
            }
            Self::Taxed { jurisdiction, name, percent, included, base, amount } => {
                write!(f, "{name} ({jurisdiction}), {percent} %, {} {base}: {amount}.", relation(*included))
            }
            Self::TaxedTogether { jurisdiction, name, percent, included, base, amount, rounding } => {
                write!(f, "{name} ({jurisdiction}), {percent} %, {} {base} of the cart: ", relation(*included))?;
                write!(f, "{amount}, rounded {} once and shared by the lines.", halves(*rounding))
            }
            Self::Exempt { tax_category, jurisdiction } => {
                write!(f, "No tax: the category {tax_category} is exempt in {jurisdiction}.")
            }
            Self::Deposited { name, each, amount } => write!(f, "{name}: {each} each, which is {amount}."),
            Self::RuledBy { rule_set, engine_version, rounding, rounding_level, jurisdiction } => {
                write!(f, "Priced by rule set {} and engine version {engine_version}, ", rule_set.0)?;
                write!(f, "with the taxes of {jurisdiction}; rounded {} {}.", halves(*rounding), once(*rounding_level))
            }
            Self::Chosen { policy, candidates, exact } => {
                write!(f, "Promotions that this cart could get: {candidates}; {}.", choice(*policy, *exact))
            }
            Self::Applied { name, amount, capped, .. } => {
                let limit = if *capped { ", cut by a limit" } else { "" };
                write!(f, "The promotion “{name}” takes off {amount} in all{limit}.")
            }
            Self::Unused { name, why, .. } => write!(f, "The promotion “{name}” was not used: {why}."),
            Self::NotCharged { lines: 1 } => f.write_str("One line could not be priced and is not charged."),
            Self::NotCharged { lines } => write!(f, "{lines} lines could not be priced and are not charged."),
            Self::Totalled { price, promotions, tax, deposits, total } => {
                write!(f, "Prices {price}, less promotions {promotions}, plus tax {tax}, ")?;
                write!(f, "plus deposits and fees {deposits}: the total is {total}.")
            }
        }
    }
}

const fn found(by: FoundBy) -> &'static str {
    match by {
        FoundBy::Sku => "Found by its article number",
        FoundBy::Scancode => "Found by the scanned code",
        FoundBy::Identifier => "Found by a further number, since the catalog does not have",
    }
}

const fn relation(included: bool) -> &'static str {
    if included { "is included in" } else { "is added to" }
}

const fn once(level: RoundingLevel) -> &'static str {
    match level {
        RoundingLevel::Line => "line by line",
        RoundingLevel::Invoice => "once for the whole cart",
    }
}

const fn choice(policy: PromotionPolicy, exact: bool) -> &'static str {
    match (policy, exact) {
        (PromotionPolicy::Stack, true | false) => "all that fit are used, in their order of priority",
        (PromotionPolicy::BestDeal, true) => "every combination was compared, and the cheapest for the shopper is used",
        (PromotionPolicy::BestDeal, false) => {
            "too many to compare every combination, so they are used in their order of priority"
        }
    }
}

impl fmt::Display for Unused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Excluded => f.write_str("it cannot be combined with a promotion that its articles already have"),
            Self::BelowThreshold { basket, threshold } => write!(f, "{basket} of {threshold} was reached"),
            Self::NothingToTakeOff => f.write_str("it has nothing to take off here"),
            Self::NotTheBestDeal => f.write_str("another combination is cheaper"),
            Self::CartLimit => f.write_str("the cart has as many promotions, or as much off, as the store allows"),
        }
    }
}

const fn halves(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::HalfUp => "to the nearest, halves up",
        Rounding::HalfEven => "to the nearest, halves to even",
        Rounding::HalfDown => "to the nearest, halves down",
    }
}

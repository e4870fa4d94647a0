//! What a person found a cart line to be.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use crate::cart::{Cart, CartItemKind, QUANTITY_CHARS_MAX};
use crate::catalog::SoldBy;
use crate::id::Sku;
use crate::unit::WeightUnit;

/// What a person says of one line: its article, how much of it, in what unit. What is not said stays as Amazon sent it. Always says
/// something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identification {
    sku: Option<Sku>,
    quantity: Option<Decimal>,
    unit: Option<String>,
}

/// Why nothing can be made of what a person said of a line: each says what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdentificationError {
    /// Neither article nor quantity nor unit.
    #[error("nothing is said of it: give its article, its quantity or its unit")]
    Nothing,
    /// Zero or less.
    #[error("the quantity {0} is not above zero: leave out a line of which nothing was taken, and it stays uncharged")]
    NotAboveZero(Decimal),
    /// Longer than Amazon could have sent it.
    #[error("the quantity {0} has more than {QUANTITY_CHARS_MAX} characters: round it")]
    TooLong(Decimal),
    /// Neither pieces nor a weight.
    #[error("{0:?} is no unit: write unit for pieces, or lb, oz, kg or g")]
    UnknownUnit(String),
}

impl Identification {
    /// Checks what a person said. Whether the article is sold in that unit is seen when it is priced.
    ///
    /// # Errors
    ///
    /// See [`IdentificationError`].
    pub fn new(sku: Option<Sku>, quantity: Option<Decimal>, unit: Option<String>) -> Result<Self, IdentificationError> {
        if sku.is_none() && quantity.is_none() && unit.is_none() {
            return Err(IdentificationError::Nothing);
        }
        let quantity = quantity.map(|it| it.normalize());
        match quantity {
            Some(value) if value <= Decimal::ZERO => return Err(IdentificationError::NotAboveZero(value)),
            Some(value) if value.to_string().len() > QUANTITY_CHARS_MAX => {
                return Err(IdentificationError::TooLong(value));
            }
            Some(_) | None => {}
        }
        let is_unit = |unit: &str| SoldBy::Unit.factor(unit).is_some() || WeightUnit::read(unit).is_some();
        match unit {
            Some(unit) if !is_unit(&unit) => Err(IdentificationError::UnknownUnit(unit)),
            unit => Ok(Self { sku, quantity, unit }),
        }
    }

    /// The article, where that was said.
    #[must_use]
    pub const fn sku(&self) -> Option<&Sku> {
        self.sku.as_ref()
    }

    /// How much, above zero, where that was said.
    #[must_use]
    pub const fn quantity(&self) -> Option<Decimal> {
        self.quantity
    }

    /// The unit, where that was said.
    #[must_use]
    pub fn unit(&self) -> Option<&str> {
        self.unit.as_deref()
    }
}

/// The cart with what people found its lines to be, by their numbers from 1.
#[must_use]
pub fn identified(cart: &Cart, found: &BTreeMap<u32, Identification>) -> Cart {
    let items = (1_u32..).zip(&cart.items).map(|(line_no, item)| {
        let mut item = item.clone();
        if let Some(said) = found.get(&line_no) {
            if let Some(sku) = &said.sku {
                (item.id, item.kind) = (sku.to_string(), CartItemKind::Sku);
            }
            if let Some(quantity) = said.quantity {
                item.quantity.value = quantity;
            }
            if let Some(unit) = &said.unit {
                item.quantity.unit.clone_from(unit);
            }
        }
        item
    });
    Cart { items: items.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cart::{CartItem, Quantity};

    fn say(
        sku: Option<&str>,
        quantity: Option<&str>,
        unit: Option<&str>,
    ) -> Result<Identification, IdentificationError> {
        let quantity = quantity.map(|it| it.parse().unwrap());
        Identification::new(sku.map(|it| Sku::new(it).unwrap()), quantity, unit.map(str::to_owned))
    }

    #[test]
    fn only_what_was_said_of_a_line_changes_and_only_that_line() {
        let line = |id: &str| CartItem {
            id: id.to_owned(),
            kind: CartItemKind::Scancode,
            quantity: Quantity { value: Decimal::ZERO, unit: "bushel".to_owned() },
            external_identifiers: vec![],
            line_item_id: Some(format!("line-{id}")),
        };
        let cart = Cart { items: ["1", "2", "3", "4"].map(line).into() };
        let found = BTreeMap::from([
            (1, say(Some("TEA"), None, None).unwrap()),
            (2, say(None, Some("1.50"), None).unwrap()),
            (4, say(None, None, Some("LB")).unwrap()),
            (5, say(Some("HAM"), None, None).unwrap()),
        ]);
        let mut expected = cart.clone();
        (expected.items[0].id, expected.items[0].kind) = ("TEA".to_owned(), CartItemKind::Sku);
        expected.items[1].quantity.value = "1.5".parse().unwrap();
        expected.items[3].quantity.unit = "LB".to_owned();
        assert_eq!(identified(&cart, &found), expected);
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_to_do() {
        for (sku, quantity, unit, told) in [
            (None, None, None, "give its article, its quantity or its unit"),
            (Some("TEA"), Some("0"), None, "leave out a line of which nothing was taken"),
            (Some("TEA"), Some("-1"), None, "is not above zero"),
            (None, Some("0.123456789"), None, "more than 10 characters: round it"),
            (None, Some("1"), Some("bushel"), "\"bushel\" is no unit: write unit for pieces, or lb, oz, kg or g"),
            (None, None, Some(""), "is no unit"),
        ] {
            let refused = say(sku, quantity, unit).unwrap_err().to_string();
            assert!(refused.contains(told), "{refused}");
        }
        for unit in ["unit", "Each", "pounds", "G"] {
            assert_eq!(say(None, None, Some(unit)).unwrap().unit(), Some(unit));
        }
    }
}

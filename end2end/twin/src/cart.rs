//! What a shopper takes from the shelves.

use serde::{Deserialize, Serialize};

/// The demo catalogue: SKU and the unit it is sold by.
const DEMO_SKUS: [(&str, &str); 6] = [
    ("SKU-001", "unit"),
    ("SKU-002", "unit"),
    ("SKU-003", "unit"),
    ("SKU-004", "unit"),
    ("SKU-005", "unit"),
    ("SKU-006", "lb"),
];

/// One `cartItems[]` entry: a SKU and how much of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CartLine {
    pub sku: String,
    /// A decimal of at most ten characters, sent as it is: `1.0`.
    pub quantity: String,
    pub unit: String,
}

impl CartLine {
    /// A line sold by the piece.
    #[must_use]
    pub fn units(sku: &str, quantity: &str) -> Self {
        Self { sku: sku.to_owned(), quantity: quantity.to_owned(), unit: "unit".to_owned() }
    }

    /// A line sold by weight.
    #[must_use]
    pub fn pounds(sku: &str, quantity: &str) -> Self {
        Self { unit: "lb".to_owned(), ..Self::units(sku, quantity) }
    }
}

/// The first `count` items of the demo catalogue, one each; beyond six it starts again. 0 is an empty cart.
#[must_use]
pub fn demo_items(count: usize) -> Vec<CartLine> {
    let one = |&(sku, unit): &(&str, &str)| CartLine { unit: unit.to_owned(), ..CartLine::units(sku, "1.0") };
    DEMO_SKUS.iter().cycle().take(count).map(one).collect()
}

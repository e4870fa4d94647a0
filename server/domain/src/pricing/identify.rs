//! Which article a cart line means.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::cart::{CartItem, CartItemKind, IdentifierKind};
use crate::catalog::{CatalogItem, barcode};

use super::basket::Measure;
use super::rates::Rates;
use super::{BadLineCause, FoundBy};

/// Every way to name an article, looked up in logarithmic time. A number that two articles share means the one with the lower
/// article number; the check of a rule set refuses it.
pub(super) struct Index<'a> {
    by_sku: BTreeMap<&'a str, &'a CatalogItem>,
    /// A barcode has no kind here: one number is the same article as UPC, EAN and GTIN.
    by_number: BTreeMap<(Option<IdentifierKind>, &'a str), &'a CatalogItem>,
}

impl<'a> Index<'a> {
    pub(super) fn new(items: &'a [CatalogItem]) -> Self {
        let by_sku = items.iter().rev().map(|item| (item.sku.as_str(), item)).collect();
        let mut by_number = BTreeMap::new();
        for item in items {
            for known in &item.identifiers {
                match by_number.entry(key(known.kind, &known.id)) {
                    Entry::Vacant(entry) => _ = entry.insert(item),
                    Entry::Occupied(mut entry) if item.sku < entry.get().sku => _ = entry.insert(item),
                    Entry::Occupied(_) => {}
                }
            }
        }
        Self { by_sku, by_number }
    }

    /// By article number or barcode, whichever the line says, else by one of the line's further identifiers.
    fn find(&self, line: &CartItem) -> Option<(&'a CatalogItem, FoundBy)> {
        let by_id = match line.kind {
            CartItemKind::Sku => self.by_sku.get(line.id.as_str()).map(|item| (*item, FoundBy::Sku)),
            CartItemKind::Scancode => self.scan(&line.id).map(|item| (item, FoundBy::Scancode)),
        };
        by_id.or_else(|| {
            let further = line.external_identifiers.iter();
            let mut found = further.filter_map(|it| self.by_number.get(&key(it.kind, &it.id)));
            found.next().map(|item| (*item, FoundBy::Identifier))
        })
    }

    /// A scanned number may be of any kind.
    fn scan(&self, id: &str) -> Option<&'a CatalogItem> {
        IdentifierKind::ALL.iter().find_map(|kind| self.by_number.get(&key(*kind, id))).copied()
    }
}

fn key(kind: IdentifierKind, id: &str) -> (Option<IdentifierKind>, &str) {
    match barcode(id) {
        Some(number) => (None, number),
        None => (Some(kind), id),
    }
}

/// A line that can be priced.
pub(super) struct Identified<'a> {
    pub(super) line_no: u32,
    pub(super) sent: &'a CartItem,
    pub(super) article: &'a CatalogItem,
    pub(super) by: FoundBy,
    pub(super) measure: Measure,
}

/// What `line` means, or what is wrong with it. The first thing wrong counts.
pub(super) fn identify<'a>(
    line_no: u32,
    line: &'a CartItem,
    index: &Index<'a>,
    rates: &Rates<'_>,
) -> Result<Identified<'a>, BadLineCause> {
    let (article, by) = index.find(line).ok_or(BadLineCause::UnknownItem)?;
    let factor = article.sold_by.factor(&line.quantity.unit).ok_or(BadLineCause::UnknownUnit)?;
    let value = line.quantity.value;
    // A negative quantity is refused before it gets here; if one did, it would be no quantity either.
    if value.is_zero() || value.is_sign_negative() {
        return Err(BadLineCause::ZeroQuantity);
    }
    if article.sold_by.is_piece() && !value.fract().is_zero() {
        return Err(BadLineCause::FractionOfPiece);
    }
    if rates.of(&article.tax_category).is_none() {
        return Err(BadLineCause::UnknownTax);
    }
    Ok(Identified { line_no, sent: line, article, by, measure: Measure::new(value, factor) })
}

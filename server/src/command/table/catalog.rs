//! The file of articles: the fields of Amazon's catalog items, and ours.

use std::io::Write;

use domain::cart::{ExternalIdentifier, IdentifierKind};
use domain::catalog::{CatalogItem, Deposit, SoldBy};
use domain::id::{Sku, StoreId};
use domain::label::Label;
use domain::money::Currency;

use super::{Cells, Column, amount_text, money};

/// Its columns. The first eleven are Amazon's (Upload Catalog page).
pub const COLUMNS: &[Column] = &[
    Column::required("item_sku"),
    Column::optional("external_product_id"),
    Column::optional("external_product_id_type"),
    Column::optional("additional_external_product_information"),
    Column::required("item_name"),
    Column::optional("store_id"),
    Column::required("standard_price"),
    Column::optional("brand_name"),
    Column::required("product_tax_code"),
    Column::optional("product_category"),
    Column::optional("product_subcategory"),
    Column::optional("currency"),
    Column::optional("sold_by"),
    Column::optional("deposits"),
];

/// Amazon's columns that we have no use for; a file may have them.
pub const IGNORED: &[&str] = &[
    "color_name",
    "size_name",
    "main_image_url",
    "other_image_url1",
    "other_image_url2",
    "other_image_url3",
    "other_image_url4",
    "other_image_url5",
    "other_image_url6",
    "other_image_url7",
    "other_image_url8",
];

/// Longest text of Amazon's catalog.
const CHARS_MAX: usize = 255;

/// Most further identifiers of one article (Upload Catalog page).
const FURTHER_MAX: usize = 50;

/// Reads one article.
pub fn read(cells: &mut Cells<'_>, store: &StoreId, currency: Currency) -> Option<CatalogItem> {
    cells.check_currency(currency);
    cells.read("store_id", |text| match text == store.as_str() {
        true => Ok(()),
        false => Err(format!("{text:?} is not the store that this is imported for, {store}")),
    });
    if cells.text("standard_price").is_none() {
        cells.refuse("standard_price", "is empty");
    }
    let unit_price = cells.money("standard_price", currency);
    let sold_by = match cells.text("sold_by") {
        None => Some(SoldBy::Unit),
        Some(_) => {
            cells.read("sold_by", |text| text.parse().map_err(|_| format!("{text:?} must be unit, lb, oz, kg or g")))
        }
    };
    let (identifiers, deposits) = (identifiers(cells), deposits(cells, currency));
    let sku = cells.required("item_sku", CHARS_MAX).and_then(|text| Sku::new(text).ok());
    let name = cells.required("item_name", CHARS_MAX);
    let tax_category = cells.required("product_tax_code", CHARS_MAX);
    let label = |text: Option<&str>| text.map(Label::from);
    Some(CatalogItem {
        category: label(cells.short("product_category", CHARS_MAX)),
        subcategory: label(cells.short("product_subcategory", CHARS_MAX)),
        brand: label(cells.short("brand_name", CHARS_MAX)),
        sku: sku?,
        name: name?.to_owned(),
        sold_by: sold_by?,
        unit_price: unit_price?,
        tax_category: tax_category?.into(),
        identifiers,
        deposits,
    })
}

fn identifiers(cells: &mut Cells<'_>) -> Vec<ExternalIdentifier> {
    let mut found = vec![];
    if let Some(id) = cells.short("external_product_id", CHARS_MAX) {
        let kind = match cells.text("external_product_id_type") {
            None => kind_by_length(id).map_or_else(
                || {
                    cells.refuse(
                        "external_product_id_type",
                        "is empty, and the number's length does not say what it is",
                    );
                    None
                },
                Some,
            ),
            Some(_) => cells.read("external_product_id_type", read_kind),
        };
        found.extend(kind.map(|kind| ExternalIdentifier { kind, id: id.to_owned() }));
    }
    let further = cells.several("additional_external_product_information", |part| {
        let (kind, id) = part.split_once(':').ok_or_else(|| format!("{part:?} is not like EAN:4006381333931"))?;
        let id = Some(id.trim()).filter(|id| !id.is_empty()).ok_or_else(|| format!("{part:?} has no number"))?;
        Ok(ExternalIdentifier { kind: read_kind(kind.trim())?, id: id.to_owned() })
    });
    if further.len() > FURTHER_MAX {
        let reason = format!("has more than {FURTHER_MAX} numbers");
        cells.refuse("additional_external_product_information", reason);
    }
    found.extend(further);
    for (place, identifier) in found.iter().enumerate() {
        if found.iter().take(place).any(|it| it == identifier) {
            let reason = format!("has {} twice", identifier.id);
            cells.refuse("additional_external_product_information", reason);
        }
    }
    found
}

fn kind_word(kind: IdentifierKind) -> &'static str {
    match kind {
        IdentifierKind::Upc => "UPC",
        IdentifierKind::Ean => "EAN",
        IdentifierKind::Ean8 => "EAN8",
        IdentifierKind::Gtin => "GTIN",
        IdentifierKind::Plu => "PLU",
        IdentifierKind::Isbn => "ISBN",
    }
}

fn read_kind(word: &str) -> Result<IdentifierKind, String> {
    let known = IdentifierKind::ALL.into_iter().find(|kind| kind_word(*kind) == word);
    known.ok_or_else(|| format!("{word:?} must be UPC, EAN, EAN8, GTIN, PLU or ISBN"))
}

/// What a barcode is by its length, where its type is left out (Upload Catalog page).
fn kind_by_length(id: &str) -> Option<IdentifierKind> {
    use IdentifierKind::{Ean, Ean8, Gtin, Upc};
    match (id.len(), id.bytes().all(|byte| byte.is_ascii_digit())) {
        (12, true) => Some(Upc),
        (13, true) => Some(Ean),
        (8, true) => Some(Ean8),
        (14, true) => Some(Gtin),
        _ => None,
    }
}

fn deposits(cells: &mut Cells<'_>, currency: Currency) -> Vec<Deposit> {
    let deposits = cells.several("deposits", |part| {
        let (name, amount) = part.split_once('=').ok_or_else(|| format!("{part:?} is not like Bottle deposit=0.05"))?;
        let name = Some(name.trim()).filter(|name| (1..=CHARS_MAX).contains(&name.len()));
        let name = name.ok_or_else(|| format!("{part:?} has no name"))?;
        Ok(Deposit { name: name.into(), amount: money(amount.trim(), currency)? })
    });
    for (place, deposit) in deposits.iter().enumerate() {
        if deposits.iter().take(place).any(|it: &Deposit| it.name == deposit.name) {
            cells.refuse("deposits", format!("has {} twice", deposit.name));
        }
    }
    deposits
}

/// Writes articles as [`read`] reads them.
#[expect(missing_debug_implementations, reason = "a file being written has nothing to show")]
pub struct CatalogWriter<W: Write> {
    writer: csv::Writer<W>,
    store: StoreId,
}

impl<W: Write> CatalogWriter<W> {
    /// Writes the heading.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn begin(file: W, store: &StoreId) -> csv::Result<Self> {
        let mut writer = csv::Writer::from_writer(file);
        writer.write_record(COLUMNS.iter().map(|column| column.name))?;
        Ok(Self { writer, store: store.clone() })
    }

    /// Writes one article.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn write(&mut self, item: &CatalogItem) -> csv::Result<()> {
        let (first, further) = match item.identifiers.split_first() {
            Some((first, further)) => (Some(first), further),
            None => (None, &[][..]),
        };
        let further: Vec<String> = further.iter().map(|it| format!("{}:{}", kind_word(it.kind), it.id)).collect();
        let deposits: Vec<String> =
            item.deposits.iter().map(|it| format!("{}={}", it.name, amount_text(it.amount))).collect();
        let label = |label: &Option<Label>| label.as_ref().map_or(String::new(), ToString::to_string);
        self.writer.write_record([
            item.sku.as_str(),
            first.map_or("", |it| &it.id),
            first.map_or("", |it| kind_word(it.kind)),
            &further.join("|"),
            &item.name,
            self.store.as_str(),
            &amount_text(item.unit_price),
            &label(&item.brand),
            item.tax_category.as_str(),
            &label(&item.category),
            &label(&item.subcategory),
            item.unit_price.currency().code(),
            item.sold_by.as_str(),
            &deposits.join("|"),
        ])
    }

    /// Writes what is left.
    ///
    /// # Errors
    ///
    /// A file that cannot be written.
    pub fn end(mut self) -> csv::Result<()> {
        Ok(self.writer.flush()?)
    }
}

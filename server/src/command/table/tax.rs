//! The file of tax rates.

use domain::tax::TaxRate;

use super::{Cells, Column};

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::required("jurisdiction"),
    Column::required("product_tax_code"),
    Column::required("tax_name"),
    Column::required("percent"),
    Column::optional("included"),
];

/// Reads one rate.
pub fn read(cells: &mut Cells<'_>) -> Option<TaxRate> {
    if cells.text("percent").is_none() {
        cells.refuse("percent", "is empty; a category without tax has a rate of 0");
    }
    let percent = cells.decimal("percent");
    let jurisdiction = cells.required("jurisdiction", 255);
    let tax_category = cells.required("product_tax_code", 255);
    let name = cells.required("tax_name", 255);
    let included = cells.yes("included");
    Some(TaxRate {
        jurisdiction: jurisdiction?.into(),
        tax_category: tax_category?.into(),
        name: name?.into(),
        percent: percent?,
        included,
    })
}

//! The receipt as a PDF: what the page says, on paper.
//!
//! **Invariant**: the same receipt is the same bytes. No clock, no chance, and nothing personal in what a viewer shows as the file's
//! properties.

mod pdf;
mod receipt;
mod sheet;
mod typeface;

use domain::receipt::Receipt;
use time::OffsetDateTime;

/// The receipt on as many pages as it needs; 595 by 792 points, which fits on A4 and on Letter. About 30 KB.
#[must_use]
pub fn receipt_pdf(receipt: &Receipt) -> Vec<u8> {
    pdf::write(&receipt::lay_out(receipt))
}

/// What the file is called: the day tells receipts apart, and nothing personal is in it.
#[must_use]
pub fn file_name(started_at: OffsetDateTime) -> String {
    format!("receipt-{}.pdf", started_at.date())
}

#[cfg(test)]
mod tests;

//! CSV files: a heading, then one row a line. What cannot be read is told by line and column.

use std::collections::BTreeMap;
use std::io::Read;

use csv::{Reader, ReaderBuilder, StringRecord, Trim};
use domain::money::{Currency, Money, MoneyError};
use rust_decimal::Decimal;

use crate::flow::import_rules::Refused;

pub mod catalog;
pub mod loyalty;
pub mod promotion;
pub mod risk;
pub mod tax;

/// A column of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its heading.
    pub name: &'static str,
    /// Must every file have it?
    pub required: bool,
}

impl Column {
    /// A column that every file has.
    #[must_use]
    pub const fn required(name: &'static str) -> Self {
        Self { name, required: true }
    }

    /// A column that a file may leave out.
    #[must_use]
    pub const fn optional(name: &'static str) -> Self {
        Self { name, required: false }
    }
}

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// No heading, or not text.
    #[error("the heading cannot be read")]
    Heading(#[source] csv::Error),
    /// A column is missing.
    #[error("line 1: the column {0} is missing")]
    Missing(&'static str),
    /// A column that means nothing here, most likely misspelt.
    #[error("line 1, column {position}: {name:?} is no column of this file; those are {known}")]
    Unknown {
        /// From 1.
        position: usize,
        /// The heading.
        name: String,
        /// The ones there are.
        known: String,
    },
    /// A column twice.
    #[error("line 1: the column {0} is there twice")]
    Twice(&'static str),
}

/// A file with its heading read.
#[derive(Debug)]
pub struct Table<R> {
    reader: Reader<R>,
    places: BTreeMap<&'static str, usize>,
}

impl<R: Read> Table<R> {
    /// Reads the heading.
    ///
    /// # Errors
    ///
    /// See [`TableError`].
    pub fn open(file: R, columns: &'static [Column], ignored: &[&str]) -> Result<Self, TableError> {
        let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(file);
        let heading = reader.headers().map_err(TableError::Heading)?;
        let mut places = BTreeMap::new();
        for (place, name) in heading.iter().enumerate() {
            // Spreadsheets begin a file with a byte order mark.
            let name = name.trim_start_matches('\u{feff}');
            match columns.iter().find(|column| column.name == name) {
                Some(column) if places.insert(column.name, place).is_some() => {
                    return Err(TableError::Twice(column.name));
                }
                Some(_) => {}
                None if ignored.contains(&name) => {}
                None => {
                    let known: Vec<&str> = columns.iter().map(|column| column.name).collect();
                    let (position, name) = (place.saturating_add(1), name.to_owned());
                    return Err(TableError::Unknown { position, name, known: known.join(", ") });
                }
            }
        }
        match columns.iter().find(|column| column.required && !places.contains_key(column.name)) {
            Some(column) => Err(TableError::Missing(column.name)),
            None => Ok(Self { reader, places }),
        }
    }

    /// The rows, each read by `read`.
    pub fn rows<T>(
        mut self,
        mut read: impl FnMut(&mut Cells<'_>) -> Option<T>,
    ) -> impl Iterator<Item = (u64, Result<T, Vec<Refused>>)> {
        let mut record = StringRecord::new();
        std::iter::from_fn(move || {
            let line_no = self.reader.position().line();
            match self.reader.read_record(&mut record) {
                Ok(false) => None,
                Ok(true) => {
                    let line_no = record.position().map_or(line_no, csv::Position::line);
                    let mut cells = Cells { record: &record, places: &self.places, line_no, refused: vec![] };
                    let row = read(&mut cells);
                    let refused = cells.refused;
                    Some((line_no, row.filter(|_| refused.is_empty()).ok_or(refused)))
                }
                Err(error) => {
                    let line_no = error.position().map_or(line_no, csv::Position::line);
                    Some((line_no, Err(vec![Refused { line_no, column: "", reason: malformed(&error) }])))
                }
            }
        })
    }
}

fn malformed(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("has {len} cells, and the heading has {expected_len}: is a comma not quoted?")
        }
        csv::ErrorKind::Utf8 { .. } => "is not UTF-8".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}

/// The cells of one row. What is wrong with any of them is collected, so that one import tells all.
#[derive(Debug)]
pub struct Cells<'a> {
    record: &'a StringRecord,
    places: &'a BTreeMap<&'static str, usize>,
    line_no: u64,
    refused: Vec<Refused>,
}

impl<'a> Cells<'a> {
    /// Notes what is wrong with a cell.
    pub fn refuse(&mut self, column: &'static str, reason: impl Into<String>) {
        self.refused.push(Refused { line_no: self.line_no, column, reason: reason.into() });
    }

    /// The text of a cell. `None`: it is empty, or the file has no such column.
    #[must_use]
    pub fn text(&self, column: &'static str) -> Option<&'a str> {
        self.record.get(*self.places.get(column)?).filter(|text| !text.is_empty())
    }

    /// A text of at most `chars_max` characters that must be there.
    pub fn required(&mut self, column: &'static str, chars_max: usize) -> Option<&'a str> {
        let text = self.text(column);
        match text {
            None => self.refuse(column, "is empty"),
            Some(_) => return self.short(column, chars_max),
        }
        None
    }

    /// A text of at most `chars_max` characters that may be absent.
    pub fn short(&mut self, column: &'static str, chars_max: usize) -> Option<&'a str> {
        let text = self.text(column)?;
        if text.chars().count() > chars_max {
            self.refuse(column, format!("is longer than {chars_max} characters"));
            return None;
        }
        Some(text)
    }

    /// A cell read by `read`, whose `Err` says what it must be.
    pub fn read<T>(&mut self, column: &'static str, read: impl FnOnce(&str) -> Result<T, String>) -> Option<T> {
        let text = self.text(column)?;
        match read(text) {
            Ok(value) => Some(value),
            Err(reason) => {
                self.refuse(column, reason);
                None
            }
        }
    }

    /// A number with a point, exactly as written.
    pub fn decimal(&mut self, column: &'static str) -> Option<Decimal> {
        self.read(column, decimal)
    }

    /// An amount in the store's currency.
    pub fn money(&mut self, column: &'static str, currency: Currency) -> Option<Money> {
        self.read(column, |text| money(text, currency))
    }

    /// An amount in the currency that the row names, else in `currency`.
    pub fn money_of_row(&mut self, column: &'static str, currency: Currency) -> Option<Money> {
        let named = self.read("currency", |text| Currency::new(text).map_err(|error| format!("{text:?} {error}")));
        if named.is_none() && self.text("currency").is_some() {
            return None;
        }
        self.money(column, named.unwrap_or(currency))
    }

    /// A whole number.
    pub fn whole<T: std::str::FromStr>(&mut self, column: &'static str) -> Option<T> {
        self.read(column, |text| text.parse().map_err(|_| format!("{text:?} is not a whole number that fits here")))
    }

    /// `yes` or `no`; absent means no.
    pub fn yes(&mut self, column: &'static str) -> bool {
        let read = self.read(column, |text| match text {
            "yes" => Ok(true),
            "no" => Ok(false),
            _ => Err(format!("{text:?} must be yes or no")),
        });
        read.unwrap_or(false)
    }

    /// Refuses a currency that is not the store's. An empty cell means the store's.
    pub fn check_currency(&mut self, currency: Currency) {
        self.read("currency", |text| match text == currency.code() {
            true => Ok(()),
            false => Err(format!("{text:?} is not the store's currency, {}", currency.code())),
        });
    }

    /// Several values in one cell, with `|` between them.
    pub fn several<T>(&mut self, column: &'static str, mut read: impl FnMut(&str) -> Result<T, String>) -> Vec<T> {
        let mut values = vec![];
        for part in self.text(column).into_iter().flat_map(|text| text.split('|')).map(str::trim) {
            match read(part) {
                Ok(value) => values.push(value),
                Err(reason) => self.refuse(column, reason),
            }
        }
        values
    }
}

/// A number with a point, exactly as written.
pub(super) fn decimal(text: &str) -> Result<Decimal, String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
    let number = plain.then(|| Decimal::from_str_exact(text).ok()).flatten();
    number.ok_or_else(|| format!("{text:?} is not a number like 12.50"))
}

/// An amount in `currency`, with no more decimal places than it has.
fn money(text: &str, currency: Currency) -> Result<Money, String> {
    Money::from_decimal(decimal(text)?, currency).map_err(|error| match error {
        MoneyError::TooPrecise => {
            format!("{text} has more than the {} decimal places of {}", currency.minor_digits(), currency.code())
        }
        MoneyError::Overflow | MoneyError::CurrencyMismatch => format!("{text} is more than can be counted"),
    })
}

/// An amount as files write it: `12.50`, without its currency.
#[must_use]
pub fn amount_text(amount: Money) -> String {
    amount.to_decimal().to_string()
}

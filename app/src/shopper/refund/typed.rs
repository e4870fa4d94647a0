//! What was typed into the first page, and what is wrong with it.

use std::collections::BTreeMap;

use leptos_router::params::ParamsMap;
use rust_decimal::Decimal;

use crate::backend::refund::{RefundForm, ReturnChoice, ReturnableLine};
use crate::part::money::quantity;
use crate::word::refund as word;

/// Digits and a point that a quantity has at most.
const CHARS_MAX: usize = 20;

/// Decimal places of a quantity: as many as a purchase line has.
const PLACES_MAX: u32 = 6;

/// The unit of what is sold by the piece.
pub(super) const PIECES: &str = "unit";

/// What was typed, as it was typed.
#[derive(Debug, Clone, Default)]
pub(super) struct Typed {
    lines: BTreeMap<u32, String>,
    reason: String,
}

/// Something to put right, and the id of its field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) field: String,
    pub(super) message: String,
}

impl Typed {
    pub(super) fn of(query: &ParamsMap, form: &RefundForm) -> Self {
        let of_line = |line: &ReturnableLine| {
            let typed = query.get_str(&field(line.line_no))?;
            Some((line.line_no, typed.chars().take(CHARS_MAX).collect()))
        };
        let reason = query.get_str("reason").unwrap_or_default().to_owned();
        Self { lines: form.lines.iter().filter_map(of_line).collect(), reason }
    }

    pub(super) fn line(&self, line_no: u32) -> &str {
        self.lines.get(&line_no).map_or("0", String::as_str)
    }

    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    /// What is chosen, or everything that is wrong with it, from the top of the page down.
    pub(super) fn choice(&self, form: &RefundForm) -> Result<ReturnChoice, Vec<Problem>> {
        let (mut lines, mut problems) = (BTreeMap::new(), vec![]);
        for line in &form.lines {
            match number(self.line(line.line_no), line) {
                Some(number) if number.is_zero() => {}
                Some(number) => drop(lines.insert(line.line_no, number)),
                None => {
                    let message = word::wrong_quantity(&line.name, &quantity(line.left, &line.unit));
                    problems.push(Problem { field: field(line.line_no), message });
                }
            }
        }
        let first = form.lines.iter().find(|line| line.left > Decimal::ZERO).map_or(1, |line| line.line_no);
        if lines.is_empty() && problems.is_empty() {
            problems.push(Problem { field: field(first), message: word::NOTHING_CHOSEN.to_owned() });
        }
        match self.reason.parse() {
            Ok(reason) if problems.is_empty() => Ok(ReturnChoice { lines, reason }),
            Ok(_) => Err(problems),
            Err(_) => {
                problems.push(Problem { field: "reason".to_owned(), message: word::NO_REASON.to_owned() });
                Err(problems)
            }
        }
    }
}

/// The name and the id of a line's field.
pub(super) fn field(line_no: u32) -> String {
    format!("line-{line_no}")
}

/// A quantity that can come back, or nothing.
fn number(typed: &str, line: &ReturnableLine) -> Option<Decimal> {
    let typed = typed.trim().replace(',', ".");
    if typed.is_empty() {
        return Some(Decimal::ZERO);
    }
    let number: Decimal = typed.parse().ok()?;
    let is_whole = number.fract().is_zero() || line.unit != PIECES;
    let is_right = number >= Decimal::ZERO && number <= line.left && number.normalize().scale() <= PLACES_MAX;
    (is_whole && is_right).then_some(number.normalize())
}

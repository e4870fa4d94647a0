//! The file of rules for the gate.

use domain::gate::{HoldRule, RiskAction, RiskRule, RiskRuleKind};
use domain::money::Currency;

use super::{Cells, Column, decimal, money};

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::required("rule"),
    Column::required("kind"),
    Column::optional("amount"),
    Column::optional("currency"),
    Column::optional("incidents"),
    Column::optional("within_days"),
    Column::optional("risk"),
    Column::optional("action"),
    Column::optional("hold"),
];

/// The kinds, the columns that each needs, and those that it may have.
const KINDS: [(&str, &[&str], &[&str]); 5] = [
    ("threshold", &["amount"], &["currency"]),
    ("conditional", &["amount", "hold"], &["currency", "incidents"]),
    ("incidents", &["incidents"], &["within_days"]),
    ("sum", &["amount"], &["currency"]),
    ("risk", &["risk", "action"], &["hold", "currency"]),
];

/// What a risk leads to.
const ACTIONS: [&str; 5] = ["deny", "condition", "accept", "ignore", "follow"];

/// The columns that only some kinds have.
const OF_SOME: [&str; 7] = ["amount", "currency", "incidents", "within_days", "risk", "action", "hold"];

/// Reads one rule. Amounts are in the store's currency unless the row names another.
pub fn read(cells: &mut Cells<'_>, currency: Currency) -> Option<RiskRule> {
    let name = cells.required("rule", 64);
    let word = cells.required("kind", 64)?;
    let Some((word, needed, possible)) = KINDS.iter().find(|(known, ..)| *known == word) else {
        let known: Vec<&str> = KINDS.iter().map(|(known, ..)| *known).collect();
        cells.refuse("kind", format!("{word:?} must be one of {}", known.join(", ")));
        return None;
    };
    for column in OF_SOME {
        match (cells.text(column).is_some(), needed.contains(&column), possible.contains(&column)) {
            (false, true, _) => cells.refuse(column, format!("is empty, and {word} needs it")),
            (true, false, false) => cells.refuse(column, format!("means nothing for {word}: leave it empty")),
            _ => {}
        }
    }
    let kind = kind(cells, word, currency);
    Some(RiskRule { name: name?.into(), kind: kind? })
}

fn kind(cells: &mut Cells<'_>, word: &str, currency: Currency) -> Option<RiskRuleKind> {
    Some(match word {
        "threshold" => RiskRuleKind::Threshold { amount: cells.money_of_row("amount", currency)? },
        "sum" => RiskRuleKind::Sum { over: cells.money_of_row("amount", currency)? },
        "incidents" => {
            let (count, within_days) = (cells.whole("incidents"), cells.whole("within_days"));
            RiskRuleKind::Incidents { count: count?, within_days }
        }
        "conditional" => {
            let (below, incidents_max) = (cells.money_of_row("amount", currency), cells.whole("incidents"));
            let hold = hold(cells, below.map_or(currency, |it| it.currency()));
            RiskRuleKind::Conditional { below: below?, incidents_max, hold: hold? }
        }
        _ => {
            let risk = cells.required("risk", 255);
            let action = action(cells, currency);
            RiskRuleKind::Risk { risk: risk?.into(), action: action? }
        }
    })
}

fn action(cells: &mut Cells<'_>, currency: Currency) -> Option<RiskAction> {
    let word = cells.read("action", |text| match ACTIONS.iter().find(|word| **word == text) {
        Some(word) => Ok(*word),
        None => Err(format!("{text:?} must be one of {}", ACTIONS.join(", "))),
    })?;
    match (word, cells.text("hold").is_some()) {
        ("condition", false) => cells.refuse("hold", "is empty, and condition needs it"),
        ("condition", true) => {
            let named = cells.text("currency").map_or(Some(currency), |code| Currency::new(code).ok());
            let Some(named) = named else {
                cells.refuse("currency", "must be three capital letters, like USD");
                return None;
            };
            return hold(cells, named).map(RiskAction::Condition);
        }
        (_, true) => cells.refuse("hold", format!("means nothing for {word}: leave it empty")),
        ("deny", false) => return Some(RiskAction::Deny),
        ("accept", false) => return Some(RiskAction::Accept),
        ("ignore", false) => return Some(RiskAction::Ignore),
        (_, false) => return Some(RiskAction::Follow),
    }
    None
}

/// `70.00`, `150 %` or `+balance`.
fn hold(cells: &mut Cells<'_>, currency: Currency) -> Option<HoldRule> {
    cells.read("hold", |text| match (text, text.strip_suffix('%')) {
        ("+balance", _) => Ok(HoldRule::PlusBalance),
        (_, Some(percent)) => decimal(percent.trim_end()).map(HoldRule::Percent),
        (_, None) => {
            let exactly = money(text, currency).map(HoldRule::Exactly);
            exactly.map_err(|reason| format!("{reason}; a hold is an amount, a percentage like 150 %, or +balance"))
        }
    })
}

//! `storeside seed`: the demo store, with the rules of the files in `end2end/demo`.

use anyhow::bail;
use domain::catalog::{RuleSet, RuleSetId};
use domain::id::StoreId;
use domain::money::Currency;
use sqlx::PgPool;
use time::OffsetDateTime;

use super::table::{Cells, Column, Table, catalog, promotion, tax};
use crate::flow::seed_demo::{self, DEMO_STORE};

const CATALOG: &str = include_str!("../../../end2end/demo/catalog.csv");
const PROMOTIONS: &str = include_str!("../../../end2end/demo/promotions.csv");
const TAXES: &str = include_str!("../../../end2end/demo/taxes.csv");

/// Makes the demo store. `false`: it is there, and is left as it is.
///
/// # Errors
///
/// A database that is away or not migrated.
pub async fn seed_demo(database: &PgPool, now: OffsetDateTime) -> anyhow::Result<bool> {
    Ok(seed_demo::seed_demo(database, &demo_rules()?, now).await?)
}

/// The demo's rules.
///
/// # Errors
///
/// A mistake in one of the files.
pub fn demo_rules() -> anyhow::Result<RuleSet> {
    let store = StoreId::new(DEMO_STORE)?;
    Ok(RuleSet {
        id: RuleSetId(0),
        items: rows(CATALOG, catalog::COLUMNS, |cells| catalog::read(cells, &store, Currency::USD))?,
        promotions: rows(PROMOTIONS, promotion::COLUMNS, |cells| promotion::read(cells, Currency::USD))?,
        tax_rates: rows(TAXES, tax::COLUMNS, tax::read)?,
    })
}

fn rows<T>(
    text: &'static str,
    columns: &'static [Column],
    read: impl FnMut(&mut Cells<'_>) -> Option<T>,
) -> anyhow::Result<Vec<T>> {
    let mut rows = vec![];
    for (line_no, row) in Table::open(text.as_bytes(), columns, &[])?.rows(read) {
        match row {
            Ok(row) => rows.push(row),
            Err(refused) => bail!("the demo's rules, line {line_no}: {refused:?}"),
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_demo_has_real_looking_rules_of_every_kind_and_no_mistake() {
        let rules = demo_rules().unwrap();
        let store = StoreId::new(DEMO_STORE).unwrap();
        assert_eq!(rules.check(&store, "US-NY", Currency::USD), []);
        assert!(rules.items.len() >= 200, "{} articles", rules.items.len());
        let kinds: BTreeSet<_> =
            rules.promotions.iter().map(|it| std::mem::discriminant(&it.kind)).map(|it| format!("{it:?}")).collect();
        assert_eq!(kinds.len(), 7, "{kinds:?}");
        let taxed: BTreeSet<_> = rules.items.iter().map(|it| &it.tax_category).collect();
        let ours = rules.tax_rates.iter().filter(|it| it.jurisdiction.as_str() == "US-NY");
        assert_eq!(taxed, ours.map(|it| &it.tax_category).collect(), "each category has articles");
    }
}

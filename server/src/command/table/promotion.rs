//! The file of promotions.

use domain::id::{Sku, StoreId};
use domain::label::Label;
use domain::money::Currency;
use domain::promotion::{DayMinute, Hours, Promotion, PromotionId, PromotionKind, Target, Weekday};

use super::{Cells, Column};
use crate::command::moment;

/// Its columns.
pub const COLUMNS: &[Column] = &[
    Column::required("promotion_id"),
    Column::required("promotion_name"),
    Column::required("kind"),
    Column::optional("percent"),
    Column::optional("amount"),
    Column::optional("buy"),
    Column::optional("get"),
    Column::optional("count"),
    Column::optional("price"),
    Column::optional("threshold"),
    Column::optional("currency"),
    Column::optional("skus"),
    Column::optional("categories"),
    Column::optional("get_skus"),
    Column::optional("get_categories"),
    Column::optional("weekdays"),
    Column::optional("from_time"),
    Column::optional("until_time"),
    Column::optional("stores"),
    Column::optional("valid_from"),
    Column::optional("valid_until"),
    Column::optional("members_only"),
    Column::optional("uses_max"),
    Column::optional("discount_max"),
    Column::optional("priority"),
    Column::optional("exclusive"),
];

/// The kinds, and the columns that each needs.
const KINDS: [(&str, &[&str]); 9] = [
    ("percent", &["percent"]),
    ("amount_off", &["amount"]),
    ("bogo", &[]),
    ("buy_get", &["buy", "get", "percent"]),
    ("buy_get_other", &["buy", "get", "percent"]),
    ("multi_buy", &["count", "price"]),
    ("basket_percent", &["threshold", "percent"]),
    ("basket_amount", &["threshold", "amount"]),
    ("member_price", &["price"]),
];

/// The columns that only some kinds have.
const OF_SOME: [&str; 7] = ["percent", "amount", "buy", "get", "count", "price", "threshold"];

/// Reads one promotion.
pub fn read(cells: &mut Cells<'_>, currency: Currency) -> Option<Promotion> {
    cells.check_currency(currency);
    let kind = kind(cells, currency);
    let id = cells.required("promotion_id", 64);
    let name = cells.required("promotion_name", 255);
    let target = target(cells, "skus", "categories");
    let hours = hours(cells);
    let stores =
        cells.several("stores", |text| StoreId::new(text).map_err(|_| format!("{text:?} is not a store's id")));
    let at = |text: &str| moment(text).map_err(|error| error.to_string());
    let (valid_from, valid_until) = (cells.read("valid_from", at), cells.read("valid_until", at));
    let (uses_max, discount_max) = (cells.whole("uses_max"), cells.money("discount_max", currency));
    let priority = cells.whole("priority").unwrap_or(0);
    let (members_only, exclusive) = (cells.yes("members_only"), cells.yes("exclusive"));
    Some(Promotion {
        id: PromotionId(id?.into()),
        name: name?.into(),
        kind: kind?,
        target,
        hours,
        valid_from,
        valid_until,
        stores: stores.into_iter().collect(),
        members_only,
        uses_max,
        discount_max,
        priority,
        exclusive,
    })
}

fn target(cells: &mut Cells<'_>, skus: &'static str, categories: &'static str) -> Target {
    let skus = cells.several(skus, |text| Sku::new(text).map_err(|_| format!("{text:?} is not an article number")));
    let categories = cells.several(categories, |text| {
        Some(Label::from(text)).filter(|_| !text.is_empty()).ok_or_else(|| "has an empty category".to_owned())
    });
    Target { skus: skus.into_iter().collect(), categories: categories.into_iter().collect() }
}

/// Several weekdays may stand with commas between them, too, where the cell is quoted.
fn hours(cells: &mut Cells<'_>) -> Hours {
    let of_line = |text: &str| {
        let days = text.split(',').map(str::trim).map(|day| {
            day.parse::<Weekday>().map_err(|_| format!("{day:?} must be one of mon, tue, wed, thu, fri, sat, sun"))
        });
        days.collect::<Result<Vec<_>, _>>()
    };
    let weekdays = cells.several("weekdays", of_line).into_iter().flatten().collect();
    let minute = |text: &str| text.parse::<DayMinute>().map_err(|error| format!("{text:?} {error}"));
    Hours { weekdays, from: cells.read("from_time", minute), until: cells.read("until_time", minute) }
}

fn kind(cells: &mut Cells<'_>, currency: Currency) -> Option<PromotionKind> {
    let word = cells.required("kind", 64)?;
    let Some((word, needed)) = KINDS.iter().find(|(known, _)| *known == word) else {
        let known: Vec<&str> = KINDS.iter().map(|(known, _)| *known).collect();
        cells.refuse("kind", format!("{word:?} must be one of {}", known.join(", ")));
        return None;
    };
    for column in OF_SOME {
        match (needed.contains(&column), cells.text(column)) {
            (true, None) => cells.refuse(column, format!("is empty, and {word} needs it")),
            (false, Some(_)) => cells.refuse(column, format!("means nothing for {word}: leave it empty")),
            (true, Some(_)) | (false, None) => {}
        }
    }
    let other = other(cells, word);
    let has = |column: &str| needed.contains(&column);
    let percent = if has("percent") { cells.decimal("percent") } else { None };
    let mut money = |column| if has(column) { cells.money(column, currency) } else { None };
    let (amount, price, threshold) = (money("amount"), money("price"), money("threshold"));
    let mut whole = |column| if has(column) { cells.whole(column) } else { None };
    let (buy, get, count) = (whole("buy"), whole("get"), whole("count"));
    Some(match *word {
        "percent" => PromotionKind::Percent { percent: percent? },
        "amount_off" => PromotionKind::AmountOff { amount: amount? },
        "buy_get" => PromotionKind::BuyGet { buy: buy?, get: get?, percent: percent? },
        "buy_get_other" => PromotionKind::BuyGetOther { buy: buy?, get: get?, percent: percent?, other },
        "multi_buy" => PromotionKind::MultiBuy { count: count?, price: price? },
        "basket_percent" => PromotionKind::BasketPercent { threshold: threshold?, percent: percent? },
        "basket_amount" => PromotionKind::BasketAmount { threshold: threshold?, amount: amount? },
        "member_price" => PromotionKind::MemberPrice { unit_price: price? },
        _ => PromotionKind::BOGO,
    })
}

/// What is to get, where that is something else than what is to buy.
fn other(cells: &mut Cells<'_>, word: &str) -> Target {
    let columns = ["get_skus", "get_categories"];
    let filled: Vec<&'static str> = columns.into_iter().filter(|column| cells.text(column).is_some()).collect();
    match (word == "buy_get_other", &filled[..]) {
        (true, []) => cells.refuse("get_skus", "is empty, and buy_get_other needs it, or get_categories"),
        (false, [_, ..]) => {
            for column in filled {
                cells.refuse(column, format!("means nothing for {word}: leave it empty"));
            }
        }
        (true, [_, ..]) | (false, []) => {}
    }
    target(cells, "get_skus", "get_categories")
}

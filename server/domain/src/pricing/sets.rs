//! Promotions on sets of pieces.
//!
//! All pieces that take part stand in one row: the dearest catalog price first, then by article number. One piece of an article
//! is worth what the article still costs, divided by its pieces.

use crate::money::Rounding;
use crate::money::ratio::apportion;

use super::basket::sum;
use super::discount::{Eligible, Off, round};

/// Some pieces of one article.
#[derive(Clone, Copy)]
struct Run {
    pieces: i64,
    unit_price: i64,
}

/// Buy some, get some for less: there are as many sets as the row has room for; the pieces that are cheaper are the last ones
/// of the row.
pub(super) fn buy_get(
    row: &[Eligible<'_, '_>],
    (buy, get): (u32, u32),
    percent: (i128, i128),
    uses_max: Option<u32>,
    rounding: Rounding,
) -> Option<Vec<Off>> {
    let pieces = sum(row.iter().map(|it| it.article.pieces))?;
    let size = i64::from(buy).checked_add(get.into())?;
    let sets = pieces.checked_div(size).unwrap_or(0).min(uses_max.map_or(i64::MAX, i64::from));
    last_cheaper(row, sets.checked_mul(get.into())?, percent, rounding)
}

/// For every `buy` of the pieces that were `bought`, `get` pieces of the row are cheaper, while it has so many: the last ones.
pub(super) fn buy_get_other(
    row: &[Eligible<'_, '_>],
    bought: i64,
    (buy, get): (u32, u32),
    percent: (i128, i128),
    uses_max: Option<u32>,
    rounding: Rounding,
) -> Option<Vec<Off>> {
    let pieces = sum(row.iter().map(|it| it.article.pieces))?;
    let sets = |pieces: i64, size: u32| pieces.checked_div(size.into()).unwrap_or(0);
    let sets = sets(bought, buy).min(sets(pieces, get)).min(uses_max.map_or(i64::MAX, i64::from));
    last_cheaper(row, sets.checked_mul(get.into())?, percent, rounding)
}

/// The last `cheaper` pieces of the row, at `percent` off.
fn last_cheaper(
    row: &[Eligible<'_, '_>],
    mut cheaper: i64,
    percent: (i128, i128),
    rounding: Rounding,
) -> Option<Vec<Off>> {
    let mut all = vec![];
    for it in row.iter().rev() {
        let taken = cheaper.min(it.article.pieces);
        if taken == 0 {
            break;
        }
        cheaper = cheaper.checked_sub(taken)?;
        let exact = i128::from(it.left).checked_mul(taken.into())?.checked_mul(percent.0)?;
        let amount = round(exact, percent.1.checked_mul(it.article.pieces.into())?, rounding)?;
        all.push(Off { article: it.index, amount });
    }
    Some(all)
}

/// Sets at a price: they are cut from the front of the row, as long as the catalog prices of a set add up to more than `price`.
/// What the pieces in sets are worth beyond the sets' prices is the discount.
pub(super) fn multi_buy(
    row: &[Eligible<'_, '_>],
    count: u32,
    price: i64,
    uses_max: Option<u32>,
    rounding: Rounding,
) -> Option<Vec<Off>> {
    let runs: Vec<_> = row
        .iter()
        .map(|it| Run { pieces: it.article.pieces, unit_price: it.article.item.unit_price.minor() })
        .collect();
    let (sets, pieces) = cut(&runs, count.into(), price, uses_max.map_or(i64::MAX, i64::from))?;
    let mut worth = Vec::with_capacity(row.len());
    for (it, taken) in row.iter().zip(pieces).filter(|(_, taken)| *taken > 0) {
        let exact = i128::from(it.left).checked_mul(taken.into())?;
        worth.push(Off { article: it.index, amount: round(exact, it.article.pieces.into(), rounding)? });
    }
    worth.sort_unstable_by_key(|it| it.article);
    let whole = i128::from(sum(worth.iter().map(|it| it.amount))?);
    let discount = whole.checked_sub(i128::from(price).checked_mul(sets.into())?)?.max(0);
    let weights: Vec<i128> = worth.iter().map(|it| it.amount.into()).collect();
    let parts = apportion(i64::try_from(discount).ok()?, &weights)?;
    worth.iter_mut().zip(parts).for_each(|(it, part)| it.amount = part);
    Some(worth)
}

/// How many sets there are, and how many pieces of each run are in them. Sets inside one run are cut all at once, so that the
/// work grows with the runs and not with the pieces.
fn cut(runs: &[Run], count: i64, price: i64, sets_max: i64) -> Option<(i64, Vec<i64>)> {
    let mut left: Vec<i64> = runs.iter().map(|run| run.pieces).collect();
    let mut sets = 0_i64;
    let mut at = 0;
    while let (Some(run), Some(here)) = (runs.get(at), left.get_mut(at)) {
        let room = sets_max.checked_sub(sets)?;
        if room == 0 || count == 0 {
            break;
        }
        let whole = here.checked_div(count)?.min(room);
        if whole > 0 {
            if i128::from(run.unit_price).checked_mul(count.into())? <= price.into() {
                break;
            }
            *here = here.checked_sub(whole.checked_mul(count)?)?;
            sets = sets.checked_add(whole)?;
        } else if *here > 0 {
            let Some(next) = across(runs, &left, at, count, price)? else { break };
            for (run, taken) in (at..).zip(next) {
                let left = left.get_mut(run)?;
                *left = left.checked_sub(taken)?;
            }
            sets = sets.checked_add(1)?;
        } else {
            at = at.checked_add(1)?;
        }
    }
    let taken = runs.iter().zip(left).map(|(run, left)| run.pieces.checked_sub(left));
    Some((sets, taken.collect::<Option<_>>()?))
}

/// One set of pieces of several runs, from `at` on. The inner `None`: not enough pieces, or no more worth than `price`.
fn across(runs: &[Run], left: &[i64], at: usize, count: i64, price: i64) -> Option<Option<Vec<i64>>> {
    let (mut needed, mut worth, mut taken) = (count, 0_i128, vec![]);
    for (run, left) in runs.iter().zip(left).skip(at) {
        let here = needed.min(*left);
        needed = needed.checked_sub(here)?;
        worth = worth.checked_add(i128::from(run.unit_price).checked_mul(here.into())?)?;
        taken.push(here);
        if needed == 0 {
            break;
        }
    }
    Some((needed == 0 && worth > price.into()).then_some(taken))
}

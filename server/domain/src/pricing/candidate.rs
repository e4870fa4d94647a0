//! Which promotions come into question for a cart, and in what order.
//!
//! A promotion is a candidate when it runs and the cart has an article of its target (and one that it can make cheaper, where those
//! are others). Promotions on articles come first, then
//! those on the basket; within each, the lower priority number first, then the id.

use std::collections::{BTreeMap, BTreeSet};

use crate::promotion::{Promotion, PromotionKind, Target};
use crate::store::Store;

use super::Occasion;
use super::basket::Basket;

/// A promotion and the articles of the cart it is for.
pub(super) struct Candidate<'a> {
    pub(super) promotion: &'a Promotion,
    /// Which of [`Basket::articles`]; the dearest unit price first, then by article number, where it matters which pieces come
    /// first; else by article number.
    pub(super) articles: Vec<usize>,
    /// Those that must be bought for it, where they are others than the ones it makes cheaper; by article number.
    pub(super) bought: Vec<usize>,
}

impl Candidate<'_> {
    /// Has the cart what it needs?
    fn is_one(&self) -> bool {
        let needs_other = matches!(self.promotion.kind, PromotionKind::BuyGetOther { .. });
        !self.articles.is_empty() && (!needs_other || !self.bought.is_empty())
    }
}

pub(super) fn candidates<'a>(
    promotions: &'a [Promotion],
    basket: &Basket<'_>,
    store: &Store,
    occasion: Occasion,
) -> Vec<Candidate<'a>> {
    let by_category = by_category(basket);
    let running = promotions.iter().filter(|it| it.runs(&store.id, occasion.at, occasion.member));
    let targeted = running.map(|promotion| {
        let mut articles = targeted(&promotion.target, basket, &by_category);
        let mut bought = vec![];
        if let PromotionKind::BuyGetOther { other, .. } = &promotion.kind {
            bought = std::mem::replace(&mut articles, targeted(other, basket, &by_category));
            // Both are in the order of the basket still.
            bought.retain(|article| articles.binary_search(article).is_err());
        }
        if promotion.kind.counts_pieces() {
            let is_counted = |article: &usize| basket.articles.get(*article).is_some_and(|it| it.pieces > 0);
            articles.retain(is_counted);
            bought.retain(is_counted);
        }
        let counts = promotion.kind.counts_pieces() || promotion.uses_max.is_some();
        if counts && !promotion.kind.is_basket() {
            let price = |article: &usize| basket.articles.get(*article).map(|it| it.item.unit_price.minor());
            // Stable: articles of one price stay in the order of their numbers.
            articles.sort_by_key(|article| std::cmp::Reverse(price(article)));
        }
        Candidate { promotion, articles, bought }
    });
    let mut candidates: Vec<_> = targeted.filter(Candidate::is_one).collect();
    candidates.sort_by_key(|it| (it.promotion.kind.is_basket(), it.promotion.priority, &it.promotion.id));
    candidates
}

type ByCategory<'a> = BTreeMap<&'a str, Vec<usize>>;

fn by_category<'a>(basket: &Basket<'a>) -> ByCategory<'a> {
    let mut by_category = ByCategory::new();
    for (index, article) in basket.articles.iter().enumerate() {
        for category in article.item.categories() {
            by_category.entry(category.as_str()).or_default().push(index);
        }
    }
    by_category
}

fn targeted(target: &Target, basket: &Basket<'_>, by_category: &ByCategory<'_>) -> Vec<usize> {
    if target.is_everything() {
        return (0..basket.articles.len()).collect();
    }
    let by_sku =
        target.skus.iter().filter_map(|sku| basket.articles.binary_search_by(|article| article.item.sku.cmp(sku)).ok());
    let in_categories = target.categories.iter().filter_map(|it| by_category.get(it.as_str())).flatten().copied();
    by_sku.chain(in_categories).collect::<BTreeSet<_>>().into_iter().collect()
}

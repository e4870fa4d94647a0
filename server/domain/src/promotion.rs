//! Promotions: what makes things cheaper, for whom, when and how often.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use crate::catalog::CatalogItem;
use crate::id::{Sku, StoreId};
use crate::label::Label;
use crate::money::Money;

mod check;
mod hours;

pub use check::PromotionError;
pub use hours::{DayMinute, Hours, NotATimeOfDay, Weekday};

/// What a promotion does.
///
/// A *piece* is one of an article that is sold by the piece. What is said of each kind holds for the articles the promotion
/// may touch: those it is for, less those that an exclusive promotion forbids.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromotionKind {
    /// So much percent off each article.
    Percent {
        /// Above 0, at most 100.
        percent: Decimal,
    },
    /// So much off each piece, or off each unit of weight; never more than it still costs.
    AmountOff {
        /// Above zero.
        amount: Money,
    },
    /// Buy some, get some more for less: in every complete set of `buy + get` pieces, `get` pieces are cheaper by `percent`.
    /// The cheapest of all pieces are the ones. Pieces of different articles make up a set together; what is left over from
    /// complete sets gets nothing, so of three pieces under "buy one, get one free" one is free. Weighed articles take no part.
    BuyGet {
        /// At full price, at least 1.
        buy: u32,
        /// At the lower price, at least 1.
        get: u32,
        /// Above 0, at most 100, which is free.
        percent: Decimal,
    },
    /// Buy some, get some of others for less: for every `buy` pieces of the target, `get` pieces of `other` are cheaper by
    /// `percent`, as long as there are `get` of them left. The cheapest of the others are the ones. What is in both counts among
    /// the others only. Nothing that is bought becomes cheaper by it. Weighed articles take no part.
    BuyGetOther {
        /// At full price, at least 1.
        buy: u32,
        /// At the lower price, at least 1.
        get: u32,
        /// Above 0, at most 100, which is free.
        percent: Decimal,
        /// The articles that become cheaper; never everything.
        other: Target,
    },
    /// `count` pieces together for `price`. The dearest pieces make the first sets; a set that costs no more than `price` by
    /// itself is left alone. Weighed articles take no part.
    MultiBuy {
        /// At least 2.
        count: u32,
        /// Of one set.
        price: Money,
    },
    /// Percent off the basket, when it reaches a threshold.
    BasketPercent {
        /// Of what the articles cost after all promotions before this one; reached counts.
        threshold: Money,
        /// Above 0, at most 100.
        percent: Decimal,
    },
    /// An amount off the basket, when it reaches a threshold.
    BasketAmount {
        /// Of what the articles cost after all promotions before this one; reached counts.
        threshold: Money,
        /// Above zero; never more than the basket still costs.
        amount: Money,
    },
    /// Another unit price, for members only. Takes off the difference to the catalog's price; nothing where that is lower.
    MemberPrice {
        /// Of one piece, or one unit of weight.
        unit_price: Money,
    },
}

impl PromotionKind {
    /// Buy one, get one free.
    pub const BOGO: Self = Self::BuyGet { buy: 1, get: 1, percent: Decimal::ONE_HUNDRED };

    /// The kind's word in rows and files.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Percent { .. } => "percent",
            Self::AmountOff { .. } => "amount_off",
            Self::BuyGet { .. } => "buy_get",
            Self::BuyGetOther { .. } => "buy_get_other",
            Self::MultiBuy { .. } => "multi_buy",
            Self::BasketPercent { .. } => "basket_percent",
            Self::BasketAmount { .. } => "basket_amount",
            Self::MemberPrice { .. } => "member_price",
        }
    }

    /// Is it about the basket as a whole?
    #[must_use]
    pub const fn is_basket(&self) -> bool {
        matches!(self, Self::BasketPercent { .. } | Self::BasketAmount { .. })
    }

    /// Does it need articles that can be counted?
    #[must_use]
    pub const fn counts_pieces(&self) -> bool {
        matches!(self, Self::BuyGet { .. } | Self::BuyGetOther { .. } | Self::MultiBuy { .. })
    }
}

/// Which articles a promotion is for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Target {
    /// Article numbers.
    pub skus: BTreeSet<Sku>,
    /// Departments or their parts, as the articles name them.
    pub categories: BTreeSet<Label>,
}

impl Target {
    /// Everything: neither articles nor categories are named. Naming both means either.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.skus.is_empty() && self.categories.is_empty()
    }

    /// Is `item` one of them?
    #[must_use]
    pub fn includes(&self, item: &CatalogItem) -> bool {
        self.is_everything()
            || self.skus.contains(&item.sku)
            || item.categories().any(|category| self.categories.contains(category))
    }
}

/// What a promotion is named in rows and files. Orders promotions of one priority.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PromotionId(pub Label);

impl std::fmt::Display for PromotionId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// One promotion.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promotion {
    /// Its name in rows and files, unique within a rule set.
    pub id: PromotionId,
    /// What receipts call it.
    pub name: Label,
    /// What it does.
    pub kind: PromotionKind,
    /// For which articles.
    #[serde(default)]
    pub target: Target,
    /// From this moment on; `None`: since ever.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub valid_from: Option<OffsetDateTime>,
    /// Until just before this moment; `None`: for ever.
    #[serde(default, with = "time::serde::rfc3339::option")]
    pub valid_until: Option<OffsetDateTime>,
    /// On these weekdays, at these hours.
    #[serde(default)]
    pub hours: Hours,
    /// Only in these stores; none named: in all.
    #[serde(default)]
    pub stores: BTreeSet<StoreId>,
    /// Only for members. A member price is for members either way.
    #[serde(default)]
    pub members_only: bool,
    /// How often it may be used in one cart; `None`: as often as it fits. A use is a set, where the kind has sets; else one piece,
    /// the dearest first, or all of a weighed article. A basket promotion is used once.
    #[serde(default)]
    pub uses_max: Option<u32>,
    /// The most it may take off one cart.
    #[serde(default)]
    pub discount_max: Option<Money>,
    /// The lowest number is applied first.
    #[serde(default)]
    pub priority: i32,
    /// Never together with another promotion on one article. It is not used on an article that another has made cheaper, and
    /// no other is used on an article that it has made cheaper; where it took nothing off, it stops nothing.
    #[serde(default)]
    pub exclusive: bool,
}

impl Promotion {
    /// Does it run at `at` in `store`, for this shopper?
    #[must_use]
    pub fn runs(&self, store: &StoreId, at: OffsetDateTime, member: bool) -> bool {
        let for_members = self.members_only || matches!(self.kind, PromotionKind::MemberPrice { .. });
        self.valid_from.is_none_or(|from| from <= at)
            && self.valid_until.is_none_or(|until| at < until)
            && self.hours.include(at)
            && (self.stores.is_empty() || self.stores.contains(store))
            && (member || !for_members)
    }

    /// Every article number in it.
    pub fn skus(&self) -> impl Iterator<Item = &Sku> {
        let others = match &self.kind {
            PromotionKind::BuyGetOther { other, .. } => Some(&other.skus),
            PromotionKind::Percent { .. }
            | PromotionKind::AmountOff { .. }
            | PromotionKind::BuyGet { .. }
            | PromotionKind::MultiBuy { .. }
            | PromotionKind::BasketPercent { .. }
            | PromotionKind::BasketAmount { .. }
            | PromotionKind::MemberPrice { .. } => None,
        };
        self.target.skus.iter().chain(others.into_iter().flatten())
    }

    /// Can it make `item` cheaper?
    #[must_use]
    pub fn touches(&self, item: &CatalogItem) -> bool {
        match &self.kind {
            PromotionKind::BuyGetOther { other, .. } => other.includes(item),
            PromotionKind::Percent { .. }
            | PromotionKind::AmountOff { .. }
            | PromotionKind::BuyGet { .. }
            | PromotionKind::MultiBuy { .. }
            | PromotionKind::BasketPercent { .. }
            | PromotionKind::BasketAmount { .. }
            | PromotionKind::MemberPrice { .. } => self.target.includes(item),
        }
    }

    /// Every amount of money in it, each of which must be in the store's currency.
    pub fn amounts(&self) -> impl Iterator<Item = Money> {
        let of_kind = match &self.kind {
            PromotionKind::Percent { .. } | PromotionKind::BuyGet { .. } | PromotionKind::BuyGetOther { .. } => {
                [None, None]
            }
            PromotionKind::AmountOff { amount } => [Some(*amount), None],
            PromotionKind::MultiBuy { price, .. } => [Some(*price), None],
            PromotionKind::BasketPercent { threshold, .. } => [Some(*threshold), None],
            PromotionKind::BasketAmount { threshold, amount } => [Some(*threshold), Some(*amount)],
            PromotionKind::MemberPrice { unit_price } => [Some(*unit_price), None],
        };
        of_kind.into_iter().flatten().chain(self.discount_max)
    }
}

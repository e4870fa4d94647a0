//! The table `promotion`.

use std::collections::BTreeSet;

use domain::id::{Sku, StoreId};
use domain::label::Label;
use domain::money::{Currency, Money};
use domain::promotion::{DayMinute, Hours, Promotion, PromotionId, PromotionKind, Target, Weekday};
use rust_decimal::Decimal;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::rule_part::PartId;
use super::{Result, StoreError, read};

/// The promotions of a part that are for any of these articles or categories, or for everything.
pub async fn list_touching(
    conn: &mut PgConnection,
    part: PartId,
    currency: Currency,
    skus: &[String],
    categories: &[String],
) -> Result<Vec<Promotion>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT promotion_id, name, kind, percent, amount_minor, price_minor, threshold_minor, buy_count, get_count, set_count,
                skus, categories, get_skus, get_categories, weekdays, from_minute, until_minute, stores, valid_from, valid_until,
                members_only, uses_max, discount_max_minor, priority, exclusive
         FROM promotion WHERE rule_part_id = $1
             AND (skus && $2 OR categories && $3 OR cardinality(skus) + cardinality(categories) = 0)
         ORDER BY promotion_id",
        part.0,
        skus,
        categories,
    );
    rows.fetch_all(conn).await?.into_iter().map(|row| row.parse(currency)).collect()
}

/// All promotions of a part, in the order of their ids.
pub async fn list(conn: &mut PgConnection, part: PartId, currency: Currency) -> Result<Vec<Promotion>> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT promotion_id, name, kind, percent, amount_minor, price_minor, threshold_minor, buy_count, get_count, set_count,
                skus, categories, get_skus, get_categories, weekdays, from_minute, until_minute, stores, valid_from, valid_until,
                members_only, uses_max, discount_max_minor, priority, exclusive
         FROM promotion WHERE rule_part_id = $1 ORDER BY promotion_id",
        part.0,
    );
    rows.fetch_all(conn).await?.into_iter().map(|row| row.parse(currency)).collect()
}

struct Row {
    promotion_id: String,
    name: String,
    kind: String,
    percent: Option<Decimal>,
    amount_minor: Option<i64>,
    price_minor: Option<i64>,
    threshold_minor: Option<i64>,
    buy_count: Option<i32>,
    get_count: Option<i32>,
    set_count: Option<i32>,
    skus: Vec<String>,
    categories: Vec<String>,
    get_skus: Vec<String>,
    get_categories: Vec<String>,
    weekdays: Vec<String>,
    from_minute: Option<i16>,
    until_minute: Option<i16>,
    stores: Vec<String>,
    valid_from: Option<OffsetDateTime>,
    valid_until: Option<OffsetDateTime>,
    members_only: bool,
    uses_max: Option<i64>,
    discount_max_minor: Option<i64>,
    priority: i32,
    exclusive: bool,
}

impl Row {
    fn parse(self, currency: Currency) -> Result<Promotion> {
        let kind = self.kind(currency)?.ok_or(StoreError::Corrupt("promotion.kind"))?;
        let hours = self.hours()?;
        let stores: std::result::Result<BTreeSet<StoreId>, _> = self.stores.iter().map(|id| StoreId::new(id)).collect();
        Ok(Promotion {
            id: PromotionId(self.promotion_id.into()),
            name: self.name.into(),
            kind,
            target: target(&self.skus, &self.categories)?,
            hours,
            valid_from: self.valid_from,
            valid_until: self.valid_until,
            stores: read(stores, "promotion.stores")?,
            members_only: self.members_only,
            uses_max: self
                .uses_max
                .map(u32::try_from)
                .transpose()
                .map_err(|_| StoreError::Corrupt("promotion.uses_max"))?,
            discount_max: self.discount_max_minor.map(|minor| Money::new(minor, currency)),
            priority: self.priority,
            exclusive: self.exclusive,
        })
    }

    fn hours(&self) -> Result<Hours> {
        let minute = |at: Option<i16>| {
            let at = at.map(|at| u16::try_from(at).map_err(|_| ()).and_then(|at| DayMinute::new(at).map_err(|_| ())));
            read(at.transpose(), "promotion.from_minute")
        };
        let days: std::result::Result<BTreeSet<Weekday>, _> = self.weekdays.iter().map(|day| day.parse()).collect();
        let weekdays = read(days, "promotion.weekdays")?;
        Ok(Hours { weekdays, from: minute(self.from_minute)?, until: minute(self.until_minute)? })
    }

    /// `None`: a column that the kind has is missing, which a constraint rules out.
    fn kind(&self, currency: Currency) -> Result<Option<PromotionKind>> {
        let other = target(&self.get_skus, &self.get_categories)?;
        Ok(self.kind_with(other, currency))
    }

    fn kind_with(&self, other: Target, currency: Currency) -> Option<PromotionKind> {
        let percent = self.percent.map(|it| it.normalize());
        let money = |minor: Option<i64>| minor.map(|minor| Money::new(minor, currency));
        let (amount, price, threshold) =
            (money(self.amount_minor), money(self.price_minor), money(self.threshold_minor));
        let count = |count: Option<i32>| count.and_then(|count| u32::try_from(count).ok());
        Some(match self.kind.as_str() {
            "percent" => PromotionKind::Percent { percent: percent? },
            "amount_off" => PromotionKind::AmountOff { amount: amount? },
            "buy_get" => {
                PromotionKind::BuyGet { buy: count(self.buy_count)?, get: count(self.get_count)?, percent: percent? }
            }
            "buy_get_other" => {
                let (buy, get) = (count(self.buy_count)?, count(self.get_count)?);
                PromotionKind::BuyGetOther { buy, get, percent: percent?, other }
            }
            "multi_buy" => PromotionKind::MultiBuy { count: count(self.set_count)?, price: price? },
            "basket_percent" => PromotionKind::BasketPercent { threshold: threshold?, percent: percent? },
            "basket_amount" => PromotionKind::BasketAmount { threshold: threshold?, amount: amount? },
            "member_price" => PromotionKind::MemberPrice { unit_price: price? },
            _ => return None,
        })
    }
}

fn target(skus: &[String], categories: &[String]) -> Result<Target> {
    let skus: std::result::Result<BTreeSet<Sku>, _> = skus.iter().map(|sku| Sku::new(sku)).collect();
    Ok(Target {
        skus: read(skus, "promotion.skus")?,
        categories: categories.iter().map(|name| Label::from(name.as_str())).collect(),
    })
}

/// What the kind's columns hold.
#[derive(Default)]
struct KindColumns {
    kind: &'static str,
    percent: Option<Decimal>,
    amount: Option<Money>,
    price: Option<Money>,
    threshold: Option<Money>,
    buy: Option<u32>,
    get: Option<u32>,
    set: Option<u32>,
    other: Target,
}

fn kind_columns(kind: &PromotionKind) -> KindColumns {
    let none = KindColumns::default();
    match kind.clone() {
        PromotionKind::Percent { percent } => KindColumns { kind: "percent", percent: Some(percent), ..none },
        PromotionKind::AmountOff { amount } => KindColumns { kind: "amount_off", amount: Some(amount), ..none },
        PromotionKind::BuyGet { buy, get, percent } => {
            KindColumns { kind: "buy_get", buy: Some(buy), get: Some(get), percent: Some(percent), ..none }
        }
        PromotionKind::BuyGetOther { buy, get, percent, other } => {
            let (buy, get) = (Some(buy), Some(get));
            KindColumns { kind: "buy_get_other", buy, get, percent: Some(percent), other, ..none }
        }
        PromotionKind::MultiBuy { count, price } => {
            KindColumns { kind: "multi_buy", set: Some(count), price: Some(price), ..none }
        }
        PromotionKind::BasketPercent { threshold, percent } => {
            KindColumns { kind: "basket_percent", threshold: Some(threshold), percent: Some(percent), ..none }
        }
        PromotionKind::BasketAmount { threshold, amount } => {
            KindColumns { kind: "basket_amount", threshold: Some(threshold), amount: Some(amount), ..none }
        }
        PromotionKind::MemberPrice { unit_price } => {
            KindColumns { kind: "member_price", price: Some(unit_price), ..none }
        }
    }
}

fn texts(target: &Target) -> (Vec<String>, Vec<String>) {
    let skus = target.skus.iter().map(ToString::to_string).collect();
    (skus, target.categories.iter().map(ToString::to_string).collect())
}

/// Writes promotions.
pub async fn insert(conn: &mut PgConnection, part: PartId, promotions: &[Promotion]) -> Result<()> {
    for promotion in promotions {
        insert_one(&mut *conn, part, promotion).await?;
    }
    Ok(())
}

async fn insert_one(conn: &mut PgConnection, part: PartId, promotion: &Promotion) -> Result<()> {
    let kind = kind_columns(&promotion.kind);
    let count = |count: Option<u32>| count.map(|count| i32::try_from(count).unwrap_or(i32::MAX));
    let (skus, categories) = texts(&promotion.target);
    let (get_skus, get_categories) = texts(&kind.other);
    let weekdays: Vec<String> = promotion.hours.weekdays.iter().map(ToString::to_string).collect();
    let minute = |at: Option<DayMinute>| at.map(|at| i16::try_from(at.minutes()).unwrap_or(i16::MAX));
    let stores: Vec<String> = promotion.stores.iter().map(ToString::to_string).collect();
    sqlx::query!(
        "INSERT INTO promotion (rule_part_id, promotion_id, name, kind, percent, amount_minor, price_minor, threshold_minor,
             buy_count, get_count, set_count, skus, categories, stores, valid_from, valid_until, members_only, uses_max,
             discount_max_minor, priority, exclusive, get_skus, get_categories, weekdays, from_minute, until_minute)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
             $25, $26)",
        part.0,
        promotion.id.0.as_str(),
        promotion.name.as_str(),
        kind.kind,
        kind.percent,
        kind.amount.map(Money::minor),
        kind.price.map(Money::minor),
        kind.threshold.map(Money::minor),
        count(kind.buy),
        count(kind.get),
        count(kind.set),
        &skus,
        &categories,
        &stores,
        promotion.valid_from,
        promotion.valid_until,
        promotion.members_only,
        promotion.uses_max.map(i64::from),
        promotion.discount_max.map(Money::minor),
        promotion.priority,
        promotion.exclusive,
        &get_skus,
        &get_categories,
        &weekdays,
        minute(promotion.hours.from),
        minute(promotion.hours.until),
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

    use super::super::fixture::{self, NOW, add_store, assert_refused, decimal, id, refusal, usd};
    use super::super::rule_part::{self, PartKind};
    use super::*;

    fn plain(name: &str, kind: PromotionKind) -> Promotion {
        Promotion {
            id: PromotionId(name.into()),
            name: format!("Promotion {name}").into(),
            kind,
            target: Target::default(),
            valid_from: None,
            valid_until: None,
            hours: Hours::default(),
            stores: BTreeSet::new(),
            members_only: false,
            uses_max: None,
            discount_max: None,
            priority: 0,
            exclusive: false,
        }
    }

    fn on(skus: &[&str], categories: &[&str]) -> Target {
        Target {
            skus: skus.iter().map(|sku| id(sku)).collect(),
            categories: categories.iter().map(|name| Label::from(*name)).collect(),
        }
    }

    /// One of each kind, with something in every field somewhere.
    fn every_kind() -> Vec<Promotion> {
        let percent = decimal("12.5");
        let limited = Promotion {
            target: on(&["tea", "ham"], &["Food"]),
            valid_from: Some(NOW),
            valid_until: Some(NOW + time::Duration::DAY),
            hours: Hours {
                weekdays: Weekday::ALL.iter().copied().collect(),
                from: "09:30".parse().ok(),
                until: Some(DayMinute::MIDNIGHT),
            },
            stores: [id("store-1"), id("store-2")].into(),
            members_only: true,
            uses_max: Some(u32::MAX),
            discount_max: Some(usd(500)),
            priority: -3,
            exclusive: true,
            ..plain("a", PromotionKind::Percent { percent })
        };
        vec![
            limited,
            Promotion { target: on(&[], &["Drinks"]), ..plain("b", PromotionKind::AmountOff { amount: usd(50) }) },
            Promotion { target: on(&["tea"], &[]), ..plain("c", PromotionKind::BuyGet { buy: 2, get: 1, percent }) },
            plain("d", PromotionKind::MultiBuy { count: 3, price: usd(0) }),
            plain("e", PromotionKind::BasketPercent { threshold: usd(1000), percent }),
            plain("f", PromotionKind::BasketAmount { threshold: usd(0), amount: usd(100) }),
            plain("g", PromotionKind::MemberPrice { unit_price: usd(99) }),
            Promotion {
                target: on(&["jam"], &["Sweets"]),
                hours: Hours { weekdays: [Weekday::Sun].into(), from: None, until: "12:00".parse().ok() },
                ..plain("h", PromotionKind::BuyGetOther { buy: 2, get: 1, percent, other: on(&["tea"], &["Dairy"]) })
            },
        ]
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn every_kind_reads_back_and_a_cart_gets_those_that_can_touch_it(
        _: PgPoolOptions,
        database: PgConnectOptions,
    ) {
        let mut conn = fixture::connect(database).await;
        let store = add_store(&mut conn).await;
        let part = rule_part::insert(&mut conn, &store.id, PartKind::Promotions, "x", None, NOW).await.unwrap();
        let all = every_kind();
        insert(&mut conn, part, &all).await.unwrap();
        assert_eq!(list(&mut conn, part, store.currency).await.unwrap(), all);
        for (skus, categories, expected) in [
            (&["tea"][..], &[][..], "acdefg"),
            (&["ham"], &["Drinks"], "abdefg"),
            (&["milk"], &["Food", "Dairy"], "adefg"),
            (&["jam", "tea"], &[], "acdefgh"),
            (&[], &[], "defg"),
        ] {
            let texts = |words: &[&str]| words.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
            let found = list_touching(&mut conn, part, store.currency, &texts(skus), &texts(categories)).await.unwrap();
            let names: String = found.iter().map(|it| it.id.to_string()).collect();
            assert_eq!(names, expected, "{skus:?} {categories:?}");
        }
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_promotion_has_the_columns_of_its_kind_and_no_others(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let store = add_store(&mut conn).await;
        let part = rule_part::insert(&mut conn, &store.id, PartKind::Promotions, "x", None, NOW).await.unwrap();
        insert(&mut conn, part, &every_kind()).await.unwrap();
        assert_eq!(refusal(insert(&mut conn, part, &every_kind()[..1]).await), "promotion_pk");
        let changes = [
            ("kind = 'gift'", "promotion_columns_by_kind"),
            ("percent = 0", "promotion_percent"),
            ("kind = 'percent'", "promotion_columns_by_kind"),
            ("name = ''", "promotion_name"),
            ("uses_max = 0", "promotion_uses"),
            ("discount_max_minor = 0", "promotion_cap"),
            ("valid_from = valid_until", "promotion_window"),
            ("weekdays = '{mon,someday}'", "promotion_weekdays"),
            ("from_minute = 1441, until_minute = NULL", "promotion_from_minute"),
            ("from_minute = until_minute", "promotion_hours"),
            ("get_skus = '{tea}', get_categories = '{}'", "promotion_others_by_kind"),
            ("get_skus = '{}', get_categories = '{}'", "promotion_others_by_kind"),
        ];
        assert_refused(&mut conn, "promotion", &changes).await;
    }
}

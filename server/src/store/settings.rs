//! The table `store`: one store's settings.

use domain::id::StoreId;
use domain::money::{Currency, Money, Rounding};
use domain::pricing::PricingSettings;
use domain::receipt::Merchant;
use domain::refund::RefundRules;
use domain::store::Store;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

use super::{Result, StoreError, read};

/// The settings of a store. `None`: we do not serve it.
pub async fn get(conn: &mut PgConnection, id: &StoreId) -> Result<Option<Store>> {
    let Some(row) =
        sqlx::query!(r#"SELECT * FROM store WHERE store_id = $1"#, id.as_str()).fetch_optional(conn).await?
    else {
        return Ok(None);
    };
    let currency = read(Currency::new(&row.currency), "store.currency")?;
    Ok(Some(Store {
        id: id.clone(),
        merchant: Merchant {
            name: row.merchant_name,
            address: row.merchant_address,
            tax_number: row.tax_number,
            contact: row.contact,
        },
        currency,
        gate_strategy: read(row.gate_strategy.parse(), "store.gate_strategy")?,
        debt_threshold: row.debt_threshold_minor.map(|minor| Money::new(minor, currency)),
        feedback: read(row.feedback.parse(), "store.feedback")?,
        bad_cart: read(row.bad_cart.parse(), "store.bad_cart")?,
        review_limit: Duration::minutes(row.review_limit_minutes.into()),
        decline: read(row.decline.parse(), "store.decline")?,
        pricing: PricingSettings {
            rounding: rounding(&row.rounding)?,
            rounding_level: read(row.rounding_level.parse(), "store.rounding_level")?,
            promotion_policy: read(row.promotion_policy.parse(), "store.promotion_policy")?,
            jurisdiction: row.jurisdiction.into(),
            promotions_max: read(row.promotions_max.map(u32::try_from).transpose(), "store.promotions_max")?,
            cart_discount_max: row.cart_discount_max_minor.map(|minor| Money::new(minor, currency)),
        },
        token_life: Duration::minutes(row.token_life_minutes.into()),
        capture_repeat_is_safe: row.capture_repeat_is_safe,
        transactional_data_proves_capture: row.transactional_data_proves_capture,
        skips_adjust: row.skip_adjust,
        refund: RefundRules {
            window: Duration::days(row.refund_window_days.into()),
            after: Duration::minutes(row.refund_after_minutes.into()),
            auto_limit: Money::new(row.refund_auto_limit_minor, currency),
            auto_count: read(u32::try_from(row.refund_auto_count), "store.refund_auto_count")?,
            auto_same_article: read(u32::try_from(row.refund_auto_same_article), "store.refund_auto_same_article")?,
            auto_share_percent: read(u32::try_from(row.refund_auto_share_percent), "store.refund_auto_share_percent")?,
        },
    }))
}

/// Locks a store against others who change its rules. Carts and taps go on meanwhile.
pub async fn lock_rules(conn: &mut PgConnection, id: &StoreId) -> Result<()> {
    sqlx::query_scalar!("SELECT store_id FROM store WHERE store_id = $1 FOR NO KEY UPDATE", id.as_str())
        .fetch_optional(conn)
        .await?;
    Ok(())
}

/// Every store's merchant, by name.
pub async fn list_merchants(conn: &mut PgConnection) -> Result<Vec<Merchant>> {
    let rows = sqlx::query_as!(
        Merchant,
        "SELECT merchant_name AS name, merchant_address AS address, tax_number, contact FROM store ORDER BY merchant_name, store_id",
    );
    Ok(rows.fetch_all(conn).await?)
}

/// Every store's id.
pub async fn list_ids(conn: &mut PgConnection) -> Result<Vec<StoreId>> {
    let ids = sqlx::query_scalar!("SELECT store_id FROM store ORDER BY store_id").fetch_all(conn).await?;
    ids.iter().map(|id| read(StoreId::new(id), "store.store_id")).collect()
}

/// Every store and its name, by name.
pub async fn list_names(conn: &mut PgConnection) -> Result<Vec<(StoreId, String)>> {
    let rows = sqlx::query!("SELECT store_id, merchant_name FROM store ORDER BY merchant_name, store_id");
    let rows = rows.fetch_all(conn).await?.into_iter();
    rows.map(|row| Ok((read(StoreId::new(&row.store_id), "store.store_id")?, row.merchant_name))).collect()
}

/// Writes a store that is not there yet. `false`: it was there, and keeps its settings.
pub async fn insert(conn: &mut PgConnection, store: &Store, now: OffsetDateTime) -> Result<bool> {
    let done = sqlx::query!(
        "INSERT INTO store (store_id, merchant_name, merchant_address, tax_number, contact, currency, gate_strategy,
             debt_threshold_minor, feedback, bad_cart, decline, rounding, token_life_minutes, capture_repeat_is_safe,
             transactional_data_proves_capture, created_at, rounding_level, promotion_policy, jurisdiction, promotions_max,
             cart_discount_max_minor, review_limit_minutes, refund_window_days, refund_after_minutes, refund_auto_limit_minor,
             refund_auto_count, skip_adjust, refund_auto_same_article, refund_auto_share_percent)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
             $23, $24, $25, $26, $27, $28, $29) ON CONFLICT DO NOTHING",
        store.id.as_str(),
        store.merchant.name,
        store.merchant.address,
        store.merchant.tax_number,
        store.merchant.contact,
        store.currency.code(),
        store.gate_strategy.as_str(),
        store.debt_threshold.map(Money::minor),
        store.feedback.as_str(),
        store.bad_cart.as_str(),
        store.decline.as_str(),
        rounding_word(store.pricing.rounding),
        i32::try_from(store.token_life.whole_minutes()).unwrap_or(i32::MAX),
        store.capture_repeat_is_safe,
        store.transactional_data_proves_capture,
        now,
        store.pricing.rounding_level.as_str(),
        store.pricing.promotion_policy.as_str(),
        store.pricing.jurisdiction.as_str(),
        store.pricing.promotions_max.map(i64::from),
        store.pricing.cart_discount_max.map(Money::minor),
        i32::try_from(store.review_limit.whole_minutes()).unwrap_or(i32::MAX),
        i32::try_from(store.refund.window.whole_days()).unwrap_or(i32::MAX),
        i32::try_from(store.refund.after.whole_minutes()).unwrap_or(i32::MAX),
        store.refund.auto_limit.minor(),
        i32::try_from(store.refund.auto_count).unwrap_or(i32::MAX),
        store.skips_adjust,
        i32::try_from(store.refund.auto_same_article).unwrap_or(i32::MAX),
        i32::try_from(store.refund.auto_share_percent).unwrap_or(i32::MAX),
    );
    Ok(done.execute(conn).await?.rows_affected() == 1)
}

pub(super) fn rounding_word(rounding: Rounding) -> &'static str {
    match rounding {
        Rounding::HalfUp => "half_up",
        Rounding::HalfEven => "half_even",
        Rounding::HalfDown => "half_down",
    }
}

pub(super) fn rounding(word: &str) -> Result<Rounding> {
    match word {
        "half_up" => Ok(Rounding::HalfUp),
        "half_even" => Ok(Rounding::HalfEven),
        "half_down" => Ok(Rounding::HalfDown),
        _ => Err(StoreError::Corrupt("rounding")),
    }
}

/// Up to how much one person may give up at a store.
pub async fn write_off_alone(conn: &mut PgConnection, id: &StoreId) -> Result<Money> {
    let row = sqlx::query!("SELECT currency, write_off_alone_minor FROM store WHERE store_id = $1", id.as_str());
    let row = row.fetch_optional(conn).await?.ok_or(StoreError::Corrupt("a trip of a store that is not there"))?;
    Ok(Money::new(row.write_off_alone_minor, read(Currency::new(&row.currency), "store.currency")?))
}

#[cfg(test)]
mod tests {
    use domain::pricing::{PromotionPolicy, RoundingLevel};
    use domain::store::{BadCartPolicy, DeclinePolicy, FeedbackPolicy, GateStrategy};
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

    use super::super::fixture::{self, NOW, add_store, assert_refused, id, store};
    use super::*;

    /// Stores that differ from [`store`] in one setting each.
    fn every_setting() -> Vec<Store> {
        let roundings = [Rounding::HalfUp, Rounding::HalfEven, Rounding::HalfDown];
        let yen = Some(Money::new(1500, Currency::JPY));
        let mut stores = vec![
            Store {
                currency: Currency::JPY,
                debt_threshold: yen,
                refund: RefundRules::plain(Currency::JPY),
                ..store()
            },
            Store { token_life: Duration::minutes(1), ..store() },
            Store { token_life: Duration::days(7), ..store() },
            Store { capture_repeat_is_safe: false, ..store() },
            Store { transactional_data_proves_capture: true, ..store() },
            Store { skips_adjust: true, ..store() },
        ];
        stores.extend(GateStrategy::ALL.iter().map(|it| Store { gate_strategy: *it, ..store() }));
        stores.extend(FeedbackPolicy::ALL.iter().map(|it| Store { feedback: *it, ..store() }));
        stores.extend(BadCartPolicy::ALL.iter().map(|it| Store { bad_cart: *it, ..store() }));
        stores.extend(DeclinePolicy::ALL.iter().map(|it| Store { decline: *it, ..store() }));
        let pricing = store().pricing;
        let pricings = [
            PricingSettings { rounding_level: RoundingLevel::Invoice, ..pricing.clone() },
            PricingSettings { promotion_policy: PromotionPolicy::BestDeal, ..pricing.clone() },
            PricingSettings { jurisdiction: "DE".into(), ..pricing.clone() },
            PricingSettings { promotions_max: Some(u32::MAX), ..pricing.clone() },
            PricingSettings { cart_discount_max: Some(Money::new(5000, Currency::USD)), ..pricing },
        ];
        stores.extend(pricings.map(|pricing| Store { pricing, ..store() }));
        stores.push(Store { review_limit: Duration::hours(3), ..store() });
        let refund = RefundRules {
            window: Duration::days(7),
            after: Duration::ZERO,
            auto_limit: Money::new(0, Currency::USD),
            auto_count: 9,
            auto_same_article: 7,
            auto_share_percent: 100,
        };
        stores.push(Store { refund, ..store() });
        stores.extend(
            roundings.map(|it| Store { pricing: PricingSettings { rounding: it, ..store().pricing }, ..store() }),
        );
        stores
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn every_setting_of_a_store_reads_back(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        for (number, store) in every_setting().into_iter().enumerate() {
            let store = Store { id: id(&format!("store-{number}")), ..store };
            assert_eq!(get(&mut conn, &store.id).await.unwrap(), None);
            assert!(insert(&mut conn, &store, NOW).await.unwrap());
            assert_eq!(get(&mut conn, &store.id).await.unwrap(), Some(store));
        }
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_store_that_is_there_keeps_its_settings(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let first = add_store(&mut conn).await;
        let other = Store { currency: Currency::JPY, ..first.clone() };
        assert!(!insert(&mut conn, &other, NOW).await.unwrap());
        assert_eq!(get(&mut conn, &first.id).await.unwrap(), Some(first));
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn settings_that_cannot_be_are_refused(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        add_store(&mut conn).await;
        let changes = [
            ("store_id = 'store 1'", "store_id_shape"),
            ("currency = 'usd'", "store_currency"),
            ("currency = 'US'", "store_currency"),
            ("currency = 'USDX'", "store_currency"),
            ("gate_strategy = 'nobody_managed'", "store_gate_strategy"),
            ("debt_threshold_minor = -1", "store_debt_threshold"),
            ("feedback = 'never'", "store_feedback"),
            ("bad_cart = 'give_away'", "store_bad_cart"),
            ("decline = 'forget'", "store_decline"),
            ("rounding = 'up'", "store_rounding"),
            ("rounding_level = 'day'", "store_rounding_level"),
            ("promotion_policy = 'none'", "store_promotion_policy"),
            ("jurisdiction = ''", "store_jurisdiction"),
            ("promotions_max = -1", "store_promotions_max"),
            ("cart_discount_max_minor = -1", "store_cart_discount_max"),
            ("review_limit_minutes = 0", "store_review_limit"),
            ("token_life_minutes = 0", "store_token_life"),
            ("token_life_minutes = 10081", "store_token_life"),
        ];
        assert_refused(&mut conn, "store", &changes).await;
    }
}

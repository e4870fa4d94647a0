//! What the gate must know for when this database is away: the stores and their rules, who owes, and who is listed.

use domain::gate::away::AwayRules;
use domain::gate::{Listing, RiskRules};
use domain::id::{InstrumentId, StoreId};
use domain::money::{Currency, Money};
use domain::store::Store;
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};

use super::{Result, gate, read, settings};

/// A store's gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreGate {
    /// The store's settings.
    pub settings: Store,
    /// Its rules in force.
    pub rules: RiskRules,
    /// How it decides without this database.
    pub away: AwayRules,
}

/// Every store's gate, with the rules in force at `now`.
pub async fn list_gates(conn: &mut PgConnection, now: OffsetDateTime) -> Result<Vec<StoreGate>> {
    let rows = sqlx::query!("SELECT store_id, away_default, balance_age_max_minutes FROM store ORDER BY store_id");
    let mut gates = vec![];
    for row in rows.fetch_all(&mut *conn).await? {
        let away = AwayRules {
            default: read(row.away_default.parse(), "store.away_default")?,
            balance_age_max: Duration::minutes(row.balance_age_max_minutes.into()),
        };
        let id = read(StoreId::new(&row.store_id), "store.store_id")?;
        let rules = gate::rules(&mut *conn, &id, now).await?;
        let settings = settings::get(&mut *conn, &id).await?;
        gates.extend(settings.map(|settings| StoreGate { settings, rules, away }));
    }
    Ok(gates)
}

/// What somebody owes in one currency, as it counts at the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owed {
    /// Who.
    pub instrument: InstrumentId,
    /// The sum of the debts.
    pub outstanding: Money,
    /// When each of them was incurred.
    pub incidents: Vec<OffsetDateTime>,
}

/// What everybody owes who owes anything; or, of `only` these.
pub async fn list_owed(conn: &mut PgConnection, only: Option<&[String]>) -> Result<Vec<Owed>> {
    let rows = sqlx::query!(
        r#"SELECT instrument_id AS "instrument_id!", currency, sum(outstanding_minor + written_off_minor)::bigint AS "outstanding!",
               array_agg(incurred_at) AS "incidents!"
           FROM debt WHERE instrument_id IS NOT NULL AND ($1::text[] IS NULL OR instrument_id = ANY($1))
               AND counts_at_gate AND outstanding_minor + written_off_minor > 0
           GROUP BY instrument_id, currency"#,
        only as Option<&[String]>,
    );
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| {
        let currency = read(Currency::new(&row.currency), "debt.currency")?;
        Ok(Owed {
            instrument: read(InstrumentId::new(&row.instrument_id), "debt.instrument_id")?,
            outstanding: Money::new(row.outstanding, currency),
            incidents: row.incidents,
        })
    });
    rows.collect()
}

/// Somebody's place on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Who.
    pub instrument: InstrumentId,
    /// Where. `None`: at every store.
    pub store: Option<StoreId>,
    /// On which list, until when.
    pub listing: Listing,
}

/// Everybody who is listed at `now`; or, of `only` these.
pub async fn list_listed(conn: &mut PgConnection, only: Option<&[String]>, now: OffsetDateTime) -> Result<Vec<Listed>> {
    let rows = sqlx::query!(
        "SELECT instrument_id, store_id, list, until_at FROM gate_listing
         WHERE cleared_at IS NULL AND until_at > $2 AND ($1::text[] IS NULL OR instrument_id = ANY($1))",
        only as Option<&[String]>,
        now,
    );
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| {
        let store = row.store_id.map(|id| read(StoreId::new(&id), "gate_listing.store_id")).transpose()?;
        let listing = Listing { list: read(row.list.parse(), "gate_listing.list")?, until: row.until_at };
        Ok(Listed {
            instrument: read(InstrumentId::new(&row.instrument_id), "gate_listing.instrument_id")?,
            store,
            listing,
        })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use domain::gate::GateList;
    use domain::gate::away::AwayDefault;
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

    use super::super::fixture::{self, NOW, add_store, add_trip, card, usd};
    use super::*;

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn fa_016_every_default_for_a_gate_without_records_reads_back(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let settings = add_store(&mut conn).await;
        let gate = |default, minutes| StoreGate {
            settings: settings.clone(),
            rules: RiskRules::default(),
            away: AwayRules { default, balance_age_max: Duration::minutes(minutes) },
        };
        assert_eq!(
            list_gates(&mut conn, NOW).await.unwrap(),
            [gate(AwayDefault::Recommendation, 60)],
            "unless it is set"
        );
        for default in AwayDefault::ALL {
            let change = format!("UPDATE store SET away_default = '{default}', balance_age_max_minutes = 5");
            fixture::run(&mut conn, &change).await.unwrap();
            assert_eq!(list_gates(&mut conn, NOW).await.unwrap(), [gate(*default, 5)]);
        }
        let changes = [
            ("away_default = 'guess'", "store_away_default"),
            ("balance_age_max_minutes = 0", "store_balance_age_max"),
            ("balance_age_max_minutes = 10081", "store_balance_age_max"),
        ];
        fixture::assert_refused(&mut conn, "store", &changes).await;
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn fa_016_who_owes_and_who_is_listed_is_read_and_nobody_else(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        for (trip, columns) in [
            ("trip-1", "'open', 300, 300, 0, 0, true"),
            ("trip-2", "'written_off', 200, 0, 0, 200, true"),
            ("trip-3", "'settled', 500, 0, 500, 0, true"),
            ("trip-4", "'open', 700, 700, 0, 0, false"),
        ] {
            add_trip(&mut conn, trip).await;
            let debt = format!(
                "INSERT INTO debt (debt_id, trip_id, instrument_id, currency, cause, incurred_at, updated_at,
                     status, incurred_minor, outstanding_minor, paid_minor, written_off_minor, counts_at_gate)
                 VALUES (gen_random_uuid(), '{trip}', 'card-1', 'USD', 'payment_declined', '{NOW}', '{NOW}', {columns})"
            );
            fixture::run(&mut conn, &debt).await.unwrap();
        }
        let owed = [Owed { instrument: card(), outstanding: usd(500), incidents: vec![NOW, NOW] }];
        let (this, other) = (vec!["card-1".to_owned()], vec!["card-2".to_owned()]);
        assert_eq!(list_owed(&mut conn, None).await.unwrap(), owed);
        assert_eq!(list_owed(&mut conn, Some(&this)).await.unwrap(), owed);
        assert_eq!(list_owed(&mut conn, Some(&other)).await.unwrap(), []);

        fixture::run(&mut conn, "INSERT INTO staff (name, added_at) VALUES ('erin', '2026-01-01Z')").await.unwrap();
        for (list, until, cleared) in
            [("block", NOW + Duration::HOUR, false), ("allow", NOW, false), ("allow", NOW + Duration::HOUR, true)]
        {
            let listing = format!(
                "INSERT INTO gate_listing (instrument_id, list, until_at, reason, listed_by, listed_at, cleared_by, cleared_at)
                 VALUES ('card-1', '{list}', '{until}', 'for a good reason', 'erin', '2026-01-01Z', {0}, {1})",
                if cleared { "'erin'" } else { "NULL" },
                if cleared { "'2026-01-02Z'" } else { "NULL" },
            );
            fixture::run(&mut conn, &listing).await.unwrap();
        }
        let listing = Listing { list: GateList::Block, until: NOW + Duration::HOUR };
        let listed = [Listed { instrument: card(), store: None, listing }];
        assert_eq!(list_listed(&mut conn, None, NOW).await.unwrap(), listed);
        assert_eq!(list_listed(&mut conn, Some(&this), NOW).await.unwrap(), listed);
        assert_eq!(list_listed(&mut conn, Some(&other), NOW).await.unwrap(), []);
    }
}

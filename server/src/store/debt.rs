//! The table `debt`: what was not collected, one row a trip at most.

use domain::debt::Debt;
use domain::gate::Standing;
use domain::id::{DebtId, InstrumentId, ShopperId, TripId};
use domain::money::{Currency, Money};
use domain::reason::DebtCause;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{Result, StoreError, read};

/// Writes a debt that was just born.
pub async fn insert(
    conn: &mut PgConnection,
    id: DebtId,
    trip: &TripId,
    instrument: Option<&InstrumentId>,
    debt: &Debt,
    now: OffsetDateTime,
) -> Result<()> {
    let currency = debt.incurred.currency();
    sqlx::query!(
        "INSERT INTO debt (debt_id, trip_id, instrument_id, currency, cause, status, incurred_minor, outstanding_minor,
             counts_at_gate, incurred_at, updated_at, paid_minor, recovered_minor, credited_minor, written_off_minor)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12, $13, $14)",
        id.0,
        trip.as_str(),
        instrument.map(InstrumentId::as_str),
        currency.code(),
        debt.cause.as_str(),
        debt.status.as_str(),
        debt.incurred.minor(),
        debt.outstanding.minor(),
        debt.counts_at_gate,
        now,
        debt.paid.minor(),
        debt.recovered.minor(),
        debt.credited.minor(),
        debt.written_off.minor(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A debt as it is stored.
#[derive(Debug, Clone)]
pub struct DebtRow {
    /// Its id.
    pub id: DebtId,
    /// Who owes it. `None`: nobody is known yet.
    pub instrument: Option<InstrumentId>,
    /// What it is.
    pub debt: Debt,
}

/// The debt of a visit, locked until the transaction ends. The visit's row is locked before it, always.
pub async fn lock(conn: &mut PgConnection, trip: &TripId) -> Result<Option<DebtRow>> {
    let row = sqlx::query!(
        "SELECT debt_id, instrument_id, currency, cause, status, incurred_minor, outstanding_minor, paid_minor, recovered_minor,
             credited_minor, written_off_minor, counts_at_gate FROM debt WHERE trip_id = $1 FOR UPDATE",
        trip.as_str(),
    );
    let Some(row) = row.fetch_optional(conn).await? else { return Ok(None) };
    let currency = read(Currency::new(&row.currency), "debt.currency")?;
    let amount = |minor| Money::new(minor, currency);
    let debt = Debt {
        incurred: amount(row.incurred_minor),
        outstanding: amount(row.outstanding_minor),
        paid: amount(row.paid_minor),
        recovered: amount(row.recovered_minor),
        credited: amount(row.credited_minor),
        written_off: amount(row.written_off_minor),
        cause: read(row.cause.parse(), "debt.cause")?,
        status: read(row.status.parse(), "debt.status")?,
        counts_at_gate: row.counts_at_gate,
    };
    let instrument = row.instrument_id.map(|id| read(InstrumentId::new(&id), "debt.instrument_id")).transpose()?;
    Ok(Some(DebtRow { id: DebtId(row.debt_id), instrument, debt }))
}

/// Writes what an event changed.
pub async fn save(conn: &mut PgConnection, id: DebtId, debt: &Debt, now: OffsetDateTime) -> Result<()> {
    sqlx::query!(
        "UPDATE debt SET status = $2, incurred_minor = $3, outstanding_minor = $4, paid_minor = $5, recovered_minor = $6,
             credited_minor = $7, written_off_minor = $8, counts_at_gate = $9, updated_at = $10 WHERE debt_id = $1",
        id.0,
        debt.status.as_str(),
        debt.incurred.minor(),
        debt.outstanding.minor(),
        debt.paid.minor(),
        debt.recovered.minor(),
        debt.credited.minor(),
        debt.written_off.minor(),
        debt.counts_at_gate,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What an instrument owes in `currency` over all stores: the gate's one read.
pub async fn standing(conn: &mut PgConnection, instrument: &InstrumentId, currency: Currency) -> Result<Standing> {
    let row = sqlx::query!(
        r#"SELECT coalesce(sum(outstanding_minor + written_off_minor), 0)::bigint AS "outstanding!", count(*) AS "open_debts!"
           FROM debt WHERE instrument_id = $1 AND currency = $2 AND counts_at_gate AND outstanding_minor + written_off_minor > 0"#,
        instrument.as_str(),
        currency.code(),
    );
    let row = row.fetch_one(conn).await?;
    Ok(Standing {
        outstanding: Money::new(row.outstanding, currency),
        open_debts: u32::try_from(row.open_debts).unwrap_or(u32::MAX),
    })
}

/// Names who owes the debt of a visit, if there is one that nobody is known to owe. Gives it, and what is outstanding of it.
pub async fn assign(
    conn: &mut PgConnection,
    trip: &TripId,
    instrument: &InstrumentId,
    now: OffsetDateTime,
) -> Result<Option<(DebtId, Money)>> {
    let row = sqlx::query!(
        "UPDATE debt SET instrument_id = $2, updated_at = $3 WHERE trip_id = $1 AND instrument_id IS NULL
         RETURNING debt_id, currency, outstanding_minor",
        trip.as_str(),
        instrument.as_str(),
        now,
    );
    let Some(row) = row.fetch_optional(conn).await? else { return Ok(None) };
    let outstanding = Money::new(row.outstanding_minor, read(Currency::new(&row.currency), "debt.currency")?);
    Ok(Some((DebtId(row.debt_id), outstanding)))
}

/// What is still owed for a visit. `None`: it has no debt.
pub async fn outstanding_of_trip(conn: &mut PgConnection, trip: &TripId) -> Result<Option<Money>> {
    let row = sqlx::query!("SELECT currency, outstanding_minor FROM debt WHERE trip_id = $1", trip.as_str());
    let Some(row) = row.fetch_optional(conn).await? else { return Ok(None) };
    Ok(Some(Money::new(row.outstanding_minor, read(Currency::new(&row.currency), "debt.currency")?)))
}

/// An open debt as a page shows it.
#[derive(Debug, Clone)]
pub struct OwedTrip {
    /// The visit.
    pub trip: TripId,
    /// The store's name.
    pub store_name: String,
    /// Whom to ask there.
    pub contact: String,
    /// When the visit began.
    pub started_at: OffsetDateTime,
    /// What is still owed.
    pub outstanding: Money,
    /// Why.
    pub cause: DebtCause,
}

/// What a shopper owes, the oldest visit first.
pub async fn list_open_by_shopper(conn: &mut PgConnection, shopper: ShopperId) -> Result<Vec<OwedTrip>> {
    let rows = sqlx::query!(
        "SELECT debt.trip_id, debt.currency, debt.outstanding_minor, debt.cause, trip.started_at, store.merchant_name, store.contact
         FROM instrument JOIN debt USING (instrument_id) JOIN trip ON trip.trip_id = debt.trip_id JOIN store USING (store_id)
         WHERE instrument.shopper_id = $1 AND debt.outstanding_minor > 0 ORDER BY trip.started_at, debt.trip_id",
        shopper.0,
    );
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| {
        let currency = read(Currency::new(&row.currency), "debt.currency")?;
        Ok(OwedTrip {
            trip: read(TripId::new(&row.trip_id), "debt.trip_id")?,
            store_name: row.merchant_name,
            contact: row.contact,
            started_at: row.started_at,
            outstanding: Money::new(row.outstanding_minor, currency),
            cause: row.cause.parse().map_err(|_| StoreError::Corrupt("debt.cause"))?,
        })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use domain::debt::{DebtEvent, DebtStatus, PaymentMeans};
    use domain::id::EmailAddress;
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
    use uuid::Uuid;

    use super::super::fixture::{self, NOW, add_trip, assert_refused, card, id, refusal, usd};
    use super::super::trip::TripRow;
    use super::super::{instrument, shopper, trip};
    use super::*;

    fn owed(minor: i64, cause: DebtCause) -> Debt {
        Debt::incur(usd(minor), cause).unwrap()
    }

    fn paid(debt: Debt, minor: i64) -> Debt {
        debt.apply(DebtEvent::Paid { amount: usd(minor), means: PaymentMeans::InStore }).unwrap().debt
    }

    fn given_up(debt: Debt) -> Debt {
        debt.apply(DebtEvent::WrittenOff).unwrap().debt
    }

    /// Writes a debt of [`card`], together with its visit.
    async fn add(conn: &mut PgConnection, trip: &str, debt: &Debt) {
        let trip = add_trip(conn, trip).await.id;
        insert(conn, DebtId(Uuid::new_v4()), &trip, Some(&card()), debt, NOW).await.unwrap();
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_debt_is_kept_as_it_was_born_whatever_its_cause(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        type Row = (String, String, i64, i64, bool, String, Option<String>, OffsetDateTime);
        for cause in DebtCause::ALL {
            let (trip, debt) = (id(&format!("of_{cause}")), paid(owed(815, *cause), 15));
            assert_eq!(outstanding_of_trip(&mut conn, &trip).await.unwrap(), None);
            add(&mut conn, trip.as_str(), &debt).await;
            assert_eq!(outstanding_of_trip(&mut conn, &trip).await.unwrap(), Some(usd(800)));
            let row: Row = sqlx::query_as(
                "SELECT cause, status, incurred_minor, outstanding_minor, counts_at_gate, currency, instrument_id, incurred_at
                 FROM debt WHERE trip_id = $1",
            )
            .bind(trip.as_str())
            .fetch_one(&mut conn)
            .await
            .unwrap();
            let expected = (cause.to_string(), "open".to_owned(), 815, 800, debt.counts_at_gate, "USD".to_owned());
            let expected = (expected, Some("card-1".to_owned()), NOW);
            assert_eq!(((row.0, row.1, row.2, row.3, row.4, row.5), row.6, row.7), expected);
        }
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn the_gate_sums_what_counts_of_one_instrument_and_one_currency(
        _: PgPoolOptions,
        database: PgConnectOptions,
    ) {
        let mut conn = fixture::connect(database).await;
        let nothing = Standing { outstanding: usd(0), open_debts: 0 };
        assert_eq!(standing(&mut conn, &card(), Currency::USD).await.unwrap(), nothing);
        add(&mut conn, "declined", &owed(300, DebtCause::PaymentDeclined)).await;
        add(&mut conn, "partly", &paid(owed(200, DebtCause::PartialCapture), 150)).await;
        add(&mut conn, "given-up", &given_up(owed(7, DebtCause::CaptureFailed))).await;
        add(&mut conn, "late", &owed(1000, DebtCause::LateCart)).await;
        add(&mut conn, "settled", &paid(owed(5000, DebtCause::CaptureDeclined), 5000)).await;
        let yen = Debt::incur(Money::new(40, Currency::JPY), DebtCause::SystemError).unwrap();
        add(&mut conn, "yen", &yen).await;
        let unknown = add_trip(&mut conn, "unknown").await.id;
        insert(&mut conn, DebtId(Uuid::new_v4()), &unknown, None, &owed(9, DebtCause::SystemError), NOW).await.unwrap();

        let dollars = Standing { outstanding: usd(357), open_debts: 3 };
        assert_eq!(standing(&mut conn, &card(), Currency::USD).await.unwrap(), dollars);
        let yen = Standing { outstanding: Money::new(40, Currency::JPY), open_debts: 1 };
        assert_eq!(standing(&mut conn, &card(), Currency::JPY).await.unwrap(), yen);
        assert_eq!(standing(&mut conn, &id("card-2"), Currency::USD).await.unwrap(), nothing);
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_debt_that_nobody_is_known_to_owe_gets_its_owner_once(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let trip = add_trip(&mut conn, "trip-1").await.id;
        instrument::insert(&mut conn, &id("card-2"), NOW).await.unwrap();
        assert_eq!(assign(&mut conn, &trip, &card(), NOW).await.unwrap(), None, "there is no debt");
        let debt = paid(owed(815, DebtCause::PaymentDeclined), 15);
        let debt_id = DebtId(Uuid::new_v4());
        insert(&mut conn, debt_id, &trip, None, &debt, NOW).await.unwrap();
        assert_eq!(assign(&mut conn, &trip, &card(), NOW).await.unwrap(), Some((debt_id, usd(800))));
        assert_eq!(assign(&mut conn, &trip, &id("card-2"), NOW).await.unwrap(), None, "somebody owes it already");
        let owes = |minor, open_debts| Standing { outstanding: usd(minor), open_debts };
        assert_eq!(standing(&mut conn, &card(), Currency::USD).await.unwrap(), owes(800, 1));
        assert_eq!(standing(&mut conn, &id("card-2"), Currency::USD).await.unwrap(), owes(0, 0));
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_debt_reads_back_as_every_event_leaves_it(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let mut debt = owed(815, DebtCause::CaptureFailed);
        add(&mut conn, "trip-1", &debt).await;
        let means = PaymentMeans::ByPhone;
        let events = [
            DebtEvent::Paid { amount: usd(15), means },
            DebtEvent::WrittenOff,
            DebtEvent::Cleared,
            DebtEvent::CaptureRecovered(usd(900)),
            DebtEvent::PaymentReversed { amount: usd(5), means },
            DebtEvent::Credited(usd(2)),
            DebtEvent::Increased(usd(40)),
        ];
        for event in events {
            let held = lock(&mut conn, &id("trip-1")).await.unwrap().unwrap();
            assert_eq!((held.debt, held.instrument), (debt, Some(card())));
            debt = debt.apply(event).unwrap().debt;
            save(&mut conn, held.id, &debt, NOW).await.unwrap();
        }
        assert_eq!(lock(&mut conn, &id("trip-1")).await.unwrap().unwrap().debt, debt);
        assert!(lock(&mut conn, &id("trip-2")).await.unwrap().is_none());
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_debt_that_does_not_add_up_is_refused(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let debt = owed(815, DebtCause::PaymentDeclined);
        let trip = add_trip(&mut conn, "trip-1").await.id;
        let wrong = [
            (Debt { outstanding: usd(816), ..debt }, "debt_law"),
            (Debt { outstanding: usd(0), ..debt }, "debt_law"),
            (Debt { outstanding: usd(-5), paid: usd(820), status: DebtStatus::Settled, ..debt }, "debt_outstanding"),
            (Debt { outstanding: usd(814), paid: usd(-1), written_off: usd(2), ..debt }, "debt_paid"),
            (Debt { status: DebtStatus::Settled, ..debt }, "debt_status_by_amount"),
            (Debt { outstanding: usd(0), written_off: usd(815), ..debt }, "debt_status_by_amount"),
            (Debt { incurred: usd(0), outstanding: usd(0), status: DebtStatus::Settled, ..debt }, "debt_incurred"),
            (Debt { incurred: usd(-5), outstanding: usd(-5), ..debt }, "debt_incurred"),
        ];
        for (wrong, constraint) in wrong {
            let result = insert(&mut conn, DebtId(Uuid::new_v4()), &trip, Some(&card()), &wrong, NOW).await;
            assert_eq!(refusal(result), constraint, "{wrong:?}");
        }
        let stranger = insert(&mut conn, DebtId(Uuid::new_v4()), &trip, Some(&id("card-2")), &debt, NOW).await;
        assert_eq!(refusal(stranger), "debt_instrument");
        insert(&mut conn, DebtId(Uuid::new_v4()), &trip, Some(&card()), &debt, NOW).await.unwrap();
        let second = insert(&mut conn, DebtId(Uuid::new_v4()), &trip, Some(&card()), &debt, NOW).await;
        assert_eq!(refusal(second), "debt_once_per_trip");
        let changes = [
            ("cause = 'bad luck'", "debt_cause"),
            ("status = 'forgotten'", "debt_status"),
            ("trip_id = 'trip-2'", "debt_trip"),
        ];
        assert_refused(&mut conn, "debt", &changes).await;
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_shopper_sees_what_all_own_cards_owe_the_oldest_visit_first(
        _: PgPoolOptions,
        database: PgConnectOptions,
    ) {
        let mut conn = fixture::connect(database).await;
        let mine = shopper::find_or_insert(&mut conn, &EmailAddress::new("a@example.com").unwrap(), NOW).await.unwrap();
        add(&mut conn, "older", &owed(300, DebtCause::PaymentDeclined)).await;
        add(&mut conn, "paid", &paid(owed(200, DebtCause::PaymentDeclined), 200)).await;
        let newer = TripRow { started_at: NOW + time::Duration::hours(1), ..add_trip(&mut conn, "newer").await };
        trip::save(&mut conn, &newer, NOW).await.unwrap();
        let late = owed(40, DebtCause::LateCart);
        insert(&mut conn, DebtId(Uuid::new_v4()), &newer.id, Some(&card()), &late, NOW).await.unwrap();
        assert_eq!(list_open_by_shopper(&mut conn, mine).await.unwrap().len(), 0, "the card is nobody's yet");

        instrument::save_identity(&mut conn, &card(), Some(mine), NOW).await.unwrap();
        let listed = list_open_by_shopper(&mut conn, mine).await.unwrap();
        let facts: Vec<_> = listed.iter().map(|it| (it.trip.as_str(), it.outstanding, it.cause)).collect();
        assert_eq!(facts, [("older", usd(300), DebtCause::PaymentDeclined), ("newer", usd(40), DebtCause::LateCart)]);
        assert_eq!((listed[0].store_name.as_str(), listed[0].contact.as_str()), ("Corner Store", "help@example.com"));
        assert_eq!(listed[1].started_at, newer.started_at);
    }
}

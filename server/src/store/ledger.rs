//! The tables `ledger_transaction` and `ledger_entry`: inserted once, never changed.

use domain::id::{StoreId, TripId};
use domain::ledger::{Entry, Subject};
use domain::loss::Loss;
use domain::money::{Currency, Money};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::Result;

/// What a set of entries is about.
#[derive(Debug)]
pub struct Posting<'a> {
    /// The store whose books these are.
    pub store: &'a StoreId,
    /// In what currency.
    pub currency: Currency,
    /// The visit that moved the money.
    pub trip: &'a TripId,
    /// What happened: `priced`, `captured`, `debt_incurred`, `suspended`.
    pub kind: &'a str,
}

/// Writes entries that add up to nothing; the database refuses others when the transaction ends. One statement, since the visit's
/// row is locked meanwhile.
pub async fn post(conn: &mut PgConnection, posting: Posting<'_>, entries: &[Entry], now: OffsetDateTime) -> Result<()> {
    let accounts: Vec<&str> = entries.iter().map(|it| it.account.as_str()).collect();
    let (instruments, trips): (Vec<_>, Vec<_>) = entries.iter().map(|it| columns(&it.subject)).unzip();
    let amounts: Vec<i64> = entries.iter().map(|it| it.amount.minor()).collect();
    sqlx::query!(
        "WITH posting AS (
             INSERT INTO ledger_transaction (store_id, currency, trip_id, kind, posted_at) VALUES ($1, $2, $3, $4, $5)
             RETURNING ledger_transaction_id)
         INSERT INTO ledger_entry (ledger_transaction_id, entry_no, account, instrument_id, trip_id, amount_minor)
         SELECT ledger_transaction_id, entry_no, account, instrument_id, entry.trip_id, amount_minor
         FROM posting CROSS JOIN unnest($6::text[], $7::text[], $8::text[], $9::bigint[])
             WITH ORDINALITY AS entry (account, instrument_id, trip_id, amount_minor, entry_no)",
        posting.store.as_str(),
        posting.currency.code(),
        posting.trip.as_str(),
        posting.kind,
        now,
        &accounts as _,
        &instruments as _,
        &trips as _,
        &amounts,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The columns `instrument_id` and `trip_id`.
fn columns(subject: &Subject) -> (Option<&str>, Option<&str>) {
    match subject {
        Subject::Instrument(id) => (Some(id.as_str()), None),
        Subject::Trip(id) => (None, Some(id.as_str())),
    }
}

/// The kind of a posting by which a visit's lines become a loss.
pub const BAD_CART_LOST: &str = "bad_cart_lost";

/// What of a visit was booked as lost so far.
pub async fn bad_cart_loss(conn: &mut PgConnection, trip: &TripId, currency: Currency) -> Result<Loss> {
    let sums = sqlx::query!(
        r#"SELECT coalesce(sum(amount_minor) FILTER (WHERE account = 'bad_cart_loss'), 0)::bigint AS "total!",
               coalesce(-sum(amount_minor) FILTER (WHERE account = 'tax_payable'), 0)::bigint AS "tax!",
               coalesce(-sum(amount_minor) FILTER (WHERE account = 'deposits_payable'), 0)::bigint AS "deposits!"
           FROM ledger_transaction posting JOIN ledger_entry USING (ledger_transaction_id)
           WHERE posting.trip_id = $1 AND posting.kind = $2"#,
        trip.as_str(),
        BAD_CART_LOST,
    );
    let sums = sums.fetch_one(conn).await?;
    let money = |minor| Money::new(minor, currency);
    Ok(Loss { total: money(sums.total), tax: money(sums.tax), deposits: money(sums.deposits) })
}

#[cfg(test)]
mod tests {
    use domain::debt::{DebtMovement, PaymentMeans};
    use domain::ledger::{Account, Books, assignment, debt_entries, entries};
    use domain::trip::Movement;
    use sqlx::Connection;
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

    use super::super::fixture::{self, NOW, add_trip, card, id, refusal, usd, visit};
    use super::super::trip;
    use super::*;

    /// Posts entries to the books of `trip-1` in a transaction of its own.
    async fn post_alone(conn: &mut PgConnection, entries: &[Entry]) -> Result<()> {
        let (store, trip) = (fixture::store().id, id("trip-1"));
        let mut tx = conn.begin().await?;
        let posting = Posting { store: &store, currency: Currency::USD, trip: &trip, kind: "test" };
        post(&mut tx, posting, entries, NOW).await?;
        Ok(tx.commit().await?)
    }

    fn entry(account: Account, minor: i64) -> Entry {
        Entry { account, subject: Subject::Trip(id("trip-1")), amount: usd(minor) }
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn the_entries_of_every_movement_are_kept_in_order(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let trip = add_trip(&mut conn, "trip-1").await.id;
        let movements = [
            Movement::Priced(usd(815)),
            Movement::Captured(usd(300)),
            Movement::CaptureReversed(usd(200)),
            Movement::Suspended(usd(100)),
            Movement::Unsuspended(usd(100)),
        ];
        let of_debt = [
            DebtMovement::Incurred(usd(415)),
            DebtMovement::Paid { amount: usd(15), means: PaymentMeans::InStore },
            DebtMovement::Paid { amount: usd(-5), means: PaymentMeans::Online },
            DebtMovement::Recovered(usd(100)),
            DebtMovement::RecoveredSurplus(usd(7)),
            DebtMovement::Credited(usd(100)),
            DebtMovement::WrittenOff(usd(50)),
        ];
        let mut posted = vec![];
        for instrument in [Some(card()), None] {
            for movement in movements {
                let books = Books { trip: &trip, instrument: instrument.as_ref(), tax: usd(66), deposits: usd(10) };
                let entries = entries(movement, books).unwrap();
                post_alone(&mut conn, &entries).await.unwrap();
                posted.extend(entries);
            }
            for movement in of_debt {
                let books = Books { trip: &trip, instrument: instrument.as_ref(), tax: usd(66), deposits: usd(10) };
                let entries = debt_entries(movement, books).unwrap();
                post_alone(&mut conn, &entries).await.unwrap();
                posted.extend(entries);
            }
        }
        let assigned = assignment(&trip, &card(), usd(415)).unwrap();
        post_alone(&mut conn, &assigned).await.unwrap();
        posted.extend(assigned);
        let kept: Vec<(String, Option<String>, Option<String>, i64)> = sqlx::query_as(
            "SELECT account, instrument_id, trip_id, amount_minor FROM ledger_entry ORDER BY ledger_transaction_id, entry_no",
        )
        .fetch_all(&mut conn)
        .await
        .unwrap();
        let posted = posted.into_iter().map(|entry| {
            let (instrument, trip) = match entry.subject {
                Subject::Instrument(id) => (Some(id.to_string()), None),
                Subject::Trip(id) => (None, Some(id.to_string())),
            };
            (entry.account.to_string(), instrument, trip, entry.amount.minor())
        });
        assert_eq!(kept, posted.collect::<Vec<_>>());
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn entries_that_do_not_add_up_fail_at_the_commit_and_take_everything_with_them(
        _: PgPoolOptions,
        database: PgConnectOptions,
    ) {
        let mut conn = fixture::connect(database).await;
        let row = add_trip(&mut conn, "trip-1").await;
        let unbalanced = [entry(Account::TripInFlight, 815), entry(Account::Sales, -814)];
        let mut tx = conn.begin().await.unwrap();
        trip::insert(&mut tx, &visit("trip-2"), NOW).await.unwrap();
        let posting = Posting { store: &row.store, currency: Currency::USD, trip: &row.id, kind: "priced" };
        post(&mut tx, posting, &unbalanced, NOW).await.unwrap();
        assert_eq!(refusal(tx.commit().await.map_err(Into::into)), "ledger_balanced");
        for table in ["ledger_transaction", "ledger_entry"] {
            assert_eq!(fixture::count(&mut conn, table).await, 0, "{table}");
        }
        assert!(trip::get(&mut conn, &id("trip-2")).await.unwrap().is_none(), "nothing of the transaction is there");

        post_alone(&mut conn, &[entry(Account::TripInFlight, 815), entry(Account::Sales, -815)]).await.unwrap();
        assert_eq!(fixture::count(&mut conn, "ledger_entry").await, 2);
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_single_entry_and_one_that_comes_later_do_not_add_up(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        add_trip(&mut conn, "trip-1").await;
        assert_eq!(refusal(post_alone(&mut conn, &[entry(Account::Sales, -1)]).await), "ledger_balanced");
        post_alone(&mut conn, &[entry(Account::TripInFlight, 815), entry(Account::Sales, -815)]).await.unwrap();
        let later = "INSERT INTO ledger_entry (ledger_transaction_id, entry_no, account, trip_id, amount_minor)
             SELECT ledger_transaction_id, 3, 'sales', 'trip-1', 1 FROM ledger_transaction";
        assert_eq!(refusal(fixture::run(&mut conn, later).await), "ledger_balanced");
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn an_entry_of_nothing_or_of_two_subjects_is_refused(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        add_trip(&mut conn, "trip-1").await;
        let nothing = Entry { amount: Money::zero(Currency::USD), ..entry(Account::Sales, 1) };
        assert_eq!(refusal(post_alone(&mut conn, &[nothing]).await), "ledger_entry_not_nothing");
        post_alone(&mut conn, &[entry(Account::TripInFlight, 815), entry(Account::Sales, -815)]).await.unwrap();
        for (columns, constraint) in [
            ("'sales', 'card-1', 'trip-1', 1", "ledger_entry_one_subject"),
            ("'sales', NULL, NULL, 1", "ledger_entry_one_subject"),
            ("'pocket', NULL, 'trip-1', 1", "ledger_entry_account"),
        ] {
            let sql = format!(
                "INSERT INTO ledger_entry (ledger_transaction_id, entry_no, account, instrument_id, trip_id, amount_minor)
                 SELECT ledger_transaction_id, 3, {columns} FROM ledger_transaction"
            );
            assert_eq!(refusal(fixture::run(&mut conn, &sql).await), constraint, "{columns}");
        }
    }
}

//! The table `card_facts`: what Get Transactional Data said, once per trip, sealed. Two keyed hashes find it: of the card and of the
//! number on its statement.

use domain::id::{InstrumentId, TripId};
use domain::money::Money;
use domain::receipt::CardFacts;
use domain::sign_in::{CardClaim, LastFact};
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::{Result, read};
use crate::vault::{Place, Sealed, Vault};

/// What a card is called in a blind index.
const CARD: &str = "card";

/// What the number on a statement is called in a blind index.
const STATEMENT: &str = "card_statement_transaction_id";

/// The card facts of a visit. `None`: Amazon has not told yet.
pub async fn get(conn: &mut PgConnection, vault: &Vault, trip: &TripId) -> Result<Option<CardFacts>> {
    let row = sqlx::query!(
        "SELECT sealed, brand, currency, tail, expiration_month, expiration_year, pos_entry_mode, authorization_response_code,
             cryptogram_information_data, pan_sequence_number, application_id, cardholder_verification_method_result,
             terminal_id, reconciliation_id, card_statement_transaction_id FROM card_facts WHERE trip_id = $1",
        trip.as_str(),
    );
    let Some(row) = row.fetch_optional(conn).await? else { return Ok(None) };
    if let Some(sealed) = row.sealed {
        return open(vault, trip, sealed).map(Some);
    }
    Ok(Some(CardFacts {
        brand: row.brand,
        currency: row.currency,
        tail: row.tail,
        expiration_month: row.expiration_month,
        expiration_year: row.expiration_year,
        pos_entry_mode: row.pos_entry_mode,
        authorization_response_code: row.authorization_response_code,
        cryptogram_information_data: row.cryptogram_information_data,
        pan_sequence_number: row.pan_sequence_number,
        application_id: row.application_id,
        cardholder_verification_method_result: row.cardholder_verification_method_result,
        terminal_id: row.terminal_id,
        reconciliation_id: row.reconciliation_id,
        card_statement_transaction_id: row.card_statement_transaction_id,
    }))
}

/// Opens the facts of a visit, as a list of visits brings them along.
pub(super) fn open(vault: &Vault, trip: &TripId, sealed: Vec<u8>) -> Result<CardFacts> {
    let text = read(vault.open(place(trip), &Sealed::new(sealed)), "card_facts.sealed")?;
    read(serde_json::from_str(&text), "card_facts.sealed")
}

/// Under what a number on a statement may be stored.
pub(super) fn statement_indexes(vault: &Vault, number: &str) -> Vec<Vec<u8>> {
    vault.indexes(STATEMENT, number)
}

/// Has Amazon told?
pub async fn exists(conn: &mut PgConnection, trip: &TripId) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM card_facts WHERE trip_id = $1) AS "found!""#,
        trip.as_str(),
    );
    Ok(found.fetch_one(conn).await?)
}

/// Keeps card facts. What is there already stays.
pub async fn insert(
    conn: &mut PgConnection,
    vault: &Vault,
    trip: &TripId,
    facts: &CardFacts,
    now: OffsetDateTime,
) -> Result<()> {
    let row = Row::seal(vault, trip, facts)?;
    sqlx::query!(
        "INSERT INTO card_facts (trip_id, sealed, card_index, statement_index, fetched_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT ON CONSTRAINT card_facts_pk DO NOTHING",
        trip.as_str(),
        row.sealed,
        row.card_index,
        row.statement_index,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes out of card facts what bookkeeping does not need. They are found by no card and no statement any more.
pub(super) async fn reduce(conn: &mut PgConnection, vault: &Vault, trip: &TripId, now: OffsetDateTime) -> Result<()> {
    let Some(facts) = get(&mut *conn, vault, trip).await? else { return Ok(()) };
    save(&mut *conn, vault, trip, &facts.reduced()).await?;
    sqlx::query!("UPDATE card_facts SET reduced_at = $2 WHERE trip_id = $1", trip.as_str(), now).execute(conn).await?;
    Ok(())
}

/// Seals card facts again with the newest key.
pub(super) async fn renew(conn: &mut PgConnection, vault: &Vault, trip: &TripId) -> Result<()> {
    let Some(facts) = get(&mut *conn, vault, trip).await? else { return Ok(()) };
    save(conn, vault, trip, &facts).await
}

async fn save(conn: &mut PgConnection, vault: &Vault, trip: &TripId, facts: &CardFacts) -> Result<()> {
    let row = Row::seal(vault, trip, facts)?;
    sqlx::query!(
        "UPDATE card_facts SET sealed = $2, card_index = $3, statement_index = $4, brand = NULL, currency = NULL, tail = NULL,
             expiration_month = NULL, expiration_year = NULL, pos_entry_mode = NULL, authorization_response_code = NULL,
             cryptogram_information_data = NULL, pan_sequence_number = NULL, application_id = NULL,
             cardholder_verification_method_result = NULL, terminal_id = NULL, reconciliation_id = NULL,
             card_statement_transaction_id = NULL
         WHERE trip_id = $1",
        trip.as_str(),
        row.sealed,
        row.card_index,
        row.statement_index,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Facts as they are stored.
struct Row {
    sealed: Vec<u8>,
    card_index: Option<Vec<u8>>,
    statement_index: Option<Vec<u8>>,
}

impl Row {
    fn seal(vault: &Vault, trip: &TripId, facts: &CardFacts) -> Result<Self> {
        let text = read(serde_json::to_string(facts), "card_facts.sealed")?;
        let statement = facts.card_statement_transaction_id.as_deref();
        Ok(Self {
            sealed: vault.seal(place(trip), &text).bytes().to_vec(),
            card_index: card(facts).map(|card| vault.index(CARD, &card).into_bytes()),
            statement_index: statement.map(|number| vault.index(STATEMENT, number).into_bytes()),
        })
    }
}

fn place(trip: &TripId) -> Place<'_> {
    Place { column: "card_facts.sealed", row: trip.as_str() }
}

/// A card in one spelling: last four digits, month and year of its expiry. `None`: not all of them are known.
///
/// How Amazon writes a month and a year is not published, so `9` and `09` are one month, `31` and `2031` one year.
fn card(facts: &CardFacts) -> Option<String> {
    let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<u16>().ok());
    let tail = facts.tail.as_deref()?;
    let (month, year) = (number(&facts.expiration_month)?, number(&facts.expiration_year)?);
    let year = if year < 100 { year + 2000 } else { year };
    Some(spelled(tail, month, year))
}

fn spelled(tail: &str, month: u16, year: u16) -> String {
    format!("{tail} {month:02} {year}")
}

/// The card of a claim, as one text to be counted by. Secret as the facts are.
#[must_use]
pub fn claimed_card(claim: &CardClaim) -> String {
    spelled(claim.tail.expose(), claim.expiry.month().into(), claim.expiry.year())
}

/// The cards of which a claim is true: two at most, since two are as little as none. `total` is the claimed one in the store's currency.
/// Facts of a card count that any of its visits brought, so that a card whose last payment was declined is found as well; a claim
/// without its last fact is true only of a card with which something is owed.
pub async fn find_cards(
    conn: &mut PgConnection,
    vault: &Vault,
    claim: &CardClaim,
    total: Option<Money>,
) -> Result<Vec<InstrumentId>> {
    let (from, until) = claim.moments();
    let statement = match &claim.last {
        LastFact::Statement(number) => Some(vault.indexes(STATEMENT, number.expose())),
        LastFact::Total(_) | LastFact::Missing => None,
    };
    let ids = sqlx::query_scalar!(
        r#"SELECT DISTINCT visit.instrument_id AS "instrument_id!"
           FROM card_facts JOIN trip known ON known.trip_id = card_facts.trip_id
               JOIN trip visit ON visit.instrument_id = known.instrument_id
           WHERE card_facts.card_index = ANY ($1) AND visit.store_id = $2 AND visit.started_at >= $3 AND visit.started_at < $4
               AND ($5::text <> 'total' OR visit.total_minor = $6)
               AND ($5 <> 'statement' OR EXISTS (
                   SELECT 1 FROM card_facts own WHERE own.trip_id = visit.trip_id AND own.statement_index = ANY ($7::bytea[])))
               AND ($5 <> 'missing' OR EXISTS (
                   SELECT 1 FROM debt WHERE debt.instrument_id = visit.instrument_id AND debt.outstanding_minor > 0))
           LIMIT 2"#,
        &vault.indexes(CARD, &claimed_card(claim)),
        claim.store.as_str(),
        from,
        until,
        claim.last.fact().as_str(),
        total.map(Money::minor),
        statement.as_deref(),
    );
    let ids = ids.fetch_all(conn).await?;
    ids.iter().map(|id| read(InstrumentId::new(id), "trip.instrument_id")).collect()
}

#[cfg(test)]
mod tests {
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

    use super::super::fixture::{self, NOW, add_trip, id, refusal, vault};
    use super::*;

    /// Every field with another text, so that no two columns can be mixed up.
    fn facts() -> CardFacts {
        let some = |text: &str| Some(text.to_owned());
        CardFacts {
            brand: some("VISA"),
            currency: some("USD"),
            tail: some("1234"),
            expiration_month: some("09"),
            expiration_year: some("2031"),
            pos_entry_mode: some("EMV_9F39_07"),
            authorization_response_code: some("00"),
            cryptogram_information_data: some("80"),
            pan_sequence_number: some("01"),
            application_id: some("A0000000031010"),
            cardholder_verification_method_result: some("1F0302"),
            terminal_id: some("terminal-1"),
            reconciliation_id: some("reconciliation-1"),
            card_statement_transaction_id: some("statement-1"),
        }
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn card_facts_read_back_and_the_first_ones_stay(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let trip = add_trip(&mut conn, "trip-1").await.id;
        assert!(get(&mut conn, &vault(), &trip).await.unwrap().is_none());
        insert(&mut conn, &vault(), &trip, &facts(), NOW).await.unwrap();
        insert(&mut conn, &vault(), &trip, &CardFacts::default(), NOW).await.unwrap();
        assert!(get(&mut conn, &vault(), &trip).await.unwrap() == Some(facts()));
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn every_card_fact_may_be_absent_but_not_the_visit(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let trip = add_trip(&mut conn, "trip-1").await.id;
        insert(&mut conn, &vault(), &trip, &CardFacts::default(), NOW).await.unwrap();
        assert!(get(&mut conn, &vault(), &trip).await.unwrap() == Some(CardFacts::default()));
        assert_eq!(refusal(insert(&mut conn, &vault(), &id("trip-2"), &facts(), NOW).await), "card_facts_trip");
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn sec_002_no_fact_of_a_card_lies_in_the_database_to_be_read(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let trip = add_trip(&mut conn, "trip-1").await.id;
        assert!(!exists(&mut conn, &trip).await.unwrap());
        insert(&mut conn, &vault(), &trip, &facts(), NOW).await.unwrap();
        assert!(exists(&mut conn, &trip).await.unwrap());
        let read = "SELECT encode(sealed, 'escape') || card_facts::text FROM card_facts";
        let row: String = sqlx::query_scalar(read).fetch_one(&mut conn).await.unwrap();
        for fact in ["VISA", "2031", "A0000000031010", "terminal-1", "statement-1"] {
            assert!(!row.contains(fact), "{fact}");
        }
        let wrong = [("tail = '1234'", "card_facts_sealed"), ("card_index = 'short'", "card_facts_card_index_length")];
        fixture::assert_refused(&mut conn, "card_facts", &wrong).await;
        let moved = add_trip(&mut conn, "trip-2").await.id;
        let copy =
            "INSERT INTO card_facts (trip_id, sealed, fetched_at) SELECT 'trip-2', sealed, fetched_at FROM card_facts";
        sqlx::query(copy).execute(&mut conn).await.unwrap();
        assert!(get(&mut conn, &vault(), &moved).await.is_err(), "another visit's facts do not open");
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn facts_that_the_version_before_wrote_are_read(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let trip = add_trip(&mut conn, "trip-1").await.id;
        let insert = "INSERT INTO card_facts (trip_id, brand, tail, fetched_at) VALUES ('trip-1', 'VISA', '1234', $1)";
        sqlx::query(insert).bind(NOW).execute(&mut conn).await.unwrap();
        let some = |text: &str| Some(text.to_owned());
        let known = CardFacts { brand: some("VISA"), tail: some("1234"), ..CardFacts::default() };
        assert!(get(&mut conn, &vault(), &trip).await.unwrap() == Some(known));
    }

    #[test]
    fn a_card_has_one_spelling_however_amazon_writes_its_expiry() {
        let with = |month: &str, year: &str| CardFacts {
            expiration_month: Some(month.to_owned()),
            expiration_year: Some(year.to_owned()),
            ..facts()
        };
        for (month, year) in [("09", "2031"), ("9", "2031"), ("09", "31")] {
            assert_eq!(card(&with(month, year)).as_deref(), Some("1234 09 2031"));
        }
        assert_eq!(card(&with("", "2031")), None);
        assert_eq!(card(&CardFacts { tail: None, ..facts() }), None);
    }
}

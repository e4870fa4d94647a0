//! The table `card_facts`: what Get Transactional Data said, once per trip.

use domain::id::TripId;
use domain::receipt::CardFacts;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::Result;

/// The card facts of a visit. `None`: Amazon has not told yet.
pub async fn get(conn: &mut PgConnection, trip: &TripId) -> Result<Option<CardFacts>> {
    let facts = sqlx::query_as!(
        CardFacts,
        "SELECT brand, currency, tail, expiration_month, expiration_year, pos_entry_mode, authorization_response_code,
             cryptogram_information_data, pan_sequence_number, application_id, cardholder_verification_method_result,
             terminal_id, reconciliation_id, card_statement_transaction_id FROM card_facts WHERE trip_id = $1",
        trip.as_str(),
    );
    Ok(facts.fetch_optional(conn).await?)
}

/// Keeps card facts. What is there already stays.
pub async fn insert(conn: &mut PgConnection, trip: &TripId, facts: &CardFacts, now: OffsetDateTime) -> Result<()> {
    sqlx::query!(
        "INSERT INTO card_facts (trip_id, brand, currency, tail, expiration_month, expiration_year, pos_entry_mode,
             authorization_response_code, cryptogram_information_data, pan_sequence_number, application_id,
             cardholder_verification_method_result, terminal_id, reconciliation_id, card_statement_transaction_id, fetched_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ON CONFLICT ON CONSTRAINT card_facts_pk DO NOTHING",
        trip.as_str(),
        facts.brand,
        facts.currency,
        facts.tail,
        facts.expiration_month,
        facts.expiration_year,
        facts.pos_entry_mode,
        facts.authorization_response_code,
        facts.cryptogram_information_data,
        facts.pan_sequence_number,
        facts.application_id,
        facts.cardholder_verification_method_result,
        facts.terminal_id,
        facts.reconciliation_id,
        facts.card_statement_transaction_id,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

    use super::super::fixture::{self, NOW, add_trip, id, refusal};
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
        assert!(get(&mut conn, &trip).await.unwrap().is_none());
        insert(&mut conn, &trip, &facts(), NOW).await.unwrap();
        insert(&mut conn, &trip, &CardFacts::default(), NOW).await.unwrap();
        assert!(get(&mut conn, &trip).await.unwrap() == Some(facts()));
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn every_card_fact_may_be_absent_but_not_the_visit(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let trip = add_trip(&mut conn, "trip-1").await.id;
        insert(&mut conn, &trip, &CardFacts::default(), NOW).await.unwrap();
        assert!(get(&mut conn, &trip).await.unwrap() == Some(CardFacts::default()));
        assert_eq!(refusal(insert(&mut conn, &id("trip-2"), &facts(), NOW).await), "card_facts_trip");
    }
}

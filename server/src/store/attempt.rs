//! The table `attempt`: every call to Amazon, recorded before it is made.

use domain::attempt::{Api, AttemptOutcome};
use domain::effect::Effect;
use domain::id::{AttemptId, OutboxId, RefundId, TripId};
use domain::money::Money;
use serde_json::Value;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::outbox::Claim;
use super::{Result, StoreError, read};

/// Writes that a call is about to be made.
pub async fn insert(
    conn: &mut PgConnection,
    id: AttemptId,
    claim: &Claim,
    trip: &TripId,
    api: Api,
    request: &Value,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        "INSERT INTO attempt (attempt_id, outbox_id, trip_id, api, fence, request, outcome, sent_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'sent', $7)",
        id.0,
        claim.id.0,
        trip.as_str(),
        api.as_str(),
        claim.fence.0,
        request,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What became of a call.
#[derive(Debug)]
pub struct Outcome<'a> {
    /// In one word.
    pub outcome: AttemptOutcome,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// What went wrong, in Amazon's words or ours. Never personal.
    pub problem: Option<&'a str>,
    /// How long it took.
    pub duration_ms: i32,
}

/// Writes what became of a call.
pub async fn save(conn: &mut PgConnection, id: AttemptId, outcome: &Outcome<'_>) -> Result<()> {
    sqlx::query!(
        "UPDATE attempt SET outcome = $2, status = $3, problem = $4, duration_ms = $5 WHERE attempt_id = $1",
        id.0,
        outcome.outcome.as_str(),
        outcome.status.map(i32::from),
        outcome.problem,
        outcome.duration_ms,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Did an earlier try of this effect leave without a known outcome? Marks such as unanswered.
pub async fn give_up_sent(conn: &mut PgConnection, effect: OutboxId) -> Result<bool> {
    let done =
        sqlx::query!("UPDATE attempt SET outcome = 'no_answer' WHERE outbox_id = $1 AND outcome = 'sent'", effect.0);
    Ok(done.execute(conn).await?.rows_affected() > 0)
}

/// Did a try of this effect fail on Amazon's side, so that it may have been done all the same?
pub async fn had_failure(conn: &mut PgConnection, effect: OutboxId) -> Result<bool> {
    let found = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM attempt WHERE outbox_id = $1 AND outcome = 'busy' AND status >= 500) AS "found!""#,
        effect.0,
    );
    Ok(found.fetch_one(conn).await?)
}

/// What the last capture of a visit asked for that may have reached Amazon. `None`: none may have.
pub async fn last_capture(conn: &mut PgConnection, trip: &TripId) -> Result<Option<Money>> {
    let payload = sqlx::query_scalar!(
        "SELECT payload FROM attempt JOIN outbox USING (outbox_id)
         WHERE attempt.trip_id = $1 AND api = 'capture_charge' AND outcome <> 'not_sent' ORDER BY sent_at DESC LIMIT 1",
        trip.as_str(),
    );
    let Some(payload) = payload.fetch_optional(conn).await? else { return Ok(None) };
    match read(serde_json::from_value(payload), "outbox.payload")? {
        Effect::CaptureCharge { amount, .. } => Ok(Some(amount)),
        _ => Err(StoreError::Corrupt("outbox.payload")),
    }
}

/// A call about a refund, as a list shows it.
#[derive(Debug, Clone)]
pub struct RefundAttempt {
    /// When.
    pub sent_at: OffsetDateTime,
    /// What is known of it, in one word.
    pub outcome: AttemptOutcome,
    /// The HTTP status, where there was an answer.
    pub status: Option<i32>,
    /// What went wrong.
    pub problem: Option<String>,
}

/// The calls about a refund, the first one first.
pub async fn list_of_refund(conn: &mut PgConnection, trip: &TripId, refund: RefundId) -> Result<Vec<RefundAttempt>> {
    let rows = sqlx::query!(
        "SELECT sent_at, outcome, status, problem FROM attempt JOIN outbox USING (outbox_id)
         WHERE attempt.trip_id = $1 AND api = 'refund_charge' AND payload ->> 'refund' = $2 ORDER BY sent_at",
        trip.as_str(),
        refund.to_string(),
    );
    let rows = rows.fetch_all(conn).await?.into_iter().map(|row| {
        let outcome = read(row.outcome.parse(), "attempt.outcome")?;
        Ok(RefundAttempt { sent_at: row.sent_at, outcome, status: row.status, problem: row.problem })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use domain::effect::Effect;
    use serde_json::json;
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
    use time::Duration;
    use uuid::Uuid;

    use super::super::fixture::{self, NOW, id, refusal};
    use super::super::outbox;
    use super::*;

    /// A claim of an effect of `trip-1`, which is written with it.
    async fn claimed(conn: &mut PgConnection) -> Claim {
        fixture::add_trip(conn, "trip-1").await;
        let effect = Effect::CancelCharge { trip: id("trip-1"), store: id("store-1") };
        outbox::push(conn, &effect, NOW, None, NOW).await.unwrap();
        outbox::claim(conn, 1, NOW, NOW + Duration::minutes(1)).await.unwrap().remove(0)
    }

    async fn send(conn: &mut PgConnection, attempt: AttemptId, claim: &Claim) -> Result<()> {
        insert(conn, attempt, claim, &id("trip-1"), Api::CancelCharge, &json!({"tripId": "trip-1"}), NOW).await
    }

    async fn outcome_of(conn: &mut PgConnection, attempt: AttemptId) -> (String, Option<i32>, Option<String>) {
        let sql = "SELECT outcome, status, problem FROM attempt WHERE attempt_id = $1";
        sqlx::query_as(sql).bind(attempt.0).fetch_one(conn).await.unwrap()
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_call_is_recorded_as_sent_and_then_with_what_became_of_it(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let claim = claimed(&mut conn).await;
        let attempt = AttemptId(Uuid::from_u128(1));
        send(&mut conn, attempt, &claim).await.unwrap();
        assert_eq!(outcome_of(&mut conn, attempt).await, ("sent".to_owned(), None, None));
        for outcome in AttemptOutcome::ALL {
            let saved = Outcome { outcome: *outcome, status: Some(503), problem: Some("later"), duration_ms: 12 };
            save(&mut conn, attempt, &saved).await.unwrap();
            let expected = (outcome.as_str().to_owned(), Some(503), Some("later".to_owned()));
            assert_eq!(outcome_of(&mut conn, attempt).await, expected);
        }
        fixture::assert_refused(&mut conn, "attempt", &[("outcome = 'lost'", "attempt_outcome")]).await;
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn one_lease_makes_one_call_at_most(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let claim = claimed(&mut conn).await;
        send(&mut conn, AttemptId(Uuid::from_u128(1)), &claim).await.unwrap();
        assert_eq!(refusal(send(&mut conn, AttemptId(Uuid::from_u128(2)), &claim).await), "attempt_fence_once");
        let next = Claim { fence: domain::outbox::Fence(claim.fence.0 + 1), ..claim };
        send(&mut conn, AttemptId(Uuid::from_u128(3)), &next).await.unwrap();
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn only_a_call_whose_outcome_nobody_wrote_is_given_up(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let claim = claimed(&mut conn).await;
        assert!(!give_up_sent(&mut conn, claim.id).await.unwrap(), "nothing was sent yet");
        let attempt = AttemptId(Uuid::from_u128(1));
        send(&mut conn, attempt, &claim).await.unwrap();
        assert!(!give_up_sent(&mut conn, OutboxId(Uuid::from_u128(9))).await.unwrap(), "another effect's call stays");
        assert_eq!(outcome_of(&mut conn, attempt).await.0, "sent");
        assert!(give_up_sent(&mut conn, claim.id).await.unwrap());
        assert_eq!(outcome_of(&mut conn, attempt).await.0, "no_answer");
        assert!(!give_up_sent(&mut conn, claim.id).await.unwrap(), "it is given up once");
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn only_a_failure_on_amazons_side_leaves_a_doubt(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        let claim = claimed(&mut conn).await;
        let attempt = AttemptId(Uuid::from_u128(1));
        send(&mut conn, attempt, &claim).await.unwrap();
        for (outcome, status, is_failure) in [
            (AttemptOutcome::Busy, Some(429), false),
            (AttemptOutcome::Busy, Some(499), false),
            (AttemptOutcome::Busy, Some(500), true),
            (AttemptOutcome::Busy, Some(503), true),
            (AttemptOutcome::Refused, Some(500), false),
            (AttemptOutcome::Busy, None, false),
        ] {
            let saved = Outcome { outcome, status, problem: None, duration_ms: 1 };
            save(&mut conn, attempt, &saved).await.unwrap();
            assert_eq!(had_failure(&mut conn, claim.id).await.unwrap(), is_failure, "{outcome} {status:?}");
        }
        assert!(!had_failure(&mut conn, OutboxId(Uuid::from_u128(9))).await.unwrap());
    }
}

//! The table `gate_decision`: every tap and the answer it got.

use domain::gate::{GateDecision, GateRequest, OverrideKind};
use domain::id::{GateEventId, InstrumentId, StoreId, TripId};
use domain::money::{Currency, Money};
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;

use super::{Result, read};

/// A decision that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptDecision {
    /// The answer.
    pub decision: GateDecision,
    /// Is this the store and the instrument that it was given to?
    pub is_same: bool,
}

/// The answer that a tap got. `None`: it was not seen yet.
pub async fn get(conn: &mut PgConnection, request: &GateRequest) -> Result<Option<KeptDecision>> {
    let found = sqlx::query!(
        r#"SELECT decision AS "decision: Json<GateDecision>", store_id = $2 AND instrument_id = $3 AS "is_same!"
           FROM gate_decision WHERE gate_event_id = $1"#,
        request.event.as_str(),
        request.store.as_str(),
        request.instrument.as_str(),
    );
    let found = found.fetch_optional(conn).await?;
    Ok(found.map(|row| KeptDecision { decision: row.decision.0, is_same: row.is_same }))
}

/// Keeps a decision, and remembers its instrument. `false`: another answer to the same tap was kept first, and is the one to give.
pub async fn insert(
    conn: &mut PgConnection,
    request: &GateRequest,
    outstanding: Money,
    decision: &GateDecision,
    now: OffsetDateTime,
) -> Result<bool> {
    let currency = request.hold.currency();
    let done = sqlx::query!(
        "WITH seen AS (INSERT INTO instrument (instrument_id, first_seen_at) VALUES ($3, $14) ON CONFLICT DO NOTHING)
         INSERT INTO gate_decision (gate_event_id, store_id, instrument_id, trip_id, gate_event_kind, hold_minor, currency,
             outstanding_minor, authorized, reason, is_override, decision, tapped_at, decided_at, override_kind)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         ON CONFLICT ON CONSTRAINT gate_decision_pk DO NOTHING",
        request.event.as_str(),
        request.store.as_str(),
        request.instrument.as_str(),
        request.trip.as_ref().map(TripId::as_str),
        request.kind.as_str(),
        request.hold.minor(),
        currency.code(),
        outstanding.minor(),
        decision.authorized,
        decision.reason.as_str(),
        decision.is_override,
        Json(decision) as _,
        request.tapped_at,
        now,
        decision.override_kind.map(OverrideKind::as_str),
    );
    Ok(done.execute(conn).await?.rows_affected() == 1)
}

/// Says of a decision that was just kept that it was made before, without this database, and as of when its balances were known.
pub async fn mark_replayed(
    conn: &mut PgConnection,
    request: &GateRequest,
    balances_as_of: Option<OffsetDateTime>,
    now: OffsetDateTime,
) -> Result<()> {
    sqlx::query!(
        "UPDATE gate_decision SET replayed_at = $2, balances_as_of = $3 WHERE gate_event_id = $1",
        request.event.as_str(),
        now,
        balances_as_of,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A decision with everything around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownDecision {
    /// Where.
    pub store: StoreId,
    /// Whose.
    pub instrument: InstrumentId,
    /// What was owed then.
    pub outstanding: Money,
    /// The hold that was asked about.
    pub hold: Money,
    /// The answer.
    pub decision: GateDecision,
    /// When it was decided.
    pub decided_at: OffsetDateTime,
}

/// The decision about a tap. `None`: it was never decided.
pub async fn show(conn: &mut PgConnection, event: &GateEventId) -> Result<Option<ShownDecision>> {
    let row = sqlx::query!(
        r#"SELECT store_id, instrument_id, outstanding_minor, store.currency AS store_currency, hold_minor, gate_decision.currency,
               decision AS "decision: Json<GateDecision>", decided_at
           FROM gate_decision JOIN store USING (store_id) WHERE gate_event_id = $1"#,
        event.as_str(),
    );
    let Some(row) = row.fetch_optional(conn).await? else { return Ok(None) };
    let owed_in = read(Currency::new(&row.store_currency), "store.currency")?;
    Ok(Some(ShownDecision {
        store: read(StoreId::new(&row.store_id), "gate_decision.store_id")?,
        instrument: read(InstrumentId::new(&row.instrument_id), "gate_decision.instrument_id")?,
        outstanding: Money::new(row.outstanding_minor, owed_in),
        hold: Money::new(row.hold_minor, read(Currency::new(&row.currency), "gate_decision.currency")?),
        decision: row.decision.0,
        decided_at: row.decided_at,
    }))
}

/// The instrument of one of these taps, the second link between a cart and a card: one that opened the gate before one that did
/// not, since a gate may open against our denial.
pub async fn find_instrument(conn: &mut PgConnection, events: &[String]) -> Result<Option<InstrumentId>> {
    let found = sqlx::query_scalar!(
        "SELECT instrument_id FROM gate_decision WHERE gate_event_id = ANY($1) ORDER BY authorized DESC, decided_at LIMIT 1",
        events,
    );
    let found = found.fetch_optional(conn).await?;
    found.map(|id| read(InstrumentId::new(&id), "gate_decision.instrument_id")).transpose()
}

#[cfg(test)]
mod tests {
    use domain::gate::Notice;
    use domain::reason::GateReason;
    use sqlx::Connection;
    use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
    use time::Duration;

    use super::super::fixture::{self, NOW, id, refusal, tap, usd};
    use super::super::instrument;
    use super::*;

    fn decision(authorized: bool) -> GateDecision {
        GateDecision {
            authorized,
            reason: if authorized { GateReason::NothingOwed } else { GateReason::OutstandingBalance },
            adjusted_hold: Some(usd(5000)),
            risks: vec!["BadDebt".to_owned(), "SomethingNew".to_owned()],
            is_override: !authorized,
            override_kind: (!authorized).then_some(OverrideKind::Deny),
            rule: "any_balance".to_owned(),
            rules_part: Some(3),
            notice: Notice::of(GateReason::OutstandingBalance, false),
        }
    }

    async fn add_store_and_cards(conn: &mut PgConnection) {
        fixture::add_store(conn).await;
        for card in ["card-1", "card-2"] {
            instrument::insert(conn, &id(card), NOW).await.unwrap();
        }
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn the_first_answer_to_a_tap_stays_and_reads_back(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        add_store_and_cards(&mut conn).await;
        let request = tap("tap-1", "card-1");
        assert_eq!(get(&mut conn, &request).await.unwrap(), None);
        assert!(insert(&mut conn, &request, usd(300), &decision(false), NOW).await.unwrap());
        assert!(!insert(&mut conn, &request, usd(0), &decision(true), NOW).await.unwrap());
        let kept = |is_same| Some(KeptDecision { decision: decision(false), is_same });
        assert_eq!(get(&mut conn, &request).await.unwrap(), kept(true));
        let elsewhere = GateRequest { store: id("store-2"), ..tap("tap-1", "card-1") };
        for reused in [elsewhere, tap("tap-1", "card-2")] {
            assert_eq!(get(&mut conn, &reused).await.unwrap(), kept(false), "{reused:?}");
        }
        let columns: (bool, String, bool, i64, i64, String) = sqlx::query_as(
            "SELECT authorized, reason, is_override, outstanding_minor, hold_minor, gate_event_kind FROM gate_decision",
        )
        .fetch_one(&mut conn)
        .await
        .unwrap();
        assert_eq!(columns, (false, "outstanding_balance".to_owned(), true, 300, 2500, "CREDIT_CARD".to_owned()));
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn of_answers_to_one_tap_at_once_one_is_kept(_: PgPoolOptions, database: PgConnectOptions) {
        let pool = fixture::pool(database).await;
        let mut conn = pool.acquire().await.unwrap();
        add_store_and_cards(&mut conn).await;
        let mut first = conn.begin().await.unwrap();
        assert!(insert(&mut first, &tap("tap-1", "card-1"), usd(300), &decision(false), NOW).await.unwrap());
        let others = fixture::race_behind(&pool, first, 6, |mut conn| async move {
            let kept = insert(&mut conn, &tap("tap-1", "card-1"), usd(0), &decision(true), NOW).await.unwrap();
            (kept, get(&mut conn, &tap("tap-1", "card-1")).await.unwrap().unwrap().decision)
        });
        assert_eq!(others.await, vec![(false, decision(false)); 6], "who comes second gives the first answer");
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn the_card_of_a_visit_is_the_first_that_opened_the_gate_else_the_first_that_tapped(
        _: PgPoolOptions,
        database: PgConnectOptions,
    ) {
        let mut conn = fixture::connect(database).await;
        add_store_and_cards(&mut conn).await;
        let later = NOW + Duration::minutes(1);
        insert(&mut conn, &tap("denied", "card-2"), usd(300), &decision(false), NOW).await.unwrap();
        insert(&mut conn, &tap("second", "card-2"), usd(0), &decision(true), later).await.unwrap();
        insert(&mut conn, &tap("first", "card-1"), usd(0), &decision(true), NOW).await.unwrap();
        let cases: [(&[&str], Option<&str>); 5] = [
            (&["denied", "second", "first", "never"], Some("card-1")),
            (&["second"], Some("card-2")),
            (&["denied", "never"], Some("card-2")),
            (&["never"], None),
            (&[], None),
        ];
        for (events, card) in cases {
            let events: Vec<_> = events.iter().map(|it| (*it).to_owned()).collect();
            assert_eq!(find_instrument(&mut conn, &events).await.unwrap(), card.map(id), "{events:?}");
        }
    }

    #[sqlx::test(migrator = "crate::database::MIGRATOR")]
    async fn a_tap_in_no_store_or_with_an_impossible_hold_is_refused(_: PgPoolOptions, database: PgConnectOptions) {
        let mut conn = fixture::connect(database).await;
        add_store_and_cards(&mut conn).await;
        let wrong = [
            (GateRequest { store: id("store-2"), ..tap("tap-1", "card-1") }, "gate_decision_store"),
            (GateRequest { hold: usd(-1), ..tap("tap-1", "card-1") }, "gate_decision_hold"),
        ];
        for (request, constraint) in wrong {
            assert_eq!(refusal(insert(&mut conn, &request, usd(0), &decision(true), NOW).await), constraint);
        }
    }
}

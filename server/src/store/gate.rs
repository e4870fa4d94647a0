//! What the gate knows when it decides: one read over the tables `gate_decision`, `rule_set`, `debt`, `instrument` and `gate_listing`,
//! each by an index.

use domain::gate::{GateDecision, GateRequest, Listing, RiskRule, RiskRules, Standing};
use domain::money::{Currency, Money};
use sqlx::PgConnection;
use sqlx::types::Json;
use time::OffsetDateTime;

use super::gate_decision::KeptDecision;
use super::{Result, StoreError};

/// What is known when a tap is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The answer that this tap got already.
    pub kept: Option<KeptDecision>,
    /// Is the visit there, and nobody known to pay for it?
    pub awaits_instrument: bool,
    /// The store's rules in force.
    pub rules: RiskRules,
    /// What is known of the instrument, debts in the store's currency.
    pub standing: Standing,
}

/// Everything that a tap is decided from, as it is at `now`.
pub async fn known(
    conn: &mut PgConnection,
    request: &GateRequest,
    currency: Currency,
    now: OffsetDateTime,
) -> Result<Known> {
    let row = sqlx::query!(
        r#"SELECT kept.decision AS "decision?: Json<GateDecision>",
               kept.store_id = $2 AND kept.instrument_id = $3 AS is_same,
               EXISTS (SELECT FROM trip WHERE trip_id = $4 AND store_id = $2 AND instrument_id IS NULL) AS "awaits_instrument!",
               part.rule_part_id AS "part?", part.rules AS "rules?: Json<Vec<RiskRule>>",
               owed.outstanding AS "outstanding!", owed.incidents AS "incidents!",
               (SELECT coalesce(array_agg(incurred_at), '{}') FROM debt WHERE instrument_id = $3 AND currency = $5
                    AND status = 'settled' AND counts_at_gate AND updated_at > owed.since) AS "settled_since!",
               (SELECT max(updated_at) FROM debt WHERE instrument_id = $3 AND status = 'settled') AS settled_at,
               (SELECT unflagged_at FROM instrument WHERE instrument_id = $3) AS unflagged_at,
               listed.lists AS "lists!", listed.untils AS "untils!"
           FROM (SELECT coalesce(sum(outstanding_minor + written_off_minor), 0)::bigint AS outstanding,
                        coalesce(array_agg(incurred_at), '{}') AS incidents, min(incurred_at) AS since
                 FROM debt WHERE instrument_id = $3 AND currency = $5 AND counts_at_gate AND outstanding_minor + written_off_minor > 0
                ) AS owed
           CROSS JOIN (SELECT coalesce(array_agg(list), '{}') AS lists, coalesce(array_agg(until_at), '{}') AS untils FROM gate_listing
                       WHERE instrument_id = $3 AND cleared_at IS NULL AND until_at > $6 AND (store_id IS NULL OR store_id = $2)
                      ) AS listed
           LEFT JOIN gate_decision AS kept ON kept.gate_event_id = $1
           LEFT JOIN rule_part AS part ON part.rule_part_id = (SELECT risk_id FROM rule_set
               WHERE store_id = $2 AND state = 'published' AND in_force_from <= $6 ORDER BY in_force_from DESC LIMIT 1)"#,
        request.event.as_str(),
        request.store.as_str(),
        request.instrument.as_str(),
        request.trip.as_ref().map(domain::id::TripId::as_str),
        currency.code(),
        now,
    );
    let row = row.fetch_one(conn).await?;
    Ok(Known {
        kept: row.decision.map(|it| KeptDecision { decision: it.0, is_same: row.is_same == Some(true) }),
        awaits_instrument: row.awaits_instrument,
        rules: RiskRules { part: row.part, rules: row.rules.map_or_else(Vec::new, |it| it.0) },
        standing: Standing {
            outstanding: Money::new(row.outstanding, currency),
            incidents: row.incidents.into_iter().chain(row.settled_since).collect(),
            settled_at: row.settled_at,
            unflagged_at: row.unflagged_at,
            listed: listings(&row.lists, &row.untils)?,
        },
    })
}

fn listings(lists: &[String], untils: &[OffsetDateTime]) -> Result<Vec<Listing>> {
    let listings = lists.iter().zip(untils).map(|(list, until)| {
        let list = list.parse().map_err(|_| StoreError::Corrupt("gate_listing.list"))?;
        Ok(Listing { list, until: *until })
    });
    listings.collect()
}

/// A store's rules for the gate at a moment.
pub async fn rules(conn: &mut PgConnection, store: &domain::id::StoreId, now: OffsetDateTime) -> Result<RiskRules> {
    let part = sqlx::query_scalar!(
        "SELECT risk_id FROM rule_set WHERE store_id = $1 AND state = 'published' AND in_force_from <= $2
         ORDER BY in_force_from DESC LIMIT 1",
        store.as_str(),
        now,
    );
    match part.fetch_optional(&mut *conn).await?.flatten() {
        Some(part) => super::rule_part::risk_rules(conn, super::rule_part::PartId(part)).await,
        None => Ok(RiskRules::default()),
    }
}

#[cfg(test)]
mod tests;

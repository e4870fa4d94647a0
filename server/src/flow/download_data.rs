//! Everything that is kept of a viewer, to be taken along.

use domain::viewer::Viewer;
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::read_receipt::{TripPaper, paper};
use super::shopper::record_read;
use crate::store::trip::listed::{self, Wanted};
use crate::store::viewer::Reach;
use crate::store::{self, StoreError, personal};
use crate::vault::Vault;

/// Visits in one file. Nobody walks in five times a day for a year; who has more is told how many are left out.
const TRIPS_MAX: i64 = 2_000;

/// A viewer's visits with their receipts, debts and refunds, payments, and sessions. Whoever has not proven an address gets none of the
/// address, and of the card what the receipt shows.
///
/// # Errors
///
/// A database that is away.
pub async fn download_data(
    db: &PgPool,
    vault: &Vault,
    viewer: &Viewer,
    now: OffsetDateTime,
) -> Result<Value, StoreError> {
    let mut conn = db.acquire().await?;
    let reach = store::viewer::reach(&mut conn, viewer).await?;
    let listed = listed::list(&mut conn, vault, &reach, &Wanted::default(), TRIPS_MAX + 1).await?;
    let is_all = listed.len() <= TRIPS_MAX as usize;
    let mut trips = vec![];
    for trip in listed.into_iter().take(TRIPS_MAX as usize) {
        let receipt = match paper(&mut conn, vault, &trip.row).await? {
            TripPaper::Receipt(mut receipt) => {
                if !matches!(viewer, Viewer::Shopper(_))
                    && let Some(card) = &mut receipt.card
                {
                    (card.expiration_month, card.expiration_year) = (None, None);
                }
                Some(receipt)
            }
            TripPaper::NoPurchase { .. } => None,
        };
        let mut notes = vec![];
        for refund in receipt.iter().flat_map(|it| &it.refunds) {
            if let Some(note) = store::refund_review::note(&mut conn, vault, refund.reference).await? {
                notes.push(json!({ "refund": refund.reference, "note": note.expose() }));
            }
        }
        trips.push(json!({
            "trip": trip.row.id.as_str(), "store": trip.row.store.as_str(), "store_name": trip.store_name,
            "started_at": moment(trip.row.started_at), "state": trip.row.state.name(),
            "owed_minor": trip.outstanding.minor(), "currency": trip.row.currency.code(), "receipt": receipt,
            "notes": notes,
        }));
    }
    let (email, sessions) = match viewer {
        Viewer::Shopper(shopper) => (
            store::shopper::email(&mut conn, vault, *shopper).await?.map(|it| it.expose().to_owned()),
            store::session::list(&mut conn, viewer, now).await?,
        ),
        _ => (None, vec![]),
    };
    let mut ends: Vec<i64> = sessions.iter().map(|it| it.expires_at.unix_timestamp()).collect();
    ends.sort_unstable();
    let payoffs = personal::list_payoffs(&mut conn, &reach).await?;
    let disputes = disputes(&mut conn, vault, &reach).await?;
    record_read(&mut conn, viewer, "data_downloaded", &viewer.to_string(), now).await?;
    Ok(json!({
        "made_at": moment(now), "email": email, "is_complete": is_all, "trips": trips, "payments_of_debts": payoffs,
        "disputes": disputes,
        "sessions_end_at": ends,
    }))
}

/// What was said of debts, with the shopper's own words.
async fn disputes(conn: &mut PgConnection, vault: &Vault, reach: &Reach) -> Result<Vec<Value>, StoreError> {
    let mut disputes = vec![];
    for id in personal::list_disputes(&mut *conn, reach).await? {
        let Some(row) = store::dispute::get(&mut *conn, id).await? else { continue };
        let note = store::dispute::note(&mut *conn, vault, id).await?;
        disputes.push(json!({
            "reference": id, "trip": row.trip.as_str(), "kind": row.kind.as_str(), "state": row.state.name(),
            "opened_at": moment(row.opened_at), "because": row.decided_because,
            "note": note.as_ref().map(|it| it.expose()),
        }));
    }
    Ok(disputes)
}

fn moment(at: OffsetDateTime) -> String {
    at.format(&Rfc3339).unwrap_or_else(|_| at.unix_timestamp().to_string())
}

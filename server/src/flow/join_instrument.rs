//! A visit that nobody was known to pay for gets its instrument: the cart was faster than the tap.

use domain::alert::AlertKind;
use domain::debt::DebtStory;
use domain::id::InstrumentId;
use domain::ledger;
use serde_json::json;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::notify_shopper::notify;
use crate::store::audit::AuditEntry;
use crate::store::debt_event::DebtTold;
use crate::store::ledger::Posting;
use crate::store::trip::TripRow;
use crate::store::{self, StoreError};

/// Names the instrument of a visit whose row is locked, and of its debt, which moves to that instrument by entries; then tells
/// the shopper what could not be told before.
pub(super) async fn join_instrument(
    conn: &mut PgConnection,
    row: &mut TripRow,
    instrument: &InstrumentId,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    row.instrument = Some(instrument.clone());
    store::trip::save(&mut *conn, row, now).await?;
    if let Some((debt, outstanding)) = store::debt::assign(&mut *conn, &row.id, instrument, now).await? {
        let told =
            DebtTold { story: DebtStory::Assigned, amount: outstanding, by: "gate", reason: None, reference: None };
        store::debt_event::insert(&mut *conn, debt, &told, now).await?;
        if outstanding.is_positive() {
            let entries = ledger::assignment(&row.id, instrument, outstanding);
            let entries = entries.map_err(|_| StoreError::Corrupt("debt.outstanding_minor"))?;
            let posting = Posting { store: &row.store, currency: row.currency, trip: &row.id, kind: "debt_assigned" };
            store::ledger::post(&mut *conn, posting, &entries, now).await?;
        }
        store::alert::close(&mut *conn, AlertKind::UnresolvedInstrument, row.id.as_str(), now).await?;
        let detail = json!({ "instrument": instrument.as_str(), "outstanding_minor": outstanding.minor() });
        let entry = AuditEntry { actor: "gate", action: "debt_assigned", subject: row.id.as_str(), detail };
        store::audit::insert(&mut *conn, entry, now).await?;
    }
    notify(conn, row, now).await
}

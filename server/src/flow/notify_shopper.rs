//! Who gets which mail about a visit, once: the receipt when something was taken, the notice when something is owed.

use domain::effect::Effect;
use serde_json::json;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::store::audit::AuditEntry;
use crate::store::instrument::Identity;
use crate::store::trip::TripRow;
use crate::store::{self, StoreError};

/// Puts the mail into the outbox, or first the question whose instrument it is. The visit's row is locked by the caller, so
/// that two answers of Amazon's cannot both ask.
pub(super) async fn notify(conn: &mut PgConnection, row: &TripRow, now: OffsetDateTime) -> Result<(), StoreError> {
    let Some(instrument) = &row.instrument else { return Ok(()) };
    let (trip, store_id) = (row.id.clone(), row.store.clone());
    let wanted = match store::instrument::identity_at(&mut *conn, instrument, row.started_at).await? {
        Identity::Nobody => vec![],
        Identity::NotAsked => {
            vec![Effect::FetchShopperIdentity { trip, store: store_id, instrument: instrument.clone() }]
        }
        Identity::Known(_) => Effect::mails(&row.id, row.state),
    };
    let mut asked = vec![];
    for effect in wanted {
        if store::outbox::push_once(&mut *conn, &effect, &row.id, now).await? {
            asked.push(effect.kind());
        }
    }
    if asked.is_empty() {
        return Ok(());
    }
    let detail = json!({ "effects": asked });
    let entry = AuditEntry { actor: "worker", action: "mail_asked_for", subject: row.id.as_str(), detail };
    store::audit::insert(conn, entry, now).await
}

//! What the gate would say to a tap that nobody has made yet: the gate's own decision, of a request about which nothing is known but
//! the card.

use domain::gate::{self, GateDecision, GateEventKind, GateRequest, Recommendation};
use domain::id::{GateEventId, InstrumentId, StoreId};
use domain::money::Money;
use domain::store::Store;
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::store::{self, StoreError};

/// The decision, if that card were tapped in that store now and Amazon said nothing against it. Nothing is kept of it. `None`: the
/// store is not served here.
pub(super) async fn ask_gate(
    conn: &mut PgConnection,
    store: &StoreId,
    instrument: &InstrumentId,
    now: OffsetDateTime,
) -> Result<Option<GateDecision>, StoreError> {
    let Some(settings) = store::settings::get(&mut *conn, store).await? else { return Ok(None) };
    let request = imagined(&settings, instrument, now)?;
    let known = store::gate::known(conn, &request, settings.currency, now).await?;
    Ok(Some(gate::decide(&request, &known.standing, &known.rules, &settings, now)))
}

fn imagined(settings: &Store, instrument: &InstrumentId, now: OffsetDateTime) -> Result<GateRequest, StoreError> {
    Ok(GateRequest {
        store: settings.id.clone(),
        event: GateEventId::new("imagined").map_err(|_| StoreError::Corrupt("gate event"))?,
        kind: GateEventKind::CreditCard,
        interaction: None,
        tapped_at: now,
        location: "ENTRY".to_owned(),
        instrument: instrument.clone(),
        trip: None,
        hold: Money::zero(settings.currency),
        recommendation: Recommendation::default(),
    })
}

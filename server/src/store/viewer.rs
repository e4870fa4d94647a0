//! What a viewer may see, in terms of rows. Queries for viewers ask for a [`Reach`], so that none of them decides by itself.

use domain::id::{EmailAddress, InstrumentId, ShopperId, TripId};
use domain::viewer::Viewer;
use sqlx::PgConnection;

use super::{Result, shopper};
use crate::vault::Vault;

/// Instruments and visits that somebody may see. Empty: nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reach {
    instruments: Vec<String>,
    trips: Vec<String>,
}

impl Reach {
    fn card(instrument: &InstrumentId) -> Self {
        Self { instruments: vec![instrument.as_str().to_owned()], trips: vec![] }
    }

    fn visit(trip: &TripId) -> Self {
        Self { instruments: vec![], trips: vec![trip.as_str().to_owned()] }
    }

    /// Of this, what was paid with one instrument, whose hash under `hash` is `wanted`. Nothing where there is none.
    #[must_use]
    pub fn narrowed(self, wanted: &str, hash: impl Fn(&str) -> String) -> Self {
        let instruments = self.instruments.into_iter().filter(|it| hash(it) == wanted).collect();
        Self { instruments, trips: vec![] }
    }

    pub(super) fn instruments(&self) -> &[String] {
        &self.instruments
    }

    pub(super) fn trips(&self) -> &[String] {
        &self.trips
    }
}

/// What a viewer may see now.
pub async fn reach(conn: &mut PgConnection, viewer: &Viewer) -> Result<Reach> {
    let shopper = match viewer {
        Viewer::Shopper(shopper) => shopper,
        Viewer::Card(instrument) => return Ok(Reach::card(instrument)),
        Viewer::Visit(trip) => return Ok(Reach::visit(trip)),
        Viewer::Debtor(_) => return Ok(Reach::default()),
    };
    let instruments = sqlx::query_scalar!("SELECT instrument_id FROM instrument WHERE shopper_id = $1", shopper.0);
    let instruments = instruments.fetch_all(&mut *conn).await?;
    // A member's visits are theirs, whichever card paid.
    let trips = sqlx::query_scalar!(
        "SELECT trip_id FROM shopper JOIN loyalty_account USING (email_index) JOIN loyalty_visit USING (loyalty_number)
         WHERE shopper_id = $1 AND loyalty_account.ended_at IS NULL",
        shopper.0,
    );
    Ok(Reach { instruments, trips: trips.fetch_all(conn).await? })
}

/// Whose debts a viewer may pay now. What is paid for may be more than what is shown.
pub async fn reach_debts(conn: &mut PgConnection, viewer: &Viewer) -> Result<Reach> {
    reach(conn, &viewer.payer()).await
}

/// The address of whoever a viewer is known to be. `None`: nobody knows one.
pub async fn email(conn: &mut PgConnection, vault: &Vault, viewer: &Viewer) -> Result<Option<EmailAddress>> {
    let owner = match viewer {
        Viewer::Shopper(shopper) => Some(*shopper),
        Viewer::Card(instrument) | Viewer::Debtor(instrument) => owner(&mut *conn, Some(instrument), None).await?,
        Viewer::Visit(trip) => owner(&mut *conn, None, Some(trip)).await?,
    };
    match owner {
        Some(owner) => shopper::email(conn, vault, owner).await,
        None => Ok(None),
    }
}

async fn owner(
    conn: &mut PgConnection,
    instrument: Option<&InstrumentId>,
    trip: Option<&TripId>,
) -> Result<Option<ShopperId>> {
    let id = sqlx::query_scalar!(
        "SELECT shopper_id FROM instrument
         WHERE instrument_id = coalesce($1, (SELECT instrument_id FROM trip WHERE trip_id = $2))",
        instrument.map(InstrumentId::as_str),
        trip.map(TripId::as_str),
    );
    Ok(id.fetch_optional(conn).await?.flatten().map(ShopperId))
}

//! What a viewer may see, in terms of rows. Queries for viewers ask for a [`Reach`], so that none of them decides by itself.

use domain::id::{InstrumentId, TripId};
use domain::viewer::Viewer;
use sqlx::PgConnection;

use super::Result;

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
    };
    let instruments = sqlx::query_scalar!("SELECT instrument_id FROM instrument WHERE shopper_id = $1", shopper.0);
    Ok(Reach { instruments: instruments.fetch_all(conn).await?, trips: vec![] })
}

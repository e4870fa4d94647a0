//! What the rows say at the moment they are asked: what waits, what is paused, what is at risk, what a person must look at.

use domain::alert::AlertKind;
use domain::attempt::Api;
use domain::pause::Pause;
use metrics::gauge;
use sqlx::PgPool;
use time::{Duration, OffsetDateTime};

use super::figures;
use crate::store::{self, StoreError};

/// How far ahead money at risk is looked for, in hours.
const RISK_HOURS: [u32; 3] = [1, 6, 24];

/// Sets every gauge that is read from rows.
pub(super) async fn set_all(database: &PgPool, now: OffsetDateTime) -> Result<(), StoreError> {
    let mut conn = database.acquire().await?;
    let by_state = store::outbox::backlog(&mut conn).await?;
    for word in ["waiting", "claimed", "exhausted"] {
        let count = by_state.iter().find(|(state, _)| state == word).map_or(0, |(_, count)| *count);
        gauge!("storeside_outbox_effects", "state" => word).set(whole(count));
    }
    for waiting in store::outbox::waiting_by_lane(&mut conn, now).await? {
        gauge!("storeside_outbox_due", "lane" => waiting.lane.clone()).set(whole(waiting.due));
        gauge!("storeside_outbox_oldest_seconds", "lane" => waiting.lane).set(whole(waiting.oldest_seconds));
    }
    let pauses = store::pause::list(&mut conn).await?;
    for api in Api::ALL {
        let pause = pauses.iter().find(|row| row.api == *api).map_or(Pause::FLOWING, |row| row.pause);
        gauge!("storeside_api_paused", "api" => api.as_str()).set(u32::from(!pause.is_flowing()));
    }
    let alerts = store::alert::count_open(&mut conn).await?;
    for kind in AlertKind::ALL {
        let count = alerts.iter().find(|(word, _)| word == kind.as_str()).map_or(0, |(_, count)| *count);
        gauge!("storeside_alerts_open", "kind" => kind.as_str()).set(whole(count));
    }
    for hours in RISK_HOURS {
        let until = now.saturating_add(Duration::hours(hours.into()));
        for money in store::trip::in_flight_until(&mut conn, until).await? {
            let currency = money.currency().code().to_owned();
            gauge!("storeside_money_at_risk_minor", "currency" => currency, "within_hours" => hours.to_string())
                .set(whole(money.minor()));
        }
    }
    figures::set_all(&mut conn, now).await
}

/// Gauges are floats; no sum that a person looks at needs more digits than one has.
#[expect(clippy::cast_precision_loss, reason = "a gauge is a float")]
pub(super) fn whole(count: i64) -> f64 {
    count as f64
}

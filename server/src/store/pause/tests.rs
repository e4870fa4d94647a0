use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use time::Duration;

use super::super::fixture::{self, NOW, assert_refused};
use super::*;

const API: Api = Api::CaptureCharge;

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn every_state_is_read_as_it_was_written(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    assert_eq!(get(&mut conn, API).await.unwrap(), Pause::FLOWING);
    assert_eq!(list(&mut conn).await.unwrap(), []);
    let fresh = lock(&mut conn, API, NOW).await.unwrap();
    assert_eq!(fresh, PauseRow { api: API, pause: Pause::FLOWING, fence: Fence(0), has_alerted: false });
    let until = NOW + Duration::minutes(10);
    for pause in [
        Pause::Flowing { streak: Some(Streak { failures: 3, since: NOW }) },
        Pause::Asked { until },
        Pause::Tripped { until, trips: 2 },
        Pause::Probing { fence: Fence(1), until, trips: 2 },
        Pause::Probing { fence: Fence(2), until, trips: 0 },
        Pause::FLOWING,
    ] {
        let before = lock(&mut conn, API, NOW).await.unwrap();
        save(&mut conn, &PauseRow { pause, has_alerted: true, ..before }, NOW).await.unwrap();
        let fence = if let Pause::Probing { fence, .. } = pause { fence } else { before.fence };
        let want = PauseRow { api: API, pause, fence, has_alerted: true };
        assert_eq!(list(&mut conn).await.unwrap(), [want]);
        assert_eq!(lock_if_free(&mut conn, API).await.unwrap(), Some(want));
        assert_eq!(get(&mut conn, API).await.unwrap(), pause);
    }
    assert_eq!(lock(&mut conn, API, NOW).await.unwrap().fence, Fence(2), "the number of a probe is never given twice");
    assert_eq!(lock_if_free(&mut conn, Api::AdjustCharge).await.unwrap(), None, "another API has none");
    assert_eq!(get(&mut conn, Api::AdjustCharge).await.unwrap(), Pause::FLOWING);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn an_api_that_a_newer_version_paused_does_not_stop_this_one(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    lock(&mut conn, API, NOW).await.unwrap();
    fixture::run(
        &mut conn,
        "INSERT INTO pause (api, state, changed_at) SELECT 'teleport', state, changed_at FROM pause",
    )
    .await
    .unwrap();
    assert_eq!(list(&mut conn).await.unwrap().iter().map(|row| row.api).collect::<Vec<_>>(), [API]);
}

#[sqlx::test(migrator = "crate::database::MIGRATOR")]
async fn a_row_with_the_wrong_columns_for_its_state_is_refused(_: PgPoolOptions, database: PgConnectOptions) {
    let mut conn = fixture::connect(database).await;
    lock(&mut conn, API, NOW).await.unwrap();
    let changes = [
        ("state = 'closed'", "pause_state"),
        ("state = 'asked'", "pause_until_by_state"),
        ("until_at = changed_at", "pause_until_by_state"),
        ("failures = -1, failing_since = changed_at", "pause_failures"),
        ("failures = 1", "pause_streak"),
        ("failing_since = changed_at", "pause_streak"),
        ("state = 'asked', until_at = changed_at, failures = 1, failing_since = changed_at", "pause_failures_by_state"),
        ("trips = 1", "pause_trips_by_state"),
        ("state = 'tripped', until_at = changed_at", "pause_trips_by_state"),
        ("trips = -1", "pause_trips"),
        ("fence = -1", "pause_fence"),
    ];
    assert_refused(&mut conn, "pause", &changes).await;
}

//! Many trips of many kinds while Amazon and the network misbehave at random, on the real flows, a real PostgreSQL and the twin.
//! Afterwards every trip has one accounted outcome, and our books are the world's.
//!
//! A failure prints its seed, whose storm can be blown alone. Shown to find something: it failed with a lost answer of Capture Charge
//! taken for a failure (seed 0: charged twice), with the report to Amazon left out of a debt (seed 40), and, before that was mended, with
//! a capture repeated after a 500 where a second one is a second charge (seeds 0 and 16).

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twin::{Api, Card, DuplicateCapture, Fault, Pending, Settings, Visit, demo_items};
use uuid::Uuid;

use crate::shop::Shop;

const SEEDS_PER_STORM: u64 = 10;
const TRIPS_PER_SEED: usize = 20;

/// Captures are what can go wrong worst: they meet most.
const APIS: [Api; 8] = [
    Api::Adjust,
    Api::Capture,
    Api::Capture,
    Api::Capture,
    Api::Cancel,
    Api::TransactionalData,
    Api::ShopperIdentity,
    Api::PaymentStatus,
];

const POLICIES: [&str; 4] = ["debt_in_full", "capture_authorized", "ladder", "bisect"];

/// A test for each group of seeds, so that they run beside each other.
macro_rules! storms {
    ($($name:ident = $group:literal),+) => {
        $(
            #[sqlx::test(migrations = "../migrations")]
            async fn $name(_: PgPoolOptions, connect: PgConnectOptions) {
                storm($group * SEEDS_PER_STORM, connect).await;
            }
        )+
    };
}

storms!(
    every_trip_of_the_first_storm_ends_in_one_accounted_outcome = 0,
    every_trip_of_the_second_storm_ends_in_one_accounted_outcome = 1,
    every_trip_of_the_third_storm_ends_in_one_accounted_outcome = 2,
    every_trip_of_the_fourth_storm_ends_in_one_accounted_outcome = 3,
    every_trip_of_the_fifth_storm_ends_in_one_accounted_outcome = 4
);

async fn storm(first: u64, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    for seed in first..first + SEEDS_PER_STORM {
        let mut random = StdRng::seed_from_u64(seed);
        let trips = blow(&shop, seed, &mut random).await;
        assert_calm(&shop, seed, &trips).await;
    }
    shop.close().await;
}

/// Twenty visits with cards of every kind, faults on every API, and time that passes in between.
async fn blow(shop: &Shop, seed: u64, random: &mut StdRng) -> Vec<Uuid> {
    let policy = *POLICIES.choose(random).unwrap();
    sqlx::query("UPDATE store SET decline = $1").bind(policy).execute(&shop.database).await.unwrap();
    let duplicates = [DuplicateCapture::Ignored, DuplicateCapture::Refused, DuplicateCapture::Charged];
    let duplicate_capture = *duplicates.choose(random).unwrap();
    shop.twin.set(Settings { duplicate_capture, ..Settings::default() });
    let repeat_is_safe = duplicate_capture != DuplicateCapture::Charged;
    let safe = sqlx::query("UPDATE store SET capture_repeat_is_safe = $1").bind(repeat_is_safe);
    safe.execute(&shop.database).await.unwrap();
    let mut trips = vec![];
    for number in 0..TRIPS_PER_SEED {
        if random.random_bool(0.4) {
            let fault = any_fault(random);
            shop.twin.fault(*APIS.choose(random).unwrap(), fault, random.random_range(1..4_u32));
        }
        let card = any_card(random, &format!("seed-{seed}-{number}"));
        shop.twin.put_card(card.clone());
        let tap = shop.twin.tap(Visit::of(&card.name).holding_minor(random.random_range(0..3_000))).await.unwrap();
        if random.random_bool(0.95) {
            let cart = shop.twin.send_cart(&tap, &demo_items(random.random_range(0..5))).await.unwrap();
            if random.random_bool(0.2) {
                shop.twin.repeat_cart(&cart).await.unwrap();
            }
        }
        trips.push(tap.trip);
        match random.random_range(0..4) {
            0 => shop.pass(time::Duration::seconds(random.random_range(1..900))).await,
            1 => drop(shop.settle().await),
            2 => shop.jump(time::Duration::seconds(random.random_range(1..120))),
            _ => {}
        }
    }
    for api in APIS {
        shop.twin.clear_faults(api);
    }
    shop.pass(time::Duration::hours(50)).await;
    trips
}

fn any_fault(random: &mut StdRng) -> Fault {
    match random.random_range(0..6) {
        0 => Fault::TooManyRequests,
        1 => Fault::ServiceException,
        2 => Fault::ServiceUnavailable { retry_after_seconds: random.random_range(1..900) },
        3 => Fault::Delay(Duration::from_millis(5)),
        4 => Fault::LoseAnswer,
        _ => Fault::FailAfterEffect,
    }
}

fn any_card(random: &mut StdRng, name: &str) -> Card {
    let limit_minor = if random.random_bool(0.5) { 1_000_000 } else { random.random_range(0..3_000) };
    let pending = random.random_bool(0.2).then(|| Pending::Times(random.random_range(1..4)));
    let email = random.random_bool(0.7).then(|| format!("{name}@example.com"));
    Card { limit_minor, pending: pending.unwrap_or(Pending::Never), email, ..Card::visa_named(name) }
}

/// Nothing is on its way any more, nobody was charged twice, and Amazon knows of every balance what we know.
async fn assert_calm(shop: &Shop, seed: u64, trips: &[Uuid]) {
    let open = "SELECT string_agg(trip_id || ' ' || state, ', ') FROM trip WHERE $1 = '' AND state NOT IN
        ('captured', 'partly_captured', 'uncollected', 'recovered', 'cancelled', 'capture_unconfirmed')";
    assert_eq!(shop.text(open, "").await, None, "seed {seed}: trips without an outcome");
    let truth = shop.twin.truth();
    for trip in trips {
        let theirs = truth.trip(*trip);
        if !theirs.admitted {
            continue;
        }
        assert!(theirs.captures_minor.len() <= 1, "seed {seed}, trip {trip}: charged {:?}", theirs.captures_minor);
        let owed = "SELECT coalesce(sum(outstanding_minor), 0)::bigint FROM debt WHERE trip_id = $1";
        let owed = shop.number(owed, trip).await;
        let heard = theirs.feedback.last().map_or(0, |it| it.total_minor - it.settled_minor);
        assert_eq!(heard, owed, "seed {seed}, trip {trip}: what Amazon heard is owed");
        if shop.state(*trip).await == "capture_unconfirmed" {
            // Only where a repeat could charge twice, and nothing says that it was taken: a person's case, and no debt.
            let is_safe = "SELECT count(*) FROM store WHERE capture_repeat_is_safe AND $1 = ''";
            assert_eq!((shop.number(is_safe, "").await, owed), (0, 0), "seed {seed}, trip {trip}");
            continue;
        }
        let total = "SELECT coalesce(sum(total_minor), 0)::bigint FROM trip WHERE trip_id = $1";
        let total = shop.number(total, trip).await;
        assert_eq!(theirs.captured_minor() + owed, total, "seed {seed}, trip {trip}: taken and owed are the total");
        assert_eq!(theirs.hold_minor, 0, "seed {seed}, trip {trip}: no hold is left on the card");
    }
}

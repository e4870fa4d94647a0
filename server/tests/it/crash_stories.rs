//! The crash matrix: a real program sends itself SIGKILL at each failpoint, another takes over, and in the end the books, the debts
//! and the card network are as they are where nobody died.
//!
//! `make test` tries a sample, `make prove` all of them. Shown to find something: where a capture whose attempt was left as sent was simply
//! made again, a death after the call ended in two charges; and with a new key for each try of a refund, in two refunds.

use domain::attempt::Api;
use server::failpoint::{Commit, Failpoint};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};

use crate::crashes::{Run, Scenario};
use crate::programs::Programs;
use crate::proof::{all_crashes, progress};

/// One failpoint of each API, another one each time; all that a capture meets once its attempt is recorded; and decisions of each
/// program.
fn sample() -> Vec<Failpoint> {
    use Failpoint::{After, Answered, Before};
    vec![
        After(Commit::Claim(Api::AdjustCharge)),
        After(Commit::Attempt(Api::CaptureCharge)),
        Answered(Api::CaptureCharge),
        Before(Commit::Outcome(Api::CaptureCharge)),
        Answered(Api::RefundCharge),
        Before(Commit::Attempt(Api::CancelCharge)),
        After(Commit::Outcome(Api::ReportPaymentStatus)),
        Before(Commit::Outcome(Api::GetTransactionalData)),
        Answered(Api::GetShopperIdentity),
        After(Commit::Cart),
        After(Commit::RefundDecided),
        Before(Commit::ProbeReturned),
    ]
}

#[sqlx::test(migrations = "../migrations")]
async fn g15_eh_001_whatever_dies_wherever_it_dies_the_books_end_as_if_nobody_had(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let points = if all_crashes() { Failpoint::all() } else { sample() };
    let mut programs = Programs::prepare(connect).await;
    let store = "UPDATE store SET refund_auto_limit_minor = 0, bad_cart = 'hold_for_review'";
    sqlx::query(store).execute(&programs.database).await.unwrap();
    let mut undisturbed = vec![];
    for scenario in [Scenario::Pays, Scenario::Waits] {
        let books = Run::begin(&mut programs, None).await.end(scenario).await;
        undisturbed.push((scenario, books));
    }
    let mut differences = vec![];
    for (done, point) in points.iter().enumerate() {
        let scenario = Scenario::of(*point);
        let books = Run::begin(&mut programs, Some(*point)).await.end(scenario).await;
        let wanted = &undisturbed.iter().find(|(it, _)| *it == scenario).unwrap().1;
        if &books != wanted {
            differences.push(format!("{point}: {books:#?} instead of {wanted:#?}"));
        }
        progress("crashes", done + 1, points.len());
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    for what in ["money", "audit"] {
        let verified = programs.command_piped(&["verify", what]).output().unwrap();
        assert!(verified.status.success(), "{what}: {}", String::from_utf8_lossy(&verified.stdout));
    }
}

/// The sample leaves no API and no program out.
#[test]
fn the_sample_of_crashes_has_every_api() {
    for api in Api::ALL {
        let has_api = sample().iter().any(|point| point.to_string().ends_with(&format!(":{api}")));
        assert!(has_api, "{api}");
    }
}

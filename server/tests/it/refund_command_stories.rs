//! `storeside refund` as people type it: what it says, and what it refuses.

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twin::demo_items;

use crate::programs::{Programs, until};

#[sqlx::test(migrations = "../migrations")]
async fn the_command_says_what_a_refund_comes_to_who_must_approve_it_and_how_it_stands(
    _: PgPoolOptions,
    connect: PgConnectOptions,
) {
    let programs = Programs::prepare(connect).await;
    assert_eq!(programs.says(&["refund", "list"]).1, "No refunds.\n");
    let trip = programs.twin.walk("visa", &demo_items(3)).await.unwrap().trip;
    programs.until_ended(trip, "captured").await;
    let trip_word = trip.to_string();
    let (ann, ben) = (["--as", "ann", "--reason", "it was broken"], ["--as", "ben", "--reason", "seen on the video"]);
    let request = ["refund", "request", &trip_word, "1=1", "--code", "DAMAGED_ITEM"];

    let (done, said, _) = programs.says(&[&request[..], &ann, &["--dry-run"]].concat());
    let line = "  line 1: 1 unit of Sparkling water 0.5 l: 2.17 USD (price 1.99 USD, promotions 0.00 USD, tax 0.18 USD, tax included 0.00 USD, deposit 0.00 USD)\n";
    assert!(
        done && said
            == format!("{line}2.17 USD would be given back; it would be given at once. Nothing was changed.\n"),
        "{said}"
    );
    for (lines, why) in [
        ("1:1", "\"1:1\" is not like 1=2"),
        ("one=1", "\"one\" is not the number of a line"),
        ("1=all", "\"all\" is not a quantity"),
        ("9=1", "the purchase has no line 9 that was charged"),
        ("1=2", "line 1: only 1 can still come back"),
    ] {
        let (done, said, problem) =
            programs.says(&[&["refund", "request", &trip_word, lines, "--code", "OTHER"], &ann[..]].concat());
        assert!(!done && said.is_empty() && problem.contains(why), "{lines}: {problem}");
    }
    // A person looks at every refund of this store from now on.
    sqlx::query("UPDATE store SET refund_auto_limit_minor = 0").execute(&programs.database).await.unwrap();
    let (done, said, why) = programs.says(&[&request[..], &ann].concat());
    assert!(done && said.ends_with("  waits for a person  2.17 USD\n"), "{said} {why}");
    let id = said.split("  ").next().unwrap();
    let listed = programs.says(&["refund", "list"]).1;
    assert!(
        listed.starts_with(&format!("{id}  waits for a person  2.17 USD  trip {trip}  asked for by ann at ")),
        "{listed}"
    );
    let (done, _, why) = programs.says(&[&["refund", "approve", id], &ann[..]].concat());
    assert!(!done && why.contains("ann asked for this refund: somebody else must approve it"), "{why}");
    let (done, _, why) = programs.says(&[&request[..], &ben].concat());
    assert!(!done && why.contains(&format!("the trip has a refund already that is not finished: {id}")), "{why}");
    let (done, _, why) = programs.says(&["refund", "by-hand", id, "--as", "ben", "--reason", "short"]);
    assert!(!done && why.contains("--reason must have 10 to 500 characters"), "{why}");
    let (done, _, why) = programs.says(&[&["refund", "by-hand", id], &ben[..]].concat());
    assert!(!done && why.contains("the refund is in_review: this can only be done with one that is by_hand"), "{why}");
    let (done, said, why) = programs.says(&[&["refund", "approve", id], &ben[..]].concat());
    assert!(done && said.starts_with(id) && said.ends_with("  2.17 USD\n"), "{said} {why}");
    until("the refund is given back", async || programs.says(&["refund", "list"]).1 == "No refunds.\n").await;
    let shown = programs.says(&["refund", "show", id]).1;
    for part in [
        &format!("{id}  given back  goods of 2.17 USD\n") as &str,
        &format!("  trip {trip}  store TEST_STORE_001  DAMAGED_ITEM\n"),
        "  asked for by ann at ",
        ": it was broken\n",
        "  decided by ben at ",
        ": seen on the video\n",
        "  off the debt 0.00 USD, to the card 2.17 USD, by hand 0.00 USD\n",
        "  reconciliation id ",
        line,
        ": answered 200\n",
    ] {
        assert!(shown.contains(part), "{part} is not in\n{shown}");
    }
}

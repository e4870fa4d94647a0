//! How long the long proofs are: a sample for everyone who tests, all of it for `make prove`, which says so by two variables.

/// Rounds of each race: `RACE_ROUNDS`, else 20.
pub(crate) fn race_rounds() -> usize {
    std::env::var("RACE_ROUNDS").map_or(20, |rounds| rounds.parse().expect("RACE_ROUNDS is a number"))
}

/// Are all failpoints tried, not a sample: `CRASHES=all`?
pub(crate) fn all_crashes() -> bool {
    std::env::var("CRASHES").is_ok_and(|crashes| crashes == "all")
}

/// Says how far a proof is, now and then. Shown with `--nocapture`.
pub(crate) fn progress(proof: &str, done: usize, all: usize) {
    if all > 40 && (done.is_multiple_of(10) || done == all) {
        eprintln!("   {proof}: {done} of {all}");
    }
}

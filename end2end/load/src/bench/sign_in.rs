//! Signing in by card: does the time of an answer tell a guesser which of the facts were right?

use std::time::Duration;

use anyhow::{Context, ensure};
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use time::OffsetDateTime;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::stage::{STORE, Stage};
use super::verdict::Verdict;
use crate::report::Latencies;
use crate::shopper::{in_mails, walk_with};
use crate::target::Target;

const CARD: &str = "known";

/// Its last digits, which no other card of the bench has.
const TAIL: &str = "7001";

/// Tries of each kind, mixed. The share below is then exact to about two in a hundred.
const TRIES: usize = 400;

/// Tries under way at once: each is answered after a quarter of a second at the soonest.
const AT_ONCE: usize = 6;

/// A guesser learns nothing when one kind of try is slower than another in half of all pairs: from so many in a thousand …
const TOLD_APART_BELOW: u64 = 430;

/// … to so many, which chance alone leaves less than once in a thousand runs.
const TOLD_APART_ABOVE: u64 = 570;

/// What is known of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Known {
    /// Everything.
    All,
    /// The card, and not the number on its statement.
    Card,
    /// Nothing.
    Nothing,
}

/// Somebody walks once; then tries with all facts, with one that is wrong and with none that is right follow each other by chance.
///
/// # Errors
///
/// When something does not run; a missed target is no error.
pub async fn measure(stage: &Stage, twin: &str, verdict: &mut Verdict) -> anyhow::Result<()> {
    let target = stage.target()?;
    walk_with(&target, twin, &json!({ "name": CARD, "last_four": TAIL }), 3).await?;
    let number = in_mails(&stage.mails(), number_in).await.context("no mail has the number on a statement")?;

    let mut chance = StdRng::seed_from_u64(1);
    let mut tries: Vec<Known> = [Known::All, Known::Card, Known::Nothing].repeat(TRIES);
    tries.shuffle(&mut chance);
    let (mut all, mut taken) = (Latencies::new(), Vec::with_capacity(tries.len()));
    for (place, some) in tries.chunks(AT_ONCE).enumerate() {
        let mut under_way = JoinSet::new();
        for known in some.iter().copied() {
            // Each comes from a network of its own, as a guesser's do.
            let network = format!("10.{}.{}.{}", chance.random::<u8>(), chance.random::<u8>(), chance.random::<u8>());
            let (target, number) = (target.clone(), number.clone());
            under_way.spawn(async move { (known, attempt(&target, known, &number, &network).await) });
        }
        while let Some(done) = under_way.join_next().await {
            let (known, latency) = done?;
            let latency = latency?;
            if place * AT_ONCE >= TRIES / 10 {
                all.record(latency);
                taken.push((known, latency));
            }
        }
    }
    verdict.say(&format!("Sign-in by card, {} tries, {AT_ONCE} at once: {all}", taken.len()));
    let of = |known| taken.iter().filter(move |(it, _)| *it == known).map(|(_, latency)| *latency).collect::<Vec<_>>();
    for (known, who) in [(Known::Card, "a miss with the right card"), (Known::All, "one who is let in")] {
        let slower = slower_per_mille(&of(known), &of(Known::Nothing));
        let found = format!(
            "{who} waits longer than a miss with nothing right in {} of 100 pairs: {} to {} tell nothing",
            slower / 10,
            TOLD_APART_BELOW / 10,
            TOLD_APART_ABOVE / 10
        );
        verdict.judge((TOLD_APART_BELOW..=TOLD_APART_ABOVE).contains(&slower), &found);
    }
    Ok(())
}

/// One try, and that its answer is the one it must be.
async fn attempt(target: &Target, known: Known, number: &str, network: &str) -> anyhow::Result<Duration> {
    let day = OffsetDateTime::now_utc().date().to_string();
    let tail = if known == Known::Nothing { "7002" } else { TAIL };
    let statement = if known == Known::All { number } else { "a-number-of-nobody" };
    let fields = [
        ("store", STORE),
        ("day", &day),
        ("tail", tail),
        ("expiry", "12/30"),
        ("total", ""),
        ("statement", statement),
        ("next", ""),
    ];
    let url = target.url();
    let request = target.http().post(format!("{url}/api/sign_in_card")).form(&fields).header("accept", "text/html");
    let request = request.header("referer", format!("{url}/sign-in/card")).header("x-forwarded-for", network);
    let began = Instant::now();
    let answer = request.send().await?;
    let took = began.elapsed();
    let to = answer.headers().get("location").and_then(|it| it.to_str().ok()).unwrap_or_default();
    let is_in = to == "/trips";
    ensure!(is_in == (known == Known::All), "a try that knows {known:?} was sent to {to:?} ({})", answer.status());
    Ok(took)
}

/// In how many of a thousand pairs the first is the slower one; half of a tie.
fn slower_per_mille(first: &[Duration], second: &[Duration]) -> u64 {
    let mut sorted = second.to_vec();
    sorted.sort_unstable();
    let twice =
        |it: &Duration| sorted.partition_point(|other| other < it) + sorted.partition_point(|other| other <= it);
    let sum: usize = first.iter().map(twice).sum();
    let pairs = (first.len() * second.len()).max(1);
    u64::try_from(sum * 500 / pairs).unwrap_or(u64::MAX)
}

/// Long lines of a mail end in `=` and go on in the next.
fn number_in(mail: &str) -> Option<String> {
    let text = mail.replace("=\r\n", "").replace("=\n", "");
    let is_theirs = text.contains(&format!("{CARD}.shopper@example.com"));
    let (_, rest) = text.split_once("Transaction on your card statement: ")?;
    rest.split_whitespace().next().filter(|_| is_theirs).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_slower_in_every_pair_is_told_apart_and_who_is_the_same_is_not() {
        let of = |from: u64| (from..from + 100).map(Duration::from_micros).collect::<Vec<_>>();
        assert_eq!(slower_per_mille(&of(100), &of(0)), 1000);
        assert_eq!(slower_per_mille(&of(0), &of(100)), 0);
        assert_eq!(slower_per_mille(&of(0), &of(0)), 500);
        // A tenth of a standard deviation more would be seen.
        assert!(slower_per_mille(&of(20), &of(0)) > TOLD_APART_ABOVE);
    }

    #[test]
    fn the_number_on_a_statement_is_read_over_the_end_of_a_line() {
        let mail = "To: known.shopper@example.com\nSubject: Your receipt\n\nTransaction on your card statement: CST-=\n12\nBye";
        assert_eq!(number_in(mail), Some("CST-12".to_owned()));
        assert_eq!(number_in("Your code is 12345678"), None);
    }
}

//! What is personal must be nowhere but where it belongs: every story ends by looking for it in the database, in the log, in the metrics
//! and in the heads of mails.

use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, Once};

use server::log;
use sqlx::{AssertSqlSafe, PgPool};

/// What the cards of the demo have in common.
const ADDRESS: &str = ".shopper@example.com";

/// Everything that this process has logged.
static LOGGED: Mutex<Vec<u8>> = Mutex::new(vec![]);

struct Log;

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        LOGGED.lock().unwrap().write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// From now on it is kept what is logged.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| log::start_on(|| Log));
}

/// Is this in the log?
pub(crate) fn is_logged(fact: &str) -> bool {
    String::from_utf8_lossy(&LOGGED.lock().unwrap()).contains(fact)
}

/// Are these digits in the text, and not only a part of an id, which has four digits of a card by chance now and then?
pub(crate) fn has_digits(text: &str, digits: &str) -> bool {
    text.match_indices(digits).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + digits.len()..].chars().next());
        let in_a_word = [before, after].iter().any(|it| it.is_some_and(char::is_alphanumeric));
        !in_a_word && (before, after) != (Some('-'), Some('-'))
    })
}

#[test]
fn digits_are_seen_in_a_text_but_not_in_an_id() {
    for text in ["4242", "tail=4242", "{\"tail\":\"4242\"}", "visa-4242", "4242 4242", "a4242 then 4242"] {
        assert!(has_digits(text, "4242"), "{text}");
    }
    let parts_of_ids =
        ["0198f2aa-4242-7abc-8def-0123456789ab", "42420000-0000", "b4242-1", "127.0.0.1:24242", ".424201Z", ""];
    assert!(parts_of_ids.iter().all(|text| !has_digits(text, "4242")));
}

/// Every row of every table as text, with what is in bytes as text too.
pub(crate) async fn dump(database: &PgPool) -> Vec<(String, String)> {
    let tables = "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1";
    let tables: Vec<String> = sqlx::query_scalar(tables).fetch_all(database).await.unwrap();
    assert!(tables.len() > 30, "{tables:?}");
    let mut found = vec![];
    for table in tables {
        let rows = format!("SELECT coalesce(string_agg(row::text, ' '), '') FROM \"{table}\" AS row");
        let text: String = sqlx::query_scalar(AssertSqlSafe(rows)).fetch_one(database).await.unwrap();
        found.push((table, text));
    }
    found
}

/// The tables in which a fact can be read, as it is or in the hexadecimal that rows show bytes in.
pub(crate) fn seen(dump: &[(String, String)], fact: &str) -> Vec<String> {
    let hex: String = fact.bytes().map(|byte| format!("{byte:02x}")).collect();
    let has = |text: &str| text.contains(fact) || text.contains(&hex);
    dump.iter().filter(|(_, text)| has(text)).map(|(table, _)| table.clone()).collect()
}

/// Neither an address of a card's nor one of these facts can be read in the database, in the log or in `metrics`, nor before the text of
/// a mail, but for whom it is to.
pub(crate) async fn assert_nowhere(database: &PgPool, metrics: &str, mails: &Path, facts: &[String]) {
    let (dump, heads) = (dump(database).await, heads(mails));
    for fact in facts.iter().map(String::as_str).chain([ADDRESS]) {
        assert_eq!(seen(&dump, fact), [""; 0], "{fact} can be read in the database");
        assert!(!is_logged(fact), "{fact} can be read in the log");
        assert!(!metrics.contains(fact), "{fact} can be read in the metrics");
        assert!(!heads.contains(fact), "{fact} can be read in a mail's head");
    }
}

/// What mails say before their text, without the lines that say to whom they are.
pub(crate) fn heads(mails: &Path) -> String {
    let files = std::fs::read_dir(mails).into_iter().flatten().map(|it| it.unwrap().path());
    let files = files.filter(|it| it.extension().is_some_and(|it| it == "eml"));
    let heads = files.map(|it| {
        let mail = std::fs::read_to_string(it).unwrap().replace("\r\n", "\n");
        let head = mail.split("\n\n").next().unwrap_or_default().to_owned();
        head.lines().filter(|line| !line.starts_with("To: ")).map(|line| format!("{line}\n")).collect::<String>()
    });
    heads.collect()
}

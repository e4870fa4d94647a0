//! What the programs really asked the database, read from PostgreSQL's own log, and the same as a script for pgbench.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;

use anyhow::Context;
use sqlx::PgPool;
use uuid::Uuid;

use super::rows;

/// Begins each entry of the log while it is recorded; the process's number follows.
const MARK: char = '@';

/// Where a claim says which rows it locks.
const RANKED: &str = "outbox_id = ANY (ARRAY (SELECT outbox_id FROM ranked))";

/// Where a trip's next effect is looked for.
const NEXT: &str = "FROM outbox next\n             WHERE";

/// Where a call is recorded; its second value is the effect.
const BEGUN: &str = "INSERT INTO attempt ";

/// One statement with the values of its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Statement {
    sql: String,
    values: Vec<Option<String>>,
}

/// What was asked between BEGIN and COMMIT, both left out; a statement alone is one, too.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Transaction {
    statements: Vec<Statement>,
    is_alone: bool,
}

/// What the programs asked, in the order of the commits.
#[derive(Debug, Clone)]
pub struct Recording(Vec<Transaction>);

/// A recording that has begun.
#[derive(Debug)]
pub struct Recorder {
    log: PathBuf,
    from: u64,
}

impl Recorder {
    /// Begins. Everything that is asked from now on is slower.
    ///
    /// # Errors
    ///
    /// When the log cannot be found: it is only known of the embedded database.
    pub async fn begin(database: &PgPool) -> anyhow::Result<Self> {
        let folder = PathBuf::from(rows::text(database, "SHOW data_directory").await?);
        let log = folder.join("server.log");
        let from = std::fs::metadata(&log).with_context(|| format!("the log {}", log.display()))?.len();
        rows::run(database, "ALTER SYSTEM SET log_line_prefix = '@%p '").await?;
        rows::run(database, "ALTER SYSTEM SET log_statement = 'all'").await?;
        rows::run(database, "SELECT pg_reload_conf()").await?;
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        Ok(Self { log, from })
    }

    /// Ends, and reads what was asked.
    ///
    /// # Errors
    ///
    /// When the log cannot be read.
    pub async fn end(self, database: &PgPool) -> anyhow::Result<Recording> {
        rows::run(database, "ALTER SYSTEM RESET log_statement").await?;
        rows::run(database, "ALTER SYSTEM RESET log_line_prefix").await?;
        rows::run(database, "SELECT pg_reload_conf()").await?;
        let mut file = std::fs::File::open(&self.log)?;
        file.seek(SeekFrom::Start(self.from))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        Ok(Recording(transactions(&text)))
    }
}

/// A script for pgbench, and values that its text cannot hold.
#[derive(Debug, Clone)]
pub struct Script {
    /// The script.
    pub text: String,
    /// Values for `-D`.
    pub defined: Vec<(String, String)>,
    /// Commits of one run.
    pub commits: usize,
    /// Statements of one run, BEGIN and COMMIT left out.
    pub statements: usize,
}

impl Recording {
    /// Of everything, what has to do with these ids, directly or through an id that came up with them: the chores of other
    /// processes are left out, and looks that found nothing.
    #[must_use]
    pub fn about(&self, ids: &[&str]) -> Self {
        let mut known: BTreeSet<String> = ids.iter().map(|it| (*it).to_owned()).collect();
        let mut kept = vec![];
        for transaction in &self.0 {
            let values = || transaction.statements.iter().flat_map(|it| it.values.iter().flatten());
            if values().any(|value| known.iter().any(|id| value.contains(id))) {
                known.extend(values().flat_map(|it| ids_in(it)).map(str::to_owned));
                kept.push(transaction.clone());
            }
        }
        Self(kept)
    }

    /// The same again and again, each time under new ids: what is in `cards` becomes one of so many cards, `ids` and every id that
    /// something was inserted under become new ones.
    #[must_use]
    pub fn script(&self, ids: &[&str], card: &str, cards: u64) -> Script {
        let mut writer =
            Writer { fresh: ids.iter().map(|it| (*it).to_owned()).collect(), card, defined: BTreeMap::new() };
        let mut text = String::new();
        let mut begun = self.0.iter().flat_map(|it| &it.statements).filter(|it| it.sql.contains(BEGUN));
        for transaction in &self.0 {
            if !transaction.is_alone {
                text.push_str("BEGIN;\n");
            }
            for statement in &transaction.statements {
                if statement.sql.contains(BEGUN) {
                    begun.next();
                }
                let next = begun.clone().next().and_then(|it| it.values.get(1)?.as_deref());
                let sql = writer.write(statement, next);
                let _ = writeln!(text, "{sql};");
            }
            if !transaction.is_alone {
                text.push_str("COMMIT;\n");
            }
        }
        let fresh: Vec<String> =
            (0..writer.fresh.len()).map(|place| format!("gen_random_uuid() AS v{place}")).collect();
        let last = cards.saturating_sub(1);
        let prefix = format!("\\set card random(0, {last})\nSELECT {} \\gset\n", fresh.join(", "));
        Script {
            text: prefix + &text,
            defined: writer.defined.into_iter().map(|(value, name)| (name, value)).collect(),
            commits: self.0.len(),
            statements: self.0.iter().map(|it| it.statements.len()).sum(),
        }
    }
}

struct Writer<'a> {
    fresh: Vec<String>,
    card: &'a str,
    defined: BTreeMap<String, String>,
}

impl Writer<'_> {
    /// The statement with its values in the places of its parameters. `next`: the effect of the call that was recorded next.
    fn write(&mut self, statement: &Statement, next: Option<&str>) -> String {
        if statement.sql.trim_start().starts_with("INSERT") || statement.sql.trim_start().starts_with("WITH") {
            for id in statement.values.iter().flatten().flat_map(|it| ids_in(it)) {
                if !self.fresh.iter().any(|it| it == id) {
                    self.fresh.push(id.to_owned());
                }
            }
        }
        let mut written = String::new();
        // Clients that lock each other's effects, and then ask for their own, would wait for each other for ever: workers lease what they
        // have locked, a script can only lease its own.
        let mut sql = statement.sql.replace(RANKED, &format!("{RANKED} AND trip_id = :v0"));
        // Of several that are due at once either may be first; the rest of the script is about the one that was.
        if let Some(place) = next.and_then(|next| self.fresh.iter().position(|it| it == next)) {
            sql = sql.replace(NEXT, &format!("{NEXT} outbox_id = :v{place} AND"));
        }
        let mut rest = sql.as_str();
        while let Some(at) = rest.find('$') {
            let digits = rest[at + 1..].bytes().take_while(u8::is_ascii_digit).count();
            let number = rest[at + 1..at + 1 + digits].parse::<usize>().unwrap_or(0);
            written.push_str(&rest[..at]);
            match number.checked_sub(1).and_then(|place| statement.values.get(place)) {
                Some(value) => written.push_str(&self.value(value.as_deref(), &statement.sql)),
                None => written.push_str(&rest[at..at + 1 + digits]),
            }
            rest = &rest[at + 1 + digits..];
        }
        written + rest
    }

    fn value(&mut self, value: Option<&str>, sql: &str) -> String {
        let Some(value) = value else { return "NULL".to_owned() };
        if let Some(place) = self.fresh.iter().position(|it| it == value) {
            return format!(":v{place}");
        }
        if value == self.card {
            let prefix = value.trim_end_matches(|it: char| it.is_ascii_digit());
            let digits = value.len() - prefix.len();
            return format!("('{prefix}' || lpad(:card::text, {digits}, '0'))");
        }
        if let Some(places) = self.places_in_array(value) {
            let items: Vec<String> = places.iter().map(|place| format!(":v{place}")).collect();
            let kind = if sql.contains("outbox_id = ANY") { "uuid" } else { "text" };
            return format!("ARRAY[{}]::{kind}[]", items.join(", "));
        }
        let has_variable = value.split(':').skip(1).any(|it| it.starts_with(|c: char| c.is_alphabetic() || c == '_'));
        if has_variable || value.contains('\\') {
            let next = self.defined.len();
            let name = self.defined.entry(value.to_owned()).or_insert_with(|| format!("c{next}"));
            return format!(":{name}");
        }
        format!("'{}'", value.replace('\'', "''"))
    }

    /// `{id,id}` of ids that are new each time.
    fn places_in_array(&self, value: &str) -> Option<Vec<usize>> {
        let items = value.strip_prefix('{')?.strip_suffix('}')?;
        items.split(',').map(|item| self.fresh.iter().position(|it| it == item)).collect()
    }
}

/// The ids that a value is, or that the array has which it is.
fn ids_in(value: &str) -> impl Iterator<Item = &str> {
    let items = value.strip_prefix('{').and_then(|it| it.strip_suffix('}')).unwrap_or(value);
    items.split(',').filter(|it| Uuid::parse_str(it).is_ok())
}

/// The transactions of a log, in the order in which they were committed.
fn transactions(log: &str) -> Vec<Transaction> {
    let mut open: BTreeMap<String, Vec<Statement>> = BTreeMap::new();
    let mut last: BTreeMap<String, Option<Statement>> = BTreeMap::new();
    let mut done = vec![];
    // A statement is complete when the next entry of its process is no `DETAIL` any more.
    let mut settle = |pid: &str, statement: Option<Statement>, open: &mut BTreeMap<String, Vec<Statement>>| {
        let Some(statement) = statement else { return };
        match (statement.sql.trim().to_uppercase().as_str(), open.get_mut(pid)) {
            ("BEGIN", _) => drop(open.insert(pid.to_owned(), vec![])),
            ("ROLLBACK", _) => drop(open.remove(pid)),
            ("COMMIT", _) => {
                let statements = open.remove(pid).unwrap_or_default();
                done.push(Transaction { statements, is_alone: false });
            }
            (_, Some(statements)) => statements.push(statement),
            (_, None) => done.push(Transaction { statements: vec![statement], is_alone: true }),
        }
    };
    for (pid, text) in entries(log) {
        let asked = text.strip_prefix("LOG:  execute ").and_then(|it| it.split_once(": ")).map(|(_, sql)| sql);
        let asked = asked.or_else(|| text.strip_prefix("LOG:  statement: "));
        if let Some(sql) = asked {
            let before = last.insert(pid.clone(), Some(Statement { sql: sql.to_owned(), values: vec![] })).flatten();
            settle(&pid, before, &mut open);
        } else if let Some(parameters) =
            text.strip_prefix("DETAIL:  Parameters: ").or_else(|| text.strip_prefix("DETAIL:  parameters: "))
            && let Some(Some(statement)) = last.get_mut(&pid)
        {
            statement.values = values(parameters);
        }
        // A commit is complete at once: its place among the others counts.
        if matches!(last.get(&pid), Some(Some(it)) if it.sql == "COMMIT") {
            let commit = last.insert(pid.clone(), None).flatten();
            settle(&pid, commit, &mut open);
        }
    }
    for (pid, statement) in last {
        settle(&pid, statement, &mut open);
    }
    done
}

/// Each entry with its process; what goes on over several lines is one.
fn entries(log: &str) -> Vec<(String, String)> {
    let mut entries: Vec<(String, String)> = vec![];
    for line in log.lines() {
        if let Some((pid, text)) = line.strip_prefix(MARK).and_then(|it| it.split_once(' ')) {
            entries.push((pid.to_owned(), text.to_owned()));
        } else if let (Some(more), Some((_, text))) = (line.strip_prefix('\t'), entries.last_mut()) {
            text.push('\n');
            text.push_str(more);
        }
    }
    entries
}

/// `$1 = 'it''s', $2 = NULL`.
fn values(parameters: &str) -> Vec<Option<String>> {
    let mut values = vec![];
    let mut rest = parameters;
    while let Some((_, value)) = rest.split_once(" = ") {
        let Some(quoted) = value.strip_prefix('\'') else {
            values.push(None);
            rest = value.split_once(", ").map_or("", |(_, more)| more);
            continue;
        };
        let mut text = String::new();
        let mut pieces = quoted.split('\'');
        let mut used = 1;
        while let Some(piece) = pieces.next() {
            text.push_str(piece);
            used += piece.len() + 1;
            // Two quotes stand for one.
            if !value[used..].starts_with('\'') {
                break;
            }
            text.push('\'');
            used += 1;
            pieces.next();
        }
        values.push(Some(text));
        rest = &value[used..];
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRIP: &str = "8b6e2c1e-0000-4000-8000-000000000001";
    const EFFECT: &str = "8b6e2c1e-0000-4000-8000-000000000002";

    fn log() -> String {
        format!(
            "@1 LOG:  statement: BEGIN\n\
             @2 LOG:  execute sqlx_s_1: SELECT chore\n\
             @1 LOG:  execute sqlx_s_2: SELECT a\n\tFROM trip WHERE trip_id = $1\n\
             @1 DETAIL:  Parameters: $1 = '{TRIP}'\n\
             @1 LOG:  execute sqlx_s_3: INSERT INTO outbox VALUES ($1, $2, $3)\n\
             @1 DETAIL:  Parameters: $1 = '{EFFECT}', $2 = NULL, $3 = 'it''s, $9 = ''x'''\n\
             @1 LOG:  statement: COMMIT\n\
             @3 LOG:  statement: BEGIN\n\
             @3 LOG:  execute sqlx_s_4: UPDATE outbox SET x = $2 WHERE outbox_id = ANY($1)\n\
             @3 DETAIL:  Parameters: $1 = '{{{EFFECT}}}', $2 = 'card-0007'\n\
             @3 LOG:  statement: COMMIT\n"
        )
    }

    #[test]
    fn a_log_becomes_transactions_in_the_order_of_their_commits() {
        let all = transactions(&log());
        let sizes: Vec<_> = all.iter().map(|it| (it.statements.len(), it.is_alone)).collect();
        assert_eq!(sizes, [(2, false), (1, false), (1, true)]);
        assert_eq!(all[0].statements[0].sql, "SELECT a\nFROM trip WHERE trip_id = $1");
        let values = &all[0].statements[1].values;
        assert_eq!(*values, [Some(EFFECT.to_owned()), None, Some("it's, $9 = 'x'".to_owned())]);
    }

    #[test]
    fn what_is_inserted_by_arrays_has_new_ids_too() {
        let log = format!(
            "@1 LOG:  execute s1: INSERT INTO outbox SELECT * FROM unnest($1::uuid[], $2::text[])\n\
             @1 DETAIL:  Parameters: $1 = '{{{EFFECT}}}', $2 = '{{{TRIP}}}'\n"
        );
        let script = Recording(transactions(&log)).about(&[TRIP]).script(&[TRIP], "card-0007", 200);
        let insert = "INSERT INTO outbox SELECT * FROM unnest(ARRAY[:v1]::text[]::uuid[], ARRAY[:v0]::text[]::text[]);";
        assert_eq!(script.text.lines().last(), Some(insert));
    }

    #[test]
    fn a_trips_next_effect_is_the_one_that_was_called_for_next() {
        let log = format!(
            "@1 LOG:  execute s1: UPDATE outbox SET state = 'claimed' WHERE outbox_id = (SELECT outbox_id FROM outbox next\n\
             \t             WHERE trip_id = $1 LIMIT 1)\n\
             @1 DETAIL:  Parameters: $1 = '{TRIP}'\n\
             @1 LOG:  execute s2: INSERT INTO attempt (attempt_id, outbox_id, trip_id) VALUES ($1, $2, $3)\n\
             @1 DETAIL:  Parameters: $1 = '{TRIP}', $2 = '{EFFECT}', $3 = '{TRIP}'\n"
        );
        let script = Recording(transactions(&log)).about(&[TRIP]).script(&[EFFECT, TRIP], "card-0007", 200);
        assert!(script.text.contains("WHERE outbox_id = :v0 AND trip_id = :v1 LIMIT 1"), "{}", script.text);
    }

    #[test]
    fn what_came_up_with_an_id_belongs_to_it_and_chores_do_not() {
        assert_eq!(Recording(transactions(&log())).about(&[TRIP]).0.len(), 2);
        assert_eq!(Recording(transactions(&log())).about(&["nobody"]).0.len(), 0);
    }

    #[test]
    fn a_script_has_new_ids_each_time_and_all_other_values_as_they_were() {
        let script = Recording(transactions(&log())).about(&[TRIP]).script(&[TRIP], "card-0007", 200);
        let lines: Vec<_> = script.text.lines().collect();
        assert_eq!(
            lines,
            [
                "\\set card random(0, 199)",
                "SELECT gen_random_uuid() AS v0, gen_random_uuid() AS v1 \\gset",
                "BEGIN;",
                "SELECT a",
                "FROM trip WHERE trip_id = :v0;",
                "INSERT INTO outbox VALUES (:v1, NULL, 'it''s, $9 = ''x''');",
                "COMMIT;",
                "BEGIN;",
                "UPDATE outbox SET x = ('card-' || lpad(:card::text, 4, '0')) WHERE outbox_id = ANY(ARRAY[:v1]::uuid[]);",
                "COMMIT;",
            ]
        );
        assert_eq!((script.commits, script.statements), (2, 3));
    }
}

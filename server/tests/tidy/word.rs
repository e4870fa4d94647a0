//! Words that must not be in the code.

use crate::source::{Source, tokens};

/// Where a float is right: `(file, reason)`. Nowhere near money.
const FLOATS: &[(&str, &str)] = &[
    ("server/src/http/metrics.rs", "histogram buckets are floats of seconds"),
    ("server/src/http/metrics/gauge.rs", "a gauge is a float"),
    ("server/src/paper/pdf.rs", "a PDF's places are floats; they are reckoned as integers and carry no amounts"),
    ("end2end/load/src/arrival.rs", "the gap between two people who arrive is a logarithm"),
    ("end2end/load/src/report.rs", "a histogram is asked for a quantile"),
];

/// `(the tokens, what is wrong with them)`.
const SHORTCUTS: [(&[&str], &str); 5] = [
    (&[".", "unwrap", "(", ")"], "`unwrap()` outside tests: say with `expect` why it cannot fail, or return the error"),
    (&["todo", "!"], "`todo!` outside tests"),
    (&["unimplemented", "!"], "`unimplemented!` outside tests"),
    (&["dbg", "!"], "`dbg!` left in"),
    (&["unsafe", "{"], "`unsafe` is forbidden"),
];

/// Names under which PostgreSQL tells the time.
const SQL_CLOCKS: [&str; 10] = [
    "now()",
    "now ()",
    "current_timestamp",
    "current_date",
    "current_time",
    "localtimestamp",
    "localtime",
    "clock_timestamp",
    "statement_timestamp",
    "transaction_timestamp",
];

pub(crate) fn check(sources: &[Source]) -> Vec<String> {
    sources.iter().flat_map(check_source).collect()
}

fn check_source(source: &Source) -> Vec<String> {
    let tokens = tokens(&source.code);
    let mut findings = Vec::new();
    let floats_allowed = FLOATS.iter().any(|(file, _)| source.path == *file);
    for token in tokens.iter().filter(|it| matches!(it.text.as_str(), "f32" | "f64") && !floats_allowed) {
        findings.push(format!(
            "{}:{}: a float: money, rates and weights are integers and `Decimal`",
            source.path, token.line
        ));
    }
    for (words, wrong) in SHORTCUTS {
        let places =
            tokens.windows(words.len()).filter(|it| it.iter().map(|it| it.text.as_str()).eq(words.iter().copied()));
        findings.extend(places.map(|it| format!("{}:{}: {wrong}", source.path, it[0].line)));
    }
    findings
}

/// `text` must be without comments.
pub(crate) fn check_sql_clock(path: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    for (line, text) in (1..).zip(text.to_lowercase().lines()) {
        for clock in SQL_CLOCKS.into_iter().filter(|it| is_word_in(it, text)) {
            findings.push(format!("{path}:{line}: `{clock}`: the time is an argument, never the database's own"));
        }
    }
    findings
}

/// Whether `word` is in `text`, not as the end or the middle of a longer name.
fn is_word_in(word: &str, text: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + word.len()..].chars().next());
        ![before, after].into_iter().flatten().any(|it| it.is_alphanumeric() || it == '_')
    })
}

pub(crate) fn without_sql_comments(text: &str) -> String {
    text.lines().map(|it| format!("{}\n", it.split("--").next().unwrap_or_default())).collect()
}

#[test]
fn floats_and_shortcuts_are_found_outside_tests_only() {
    let bad = "fn a(rate: f64) {\n  b.unwrap();\n  todo!();\n  dbg!(c);\n  d.unwrap_or(0.0f32);\n}\n";
    assert_eq!(check(&[Source::new("a.rs", bad)]).len(), 4);
    let fine = format!("// f64 todo!()\nfn a() {{ b(\"f32 dbg!()\") }}\n#[cfg(test)]\nmod tests {{\n{bad}}}\n");
    assert_eq!(check(&[Source::new("a.rs", &fine)]), [""; 0]);
}

#[test]
fn the_clock_of_the_database_is_found_in_any_spelling() {
    for bad in ["DEFAULT now()", "SELECT CURRENT_TIMESTAMP", "x < pg_catalog.now()", "clock_timestamp()"] {
        assert_eq!(check_sql_clock("a.sql", &format!("SELECT 1;\n{bad}")).len(), 1, "{bad}");
    }
    for fine in ["known_now()", "my_current_date", "snow()"] {
        assert_eq!(check_sql_clock("a.sql", fine), [""; 0], "{fine}");
    }
    assert_eq!(check_sql_clock("a.sql", &without_sql_comments("SELECT 1; -- never now()")), [""; 0]);
}

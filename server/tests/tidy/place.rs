//! Names and places of files: modules, migrations, settings.

use std::collections::BTreeSet;

use crate::source::{Source, tokens};

/// Names that fit anything and so say nothing.
const EMPTY_NAMES: [&str; 14] = [
    "process",
    "processor",
    "handle",
    "handler",
    "manager",
    "helper",
    "helpers",
    "util",
    "utils",
    "data",
    "info",
    "core",
    "common",
    "misc",
];

/// Read by other programs of the demo or by libraries, not by `config.rs`: `(variable, reason)`.
const NOT_OURS: &[(&str, &str)] = &[("RUST_LOG", "read by tracing-subscriber")];

pub(crate) fn check_names(sources: &[Source]) -> Vec<String> {
    let mut findings = Vec::new();
    for source in sources {
        let names = source.path.trim_end_matches(".rs").split('/');
        for name in names.clone().filter(|it| EMPTY_NAMES.contains(it)) {
            findings.push(format!("{}:1: `{name}` fits anything and so says nothing", source.path));
        }
        if names.clone().next_back() == Some("mod") {
            findings.push(format!("{}:1: modules are `name.rs` beside `name/`, never `mod.rs`", source.path));
        }
        let tokens = tokens(&source.code);
        let modules = tokens.windows(2).filter(|it| it[0].text == "mod" && EMPTY_NAMES.contains(&it[1].text.as_str()));
        findings
            .extend(modules.map(|it| format!("{}:{}: module `{}` says nothing", source.path, it[0].line, it[1].text)));
    }
    findings
}

/// A folder `name/` needs a `name.rs` beside it that begins with `//!`; `src/` needs its `lib.rs` or `main.rs` to.
pub(crate) fn check_folders(sources: &[Source]) -> Vec<String> {
    let folders: BTreeSet<&str> = sources.iter().filter_map(|it| Some(it.path.rsplit_once('/')?.0)).collect();
    let mut findings = Vec::new();
    for folder in folders {
        let owners = match folder.ends_with("/src") {
            true => vec![format!("{folder}/lib.rs"), format!("{folder}/main.rs")],
            false => vec![format!("{folder}.rs")],
        };
        let owner = owners.iter().find_map(|owner| sources.iter().find(|it| it.path == *owner));
        match owner {
            None => findings.push(format!("{folder}: has no {}", owners.join(" or "))),
            Some(it) if !it.text.trim_start().starts_with("//!") => {
                findings.push(format!("{}:1: a folder's module begins with `//!`: what is it for?", it.path));
            }
            Some(_) => {}
        }
    }
    findings
}

pub(crate) fn check_migrations(paths: &[String]) -> Vec<String> {
    let is_named = |path: &str| {
        let name = path.strip_prefix("migrations/")?.strip_suffix(".sql")?;
        let (time, what) = name.split_once('_')?;
        let (verb, table) = what.split_once('_')?;
        let word = |it: &str| !it.is_empty() && it.chars().all(|it| it.is_ascii_lowercase() || it == '_');
        Some(time.len() == 14 && time.bytes().all(|it| it.is_ascii_digit()) && word(verb) && word(table))
    };
    let wrong = paths.iter().filter(|it| is_named(it) != Some(true));
    wrong.map(|it| format!("{it}:1: a migration is named <14 digits>_<verb>_<table>.sql")).collect()
}

/// `sample` is `.env.sample`, `config` the code that reads settings, without comments.
pub(crate) fn check_settings(sample: &str, config: &str) -> Vec<String> {
    let named = |line: &str| {
        Some(line.trim_start_matches(['#', ' ']).split_once('=')?.0.to_owned()).filter(|it| is_variable(it))
    };
    let sampled: BTreeSet<String> = sample.lines().filter_map(named).collect();
    let read: BTreeSet<String> =
        config.split('"').skip(1).step_by(2).filter(|it| is_variable(it)).map(str::to_owned).collect();
    let ours = |it: &&String| !NOT_OURS.iter().any(|(name, _)| name == it);
    let unread = sampled.difference(&read).filter(ours);
    let unsaid = read.difference(&sampled).filter(ours);
    let unread = unread.map(|it| format!(".env.sample: {it} is not read by server/src/config.rs"));
    unread.chain(unsaid.map(|it| format!("server/src/config.rs: {it} is not in .env.sample"))).collect()
}

fn is_variable(name: &str) -> bool {
    name.contains('_')
        && name.starts_with(|it: char| it.is_ascii_uppercase())
        && name.chars().all(|it| it.is_ascii_uppercase() || it.is_ascii_digit() || it == '_')
}

#[test]
fn names_that_say_nothing_are_found_as_file_folder_and_module() {
    let bad = [
        Source::new("server/src/utils.rs", ""),
        Source::new("server/src/data/trip.rs", ""),
        Source::new("server/src/flow/mod.rs", ""),
        Source::new("server/src/trip.rs", "mod helper {}"),
    ];
    assert_eq!(check_names(&bad).len(), 4);
    assert_eq!(check_names(&[Source::new("server/src/database.rs", "mod trip;")]), [""; 0]);
}

#[test]
fn a_folder_without_a_word_about_itself_is_found() {
    let [said, unsaid] = ["//! Why.\n", "mod debt;\n"].map(|text| Source::new("server/src/flow.rs", text));
    let lib = || Source::new("server/src/lib.rs", "//! All.\n");
    let inside = || Source::new("server/src/flow/debt.rs", "");
    assert_eq!(check_folders(&[lib(), said, inside()]), [""; 0]);
    assert_eq!(check_folders(&[lib(), unsaid, inside()]).len(), 1);
    assert_eq!(check_folders(&[lib(), inside()]), ["server/src/flow: has no server/src/flow.rs"]);
}

#[test]
fn a_migration_with_another_name_is_found() {
    let [fine, short, no_verb, spaced] =
        ["20260101000000_create_trip", "2026_create_trip", "20260101000000_trip", "20260101000000_add_a b"]
            .map(|it| vec![format!("migrations/{it}.sql")]);
    assert_eq!(check_migrations(&fine), [""; 0]);
    for bad in [short, no_verb, spaced] {
        assert_eq!(check_migrations(&bad).len(), 1, "{bad:?}");
    }
}

#[test]
fn a_setting_on_one_side_only_is_found() {
    let sample = "# A comment about = signs\nSTORESIDE_ADDR=1\n# DATABASE_URL=\nSTORESIDE_OLD=2\n";
    let config = r#"text("STORESIDE_ADDR"); optional("DATABASE_URL"); text("STORESIDE_NEW")"#;
    let findings = check_settings(sample, config);
    assert_eq!(findings.len(), 2, "{findings:?}");
    assert!(findings[0].contains("STORESIDE_OLD") && findings[1].contains("STORESIDE_NEW"), "{findings:?}");
}

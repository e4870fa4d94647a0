//! The rules of ARCHITECTURE.md and the budgets of the code, as a test.
//!
//! Each check is a function from sources to findings, and is itself tested on a text that breaks it. A finding names file, line
//! and rule. An exception is a line in the list beside the check, with its reason.

#[path = "tidy/layer.rs"]
mod layer;
#[path = "tidy/place.rs"]
mod place;
#[path = "tidy/size.rs"]
mod size;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/word.rs"]
mod word;

use std::fs;
use std::path::{Path, PathBuf};

use source::Source;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|err| panic!("{path}: {err}"))
}

/// Every Rust file that is part of the product, tests cut off.
fn product() -> Vec<Source> {
    let all = ["app/src", "frontend/src", "server/src", "server/domain/src", "end2end/twin/src", "end2end/load/src"];
    let sources: Vec<Source> = all
        .iter()
        .flat_map(|it| files(it, "rs"))
        .filter_map(|path| {
            let text = read(&path);
            (!source::is_test(&path)).then(|| Source::new(&path, &text))
        })
        .collect();
    assert!(sources.len() > 20, "the sources were not found");
    sources
}

/// The paths of the files below `folder` that end so, relative to the clone.
fn files(folder: &str, extension: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = vec![root().join(folder)];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the clone") {
            let path = entry.expect("a file of the clone").path();
            if path.is_dir() {
                left.push(path);
            } else if path.extension().is_some_and(|it| it == extension) {
                let inside = path.strip_prefix(root()).expect("the walk began there");
                found.push(inside.display().to_string());
            }
        }
    }
    found.sort();
    found
}

fn nothing_found(findings: Vec<String>) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}

#[test]
fn each_layer_names_only_what_it_may() {
    nothing_found(layer::check(&product()));
}

#[test]
fn functions_and_files_are_short() {
    nothing_found(size::check(&product()));
}

#[test]
fn floats_and_shortcuts_stay_out() {
    nothing_found(word::check(&product()));
}

#[test]
fn no_file_or_module_has_a_name_that_says_nothing() {
    nothing_found(place::check_names(&product()));
}

#[test]
fn every_folder_of_modules_says_what_it_is_for() {
    nothing_found(place::check_folders(&product()));
}

#[test]
fn migrations_are_named_by_time_verb_and_table() {
    let migrations = files("migrations", "sql");
    assert!(!migrations.is_empty(), "the migrations were not found");
    nothing_found(place::check_migrations(&migrations));
}

#[test]
fn no_sql_reads_the_clock_of_the_database() {
    let store = product().into_iter().filter(|it| it.path.starts_with("server/src/store")).collect::<Vec<_>>();
    nothing_found(store.iter().flat_map(|it| word::check_sql_clock(&it.path, &it.uncommented)).collect());
    let migrations = files("migrations", "sql").into_iter();
    nothing_found(
        migrations
            .flat_map(|path| {
                let text = read(&path);
                word::check_sql_clock(&path, &word::without_sql_comments(&text))
            })
            .collect(),
    );
}

#[test]
fn the_sample_settings_are_exactly_those_that_are_read() {
    let sample = read(".env.sample");
    let config = product().into_iter().filter(|it| it.path.starts_with("server/src/config"));
    let read: String = config.map(|it| it.uncommented).collect();
    nothing_found(place::check_settings(&sample, &read));
}

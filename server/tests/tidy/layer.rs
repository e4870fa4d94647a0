//! Who may name whom: the table of ARCHITECTURE.md.

use std::collections::BTreeSet;

use crate::source::{Mention, Source};

/// A layer: where its files are, and what they may name besides themselves.
struct Layer {
    name: &'static str,
    places: &'static [&'static str],
    may: &'static [&'static str],
}

/// A path here allows itself and everything below it. Root files (`main`, `config`, `database`, `demo` …) are in no layer and may
/// name all.
const LAYERS: [Layer; 13] = [
    Layer { name: "domain", places: &["server/domain/src"], may: &[] },
    Layer { name: "store", places: &["server/src/store"], may: &["domain", "sqlx"] },
    Layer { name: "client", places: &["server/src/client"], may: &["domain"] },
    Layer {
        name: "standing",
        places: &["server/src/standing"],
        may: &["domain", "store", "pool", "sqlx::postgres::PgListener"],
    },
    Layer { name: "flow", places: &["server/src/flow"], may: &["domain", "store", "standing", "pool"] },
    Layer {
        name: "worker",
        places: &["server/src/worker"],
        may: &[
            "domain",
            "store::outbox",
            "store::inbox",
            "store::pause",
            "store::StoreError",
            "flow",
            "client",
            "paper",
            "pool",
        ],
    },
    Layer { name: "paper", places: &["server/src/paper"], may: &["domain"] },
    Layer {
        name: "connector",
        places: &["server/src/connector"],
        may: &["domain", "store", "flow", "standing", "pool", "axum"],
    },
    Layer {
        name: "http",
        places: &["server/src/http"],
        may: &["domain", "store", "flow", "standing", "paper", "pool", "axum"],
    },
    Layer { name: "simulation", places: &["server/src/simulation"], may: &["domain"] },
    Layer { name: "command", places: &["server/src/command"], may: &["domain", "flow", "simulation", "pool"] },
    Layer {
        name: "app",
        places: &["app/src"],
        may: &[
            "domain::id",
            "domain::money",
            "domain::note",
            "domain::reason",
            "domain::receipt",
            "domain::sign_in",
            "leptos",
        ],
    },
    Layer { name: "frontend", places: &["frontend/src"], may: &["app", "leptos"] },
];

/// What `pool` allows: connections to pass on, and no way to ask with them.
const POOL: [&str; 7] = [
    "sqlx::PgPool",
    "sqlx::PgConnection",
    "sqlx::PgTransaction",
    "sqlx::Postgres",
    "sqlx::pool",
    "sqlx::Connection",
    "sqlx::Error",
];

/// `(file or folder, what it may name as well, reason)`.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("server/src/flow/payoff", "client", "a person waits for the address that Stripe gives"),
    ("server/src/flow/doctor", "client", "it asks every neighbour whether it answers"),
    ("server/src/command/price", "connector::create_purchases", "a cart in a file is what Amazon would send"),
    ("server/src/worker/wake", "sqlx::postgres", "it listens on a connection of its own, and asks nothing"),
    ("server/src/http/portal", "app", "it implements what pages may ask for"),
    ("server/src/http/router", "connector", "it mounts what Amazon calls beside everything else"),
    ("server/src/http/router", "app", "it serves the pages"),
    ("server/src/http/router", "leptos", "it serves the pages"),
    ("end2end/twin/src", "axum", "the twin is a server of its own; it may name nothing of ours"),
    ("end2end/load/src/bench", "sqlx", "a bench asks the database what no answer over HTTP tells"),
];

/// What only some layers may name; the layers' own names are added to these.
const GUARDED: [&str; 5] = ["domain", "app", "sqlx", "axum", "leptos"];

pub(crate) fn check(sources: &[Source]) -> Vec<String> {
    sources.iter().flat_map(check_source).collect()
}

fn check_source(source: &Source) -> Vec<String> {
    let twin = Layer { name: "twin", places: &[], may: &[] };
    let layer = match LAYERS.iter().find(|it| it.places.iter().any(|place| is_in(&source.path, place))) {
        Some(layer) => layer,
        None if source.path.starts_with("end2end/") => &twin,
        None => return Vec::new(),
    };
    let exceptions = EXCEPTIONS.iter().filter(|(place, _, _)| is_in(&source.path, place)).map(|(_, what, _)| *what);
    let pool: &[&str] = if layer.may.contains(&"pool") { &POOL } else { &[] };
    let may: Vec<&str> = layer.may.iter().chain(pool).copied().chain(exceptions).collect();
    let named = named_parts(source);
    let refused = named.into_iter().filter(|(_, path)| {
        let first = path.split("::").next().unwrap_or_default();
        first != layer.name && !may.iter().any(|allowed| begins(path, allowed) || begins(allowed, path))
    });
    refused.map(|(line, path)| format!("{}:{line}: `{}` may not name `{path}`", source.path, layer.name)).collect()
}

/// The guarded parts that a file names, each once per line.
fn named_parts(source: &Source) -> BTreeSet<(usize, String)> {
    let mentions = source.mentions();
    // After `use crate::store;` the layer goes by its short name.
    let short: BTreeSet<&str> = mentions
        .iter()
        .filter(|it| it.path.len() == 2 && it.path[0] == "crate")
        .map(|it| it.path[1].as_str())
        .collect();
    mentions.iter().filter_map(|it| Some((it.line, part(source, it, &short)?))).collect()
}

/// `crate::store::debt`, `super::store::debt` and `store::debt` are one part; so are `leptos` and `leptos_axum`.
fn part(source: &Source, mention: &Mention, short: &BTreeSet<&str>) -> Option<String> {
    let mut path: Vec<&str> = mention.path.iter().map(String::as_str).collect();
    let supers = path.iter().take_while(|it| **it == "super").count();
    let is_layer = |it: &str| LAYERS.iter().any(|layer| layer.name == it);
    if path[0] == "crate" || supers > 0 {
        let depth = source.path.split_once("/src/").map_or(0, |(_, inside)| inside.split('/').count());
        path.drain(..supers.max(1));
        let is_root = supers == 0 || supers >= depth;
        return (is_root && source.path.starts_with("server/src/") && is_layer(path.first()?)).then(|| path.join("::"));
    }
    if path[0].starts_with("leptos") {
        path[0] = "leptos";
    }
    // A crate is named by a path, or alone by `use`; `http` alone is the crate of that name, not our layer.
    let is_guarded = GUARDED.contains(&path[0]) && path.len() > 1;
    (is_guarded || (short.contains(path[0]) && is_layer(path[0]) && path.len() > 1)).then(|| path.join("::"))
}

/// Whether the file is `place.rs` or below `place/`.
fn is_in(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
}

/// Whether `path` is `start` or below it.
fn begins(path: &str, start: &str) -> bool {
    path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

#[cfg(test)]
fn found(path: &str, text: &str) -> usize {
    check(&[Source::new(path, text)]).len()
}

#[test]
fn a_step_against_the_arrow_is_found_however_it_is_written() {
    assert_eq!(found("server/domain/src/trip.rs", "use sqlx::PgPool;"), 1);
    assert_eq!(found("server/src/store/trip.rs", "use crate::{flow, store::debt};"), 1);
    assert_eq!(found("server/src/client/mail.rs", "fn a() { super::super::store::debt::get() }"), 1);
    assert_eq!(found("server/src/client.rs", "fn a() { super::store::debt::get() }"), 1);
    assert_eq!(found("server/src/flow/pay.rs", "#[derive(sqlx::FromRow)] struct A;"), 1);
    assert_eq!(found("server/src/flow/pay.rs", "fn a() { sqlx::query!(\"SELECT 1\") }"), 1);
    assert_eq!(found("server/src/worker/mail.rs", "use crate::store;\nfn a() { store::debt::get() }"), 1);
    assert_eq!(found("server/src/http/health.rs", "use leptos_axum::render;"), 1);
    assert_eq!(found("app/src/shopper/trip.rs", "use domain::trip::Trip;"), 1);
    assert_eq!(found("end2end/twin/src/card.rs", "use domain::money::Money;"), 1);
}

#[test]
fn a_step_along_the_arrow_is_fine() {
    assert_eq!(
        found("server/src/flow/pay.rs", "use crate::{store::debt, flow::sign_in}; use domain::trip; use sqlx::PgPool;"),
        0
    );
    assert_eq!(found("server/src/worker/mail.rs", "use crate::store::outbox; use crate::{client, flow};"), 0);
    assert_eq!(found("server/src/http/portal.rs", "use app::backend::ShopperBackend; use http::StatusCode;"), 0);
    assert_eq!(found("server/src/http/router.rs", "use leptos_axum::render;"), 0);
    assert_eq!(found("server/src/main.rs", "use server::flow; use sqlx::query; use app::App;"), 0);
    assert_eq!(found("server/src/store/trip.rs", "use super::debt; #[cfg(test)] mod tests;"), 0);
}

#[test]
fn only_the_named_file_gets_the_exception() {
    assert_eq!(found("server/src/flow/payoff.rs", "use crate::client::stripe;"), 0);
    assert_eq!(found("server/src/flow/refund.rs", "use crate::client::stripe;"), 1);
}

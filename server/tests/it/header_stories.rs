//! Every route is crawled for what its answers must say to browsers, and a closed portal for what it must not.

use std::collections::BTreeSet;

use app::App;
use leptos::server_fn::axum::server_fn_paths;
use leptos_axum::generate_route_list;
use reqwest::header::{COOKIE, HeaderMap};
use reqwest::{Method, StatusCode};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use twin::demo_items;

use crate::browser::Browser;
use crate::shop::{Front, Shop};

const VISA: &str = "visa.shopper@example.com";

/// Pages, forms, what machines call, files, and what is nowhere.
fn every_route(trip: &str) -> BTreeSet<(Method, String)> {
    let mut routes = BTreeSet::new();
    for route in generate_route_list(App) {
        let path = route.path().split('/').map(|part| if part.starts_with(':') { trip } else { part });
        routes.insert((Method::GET, path.collect::<Vec<_>>().join("/")));
    }
    for (path, method) in server_fn_paths() {
        routes.insert((method, path.to_owned()));
    }
    let described = server::openapi::describe();
    for (path, item) in &described.paths.paths {
        let method = if item.post.is_some() { Method::POST } else { Method::GET };
        routes.insert((method, path.clone()));
    }
    let others = ["/openapi", "/openapi.json", "/metrics", "/favicon.svg", "/pkg/nothing.js", "/nowhere"];
    routes.extend(others.map(|path| (Method::GET, path.to_owned())));
    routes.insert((Method::POST, "/v1/stripe/events".to_owned()));
    routes
}

/// What is wrong with an answer's headers.
fn problems(headers: &HeaderMap, is_https: bool) -> Vec<String> {
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let mut wrong = vec![];
    let mut demand = |name: &str, holds: bool| {
        if !holds {
            wrong.push(format!("{name}: {}", text(name)));
        }
    };
    let policy = text("content-security-policy");
    let strict =
        ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"].iter().all(|it| policy.contains(it));
    demand("content-security-policy", strict && !policy.contains("unsafe-inline") && !policy.contains('*'));
    demand("x-content-type-options", text("x-content-type-options") == "nosniff");
    demand("x-frame-options", text("x-frame-options") == "DENY");
    demand("referrer-policy", text("referrer-policy") == "same-origin");
    demand("permissions-policy", text("permissions-policy").contains("camera=()"));
    demand("cache-control", matches!(text("cache-control"), "no-store" | "no-cache"));
    demand("strict-transport-security", text("strict-transport-security").is_empty() != is_https);
    wrong
}

#[sqlx::test(migrations = "../migrations")]
async fn every_route_answers_with_the_headers_that_protect_who_reads_it(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let walk = shop.twin.walk("visa", &demo_items(1)).await.unwrap();
    shop.settle().await;
    let mut browser = Browser::new(&shop);
    browser.sign_in(VISA).await;
    let routes = every_route(&walk.trip.to_string());
    assert!(routes.len() > 20, "{routes:?}");
    for (method, path) in routes {
        for cookie in ["", &browser.cookie()] {
            // Signing out would end the crawl of who is signed in.
            if ["/api/sign_out", "/api/end_sessions"].contains(&path.as_str()) && !cookie.is_empty() {
                continue;
            }
            let request = shop.http.request(method.clone(), format!("{}{path}", shop.url)).header(COOKIE, cookie);
            let response = request.header("accept", "text/html").send().await.unwrap();
            let status = response.status();
            assert_ne!(status, StatusCode::INTERNAL_SERVER_ERROR, "{method} {path}");
            assert_eq!(problems(response.headers(), false), Vec::<String>::new(), "{method} {path} {status}");
        }
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn over_https_every_answer_says_to_stay_there(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open_behind(connect, Front { is_https: true, ..Front::default() }).await;
    for (method, path) in every_route("none") {
        let response = shop.http.request(method.clone(), format!("{}{path}", shop.url)).send().await.unwrap();
        assert_eq!(problems(response.headers(), true), Vec::<String>::new(), "{method} {path}");
    }
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ptl_013_a_closed_portal_says_so_and_the_store_goes_on(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    let mut browser = Browser::new(&shop);
    std::fs::write(shop.folder.join("maintenance.txt"), "We move to <new> computers until 14:00.\n").unwrap();
    for path in ["/", "/trips", "/help", "/nowhere"] {
        let (status, page) = browser.get(path).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert!(
            page.contains("We move to &lt;new&gt; computers until 14:00.") && page.contains("Nothing is lost"),
            "{page}"
        );
    }
    let walk = shop.twin.walk("visa", &demo_items(1)).await.unwrap();
    assert!(walk.admitted, "the gate and the carts are no part of the portal");
    std::fs::remove_file(shop.folder.join("maintenance.txt")).unwrap();
    shop.settle().await;
    browser.sign_in(VISA).await;
    assert_eq!(browser.get("/trips").await.0, StatusCode::OK);
    shop.close().await;
}

#[sqlx::test(migrations = "../migrations")]
async fn ptl_013_without_its_database_the_portal_says_what_to_do(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    shop.twin.walk("visa", &demo_items(1)).await.unwrap();
    shop.settle().await;
    let mut browser = Browser::new(&shop);
    browser.sign_in(VISA).await;
    let cookie = browser.cookie();
    shop.database.close().await;
    for path in ["/", "/trips", "/balance", "/help"] {
        let page = shop.http.get(format!("{}{path}", shop.url)).header(COOKIE, &cookie).send().await.unwrap();
        let (status, text) = (page.status(), page.text().await.unwrap());
        assert!(status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::OK, "{path}: {status}");
        assert!(text.contains("</html>"), "{path}: {text}");
        assert!(status == StatusCode::OK || text.contains("Try again in a few minutes"), "{path}: {text}");
    }
}

#[sqlx::test(migrations = "../migrations")]
async fn a_page_keeps_its_policy_while_files_are_fetched(_: PgPoolOptions, connect: PgConnectOptions) {
    let shop = Shop::open(connect).await;
    std::fs::create_dir_all(shop.folder.join("site/pkg")).unwrap();
    std::fs::write(shop.folder.join("site/pkg/storeside.css"), "body {}").unwrap();
    let get = |path: &str| shop.http.get(format!("{}{path}", shop.url)).header("accept", "text/html").send();
    for _ in 0..25 {
        let (page, file, other) = tokio::join!(get("/help"), get("/pkg/storeside.css"), get("/"));
        assert_eq!(file.unwrap().status(), StatusCode::OK);
        for page in [page.unwrap(), other.unwrap()] {
            let policy = page.headers()["content-security-policy"].to_str().unwrap();
            assert!(policy.contains("script-src 'nonce-"), "{policy}");
        }
    }
    shop.close().await;
}

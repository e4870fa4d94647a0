use std::process::Output;

use serde_json::json;
use tokio::process::Command;
use twin::{StartError, Twin, TwinOptions};

use crate::support::FakeStoreside;

async fn twin_command(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_twin")).args(args).output().await.unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn a_walk_is_told_step_by_step() {
    let twin = Twin::start(TwinOptions::for_tests()).await.unwrap();
    let fake = FakeStoreside::beside(&twin).await;
    let walked = twin_command(&["walk", "--card", "visa", "--items", "3", "--twin", &twin.url()]).await;
    assert!(walked.status.success(), "{walked:?}");
    let told = text(&walked.stdout);
    for part in ["1. Tapped visa", "2. The gate opens", "1.0 unit SKU-003", "as purchase purchase-1"] {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
    fake.will_answer(200, json!({ "shopperAuthorized": true }));
    fake.will_answer(201, json!({ "purchaseId": "" }));
    let empty = twin_command(&["walk", "--empty", "--twin", &twin.url()]).await;
    assert!(text(&empty.stdout).contains("nothing to pay"), "{empty:?}");
}

#[tokio::test]
async fn an_unknown_card_and_an_absent_twin_have_their_own_exit_codes() {
    let twin = Twin::start(TwinOptions::for_tests()).await.unwrap();
    let unknown = twin_command(&["walk", "--card", "gold", "--twin", &twin.url()]).await;
    assert_eq!(unknown.status.code(), Some(4));
    assert!(text(&unknown.stderr).contains("there is no card called gold"));
    let absent = twin_command(&["cards", "--twin", "http://127.0.0.1:1"]).await;
    assert_eq!(absent.status.code(), Some(3));
    assert!(text(&absent.stderr).contains("no twin is running at http://127.0.0.1:1"));
}

#[tokio::test]
async fn cards_and_truth_are_printed() {
    let twin = Twin::start(TwinOptions::for_tests()).await.unwrap();
    let cards = text(&twin_command(&["cards", "--twin", &twin.url()]).await.stdout);
    assert_eq!(cards.lines().count(), 12, "{cards}");
    assert!(cards.contains("visa.shopper@example.com"));
    let truth = text(&twin_command(&["truth", "--twin", &twin.url()]).await.stdout);
    assert!(truth.contains("\"trips\": []"), "{truth}");
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let twin = Twin::start(TwinOptions::for_tests()).await.unwrap();
    let addr = twin.url().trim_start_matches("http://").parse().unwrap();
    let second = Twin::start(TwinOptions { addr, ..TwinOptions::for_tests() }).await;
    assert!(matches!(second, Err(StartError::PortInUse(taken)) if taken == addr));
    let mail_dir = twin.mail_dir().to_str().unwrap();
    let serve = twin_command(&["serve", "--addr", &addr.to_string(), "--mail-dir", mail_dir]).await;
    assert_eq!(serve.status.code(), Some(1));
    assert!(text(&serve.stderr).contains(&format!("port {} on 127.0.0.1 is in use", addr.port())), "{serve:?}");
}

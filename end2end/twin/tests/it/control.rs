use serde_json::{Value, json};
use twin::{Twin, TwinOptions};

use crate::support::{ADJUST, CAPTURE, FakeStoreside, charge, client, post};

async fn start() -> Twin {
    let twin = Twin::start(TwinOptions::for_tests()).await.unwrap();
    FakeStoreside::beside(&twin).await;
    twin
}

async fn control(twin: &Twin, what: &str, order: Value) -> (u16, Value) {
    let sent = client().post(format!("{}/control/{what}", twin.url())).json(&order).send().await.unwrap();
    (sent.status().as_u16(), sent.json().await.unwrap_or_default())
}

#[tokio::test]
async fn a_walk_by_control_tells_its_story_and_is_in_the_truth() {
    let twin = start().await;
    let order = json!({ "card": "visa", "items": 2, "repeat_tap": true, "repeat_cart": true });
    let (status, walk) = control(&twin, "walk", order).await;
    assert_eq!((status, &walk["admitted"], &walk["cart"]["status"]), (200, &json!(true), &json!(201)));
    assert_eq!(walk["steps"].as_array().unwrap().len(), 6, "{walk}");

    let truth = client().get(format!("{}/control/truth", twin.url())).send().await.unwrap();
    let truth: Value = truth.json().await.unwrap();
    assert_eq!(truth["trips"][0]["id"], walk["trip"]);
    assert_eq!(truth["trips"][0]["hold_minor"], json!(5000));
}

#[tokio::test]
async fn an_unknown_card_or_field_is_refused_by_name() {
    let twin = start().await;
    let (status, answer) = control(&twin, "walk", json!({ "card": "gold" })).await;
    assert_eq!((status, answer["error"].as_str()), (404, Some("there is no card called gold")));
    assert_eq!(control(&twin, "walk", json!({ "card": "visa", "itmes": 3 })).await.0, 422);
}

#[tokio::test]
async fn faults_and_settings_are_set_and_cleared_by_control() {
    let twin = start().await;
    let tap = twin.tap("visa").await.unwrap();
    let always = json!({ "api": "adjust", "fault": "service_exception", "times": "always" });
    assert_eq!(control(&twin, "faults", always).await.0, 200);
    for _ in 0..3 {
        assert_eq!(post(&twin, ADJUST, &charge(tap.trip, "5.00")).await.status, 500);
    }
    let (_, left) = control(&twin, "faults", json!({ "clear": true, "duplicate_capture": "refused" })).await;
    assert_eq!(left["waiting"], json!([]));
    assert_eq!(post(&twin, ADJUST, &charge(tap.trip, "5.00")).await.status, 200);
    assert_eq!(post(&twin, CAPTURE, &charge(tap.trip, "5.00")).await.status, 200);
    assert_eq!(post(&twin, CAPTURE, &charge(tap.trip, "5.00")).await.status, 400);
    for (window, want) in [(json!(7), json!(7)), (json!("never_closes"), json!(null))] {
        let order = json!({ "refund_window_days": window, "refund_answer": "empty" });
        let (_, set) = control(&twin, "faults", order).await;
        assert_eq!(
            (&set["settings"]["refund_window_days"], &set["settings"]["refund_answer"]),
            (&want, &json!("empty"))
        );
    }
    let (status, answer) = control(&twin, "faults", json!({ "fault": "hang" })).await;
    assert_eq!((status, answer["error"].as_str()), (400, Some("`fault` needs an `api`")));
}

#[tokio::test]
async fn a_card_is_added_from_the_visa_or_changed_in_part() {
    let twin = start().await;
    let (status, card) = control(&twin, "cards", json!({ "name": "poor", "limit_minor": 100 })).await;
    assert_eq!((status, &card["instrument"]), (200, &json!("shopper-poor-0001")));
    let tap = twin.tap("poor").await.unwrap();
    assert_eq!(post(&twin, ADJUST, &charge(tap.trip, "1.01")).await.json()["status"], "DECLINED");
    control(&twin, "cards", json!({ "name": "poor", "limit_minor": 200 })).await;
    assert_eq!(post(&twin, ADJUST, &charge(tap.trip, "1.01")).await.json()["status"], "APPROVED");
    assert_eq!(control(&twin, "cards", json!({ "name": "poor", "limit": 1 })).await.0, 400);
}

#[tokio::test]
async fn the_clock_is_moved_by_control_through_the_shared_file() {
    let file = std::env::temp_dir().join(format!("twin-it-clock-{}", uuid::Uuid::new_v4()));
    let options = TwinOptions { clock_file: Some(file.clone()), ..TwinOptions::for_tests() };
    let twin = Twin::start(options).await.unwrap();
    let before = twin.truth().now;
    control(&twin, "clock", json!({ "offset_seconds": 3600 })).await;
    let (_, clock) = control(&twin, "clock", json!({ "advance_seconds": 60 })).await;
    assert_eq!(clock["offset_seconds"], json!(3660));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "3660\n");
    assert!((twin.truth().now - before).whole_seconds() >= 3660);
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn the_page_shows_trips_and_its_forms_work_without_a_script() {
    let twin = start().await;
    let (client, url) = (client(), twin.url());
    let form = |path: &str, body: &'static str| {
        let request = client.post(format!("{url}{path}")).body(body);
        request.header("content-type", "application/x-www-form-urlencoded").send()
    };
    let story = form("/walk", "card=visa&items=1").await.unwrap().text().await.unwrap();
    assert!(story.contains("The gate opens"), "{story}");
    let unknown = form("/walk", "card=%3Cb%3E&items=1").await.unwrap().text().await.unwrap();
    assert!(unknown.contains("no card called &lt;b&gt;"), "{unknown}");
    form("/faults", "api=adjust&fault=lose_answer&times=2").await.unwrap();
    form("/clock", "offset_seconds=60").await.unwrap();

    let page = client.get(&url).send().await.unwrap().text().await.unwrap();
    let id = twin.truth().trips[0].id.to_string();
    for shown in [id.as_str(), "adjust: LoseAnswer, next 2", "value=\"60\"", "<html lang=\"en\">"] {
        assert!(page.contains(shown), "{shown} is not on the page");
    }
    form("/faults", "clear=true").await.unwrap();
    assert!(client.get(&url).send().await.unwrap().text().await.unwrap().contains("None are waiting"));
}

use std::time::SystemTime;

use serde_json::{Value, json};

use crate::support::*;

/// The body with one field, named by a JSON pointer, changed or (with `None`) taken out.
fn with(body: &Value, pointer: &str, value: Option<Value>) -> Value {
    let mut body = body.clone();
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => drop(parent.insert(field.to_owned(), value)),
        None => drop(parent.remove(field)),
    }
    body
}

#[tokio::test]
async fn a_charge_with_any_wrong_field_is_a_bad_request() {
    let (twin, tap) = inside("visa").await;
    let good = charge(tap.trip, "5.00");
    let long = "x".repeat(256);
    let wrong = [
        (
            "/storeId",
            vec![json!(""), json!(" "), json!(null), json!(7), json!("NO_SUCH_STORE"), json!("a store"), json!(long)],
        ),
        ("/shoppingTripId", vec![json!(""), json!(" "), json!(null), json!(7), json!("a.b"), json!(long)]),
        ("/amount", vec![json!(null), json!(5), json!("5.00"), json!({})]),
        ("/amount/amount", vec![json!("5.00"), json!(null), json!(0), json!(-5), json!(5.001), json!(true)]),
        (
            "/amount/code",
            vec![json!("usd"), json!("US"), json!("USDD"), json!(""), json!(null), json!(840), json!("EUR")],
        ),
    ];
    for path in [ADJUST, CAPTURE] {
        for (pointer, values) in &wrong {
            for value in values.iter().cloned().map(Some).chain([None]) {
                let body = with(&good, pointer, value);
                assert_eq!(post(&twin, path, &body).await.error(), bad_request(), "{path} {body}");
            }
        }
    }
    assert_eq!(twin.truth().trip(tap.trip).captured_minor(), 0);
    let with_more = with(&good, "/newFutureField", Some(json!({ "any": 1 })));
    assert_eq!(post(&twin, ADJUST, &with_more).await.status, 200, "unknown fields are ignored");
}

#[tokio::test]
async fn a_refund_with_a_wrong_id_reason_or_amount_is_a_bad_request() {
    let (twin, tap) = inside("visa").await;
    post(&twin, ADJUST, &charge(tap.trip, "9.00")).await;
    post(&twin, CAPTURE, &charge(tap.trip, "9.00")).await;
    let mut good = charge(tap.trip, "1.00");
    good["refundRequestId"] = json!("550e8400-e29b-41d4-a716-446655440000");
    good["refundReasonCode"] = json!("OTHER");
    let wrong = [
        ("/refundRequestId", json!("550E8400-E29B-41D4-A716-446655440000")),
        ("/refundRequestId", json!("0198e7a0-1111-7abc-8abc-446655440000")),
        ("/refundRequestId", json!("550e8400e29b41d4a716446655440000")),
        ("/refundRequestId", json!("")),
        ("/refundReasonCode", json!("damaged_item")),
        ("/refundReasonCode", json!(null)),
        ("/amount/amount", json!(1.001)),
    ];
    for (pointer, value) in wrong {
        let body = with(&good, pointer, Some(value));
        assert_eq!(post(&twin, REFUND, &body).await.error(), bad_request(), "{body}");
    }
    assert_eq!(post(&twin, REFUND, &good).await.status, 200);
}

#[tokio::test]
async fn a_body_that_is_no_object_is_a_bad_request() {
    let (twin, _) = inside("visa").await;
    for body in ["", "null", "[]", "{", "\"text\""] {
        let reply = try_post(&twin, CANCEL, body, STORESIDE, SystemTime::now()).await.unwrap();
        assert_eq!(reply.error(), bad_request(), "{body}");
    }
}

#[tokio::test]
async fn a_caller_without_the_secret_gets_403_and_moves_nothing() {
    let (twin, tap) = inside("visa").await;
    let body = charge(tap.trip, "5.00").to_string();
    let forger = Signer { secret: "a guess", ..STORESIDE };
    let forged = try_post(&twin, ADJUST, &body, forger, SystemTime::now()).await.unwrap();
    assert_eq!(forged.status, 403);
    assert!(forged.json()["errorMsg"].as_str().unwrap().contains("signature"));

    let unsigned = client().post(format!("{}{ADJUST}", twin.url())).body(body).send().await.unwrap();
    assert_eq!(unsigned.status(), 403);
    let truth = twin.truth();
    assert_eq!(truth.trip(tap.trip).adjust_calls, 0);
    assert!(truth.calls.iter().all(|call| call.status == Some(403)));
}

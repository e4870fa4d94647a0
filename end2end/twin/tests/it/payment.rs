use std::time::SystemTime;

use serde_json::{Value, json};
use twin::{AdjustStatus, Api, DuplicateCapture, RefundAnswer, Settings};
use uuid::Uuid;

use crate::support::*;

#[tokio::test]
async fn an_approved_adjust_moves_the_hold_and_a_capture_releases_it() {
    let (twin, tap) = inside("visa").await;
    assert_eq!(twin.truth().trip(tap.trip).hold_minor, 5000);

    let adjusted = post(&twin, ADJUST, &charge(tap.trip, "15.99")).await;
    assert_eq!(adjusted.text, r#"{"authorizedAmount":{"amount":15.99,"code":"USD"},"status":"APPROVED"}"#);
    assert_eq!(twin.truth().trip(tap.trip).hold_minor, 1599);

    let captured = post(&twin, CAPTURE, &charge(tap.trip, "15.99")).await;
    assert_eq!((captured.status, captured.text.as_str()), (200, ""));
    let truth = twin.truth();
    assert_eq!(truth.trip(tap.trip).captures_minor, [1599]);
    assert_eq!(truth.trip(tap.trip).hold_minor, 0);
    assert_eq!(truth.net_minor(), 1599);
}

#[tokio::test]
async fn a_card_without_money_is_declined_with_nothing_authorized() {
    let (twin, tap) = inside("insufficient").await;
    let declined = post(&twin, ADJUST, &charge(tap.trip, "15.99")).await;
    assert_eq!(declined.text, r#"{"authorizedAmount":{"amount":0.00,"code":"USD"},"status":"DECLINED"}"#);
    assert_eq!(post(&twin, CAPTURE, &charge(tap.trip, "15.99")).await.error(), bad_request());
    assert_eq!(twin.truth().trip(tap.trip).captured_minor(), 0);
}

#[tokio::test]
async fn a_partial_card_keeps_its_hold_and_gives_no_more_than_that() {
    let (twin, tap) = inside("partial").await;
    let declined = post(&twin, ADJUST, &charge(tap.trip, "15.99")).await.json();
    assert_eq!(declined["status"], "DECLINED");
    assert_eq!(declined["authorizedAmount"]["amount"].to_string(), "5.00");
    assert_eq!(post(&twin, CAPTURE, &charge(tap.trip, "5.01")).await.error(), bad_request());
    assert_eq!(post(&twin, CAPTURE, &charge(tap.trip, "5.00")).await.status, 200);
    assert_eq!(twin.truth().trip(tap.trip).captures_minor, [500]);
}

#[tokio::test]
async fn a_pending_card_decides_after_two_answers_and_one_never_does() {
    let (twin, tap) = inside("pending").await;
    let mut answers = Vec::new();
    for _ in 0..3 {
        let answer = post(&twin, ADJUST, &charge(tap.trip, "9.00")).await.json();
        answers.push(answer["status"].as_str().unwrap().to_owned());
    }
    assert_eq!(answers, ["PENDING", "PENDING", "APPROVED"]);

    let endless = twin.tap("pending-forever").await.unwrap();
    for _ in 0..5 {
        assert_eq!(post(&twin, ADJUST, &charge(endless.trip, "9.00")).await.json()["status"], "PENDING");
    }
    assert_eq!(post(&twin, CAPTURE, &charge(endless.trip, "9.00")).await.error(), bad_request());
    assert_eq!(twin.truth().trip(endless.trip).adjust_status, Some(AdjustStatus::Pending));
}

#[tokio::test]
async fn a_capture_needs_an_adjust_and_takes_no_more_than_is_authorized() {
    let (twin, tap) = inside("visa").await;
    assert_eq!(post(&twin, CAPTURE, &charge(tap.trip, "5.00")).await.error(), bad_request());
    post(&twin, ADJUST, &charge(tap.trip, "5.00")).await;
    assert_eq!(post(&twin, CAPTURE, &charge(tap.trip, "5.01")).await.error(), bad_request());
    assert_eq!(post(&twin, CAPTURE, &charge(tap.trip, "4.00")).await.status, 200);
    let truth = twin.truth();
    assert_eq!((truth.trip(tap.trip).captured_minor(), truth.trip(tap.trip).capture_calls), (400, 3));
}

#[tokio::test]
async fn a_duplicate_capture_is_ignored_charged_or_refused_as_set() {
    let table = [
        (DuplicateCapture::Ignored, 200, vec![500]),
        (DuplicateCapture::Charged, 200, vec![500, 500]),
        (DuplicateCapture::Refused, 400, vec![500]),
    ];
    for (duplicate_capture, status, charges) in table {
        let (twin, tap) = inside("visa").await;
        twin.set(Settings { duplicate_capture, ..Settings::default() });
        post(&twin, ADJUST, &charge(tap.trip, "5.00")).await;
        assert_eq!(post(&twin, CAPTURE, &charge(tap.trip, "5.00")).await.status, 200);
        assert_eq!(post(&twin, CAPTURE, &charge(tap.trip, "5.00")).await.status, status, "{duplicate_capture:?}");
        assert_eq!(twin.truth().trip(tap.trip).captures_minor, charges, "{duplicate_capture:?}");
        assert_eq!(twin.truth().trip(tap.trip).capture_calls, 2);
    }
}

#[tokio::test]
async fn a_cancel_releases_the_hold_once_and_for_all() {
    let (twin, tap) = inside("visa").await;
    let cancelled = post(&twin, CANCEL, &trip(tap.trip)).await;
    assert_eq!((cancelled.status, cancelled.text.as_str()), (200, ""));
    assert_eq!(post(&twin, CANCEL, &trip(tap.trip)).await.status, 200);
    assert_eq!(post(&twin, ADJUST, &charge(tap.trip, "5.00")).await.error(), bad_request());
    assert_eq!(post(&twin, CAPTURE, &charge(tap.trip, "5.00")).await.error(), bad_request());
    let truth = twin.truth();
    assert!(truth.trip(tap.trip).cancelled);
    assert_eq!((truth.trip(tap.trip).hold_minor, truth.trip(tap.trip).captured_minor()), (0, 0));
}

#[tokio::test]
async fn a_captured_trip_is_neither_cancelled_nor_adjusted() {
    let (twin, tap) = inside("visa").await;
    post(&twin, ADJUST, &charge(tap.trip, "5.00")).await;
    post(&twin, CAPTURE, &charge(tap.trip, "5.00")).await;
    assert_eq!(post(&twin, CANCEL, &trip(tap.trip)).await.error(), bad_request());
    assert_eq!(post(&twin, ADJUST, &charge(tap.trip, "4.00")).await.error(), bad_request());
    assert!(!twin.truth().trip(tap.trip).cancelled);
}

#[tokio::test]
async fn a_trip_nobody_made_is_unknown_to_every_payment_api() {
    let (twin, _) = inside("visa").await;
    let stranger = Uuid::new_v4();
    let unknown = (400, "UnknownShoppingTrip".to_owned());
    assert_eq!(post(&twin, ADJUST, &charge(stranger, "5.00")).await.error(), unknown);
    assert_eq!(post(&twin, CAPTURE, &charge(stranger, "5.00")).await.error(), unknown);
    assert_eq!(post(&twin, CANCEL, &trip(stranger)).await.error(), unknown);
    assert_eq!(post(&twin, TRANSACTIONAL_DATA, &trip(stranger)).await.error(), unknown);
}

#[tokio::test]
async fn the_token_expires_46_hours_after_the_tap() {
    let (twin, tap) = inside("visa").await;
    let now = std::time::SystemTime::now();
    let at_age = async |seconds: u64, path: &str| {
        twin.set_clock_offset(seconds.try_into().unwrap()).unwrap();
        let signed_at = now + std::time::Duration::from_secs(seconds);
        let body = charge(tap.trip, "5.00").to_string();
        try_post(&twin, path, &body, STORESIDE, signed_at).await.unwrap()
    };
    const HOURS_46: u64 = 46 * 3600;
    assert_eq!(at_age(HOURS_46 - 60, ADJUST).await.status, 200);
    let expired = (400, "ShoppingTripExpiredException".to_owned());
    assert_eq!(at_age(HOURS_46 + 60, ADJUST).await.error(), expired);
    assert_eq!(at_age(HOURS_46 + 60, CAPTURE).await.error(), expired);
    assert_eq!(twin.truth().trip(tap.trip).captured_minor(), 0);
}

#[tokio::test]
async fn a_refund_is_paid_once_per_request_id_and_never_beyond_the_capture() {
    let (twin, tap) = inside("visa").await;
    let refund = |id: &str, amount: &str| {
        let mut body = charge(tap.trip, amount);
        body["refundRequestId"] = json!(id);
        body["refundReasonCode"] = json!("DAMAGED_ITEM");
        body
    };
    let (first, second) = (Uuid::new_v4().to_string(), Uuid::new_v4().to_string());
    assert_eq!(post(&twin, REFUND, &refund(&first, "1.00")).await.error(), bad_request(), "nothing is captured");
    post(&twin, ADJUST, &charge(tap.trip, "10.00")).await;
    post(&twin, CAPTURE, &charge(tap.trip, "10.00")).await;

    let paid = post(&twin, REFUND, &refund(&first, "6.00")).await.json();
    assert!(paid["reconciliationId"].is_string());
    assert_eq!(post(&twin, REFUND, &refund(&first, "6.00")).await.json(), paid);
    assert_eq!(post(&twin, REFUND, &refund(&second, "4.01")).await.error(), bad_request());
    assert_eq!(post(&twin, REFUND, &refund(&second, "4.00")).await.status, 200);
    assert_eq!(twin.truth().net_minor(), 0);
    assert_eq!(twin.truth().trip(tap.trip).refunds.len(), 2);
}

#[tokio::test]
async fn a_refund_may_come_too_late_and_may_be_answered_in_four_ways() {
    let (twin, tap) = inside("visa").await;
    post(&twin, ADJUST, &charge(tap.trip, "10.00")).await;
    post(&twin, CAPTURE, &charge(tap.trip, "10.00")).await;
    let refund = || {
        let mut body = charge(tap.trip, "1.00");
        body["refundRequestId"] = json!(Uuid::new_v4().to_string());
        body["refundReasonCode"] = json!("OTHER");
        body
    };
    let answered = async |refund_answer, body: &Value| {
        twin.set(Settings { refund_answer, refund_window_days: Some(7), ..Settings::default() });
        post(&twin, REFUND, body).await
    };
    assert_eq!(answered(RefundAnswer::Declined, &refund()).await.json(), json!({ "status": "DECLINED" }));
    assert_eq!(twin.truth().trip(tap.trip).refunded_minor(), 0, "a decline gives nothing back");
    let empty = answered(RefundAnswer::Empty, &refund()).await;
    assert_eq!((empty.status, empty.text.as_str()), (200, ""));
    let body = refund();
    assert!(answered(RefundAnswer::Unreadable, &body).await.json()["reconciliationId"].is_number());
    assert!(answered(RefundAnswer::Number, &body).await.json()["reconciliationId"].is_string(), "the same one again");
    assert_eq!(twin.truth().trip(tap.trip).refunded_minor(), 200);

    twin.set_clock_offset(7 * 86_400 + 60).unwrap();
    let late = SystemTime::now() + std::time::Duration::from_secs(7 * 86_400 + 60);
    let reply = try_post(&twin, REFUND, &refund().to_string(), STORESIDE, late).await.unwrap();
    assert_eq!((reply.status, twin.truth().trip(tap.trip).refunded_minor()), (400, 200));
    let reply = try_post(&twin, REFUND, &body.to_string(), STORESIDE, late).await.unwrap();
    assert_eq!(reply.status, 200, "what was given back stays so");
}

#[tokio::test]
async fn every_call_is_in_the_truth_in_order_with_its_outcome() {
    let (twin, tap) = inside("visa").await;
    post(&twin, ADJUST, &charge(tap.trip, "5.00")).await;
    post(&twin, CAPTURE, &charge(tap.trip, "6.00")).await;
    post(&twin, CANCEL, &trip(tap.trip)).await;
    let truth = twin.truth();
    let calls: Vec<_> = truth.calls.iter().map(|call| (call.api, call.status, call.answered)).collect();
    let want = [(Api::Adjust, Some(200), true), (Api::Capture, Some(400), true), (Api::Cancel, Some(200), true)];
    assert_eq!(calls, want);
    assert_eq!(truth.calls[1].reason.as_deref(), Some("amount: more than is authorized"));
    assert_eq!(truth.count(Api::Cancel, tap.trip), 1);
}

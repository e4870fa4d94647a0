use serde_json::json;
use twin::{Feedback, Settings};

use crate::support::*;

#[tokio::test]
async fn transactional_data_exists_after_the_capture_with_every_emv_field() {
    let (twin, tap) = inside("mastercard").await;
    assert_eq!(post(&twin, TRANSACTIONAL_DATA, &trip(tap.trip)).await.error(), bad_request());
    post(&twin, ADJUST, &charge(tap.trip, "5.00")).await;
    post(&twin, CAPTURE, &charge(tap.trip, "5.00")).await;

    let found = post(&twin, TRANSACTIONAL_DATA, &trip(tap.trip)).await.json();
    let known = [
        ("brand", json!("MASTERCARD")),
        ("tail", json!("4444")),
        ("currency", json!("USD")),
        ("posEntryMode", json!("EMV_9F39_07")),
        ("authorizationResponseCode", json!("00")),
        ("cryptogramInformationData", json!("80")),
        ("panSequenceNumber", json!("01")),
        ("applicationId", json!("A0000000041010")),
        ("expirationDate", json!({ "expirationYear": "2030", "expirationMonth": "12" })),
    ];
    for (field, value) in known {
        assert_eq!(found[field], value, "{field}");
    }
    for field in ["cardholderVerificationMethodResult", "terminalId", "reconciliationId", "cardStatementTransactionId"]
    {
        assert!(found[field].as_str().is_some_and(|text| !text.is_empty()), "{field}");
    }
    assert_eq!(post(&twin, TRANSACTIONAL_DATA, &trip(tap.trip)).await.json(), found, "it never changes");
}

#[tokio::test]
async fn transactional_data_exists_before_the_capture_where_that_is_set() {
    let (twin, tap) = inside("visa").await;
    twin.set(Settings { data_before_capture: true, ..Settings::default() });
    assert_eq!(post(&twin, TRANSACTIONAL_DATA, &trip(tap.trip)).await.json()["tail"], "4242");
}

#[tokio::test]
async fn an_identity_is_the_email_of_the_kiosk_or_nothing() {
    let (twin, _) = inside("visa").await;
    let ask = async |id: &str| post(&twin, IDENTITY, &json!({ "storeId": STORE, "shopperId": { "id": id } })).await;
    assert_eq!(ask("shopper-visa-0001").await.text, r#"{"shopperEmail":"visa.shopper@example.com"}"#);
    assert_eq!(ask("shopper-wallet-0001").await.text, "{}", "never registered");
    let unknown = ask("Every.legal_character-09").await;
    assert_eq!((unknown.status, unknown.text.as_str()), (200, "{}"));
    assert_eq!(ask("no spaces").await.error(), bad_request());
    let without = post(&twin, IDENTITY, &json!({ "storeId": STORE, "shopperId": {} })).await;
    assert_eq!(without.error(), bad_request());
}

#[tokio::test]
async fn a_payment_status_is_accepted_and_kept() {
    let (twin, tap) = inside("visa").await;
    let report = |total: &str, settled: &str| {
        let money = |amount: &str| json!({ "amount": amount.parse::<serde_json::Number>().unwrap(), "code": "USD" });
        let (total, settled) = (money(total), money(settled));
        json!({
            "storeId": STORE, "shoppingTripId": tap.trip,
            "totalAmount": total, "settledAmount": settled, "paymentStatusTime": 1_640_995_200
        })
    };
    assert_eq!(post(&twin, PAYMENT_STATUS, &report("12.50", "0")).await.text, r#"{"status":"Accepted"}"#);
    assert_eq!(post(&twin, PAYMENT_STATUS, &report("0", "0.00")).await.status, 200);
    let kept = |total_minor, settled_minor| Feedback {
        total_minor,
        settled_minor,
        currency: "USD".to_owned(),
        payment_status_time: 1_640_995_200,
    };
    assert_eq!(twin.truth().trip(tap.trip).feedback, [kept(1250, 0), kept(0, 0)]);

    let mut late = report("1", "1");
    late["paymentStatusTime"] = json!("2024-01-01T00:00:00Z");
    assert_eq!(post(&twin, PAYMENT_STATUS, &late).await.error(), bad_request());
    late["paymentStatusTime"] = json!(1_640_995_200);
    late["shoppingTripId"] = json!("unknown");
    assert_eq!(post(&twin, PAYMENT_STATUS, &late).await.error().1, "UnknownShoppingTrip");
}

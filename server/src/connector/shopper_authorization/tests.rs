use domain::gate::Notice;
use domain::money::Currency;
use domain::reason::GateReason;
use serde_json::{Value, json};
use time::macros::datetime;

use super::*;

fn sample() -> Value {
    json!({
        "storeId": "TEST_STORE_001",
        "shopperIdentity": { "id": "shopper-low-risk-001" },
        "authorizedAmount": { "value": 50.00, "currencyCode": "USD" },
        "shopperInteraction": {
            "shoppingTripId": "550e8400-e29b-41d4-a716-446655440000",
            "gateAuthenticationEvent": {
                "id": "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee",
                "type": "CREDIT_CARD",
                "interactionType": "TAP",
                "timestamp": "2024-03-22T17:00:00Z",
                "location": "ENTRY"
            },
            "recommendation": { "shopperAuthorized": true, "shopperRisks": [] }
        }
    })
}

const EVENT: &str = "/shopperInteraction/gateAuthenticationEvent";
const RECOMMENDATION: &str = "/shopperInteraction/recommendation";

/// The sample with `value` at `pointer`, whose parent must be there.
fn with(pointer: &str, value: Value) -> Value {
    let mut body = sample();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap().as_object_mut().unwrap().insert(key.to_owned(), value);
    body
}

fn without(pointer: &str) -> Value {
    let mut body = sample();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    body.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key).unwrap();
    body
}

fn request(body: &Value) -> GateRequest {
    parse(body.to_string().as_bytes()).unwrap()
}

/// Each problem as `field problem`.
fn problems(body: &[u8]) -> Vec<String> {
    parse(body).unwrap_err().all().iter().map(|it| format!("{} {}", it.field, it.problem)).collect()
}

#[test]
fn a_whole_request_becomes_what_the_gate_decides_about() {
    let hold = Money::new(5000, Currency::USD);
    let expected = GateRequest {
        store: StoreId::new("TEST_STORE_001").unwrap(),
        event: GateEventId::new("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee").unwrap(),
        kind: GateEventKind::CreditCard,
        interaction: Some(CardInteraction::Tap),
        tapped_at: datetime!(2024-03-22 17:00:00 UTC),
        location: "ENTRY".to_owned(),
        instrument: InstrumentId::new("shopper-low-risk-001").unwrap(),
        trip: Some(TripId::new("550e8400-e29b-41d4-a716-446655440000").unwrap()),
        hold,
        recommendation: Recommendation { authorized: Some(true), adjusted_hold: None, risks: vec![] },
    };
    assert_eq!(request(&sample()), expected);
}

#[test]
fn what_is_optional_may_be_missing_or_null() {
    let optional = ["/shopperInteraction/shoppingTripId", RECOMMENDATION, &format!("{EVENT}/interactionType")];
    for pointer in optional {
        request(&without(pointer));
        request(&with(pointer, Value::Null));
    }
    assert_eq!(request(&without(RECOMMENDATION)).recommendation, Recommendation::default());
    assert_eq!(request(&without("/shopperInteraction/shoppingTripId")).trip, None);
}

#[test]
fn fields_we_do_not_know_are_ignored() {
    for parent in ["", "/shopperIdentity", "/authorizedAmount", "/shopperInteraction", EVENT, RECOMMENDATION] {
        let extended = with(&format!("{parent}/newFutureField"), json!({ "deep": [1, "two", null] }));
        assert_eq!(request(&extended), request(&sample()), "{parent}");
    }
    let with_data = with(&format!("{EVENT}/data"), json!({ "property1": "string", "property2": 2 }));
    assert_eq!(request(&with_data), request(&sample()));
}

#[test]
fn each_missing_field_is_named() {
    let required = [
        "/storeId",
        "/shopperIdentity",
        "/shopperIdentity/id",
        "/authorizedAmount",
        "/authorizedAmount/value",
        "/authorizedAmount/currencyCode",
        "/shopperInteraction",
        EVENT,
        &format!("{EVENT}/id"),
        &format!("{EVENT}/type"),
        &format!("{EVENT}/timestamp"),
        &format!("{EVENT}/location"),
    ];
    for pointer in required {
        let told = vec![format!("{} is required", pointer[1..].replace('/', "."))];
        assert_eq!(problems(without(pointer).to_string().as_bytes()), told);
        assert_eq!(problems(with(pointer, Value::Null).to_string().as_bytes()), told);
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let body = json!({
        "shopperIdentity": { "id": "" },
        "authorizedAmount": { "value": -1 },
        "shopperInteraction": { "gateAuthenticationEvent": { "id": "e", "type": "EYE", "timestamp": "noon" } }
    });
    let told = [
        "storeId is required",
        "shopperIdentity.id must not be empty",
        "authorizedAmount.value must not be negative",
        "authorizedAmount.currencyCode is required",
        "shopperInteraction.gateAuthenticationEvent.type must be one of CREDIT_CARD, AMAZON_ONE, QR, MOBILE_WALLET, \
         UNRECOGNIZED",
        "shopperInteraction.gateAuthenticationEvent.timestamp must be an RFC 3339 date and time, like \
         2024-03-22T17:00:00Z",
        "shopperInteraction.gateAuthenticationEvent.location is required",
    ];
    assert_eq!(problems(body.to_string().as_bytes()), told);
}

#[test]
fn each_unusable_value_is_named() {
    let long = "x".repeat(256);
    let condition = |amount: Value| json!([{ "type": "ADJUST", "amount": amount }]);
    let conditions = format!("{RECOMMENDATION}/authorizationConditions");
    let risks = format!("{RECOMMENDATION}/shopperRisks");
    let amount = "shopperInteraction.recommendation.authorizationConditions[0].amount";
    let table = [
        ("/storeId", json!(""), "storeId"),
        ("/storeId", json!("no such store!"), "storeId"),
        ("/storeId", json!(long), "storeId"),
        ("/storeId", json!(1), "storeId"),
        ("/shopperIdentity/id", json!(long), "shopperIdentity.id"),
        ("/shopperIdentity/id", json!("nul\u{0}"), "shopperIdentity.id"),
        ("/shopperIdentity", json!("x"), "shopperIdentity"),
        ("/authorizedAmount/value", json!("50.00"), "authorizedAmount.value"),
        ("/authorizedAmount/value", json!(true), "authorizedAmount.value"),
        ("/authorizedAmount/value", json!(-0.01), "authorizedAmount.value"),
        ("/authorizedAmount/value", json!(50.001), "authorizedAmount.value"),
        ("/authorizedAmount/value", json!(1e28), "authorizedAmount.value"),
        ("/authorizedAmount/currencyCode", json!("usd"), "authorizedAmount.currencyCode"),
        ("/authorizedAmount/currencyCode", json!("DOLLAR"), "authorizedAmount.currencyCode"),
        ("/shopperInteraction/shoppingTripId", json!("a b"), "shopperInteraction.shoppingTripId"),
        ("/shopperInteraction/gateAuthenticationEvent/id", json!(" "), "shopperInteraction.gateAuthenticationEvent.id"),
        (
            &format!("{EVENT}/interactionType"),
            json!("WAVE"),
            "shopperInteraction.gateAuthenticationEvent.interactionType",
        ),
        (&format!("{EVENT}/timestamp"), json!(1711126800), "shopperInteraction.gateAuthenticationEvent.timestamp"),
        (&format!("{EVENT}/location"), json!(long), "shopperInteraction.gateAuthenticationEvent.location"),
        (
            &format!("{RECOMMENDATION}/shopperAuthorized"),
            json!("yes"),
            "shopperInteraction.recommendation.shopperAuthorized",
        ),
        (&risks, json!(["BadDebt", ""]), "shopperInteraction.recommendation.shopperRisks[1]"),
        (&risks, json!(["BadDebt", 7]), "shopperInteraction.recommendation.shopperRisks[1]"),
        (&risks, json!(vec!["BadDebt"; 101]), "shopperInteraction.recommendation.shopperRisks"),
        (&risks, json!("BadDebt"), "shopperInteraction.recommendation.shopperRisks"),
        (&conditions, condition(json!({ "value": -5, "currencyCode": "USD" })), &format!("{amount}.value")),
        (&conditions, condition(json!({ "value": 5, "currencyCode": "$" })), &format!("{amount}.currencyCode")),
        (&conditions, condition(json!({ "currencyCode": "USD" })), &format!("{amount}.value")),
        (&conditions, condition(json!("25 USD")), amount),
    ];
    for (pointer, value, field) in table {
        let told = parse(with(pointer, value.clone()).to_string().as_bytes()).unwrap_err();
        assert_eq!(told.all()[0].field, field, "{pointer} = {value}");
    }
}

#[test]
fn what_is_no_json_object_is_told_so() {
    let table: [(&[u8], &str); 7] = [
        (b"", "body is empty"),
        (b" \n", "body is empty"),
        (b"{", "body is not JSON"),
        (b"storeId=1", "body is not JSON"),
        (b"\xff\xfe", "body is not JSON"),
        (b"\"text\"", "body has the wrong JSON type"),
        (b"{} {}", "body is not one JSON object"),
    ];
    for (body, told) in table {
        assert_eq!(problems(body), [told]);
    }
    assert_eq!(problems(br#"{"storeId":"A","storeId":"B"}"#), ["body has a field twice"]);
}

#[test]
fn amounts_are_exact_and_may_be_nothing() {
    let hold = |value: &str| {
        let (before, after) = (r#""value":50.0"#, format!(r#""value":{value}"#));
        let body = sample().to_string();
        assert!(body.contains(before));
        parse(body.replace(before, &after).as_bytes()).map(|it| it.hold.minor())
    };
    for (value, minor) in
        [("25.99", 2599), ("2599e-2", 2599), ("5E+1", 5000), ("0", 0), ("-0", 0), ("0.00", 0), ("8.20", 820)]
    {
        assert_eq!(hold(value), Ok(minor), "{value}");
    }
    assert!(hold("25.9900000000000000000000001").is_err(), "a float would have lost the last digit");
    let yen = request(&with("/authorizedAmount", json!({ "value": 5000, "currencyCode": "JPY" })));
    assert_eq!(yen.hold, Money::new(5000, Currency::JPY));
}

#[test]
fn every_kind_of_event_and_of_card_reading_is_known() {
    for kind in GateEventKind::ALL {
        assert_eq!(request(&with(&format!("{EVENT}/type"), json!(kind.as_str()))).kind, *kind);
    }
    for interaction in CardInteraction::ALL {
        let body = with(&format!("{EVENT}/interactionType"), json!(interaction.as_str()));
        assert_eq!(request(&body).interaction, Some(*interaction));
    }
}

#[test]
fn risks_are_kept_as_they_are_written() {
    let risks = json!(["CustomerFraud", "BadDebt", "ARiskOfNextYear"]);
    let body = with(&format!("{RECOMMENDATION}/shopperRisks"), risks);
    assert_eq!(request(&body).recommendation.risks, ["CustomerFraud", "BadDebt", "ARiskOfNextYear"]);
}

#[test]
fn the_first_adjustment_in_the_same_currency_is_the_recommended_hold() {
    let adjusted = |conditions: Value| {
        request(&with(&format!("{RECOMMENDATION}/authorizationConditions"), conditions)).recommendation.adjusted_hold
    };
    let amount = |value: u32, currency: &str| json!({ "value": value, "currencyCode": currency });
    let twenty_five = Some(Money::new(2500, Currency::USD));
    let table = [
        (json!([{ "type": "ADJUST", "amount": amount(25, "USD") }]), twenty_five),
        (json!([{ "type": "CHAPERONE", "amount": "any" }]), None),
        (json!([{ "type": "ADJUST", "amount": amount(25, "EUR") }]), None),
        (json!([{ "type": "ADJUST" }]), None),
        (json!([{ "amount": amount(25, "USD") }]), None),
        (json!([]), None),
        (
            json!([
                { "type": "ADJUST", "amount": amount(30, "EUR") },
                { "type": "ADJUST", "amount": amount(25, "USD") },
                { "type": "ADJUST", "amount": amount(20, "USD") }
            ]),
            twenty_five,
        ),
    ];
    for (conditions, hold) in table {
        assert_eq!(adjusted(conditions.clone()), hold, "{conditions}");
    }
}

#[test]
fn a_cart_hint_is_checked_and_otherwise_ignored() {
    let hint = json!({
        "totalPrice": { "value": 12.5, "currencyCode": "USD" },
        "items": [{
            "id": "SKU-001",
            "type": "SKU",
            "unitPrice": { "value": 12.5, "currencyCode": "USD" },
            "quantity": { "value": 1, "unit": "unit" },
            "externalIdentifiers": [{ "id": "0123", "externalIdentifierType": "UPC" }]
        }]
    });
    let pointer = "/shopperInteraction/cartHint";
    assert_eq!(request(&with(pointer, hint)), request(&sample()));
    let odd = json!({ "totalPrice": { "currencyCode": "USD" }, "items": [
        {},
        { "quantity": { "unit": "unit" }, "externalIdentifiers": [{ "id": "x".repeat(256) }] },
        { "quantity": { "value": "many" } }
    ] });
    let told = [
        "shopperInteraction.cartHint.totalPrice.value is required",
        "shopperInteraction.cartHint.items[1].externalIdentifiers[0].id must have at most 255 characters",
        "shopperInteraction.cartHint.items[2].quantity.value must be a decimal number, like 1.0",
    ];
    assert_eq!(problems(with(pointer, odd).to_string().as_bytes()), told);
}

fn answered(adjusted_hold: Option<Money>, authorized: bool, risks: &[&str]) -> String {
    let decision = GateDecision {
        authorized,
        reason: GateReason::Recommended,
        adjusted_hold,
        risks: risks.iter().map(|it| (*it).to_owned()).collect(),
        is_override: false,
        override_kind: None,
        rule: "recommendation".to_owned(),
        rules_part: None,
        notice: Notice::of(GateReason::OutstandingBalance, false),
    };
    serde_json::to_string(&answer(&decision)).unwrap()
}

#[test]
fn an_answer_has_what_a_retailer_may_override() {
    assert_eq!(
        answered(None, false, &["CustomerFraud", "BadDebt"]),
        r#"{"shopperAuthorized":false,"authorizationConditions":[],"shopperRisks":["CustomerFraud","BadDebt"]}"#
    );
    assert_eq!(
        answered(Some(Money::new(2500, Currency::USD)), true, &[]),
        concat!(
            r#"{"shopperAuthorized":true,"authorizationConditions":"#,
            r#"[{"type":"ADJUST","amount":{"value":25.00,"currencyCode":"USD"}}],"shopperRisks":[]}"#
        )
    );
    assert!(answered(Some(Money::new(2500, Currency::JPY)), true, &[]).contains(r#""value":2500,"#));
}

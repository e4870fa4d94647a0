//! The two signatures below were made by botocore 1.44.5 (`SigV4Auth`), so that this crate is not its own witness.

use std::time::{Duration, SystemTime};

use super::*;

const BODY: &str = r#"{"storeId":"TEST_STORE_001","shoppingTripId":"11111111-2222-3333-4444-555555555555"}"#;
const BY_BOTOCORE: &str = "c5cc9057553e2d987b598a30b36cb6a0cb688a0781d11192f4fc6296a8d94eff";
const BY_BOTOCORE_WITH_TOKEN: &str = "97ca836d8c5f211fb7b89e2a5f540445bdffef664852b9695bf3ec41551ff0aa";

/// 2026-11-21T10:00:00Z
fn then() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_255_200)
}

fn credentials() -> Credentials {
    Credentials::new("AKIDSTORESIDEDEMO", "storeside-demo-secret")
}

fn signed_by_botocore() -> http::request::Builder {
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDSTORESIDEDEMO/20261121/us-east-1/execute-api/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date, Signature={BY_BOTOCORE}"
    );
    http::Request::post("/v1/cancel/charge")
        .header("host", "127.0.0.1:4000")
        .header("content-type", "application/json")
        .header("x-amz-date", "20261121T100000Z")
        .header("authorization", authorization)
}

fn verified(request: http::request::Builder, body: &str, credentials: &Credentials) -> Result<(), Untrusted> {
    let (parts, ()) = request.body(()).unwrap().into_parts();
    verify(&parts, body.as_bytes(), credentials, &SigV4Scope::default(), then())
}

#[test]
fn a_signature_of_an_independent_signer_is_believed() {
    assert_eq!(verified(signed_by_botocore(), BODY, &credentials()), Ok(()));
}

#[test]
fn a_session_token_is_part_of_what_is_believed() {
    let credentials = Credentials { session_token: Some("a-session-token".to_owned()), ..credentials() };
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential=AKIDSTORESIDEDEMO/20261121/us-east-1/execute-api/aws4_request, \
         SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature={BY_BOTOCORE_WITH_TOKEN}"
    );
    let request = |token: &str| {
        let mut request = signed_by_botocore().header("x-amz-security-token", token);
        let headers = request.headers_mut().unwrap();
        headers.insert("authorization", authorization.parse().unwrap());
        request
    };
    assert_eq!(verified(request("a-session-token"), BODY, &credentials), Ok(()));
    assert_eq!(verified(request("another-token"), BODY, &credentials), Err(Untrusted::UnknownKey));
    assert_eq!(verified(signed_by_botocore(), BODY, &credentials), Err(Untrusted::UnknownKey));
}

#[test]
fn another_secret_body_header_or_path_is_not_believed() {
    let other_secret = Credentials::new("AKIDSTORESIDEDEMO", "not-the-secret");
    assert_eq!(verified(signed_by_botocore(), BODY, &other_secret), Err(Untrusted::Mismatch));
    let other_body = BODY.replace("001", "002");
    assert_eq!(verified(signed_by_botocore(), &other_body, &credentials()), Err(Untrusted::Mismatch));
    let other_path = signed_by_botocore().uri("/v1/capture/charge");
    assert_eq!(verified(other_path, BODY, &credentials()), Err(Untrusted::Mismatch));
    let mut other_header = signed_by_botocore();
    other_header.headers_mut().unwrap().insert("content-type", "text/plain".parse().unwrap());
    assert_eq!(verified(other_header, BODY, &credentials()), Err(Untrusted::Mismatch));
}

#[test]
fn another_key_or_scope_is_named() {
    let other_key = Credentials::new("AKIDOTHER", "storeside-demo-secret");
    assert_eq!(verified(signed_by_botocore(), BODY, &other_key), Err(Untrusted::UnknownKey));
    let (parts, ()) = signed_by_botocore().body(()).unwrap().into_parts();
    let elsewhere = SigV4Scope { region: "eu-west-1".to_owned(), ..SigV4Scope::default() };
    let found = verify(&parts, BODY.as_bytes(), &credentials(), &elsewhere, then());
    assert_eq!(found, Err(Untrusted::WrongScope("20261121/eu-west-1/execute-api/aws4_request".to_owned())));
}

#[test]
fn a_signature_is_good_for_five_minutes_either_way() {
    let (parts, ()) = signed_by_botocore().body(()).unwrap().into_parts();
    let at = |now| verify(&parts, BODY.as_bytes(), &credentials(), &SigV4Scope::default(), now);
    let (limit, past_it) = (Duration::from_secs(300), Duration::from_secs(301));
    assert_eq!(at(then() + limit), Ok(()));
    assert_eq!(at(then() - limit), Ok(()));
    assert_eq!(at(then() + past_it), Err(Untrusted::Skewed));
    assert_eq!(at(then() - past_it), Err(Untrusted::Skewed));
}

#[test]
fn a_call_without_a_signature_or_with_half_of_one_is_refused() {
    let bare = http::Request::post("/v1/cancel/charge").header("host", "127.0.0.1:4000");
    assert_eq!(verified(bare, BODY, &credentials()), Err(Untrusted::Unsigned));
    for authorization in ["Bearer token", "AWS4-HMAC-SHA256 Credential=AKIDSTORESIDEDEMO", "AWS4-HMAC-SHA256 "] {
        let mut request = signed_by_botocore();
        request.headers_mut().unwrap().insert("authorization", authorization.parse().unwrap());
        assert_eq!(verified(request, BODY, &credentials()), Err(Untrusted::Malformed), "{authorization}");
    }
}

#[test]
fn what_the_gate_signs_is_believed_by_the_same_rules() {
    let mut request = http::Request::post("http://127.0.0.1:3000/v1/order/purchases")
        .header("content-type", "application/json")
        .body(BODY.as_bytes().to_vec())
        .unwrap();
    let scope = SigV4Scope::default();
    sign(&mut request, &credentials(), &scope, then()).unwrap();
    // As it arrives: with the host as a header and without it in the address.
    request.headers_mut().insert("host", "127.0.0.1:3000".parse().unwrap());
    *request.uri_mut() = "/v1/order/purchases".parse().unwrap();
    let (parts, body) = request.into_parts();
    assert_eq!(verify(&parts, &body, &credentials(), &scope, then()), Ok(()));
}

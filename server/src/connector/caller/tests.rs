use std::fs;
use std::path::PathBuf;
use std::time::{Duration as StdDuration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use http::{HeaderValue, Request, Uri};
use proptest::prelude::*;
use serde_json::json;
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use super::*;
use crate::clock::Clock;

const NOW: OffsetDateTime = datetime!(2024-03-22 17:00:00 UTC);
const BODY: &[u8] = br#"{"storeId":"TEST_STORE_001"}"#;
const PURCHASES: &str = "http://127.0.0.1:3000/v1/order/purchases";
const GATEWAY_SECRET: &str = "a secret between the gateway and us";
const GATEWAY_ROLE: &str = "arn:aws:iam::123456789012:role/JustWalkOut";

/// A principals file that is gone after the test.
#[derive(Debug)]
pub(in crate::connector) struct TestFile(PathBuf);

impl TestFile {
    fn new(text: &str) -> Self {
        let file = Self(std::env::temp_dir().join(format!("storeside-principals-{}.json", uuid::Uuid::new_v4())));
        fs::write(&file.0, text).unwrap();
        file
    }

    /// Writes `text` as if `seconds` after the first time: two writes of a test may fall into one tick of the disk's
    /// clock.
    fn rewrite(&self, text: &str, seconds: u64) {
        fs::write(&self.0, text).unwrap();
        let file = fs::File::options().append(true).open(&self.0).unwrap();
        file.set_modified(SystemTime::now() + StdDuration::from_secs(seconds)).unwrap();
    }
}

impl Drop for TestFile {
    fn drop(&mut self) {
        // One test removes it itself.
        drop(fs::remove_file(&self.0));
    }
}

fn principals() -> serde_json::Value {
    json!([
        {
            "access_key_id": "AKIDEXAMPLE",
            "secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            "role_arn": "arn:aws:iam::123456789012:role/Twin",
            "connectors": ["shopper_authorization", "create_purchases"]
        },
        {
            "access_key_id": "AKIDSHORT",
            "secret_access_key": "short",
            "role_arn": "arn:aws:iam::123456789012:role/Gate",
            "connectors": ["shopper_authorization"]
        },
        {
            "access_key_id": "AKIDLONG",
            "secret_access_key": "a key of a self-hosted gateway, which is much longer than forty characters",
            "role_arn": "arn:aws:iam::123456789012:role/SelfHosted",
            "connectors": ["create_purchases"]
        },
        { "role_arn": GATEWAY_ROLE, "connectors": ["create_purchases"] }
    ])
}

fn settings(file: &TestFile) -> CallerSettings {
    CallerSettings {
        principals: Some(file.0.clone()),
        gateway_secrets: Secrets::parse(GATEWAY_SECRET).unwrap(),
        sigv4_service: "execute-api".to_owned(),
        sigv4_region: "us-east-1".to_owned(),
        rate: Rate::CONNECTOR,
    }
}

pub(in crate::connector) fn callers() -> (Callers, TestFile) {
    let file = TestFile::new(&principals().to_string());
    (Callers::new(settings(&file)).unwrap(), file)
}

/// How a test signs; what it changes is what the test is about.
struct Signing<'a> {
    key: (&'a str, &'a str),
    token: Option<&'a str>,
    at: OffsetDateTime,
    service: &'a str,
    region: &'a str,
    body_hash_header: bool,
}

impl Default for Signing<'_> {
    fn default() -> Self {
        Self {
            key: ("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            token: None,
            at: NOW,
            service: "execute-api",
            region: "us-east-1",
            body_hash_header: false,
        }
    }
}

impl Signing<'_> {
    /// Signs with AWS's own signer.
    fn sign(&self, uri: &str, body: &[u8]) -> Request<Bytes> {
        let identity = Credentials::new(self.key.0, self.key.1, self.token.map(str::to_owned), None, "test").into();
        let mut settings = SigningSettings::default();
        if self.body_hash_header {
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        let params = SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(self.at.into())
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let host = uri.parse::<Uri>().unwrap().authority().unwrap().to_string();
        let mut request = Request::post(uri).header("host", host).header("content-type", "application/json");
        let headers =
            request.headers_ref().unwrap().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
        let signable = SignableRequest::new("POST", uri, headers, SignableBody::Bytes(body)).unwrap();
        let (instructions, _) = sign(signable, &params).unwrap().into_parts();
        for (name, value) in instructions.headers() {
            request = request.header(name, value);
        }
        let mut request = request.body(Bytes::copy_from_slice(body)).unwrap();
        // A server sees the path only.
        *request.uri_mut() = request.uri().path().parse().unwrap();
        request
    }
}

/// A request that the first principal signs now.
pub(in crate::connector) fn signed(path: &str, body: &[u8]) -> Request<Bytes> {
    Signing { at: Clock::System.now(), ..Signing::default() }.sign(&format!("http://127.0.0.1:3000{path}"), body)
}

fn authenticate(callers: &Callers, request: Request<Bytes>) -> Result<String, Declined> {
    let (parts, body) = request.into_parts();
    callers.authenticate(Connector::CreatePurchases, &parts, &body, NOW).map(|arn| arn.to_string())
}

fn admitted(role: &str) -> Result<String, Declined> {
    Ok(format!("arn:aws:iam::123456789012:role/{role}"))
}

#[test]
fn a_right_signature_is_admitted() {
    let (callers, _file) = callers();
    assert_eq!(authenticate(&callers, Signing::default().sign(PURCHASES, BODY)), admitted("Twin"));
    let with_hash_header = Signing { body_hash_header: true, ..Signing::default() };
    assert_eq!(authenticate(&callers, with_hash_header.sign(PURCHASES, BODY)), admitted("Twin"));
    let with_token = Signing { token: Some("a session token"), ..Signing::default() };
    assert_eq!(authenticate(&callers, with_token.sign(PURCHASES, BODY)), admitted("Twin"));
}

#[test]
fn a_key_may_have_any_length() {
    let (callers, _file) = callers();
    let long = "a key of a self-hosted gateway, which is much longer than forty characters";
    let long = Signing { key: ("AKIDLONG", long), ..Signing::default() };
    assert_eq!(authenticate(&callers, long.sign(PURCHASES, BODY)), admitted("SelfHosted"));
}

#[test]
fn a_signature_made_by_another_signer_is_admitted() {
    // Made by botocore's SigV4Auth from the same request, key and time.
    let (callers, _file) = callers();
    let request = Request::post("/v1/order/purchases")
        .header("host", "127.0.0.1:3000")
        .header("x-amz-date", "20240322T170000Z")
        .header("authorization", BOTOCORE_AUTHORIZATION)
        .body(Bytes::from_static(BODY))
        .unwrap();
    assert_eq!(authenticate(&callers, request), admitted("Twin"));
}

const BOTOCORE_AUTHORIZATION: &str = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20240322/us-east-1/execute-api/aws4_request, \
    SignedHeaders=host;x-amz-date, Signature=964699c885e27272fb9c6c144520704608a7c634a67e3940c7be25a75aa887f0";

#[test]
fn a_changed_body_path_or_header_is_declined() {
    let (callers, _file) = callers();
    let mut request = Signing::default().sign(PURCHASES, BODY);
    *request.body_mut() = Bytes::from_static(br#"{"storeId":"TEST_STORE_002"}"#);
    assert_eq!(authenticate(&callers, request), Err(Declined::SignatureMismatch), "body");

    let mut request = Signing::default().sign(PURCHASES, BODY);
    *request.uri_mut() = "/v1/fraudandabuse/shopperauthorization".parse().unwrap();
    assert_eq!(authenticate(&callers, request), Err(Declined::SignatureMismatch), "path");

    let mut request = Signing::default().sign(PURCHASES, BODY);
    request.headers_mut().insert("host", "example.com".parse().unwrap());
    assert_eq!(authenticate(&callers, request), Err(Declined::SignatureMismatch), "host");

    // The body's hash in a header is not believed: the body is hashed again.
    let mut request = Signing { body_hash_header: true, ..Signing::default() }.sign(PURCHASES, BODY);
    *request.body_mut() = Bytes::from_static(b"{}");
    assert_eq!(authenticate(&callers, request), Err(Declined::SignatureMismatch), "body with its hash in a header");
}

#[test]
fn a_wrong_secret_and_an_unknown_key_are_declined() {
    let (callers, _file) = callers();
    let wrong = Signing { key: ("AKIDEXAMPLE", "another secret"), ..Signing::default() };
    assert_eq!(authenticate(&callers, wrong.sign(PURCHASES, BODY)), Err(Declined::SignatureMismatch));
    let unknown = Signing { key: ("AKIDNOBODY", "another secret"), ..Signing::default() };
    assert_eq!(authenticate(&callers, unknown.sign(PURCHASES, BODY)), Err(Declined::UnknownKey));
}

#[test]
fn a_signature_lives_for_five_minutes_either_way() {
    let (callers, _file) = callers();
    let at = |at| authenticate(&callers, Signing { at, ..Signing::default() }.sign(PURCHASES, BODY));
    for minutes in [-5, 5] {
        let edge = NOW + Duration::minutes(minutes);
        assert_eq!(at(edge), admitted("Twin"), "{minutes} minutes");
        let past = edge + Duration::seconds(minutes.signum());
        assert_eq!(at(past), Err(Declined::SignatureDate), "{minutes} minutes and a second");
    }
}

#[test]
fn a_signature_for_another_service_or_region_is_declined() {
    let (callers, _file) = callers();
    let service = Signing { service: "s3", ..Signing::default() };
    assert_eq!(authenticate(&callers, service.sign(PURCHASES, BODY)), Err(Declined::SignatureScope));
    let region = Signing { region: "eu-west-1", ..Signing::default() };
    assert_eq!(authenticate(&callers, region.sign(PURCHASES, BODY)), Err(Declined::SignatureScope));
}

/// Takes `header` out of the list of signed headers.
fn unsign(request: &mut Request<Bytes>, header: &str) {
    let authorization = request.headers()["authorization"].to_str().unwrap().to_owned();
    let without = authorization.replace(&format!(";{header}"), "").replace(&format!("{header};"), "");
    assert_ne!(authorization, without, "{header} was signed");
    request.headers_mut().insert("authorization", without.parse().unwrap());
}

#[test]
fn host_date_token_and_body_hash_must_be_signed() {
    let (callers, _file) = callers();
    for header in ["host", "x-amz-date", "x-amz-security-token", "x-amz-content-sha256"] {
        let signing = Signing { token: Some("a session token"), body_hash_header: true, ..Signing::default() };
        let mut request = signing.sign(PURCHASES, BODY);
        unsign(&mut request, header);
        assert_eq!(authenticate(&callers, request), Err(Declined::SignatureIncomplete), "{header}");
    }
    let mut request = Signing::default().sign(PURCHASES, BODY);
    request.headers_mut().remove("host");
    assert_eq!(authenticate(&callers, request), Err(Declined::SignatureMismatch), "no host at all");
    let mut request = Signing::default().sign(PURCHASES, BODY);
    request.headers_mut().remove("x-amz-date");
    assert_eq!(authenticate(&callers, request), Err(Declined::SignatureIncomplete), "no date at all");
}

#[test]
fn a_senseless_authorization_is_declined() {
    let (callers, _file) = callers();
    let signed_headers = "SignedHeaders=host;x-amz-date, Signature=00";
    let senseless = [
        "",
        "Basic dXNlcjpwYXNz",
        "Bearer token",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 Credential",
        "AWS4-HMAC-SHA256 Credential=, SignedHeaders=, Signature=",
        &format!("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE, {signed_headers}"),
        &format!("AWS4-HMAC-SHA256 Credential=////, {signed_headers}"),
    ];
    for authorization in senseless {
        let request = Request::post("/v1/order/purchases")
            .header("host", "127.0.0.1:3000")
            .header("x-amz-date", "20240322T170000Z")
            .header("authorization", authorization)
            .body(Bytes::from_static(BODY))
            .unwrap();
        let declined = authenticate(&callers, request).unwrap_err();
        assert!(matches!(declined, Declined::SignatureIncomplete | Declined::SignatureScope), "{authorization}");
    }
    let unsigned = Request::post("/v1/order/purchases").body(Bytes::from_static(BODY)).unwrap();
    assert_eq!(authenticate(&callers, unsigned), Err(Declined::NoCredentials));
}

#[test]
fn a_known_caller_is_declined_where_it_is_not_listed() {
    let (callers, _file) = callers();
    let gate_only = Signing { key: ("AKIDSHORT", "short"), ..Signing::default() };
    let (parts, body) = gate_only.sign(PURCHASES, BODY).into_parts();
    let call = |connector| callers.authenticate(connector, &parts, &body, NOW).map(|arn| arn.to_string());
    assert_eq!(call(Connector::CreatePurchases), Err(Declined::NotAllowed));
    assert_eq!(call(Connector::ShopperAuthorization), admitted("Gate"));
}

fn through_gateway(headers: &[(&str, &str)]) -> Request<Bytes> {
    let request = Request::post("/v1/order/purchases");
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.body(Bytes::from_static(BODY)).unwrap()
}

#[test]
fn the_gateway_is_believed_with_its_secret_only() {
    let (callers, _file) = callers();
    let session = "arn:aws:sts::123456789012:assumed-role/JustWalkOut/session-1";
    let right = (SECRET_HEADER, GATEWAY_SECRET);
    let table = [
        (vec![right, (ARN_HEADER, GATEWAY_ROLE)], admitted("JustWalkOut")),
        (vec![right, (ARN_HEADER, session)], admitted("JustWalkOut")),
        (vec![(SECRET_HEADER, "a guess"), (ARN_HEADER, GATEWAY_ROLE)], Err(Declined::GatewaySecret)),
        (vec![(SECRET_HEADER, ""), (ARN_HEADER, GATEWAY_ROLE)], Err(Declined::GatewaySecret)),
        (vec![right, right, (ARN_HEADER, GATEWAY_ROLE)], Err(Declined::GatewaySecret)),
        (vec![(ARN_HEADER, GATEWAY_ROLE)], Err(Declined::NoCredentials)),
        (vec![right], Err(Declined::GatewayCaller)),
        (vec![right, (ARN_HEADER, "JustWalkOut")], Err(Declined::GatewayCaller)),
        (vec![right, (ARN_HEADER, GATEWAY_ROLE), (ARN_HEADER, session)], Err(Declined::GatewayCaller)),
        (vec![right, (ARN_HEADER, "arn:aws:iam::123456789012:role/Other")], Err(Declined::NotAllowed)),
        (vec![right, (ARN_HEADER, "arn:aws:iam::210987654321:role/JustWalkOut")], Err(Declined::NotAllowed)),
    ];
    for (headers, answer) in table {
        assert_eq!(authenticate(&callers, through_gateway(&headers)), answer, "{headers:?}");
    }
}

#[test]
fn without_a_configured_secret_no_gateway_is_believed() {
    let file = TestFile::new(&principals().to_string());
    for gateway_secrets in [Secrets::default(), Secrets::parse("").unwrap()] {
        let callers = Callers::new(CallerSettings { gateway_secrets, ..settings(&file) }).unwrap();
        let request = through_gateway(&[(SECRET_HEADER, ""), (ARN_HEADER, GATEWAY_ROLE)]);
        assert_eq!(authenticate(&callers, request), Err(Declined::GatewaySecret));
    }
}

#[test]
fn without_a_principals_file_nobody_is_allowed() {
    let file = TestFile::new("[]");
    let callers = Callers::new(CallerSettings { principals: None, ..settings(&file) }).unwrap();
    assert_eq!(authenticate(&callers, Signing::default().sign(PURCHASES, BODY)), Err(Declined::UnknownKey));
}

#[test]
fn an_assumed_role_goes_by_the_name_of_its_role() {
    let table = [
        ("arn:aws:sts::123456789012:assumed-role/Role/session", Some("arn:aws:iam::123456789012:role/Role")),
        ("arn:aws:iam::123456789012:role/Role", Some("arn:aws:iam::123456789012:role/Role")),
        ("arn:aws:iam::123456789012:role/service-role/Role", Some("arn:aws:iam::123456789012:role/Role")),
        ("arn:aws-cn:sts::123456789012:assumed-role/Role/a:b", Some("arn:aws-cn:iam::123456789012:role/Role")),
        ("arn:aws:iam::123456789012:user/somebody", Some("arn:aws:iam::123456789012:user/somebody")),
        ("arn:aws:sts::123456789012:assumed-role//session", None),
        ("arn:aws:iam::123456789012:role/", None),
        ("arn:aws:iam::123456789012:", None),
        ("Role", None),
        ("", None),
    ];
    for (text, arn) in table {
        assert_eq!(Arn::new(text).map(|it| it.to_string()).as_deref(), arn, "{text}");
    }
}

#[test]
fn a_changed_principals_file_counts_from_the_next_call() {
    let (callers, file) = callers();
    let call = || authenticate(&callers, Signing::default().sign(PURCHASES, BODY));
    assert_eq!(call(), admitted("Twin"));
    file.rewrite("[]", 10);
    assert_eq!(call(), Err(Declined::UnknownKey), "a withdrawn key");
    file.rewrite(&principals().to_string(), 20);
    assert_eq!(call(), admitted("Twin"), "a key that is back");
}

#[test]
fn a_principals_file_that_breaks_leaves_the_last_good_one_in_force() {
    let (callers, file) = callers();
    let call = || authenticate(&callers, Signing::default().sign(PURCHASES, BODY));
    file.rewrite("[{", 10);
    assert_eq!(call(), admitted("Twin"), "broken");
    fs::remove_file(&file.0).unwrap();
    assert_eq!(call(), admitted("Twin"), "gone");
    file.rewrite("[]", 20);
    assert_eq!(call(), Err(Declined::UnknownKey), "mended");
}

#[test]
fn a_wrong_principals_file_stops_the_start_and_says_what_is_expected() {
    let role = r#""role_arn": "arn:aws:iam::123456789012:role/A""#;
    let both = r#""connectors": ["create_purchases"]"#;
    let keys = r#""access_key_id": "AKID", "secret_access_key": "hunter2""#;
    let table = [
        ("{}".to_owned(), "line 1, at ."),
        ("[{]".to_owned(), "line 1, at "),
        ("[] []".to_owned(), "line 1, at the end"),
        (format!("[{{{role}, {both}}},\n{{{role}}}]"), "line 2, at [1]"),
        (format!(r#"[{{{role}, "connectors": ["refunds"]}}]"#), "at [0].connectors[0]"),
        (format!(r#"[{{{role}, {both}, "connector": []}}]"#), "at [0]"),
        (format!(r#"[{{{role}, {both}, "access_key_id": "A", "secret_access_key": 123456}}]"#), "secret_access_key"),
        (format!(r#"[{{"role_arn": "Twin", {both}}}]"#), "entry [0]: role_arn is not an ARN"),
        (format!(r#"[{{{role}, "connectors": []}}]"#), "entry [0]: connectors is empty"),
        (format!(r#"[{{{role}, {both}, "access_key_id": "A"}}]"#), "entry [0]: access_key_id comes without"),
        (format!(r#"[{{{role}, {both}, "secret_access_key": "A"}}]"#), "entry [0]: secret_access_key comes without"),
        (format!("[{{{role}, {both}, {keys}}}, {{{role}, {both}, {keys}}}]"), "entry [1]: access_key_id is in another"),
    ];
    for (text, told) in table {
        let file = TestFile::new(&text);
        let error = Callers::new(settings(&file)).unwrap_err().to_string();
        let path = file.0.display().to_string();
        assert!(error.starts_with("CONNECTOR_PRINCIPALS: ") && error.contains(&path), "{error}");
        assert!(error.contains(told) && error.contains("expected [{"), "{text}: {error}");
        assert!(!error.contains("hunter2") && !error.contains("123456,"), "{error}");
    }
    let gone = CallerSettings { principals: Some(PathBuf::from("/nonexistent/principals.json")), ..Default::default() };
    let error = Callers::new(gone).unwrap_err().to_string();
    assert!(error.starts_with("CONNECTOR_PRINCIPALS: cannot read /nonexistent/principals.json; expected"), "{error}");
}

#[test]
fn op_016_two_keys_of_one_role_are_valid_while_one_follows_the_other() {
    let key = |id: &str| {
        json!({
            "access_key_id": id,
            "secret_access_key": format!("the secret of {id}"),
            "role_arn": "arn:aws:iam::123456789012:role/Twin",
            "connectors": ["create_purchases"]
        })
    };
    let file = TestFile::new(&json!([key("AKIDOLD")]).to_string());
    let callers = Callers::new(settings(&file)).unwrap();
    let known = || {
        ["AKIDOLD", "AKIDNEXT"].map(|id| {
            let secret = format!("the secret of {id}");
            authenticate(&callers, Signing { key: (id, &secret), ..Signing::default() }.sign(PURCHASES, BODY))
        })
    };
    assert_eq!(known(), [admitted("Twin"), Err(Declined::UnknownKey)]);
    file.rewrite(&json!([key("AKIDOLD"), key("AKIDNEXT")]).to_string(), 10);
    assert_eq!(known(), [admitted("Twin"), admitted("Twin")]);
    file.rewrite(&json!([key("AKIDNEXT")]).to_string(), 20);
    assert_eq!(known(), [Err(Declined::UnknownKey), admitted("Twin")]);
}

#[test]
fn sec_001_the_gateways_template_sends_what_we_ask_for_to_where_we_listen() {
    let template = include_str!("../gateway.yaml");
    for header in [ARN_HEADER, SECRET_HEADER] {
        assert_eq!(template.matches(&format!("integration.request.header.{header}: ")).count(), 2, "{header}");
    }
    for path in ["/v1/order/purchases", "/v1/fraudandabuse/shopperauthorization", "/v1/events"] {
        assert!(template.contains(&format!("${{BackendUrl}}{path}")), "{path}");
    }
    assert!(template.contains(&format!("ApiKeyName: {}", crate::http::event_feed::KEY_HEADER)));
    assert_eq!(
        template.matches("AuthorizationType: AWS_IAM").count(),
        template.matches("HttpMethod: POST\n      Auth").count()
    );
}

/// Headers that begin like a signature and go on like nothing at all.
fn any_authorization() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        Just("AWS4-HMAC-SHA256 ".to_owned()),
        Just("Credential=AKIDEXAMPLE/20240322/us-east-1/execute-api/aws4_request".to_owned()),
        Just("SignedHeaders=host;x-amz-date".to_owned()),
        Just("Signature=".to_owned()),
        Just(", ".to_owned()),
        "[ -~]{0,40}",
    ];
    let bytes = prop::collection::vec(any::<u8>(), 0..60);
    prop_oneof![4 => prop::collection::vec(part, 0..8).prop_map(|parts| parts.concat().into_bytes()), 1 => bytes]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sec_003_whatever_stands_in_the_signature_is_declined(
        authorization in any_authorization(),
        date in "[0-9TZ]{0,20}",
        body in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let (callers, _file) = callers();
        let (Ok(authorization), Ok(date)) = (HeaderValue::from_bytes(&authorization), HeaderValue::from_str(&date)) else {
            return Ok(());
        };
        let request = Request::post("/v1/order/purchases")
            .header("host", "127.0.0.1:3000")
            .header("x-amz-date", date)
            .header("authorization", authorization)
            .body(Bytes::from(body))
            .unwrap();
        prop_assert!(authenticate(&callers, request).is_err());
    }

    #[test]
    fn sec_003_a_right_signature_with_one_byte_changed_is_declined(at in any::<prop::sample::Index>(), byte in 0x20_u8..0x7f) {
        let (callers, _file) = callers();
        let mut request = Signing::default().sign(PURCHASES, BODY);
        let right = request.headers()["authorization"].as_bytes().to_vec();
        let mut wrong = right.clone();
        let at = at.index(wrong.len());
        wrong[at] = byte;
        request.headers_mut().insert("authorization", HeaderValue::from_bytes(&wrong).unwrap());
        let answered = authenticate(&callers, request);
        // Blanks and commas between the parts are not signed: one more or one less changes nothing that counts.
        let parts = |text: &[u8]| -> Vec<Vec<u8>> {
            let parts = text.split(|it| matches!(it, b' ' | b','));
            parts.filter(|it| !it.is_empty()).map(<[u8]>::to_vec).collect()
        };
        prop_assert!(answered.is_err() || parts(&wrong) == parts(&right), "{}", String::from_utf8_lossy(&wrong));
        prop_assert!(answered.is_ok() || wrong != right, "the right one is taken");
    }

    #[test]
    fn sec_003_no_text_is_an_arn_but_one_of_six_parts(text in prop_oneof![any::<String>(), "arn:[a-z:/-]{0,40}"]) {
        if let Some(arn) = Arn::new(&text) {
            prop_assert!(arn.to_string().starts_with("arn:") && arn.to_string().split(':').count() >= 6);
        }
    }
}

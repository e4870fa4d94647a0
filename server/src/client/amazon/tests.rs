//! Calls over real connections to a server of raw bytes, which can also hang and hang up.

use domain::id::{InstrumentId, StoreId, TripId};
use domain::money::{Currency, Money};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use time::macros::datetime;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use super::*;

const NOW: OffsetDateTime = datetime!(2026-11-21 10:00:00 UTC);
const OK_EMPTY: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// What came in: the first line, the headers in lower case, the body.
struct Request {
    line: String,
    headers: Vec<(String, String)>,
    body: String,
}

impl Request {
    fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(it, _)| it == name).map_or("", |(_, value)| value)
    }
}

async fn read_request(stream: &mut TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let mut lines = vec![];
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).await.unwrap();
        match line.trim_end() {
            "" => break,
            it => lines.push(it.to_owned()),
        }
    }
    let line = lines.remove(0);
    let split = |it: &String| it.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned())).unwrap();
    let headers: Vec<_> = lines.iter().map(split).collect();
    let mut request = Request { line, headers, body: String::new() };
    let mut body = vec![0; request.header("content-length").parse().unwrap()];
    reader.read_exact(&mut body).await.unwrap();
    request.body = String::from_utf8(body).unwrap();
    request
}

/// Takes one request, sends `answer` as it is, and hangs up. The request comes out of the receiver.
async fn amazon(answer: impl Into<String>) -> (AmazonClient, oneshot::Receiver<Request>) {
    let answer = answer.into();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(&format!("http://{}", listener.local_addr().unwrap()));
    let (sender, receiver) = oneshot::channel();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = read_request(&mut stream).await;
        stream.write_all(answer.as_bytes()).await.unwrap();
        stream.shutdown().await.unwrap();
        let _ = sender.send(request);
    });
    (client, receiver)
}

fn json(status: u16, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status} X\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

fn settings(url: &str) -> AmazonSettings {
    AmazonSettings {
        payment_url: url.to_owned(),
        feedback_url: url.to_owned(),
        identity_url: url.to_owned(),
        sigv4_service: "execute-api".to_owned(),
        sigv4_region: "us-east-1".to_owned(),
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret_access_key: Secret::new("wJalrXUtnFEMI"),
        session_token: Some(Secret::new("the-session-token")),
        timeout: Duration::from_secs(10),
    }
}

fn client(url: &str) -> AmazonClient {
    AmazonClient::new(&settings(url)).unwrap()
}

fn store() -> StoreId {
    StoreId::new("TEST_STORE_001").unwrap()
}

fn trip() -> TripId {
    TripId::new("trip-1").unwrap()
}

fn capture(minor: i64, currency: Currency) -> CaptureCharge {
    CaptureCharge { store: store(), trip: trip(), amount: Money::new(minor, currency) }
}

fn adjust() -> AdjustCharge {
    AdjustCharge { store: store(), trip: trip(), amount: Money::new(1599, Currency::USD) }
}

#[tokio::test]
async fn amounts_are_sent_as_exact_numbers() {
    let cases = [
        (2599, Currency::USD, r#""amount":{"amount":25.99,"code":"USD"}"#),
        (100, Currency::JPY, r#""amount":{"amount":100,"code":"JPY"}"#),
    ];
    for (minor, currency, want) in cases {
        let (client, request) = amazon(OK_EMPTY).await;
        client.send(NOW, &capture(minor, currency)).await.outcome.unwrap();
        let request = request.await.unwrap();
        assert_eq!(request.line, "POST /v1/capture/charge HTTP/1.1");
        assert_eq!(request.header("content-type"), "application/json");
        assert_eq!(request.body, format!(r#"{{{want},"shoppingTripId":"trip-1","storeId":"TEST_STORE_001"}}"#));
    }
}

#[tokio::test]
async fn an_empty_200_says_that_a_capture_or_a_cancel_has_begun() {
    let (client, _request) = amazon(OK_EMPTY).await;
    let call = client.send(NOW, &capture(100, Currency::USD)).await;
    assert_eq!((call.status, call.attempt_outcome()), (Some(200), AttemptOutcome::Answered));
    let (client, request) = amazon(OK_EMPTY).await;
    client.send(NOW, &CancelCharge { store: store(), trip: trip() }).await.outcome.unwrap();
    assert_eq!(request.await.unwrap().line, "POST /v1/cancel/charge HTTP/1.1");
}

#[tokio::test]
async fn a_capture_with_a_200_counts_even_when_the_rest_of_the_answer_is_lost() {
    let (client, _request) = amazon("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{").await;
    client.send(NOW, &capture(100, Currency::USD)).await.outcome.unwrap();
}

#[tokio::test]
async fn an_adjust_whose_answer_is_lost_half_way_has_no_answer() {
    let (client, _request) = amazon("HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{").await;
    let call = client.send(NOW, &adjust()).await;
    assert_eq!((call.status, call.attempt_outcome()), (Some(200), AttemptOutcome::NoAnswer));
    assert!(matches!(call.outcome, Err(CallError::NoAnswer { .. })), "{:?}", call.outcome);
}

#[tokio::test]
async fn a_declined_adjust_is_an_answer() {
    let body = r#"{"status":"DECLINED","authorizedAmount":{"amount":10.00,"code":"USD"}}"#;
    let (client, request) = amazon(json(200, "", body)).await;
    let call = client.send(NOW, &adjust()).await;
    assert_eq!(call.outcome.unwrap(), AdjustAnswer::Declined { authorized: Money::new(1000, Currency::USD) });
    assert_eq!(request.await.unwrap().line, "POST /v1/adjust/charge HTTP/1.1");
}

/// The signature computed again by the recipe alone, with nothing of the library that made it.
fn signature_of(request: &Request, secret: &str) -> String {
    let hmac = |key: &[u8], text: &str| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(text.as_bytes());
        mac.finalize().into_bytes().to_vec()
    };
    let hex = |bytes: &[u8]| bytes.iter().map(|it| format!("{it:02x}")).collect::<String>();
    let path = request.line.split(' ').nth(1).unwrap();
    let signed = "content-type;host;x-amz-date;x-amz-security-token";
    let headers: String = signed.split(';').map(|name| format!("{name}:{}\n", request.header(name))).collect();
    let body_hash = hex(&Sha256::digest(&request.body));
    let canonical = format!("POST\n{path}\n\n{headers}\n{signed}\n{body_hash}");
    let scope = "20261121/us-east-1/execute-api/aws4_request";
    let text = format!("AWS4-HMAC-SHA256\n20261121T100000Z\n{scope}\n{}", hex(&Sha256::digest(&canonical)));
    let key = scope.split('/').fold(format!("AWS4{secret}").into_bytes(), |key, part| hmac(&key, part));
    let signature = hex(&hmac(&key, &text));
    format!("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}, SignedHeaders={signed}, Signature={signature}")
}

#[tokio::test]
async fn the_signature_covers_the_host_the_path_the_headers_and_the_body() {
    let (client, request) = amazon(OK_EMPTY).await;
    client.send(NOW, &capture(2599, Currency::USD)).await.outcome.unwrap();
    let mut request = request.await.unwrap();
    let sent = request.header("authorization").to_owned();
    assert_eq!(sent, signature_of(&request, "wJalrXUtnFEMI"));
    request.body = request.body.replace("25.99", "25.98");
    assert_ne!(sent, signature_of(&request, "wJalrXUtnFEMI"));
}

#[tokio::test]
async fn a_429_and_a_503_say_how_long_to_wait() {
    let (client, _request) = amazon(json(429, "Retry-After: 600\r\n", r#"{"errorMsg":"Too Many Requests"}"#)).await;
    let call = client.send(NOW, &adjust()).await;
    assert_eq!((call.status, call.attempt_outcome()), (Some(429), AttemptOutcome::Busy));
    let Err(CallError::Throttled { retry_after }) = call.outcome else { panic!("{:?}", call.outcome) };
    assert_eq!(retry_after, Some(Duration::from_secs(600)));

    let body = r#"{"errorMsg":"ServiceUnavailableException","retryAfter":"90"}"#;
    let (client, _request) = amazon(json(503, "Retry-After: Sat, 21 Nov 2026 10:01:00 GMT\r\n", body)).await;
    let call = client.send(NOW, &adjust()).await;
    let Err(CallError::Busy { status, retry_after, message }) = call.outcome else { panic!("{:?}", call.outcome) };
    assert_eq!((status, retry_after), (503, Some(Duration::from_secs(90))));
    assert_eq!(message, "ServiceUnavailableException");
}

#[tokio::test]
async fn an_expired_trip_is_final_on_400_and_on_500() {
    for status in [400, 500] {
        let (client, _request) = amazon(json(status, "", r#"{"errorMsg":"ShoppingTripExpiredException"}"#)).await;
        let call = client.send(NOW, &adjust()).await;
        let Err(CallError::Refused { status: said, name, .. }) = call.outcome else { panic!("{:?}", call.outcome) };
        assert_eq!((said, name), (status, RefusalName::ShoppingTripExpired));
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (client, _request) =
        amazon("HTTP/1.1 302 X\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n").await;
    let call = client.send(NOW, &adjust()).await;
    assert!(matches!(call.outcome, Err(CallError::Misconfigured { status: 302 })), "{:?}", call.outcome);
}

#[tokio::test]
async fn a_server_that_never_answers_leaves_the_outcome_open() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut settings = settings(&format!("http://{}", listener.local_addr().unwrap()));
    settings.timeout = Duration::from_millis(200);
    // Connections are made by the system; nobody reads them.
    let call = AmazonClient::new(&settings).unwrap().send(NOW, &capture(100, Currency::USD)).await;
    assert_eq!((call.status, call.attempt_outcome()), (None, AttemptOutcome::NoAnswer));
    assert!(matches!(call.outcome, Err(CallError::NoAnswer { .. })), "{:?}", call.outcome);
    assert!(call.took >= settings.timeout);
}

#[tokio::test]
async fn a_connection_dropped_after_the_request_leaves_the_outcome_open() {
    let (client, request) = amazon("").await;
    let call = client.send(NOW, &capture(100, Currency::USD)).await;
    assert!(matches!(call.outcome, Err(CallError::NoAnswer { .. })), "{:?}", call.outcome);
    assert!(request.await.is_ok(), "the request had been read whole");
}

#[tokio::test]
async fn a_refused_connection_is_known_not_to_have_sent_anything() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(&format!("http://{}", listener.local_addr().unwrap()));
    drop(listener);
    let call = client.send(NOW, &capture(100, Currency::USD)).await;
    assert_eq!((call.status, call.attempt_outcome()), (None, AttemptOutcome::NotSent));
    assert!(matches!(call.outcome, Err(CallError::NotSent { .. })), "{:?}", call.outcome);
}

#[tokio::test]
async fn a_failed_tls_handshake_is_known_not_to_have_sent_anything() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(&format!("https://{}", listener.local_addr().unwrap()));
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"this is not TLS").await.unwrap();
    });
    let call = client.send(NOW, &capture(100, Currency::USD)).await;
    assert!(matches!(call.outcome, Err(CallError::NotSent { .. })), "{:?}", call.outcome);
}

#[tokio::test]
async fn nothing_and_less_than_nothing_are_never_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = client(&format!("http://{}", listener.local_addr().unwrap()));
    drop(listener);
    for minor in [0, -1] {
        let call = client.send(NOW, &capture(minor, Currency::USD)).await;
        assert!(matches!(call.outcome, Err(CallError::Invalid { field: "amount.amount" })), "{:?}", call.outcome);
    }
}

#[tokio::test]
async fn an_address_is_in_nothing_that_is_printed() {
    let request = GetShopperIdentity { store: store(), instrument: InstrumentId::new("shopper.1").unwrap() };
    let (client, received) = amazon(json(200, "", r#"{"shopperEmail":"jane.doe@example.com"}"#)).await;
    let call = client.send(NOW, &request).await;
    assert!(!format!("{call:?}").contains("jane.doe"));
    assert_eq!(call.outcome.unwrap().unwrap().expose(), "jane.doe@example.com");
    let received = received.await.unwrap();
    assert_eq!(received.line, "POST /v1/identity/shopper HTTP/1.1");
    assert_eq!(received.body, r#"{"shopperId":{"id":"shopper.1"},"storeId":"TEST_STORE_001"}"#);

    let (client, _request) = amazon(json(400, "", r#"{"errorMsg":"BadRequestException: jane.doe@example.com"}"#)).await;
    let call = client.send(NOW, &request).await;
    assert!(
        matches!(call.outcome, Err(CallError::Refused { name: RefusalName::BadRequest, .. })),
        "{:?}",
        call.outcome
    );
    assert!(!format!("{call:?}").contains("jane.doe"));
}

#[tokio::test]
async fn an_endless_answer_is_not_read_to_its_end() {
    let body = format!(r#"{{"status":"APPROVED","padding":"{}"}}"#, "x".repeat(1 << 20));
    let (client, _request) = amazon(json(200, "", &body)).await;
    let call = client.send(NOW, &adjust()).await;
    assert!(matches!(call.outcome, Err(CallError::Unreadable { status: 200 })), "{:?}", call.outcome);
}

#[test]
fn a_wrong_address_is_refused_by_the_name_of_its_setting() {
    let refusal = |settings: AmazonSettings| AmazonClient::new(&settings).unwrap_err().to_string();
    let good = "http://127.0.0.1:4000";
    let wrong = "http://pay.example.com".to_owned();
    let named = [
        ("JWO_PAYMENT_URL", AmazonSettings { payment_url: wrong.clone(), ..settings(good) }),
        ("JWO_FEEDBACK_URL", AmazonSettings { feedback_url: wrong.clone(), ..settings(good) }),
        ("JWO_IDENTITY_URL", AmazonSettings { identity_url: wrong, ..settings(good) }),
    ];
    for (name, settings) in named {
        let text = refusal(settings);
        assert!(text.starts_with(name) && text.contains("https://"), "{text}");
    }
}

#[tokio::test]
async fn feedback_goes_to_the_setting_as_it_is_when_that_names_the_api() {
    for (path, want) in [
        ("", "POST /v1/feedback/payment-status HTTP/1.1"),
        ("/v1/feedback/ReportPaymentRemediation", "POST /v1/feedback/ReportPaymentRemediation HTTP/1.1"),
    ] {
        let (unused, request) = amazon(json(200, "", r#"{"status":"Accepted"}"#)).await;
        let base = unused.urls.of(Api::AdjustCharge).as_str().replace("/v1/adjust/charge", "");
        let total = Money::new(1599, Currency::USD);
        let report = ReportPaymentStatus { store: store(), trip: trip(), total, settled: total, at: NOW };
        let call = client(&format!("{base}{path}")).send(NOW, &report).await;
        assert_eq!(call.outcome.unwrap(), FeedbackAnswer::Accepted);
        assert_eq!(request.await.unwrap().line, want);
    }
}

#[test]
fn no_key_is_in_what_debug_prints() {
    let settings = settings("http://127.0.0.1:4000");
    let printed = format!("{settings:?} {:?}", AmazonClient::new(&settings).unwrap());
    assert!(!printed.contains("wJalr") && !printed.contains("the-session-token"), "{printed}");
}

#[test]
fn calls_are_counted_and_timed_by_api_and_outcome() {
    let recorder = metrics_exporter_prometheus::PrometheusBuilder::new().build_recorder();
    let rendered = recorder.handle();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    metrics::with_local_recorder(&recorder, || {
        runtime.block_on(async {
            let (client, _request) = amazon(OK_EMPTY).await;
            client.send(NOW, &capture(100, Currency::USD)).await.outcome.unwrap();
            let (client, _request) = amazon(json(429, "", "")).await;
            client.send(NOW, &adjust()).await.outcome.unwrap_err();
        });
    });
    let text = rendered.render();
    for line in [
        r#"storeside_amazon_calls_total{api="capture_charge",outcome="ok"} 1"#,
        r#"storeside_amazon_calls_total{api="adjust_charge",outcome="throttled"} 1"#,
        r#"storeside_amazon_call_seconds_count{api="adjust_charge"} 1"#,
    ] {
        assert!(text.contains(line), "{line} is not in\n{text}");
    }
}

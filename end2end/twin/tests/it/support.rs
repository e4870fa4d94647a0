//! A Storeside of a few lines, and a client that signs as Storeside does.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::SystemTime,
};

use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4,
};
use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use twin::{Tap, Twin, TwinOptions};
use uuid::Uuid;

pub(crate) const STORE: &str = "TEST_STORE_001";

/// What the client signs with.
#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) key: &'static str,
    pub(crate) secret: &'static str,
}

pub(crate) const STORESIDE: Signer = Signer { key: "AKIDSTORESIDEDEMO", secret: "storeside-demo-secret" };

/// Posts a signed body; no answer at all is `None`.
pub(crate) async fn try_post(twin: &Twin, path: &str, body: &str, signer: Signer, at: SystemTime) -> Option<Reply> {
    let identity = aws_credential_types::Credentials::new(signer.key, signer.secret, None, None, "test").into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("execute-api")
        .time(at)
        .settings(SigningSettings::default())
        .build()
        .unwrap()
        .into();
    let url = format!("{}{path}", twin.url());
    let signable = SignableRequest::new("POST", &url, std::iter::empty(), SignableBody::Bytes(body.as_bytes()));
    let (instructions, _) = sign(signable.unwrap(), &params).unwrap().into_parts();
    let mut request = http::Request::post(&url).body(body.to_owned()).unwrap();
    instructions.apply_to_request_http1x(&mut request);
    let response = client().execute(request.try_into().unwrap()).await.ok()?;
    let status = response.status().as_u16();
    let retry_after = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    Some(Reply { status, retry_after, text: response.text().await.ok()? })
}

pub(crate) async fn post(twin: &Twin, path: &str, body: &Value) -> Reply {
    let reply = try_post(twin, path, &body.to_string(), STORESIDE, SystemTime::now()).await;
    reply.expect("the twin answers")
}

pub(crate) fn client() -> reqwest::Client {
    drop(rustls::crypto::ring::default_provider().install_default());
    reqwest::Client::builder().no_proxy().build().unwrap()
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// Status and `errorMsg`.
    pub(crate) fn error(&self) -> (u16, String) {
        (self.status, self.json()["errorMsg"].as_str().unwrap_or_default().to_owned())
    }
}

pub(crate) fn bad_request() -> (u16, String) {
    (400, "BadRequestException".to_owned())
}

/// A Storeside that answers from a list, or else admits everyone and takes every cart.
#[derive(Clone, Default)]
pub(crate) struct FakeStoreside {
    script: Arc<Mutex<VecDeque<(u16, Value)>>>,
    pub(crate) received: Arc<Mutex<Vec<(String, HeaderMap, Value)>>>,
}

impl FakeStoreside {
    /// Starts it and points the twin at it.
    pub(crate) async fn beside(twin: &Twin) -> Self {
        let fake = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        twin.point_at(&format!("http://{}", listener.local_addr().unwrap()));
        let router = Router::new().fallback(answer).with_state(fake.clone());
        tokio::spawn(axum::serve(listener, router).into_future());
        fake
    }

    pub(crate) fn will_answer(&self, status: u16, body: Value) {
        self.script.lock().unwrap().push_back((status, body));
    }

    pub(crate) fn bodies(&self) -> Vec<Value> {
        self.received.lock().unwrap().iter().map(|(_, _, body)| body.clone()).collect()
    }
}

async fn answer(State(fake): State<FakeStoreside>, uri: Uri, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    let path = uri.path().to_owned();
    let body = serde_json::from_slice(&body).unwrap();
    fake.received.lock().unwrap().push((path.clone(), headers, body));
    let scripted = fake.script.lock().unwrap().pop_front();
    let (status, body) = scripted.unwrap_or_else(|| match path.as_str() {
        "/v1/fraudandabuse/shopperauthorization" => (200, json!({ "shopperAuthorized": true })),
        _ => (201, json!({ "purchaseId": "purchase-1" })),
    });
    (StatusCode::from_u16(status).unwrap(), body.to_string())
}

/// A twin and a shopper with this card inside its store.
pub(crate) async fn inside(card: &str) -> (Twin, Tap) {
    let twin = Twin::start(TwinOptions::for_tests()).await.unwrap();
    FakeStoreside::beside(&twin).await;
    let tap = twin.tap(card).await.unwrap();
    assert!(tap.admitted());
    (twin, tap)
}

/// The body of an adjust or a capture, with the number as it is written.
pub(crate) fn charge(trip: Uuid, amount: &str) -> Value {
    let amount: serde_json::Number = amount.parse().unwrap();
    json!({ "storeId": STORE, "shoppingTripId": trip, "amount": { "amount": amount, "code": "USD" } })
}

pub(crate) fn trip(trip: Uuid) -> Value {
    json!({ "storeId": STORE, "shoppingTripId": trip })
}

pub(crate) const ADJUST: &str = "/v1/adjust/charge";
pub(crate) const CAPTURE: &str = "/v1/capture/charge";
pub(crate) const CANCEL: &str = "/v1/cancel/charge";
pub(crate) const REFUND: &str = "/v1/refund";
pub(crate) const TRANSACTIONAL_DATA: &str = "/v1/payment/transactional-data";
pub(crate) const PAYMENT_STATUS: &str = "/v1/feedback/payment-status";
pub(crate) const IDENTITY: &str = "/v1/identity/shopper";

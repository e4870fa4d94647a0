use std::time::Instant;

use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;

use super::*;

const PATIENCE: Patience = Patience {
    request: Duration::from_millis(1000),
    answer: Duration::from_millis(1000),
    idle: Duration::from_millis(4000),
};

/// Long after every patience of these tests.
const FAR: Duration = Duration::from_secs(20);

/// An answer that no socket buffer holds whole.
const LARGE: usize = 64 * 1024 * 1024;

async fn begin() -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<()>) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let app = Router::new()
        .route("/", get(async || "here"))
        .route("/echo", post(async |body: String| body))
        .route("/large", get(async || vec![b'x'; LARGE]))
        .route("/slow", get(async || tokio::time::sleep(PATIENCE.request / 4).await));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let serving = tokio::spawn(serve(listener, app, PATIENCE, async {
        drop(stopped.await);
    }));
    (addr, stop, serving)
}

/// Everything until the other side closes; what comes as an error is the end too.
async fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let mut all = vec![];
    let end = tokio::time::timeout(FAR, stream.read_to_end(&mut all)).await;
    assert!(end.is_ok(), "the connection was not closed");
    all
}

#[tokio::test]
async fn sec_001_who_sends_byte_by_byte_is_cut_off_and_others_are_answered_meanwhile() {
    let (addr, _stop, _) = begin().await;
    for head in
        ["", "GET / HTTP/1.1\r\nhost: a\r\nx-", "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 1000\r\n\r\n"]
    {
        let mut slow = TcpStream::connect(addr).await.unwrap();
        let begun = Instant::now();
        slow.write_all(head.as_bytes()).await.unwrap();
        let dripping = async {
            // Each byte comes well within any time limit that counts from the last one.
            while slow.write_all(if head.is_empty() { b"" } else { b"x" }).await.is_ok() && begun.elapsed() < FAR {
                let mut buf = [0; 1024];
                let heard = tokio::time::timeout(Duration::from_millis(20), slow.read(&mut buf)).await;
                if matches!(heard, Ok(Ok(0) | Err(_))) {
                    return;
                }
            }
        };
        let meanwhile = async { reqwest::get(format!("http://{addr}/")).await.unwrap().text().await.unwrap() };
        let ((), answer) = tokio::join!(dripping, meanwhile);
        assert_eq!(answer, "here");
        assert!(begun.elapsed() < FAR, "{head:?} was never cut off");
    }
}

#[tokio::test]
async fn who_does_not_take_its_answer_is_cut_off() {
    let (addr, _stop, _) = begin().await;
    let mut deaf = TcpStream::connect(addr).await.unwrap();
    deaf.write_all(b"GET /large HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    tokio::time::sleep(PATIENCE.answer * 3).await;
    assert!(read_all(&mut deaf).await.len() < LARGE, "what no buffer held was given up");
}

#[tokio::test]
async fn a_connection_is_kept_between_requests_and_not_for_ever() {
    let (addr, _stop, _) = begin().await;
    let mut kept = TcpStream::connect(addr).await.unwrap();
    for path in ["/", "/slow", "/"] {
        kept.write_all(format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n").as_bytes()).await.unwrap();
        let mut buf = [0; 4096];
        let read = kept.read(&mut buf).await.unwrap();
        assert!(buf[..read].starts_with(b"HTTP/1.1 200"), "{path}");
        // Longer than a request may take, shorter than a connection is kept.
        tokio::time::sleep(PATIENCE.request * 3 / 2).await;
    }
    assert_eq!(read_all(&mut kept).await, b"");
}

#[tokio::test]
async fn what_is_under_way_is_answered_when_the_program_is_asked_to_stop() {
    let (addr, stop, serving) = begin().await;
    let asked = tokio::spawn(reqwest::get(format!("http://{addr}/slow")));
    tokio::time::sleep(PATIENCE.request / 16).await;
    stop.send(()).unwrap();
    assert_eq!(asked.await.unwrap().unwrap().status(), 200);
    serving.await.unwrap();
    assert!(TcpStream::connect(addr).await.is_err(), "and nothing new is");
}

#[tokio::test]
async fn a_head_without_end_is_refused() {
    let (addr, _stop, _) = begin().await;
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let head = format!("GET / HTTP/1.1\r\nhost: a\r\nx-long: {}\r\n\r\n", "x".repeat(HEAD_BYTES_MAX * 2));
    drop(stream.write_all(head.as_bytes()).await);
    let mut buf = [0; 1024];
    let read = stream.read(&mut buf).await.unwrap_or(0);
    assert!(read == 0 || buf[..read].starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&buf[..read]));
}

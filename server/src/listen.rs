//! Accepting connections, and not for ever: who is slow on purpose is cut off before it can hold a place that another needs.
//!
//! A request has a time from its first byte (or from the connection) to the first byte of its answer, an answer has one in which
//! the other side must take some of it, and a connection on which nothing is asked has one to be asked again. The last is longer
//! than the minute for which load balancers keep theirs: whoever closes first while the other asks answers with an error.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;
use tower::ServiceExt;

/// Longest head of a request in bytes; what is longer is answered with 431.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Requests under way may take this long to end once the program is asked to stop.
const ENDS_WITHIN: Duration = Duration::from_secs(30);

/// After a connection could not be accepted (too many files are open, say), others get time to end.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long the other side may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// From the first byte of a request to the first byte of its answer.
    pub request: Duration,
    /// For the other side to take any of an answer.
    pub answer: Duration,
    /// For the next request on a connection.
    pub idle: Duration,
}

impl Patience {
    /// What `storeside serve` has.
    pub const DEFAULT: Self =
        Self { request: Duration::from_secs(30), answer: Duration::from_secs(30), idle: Duration::from_secs(75) };
}

/// Answers until `stop` is there; requests under way are finished.
pub async fn serve(listener: TcpListener, app: Router, patience: Patience, stop: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience.idle).max_buf_size(HEAD_BYTES_MAX);
    let open = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, peer) = tokio::select! {
            () = &mut stop => break,
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::error!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            }
        };
        // Answers are small and are sent at once.
        let _ = stream.set_nodelay(true);
        let connection = http.serve_connection(TokioIo::new(Timed::new(stream, patience)), answer(app.clone(), peer));
        let connection = open.watch(connection);
        tokio::spawn(async move {
            // Whoever is gone or cut off hears nothing, and it is no news: a scanner would fill the log.
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(ENDS_WITHIN, open.shutdown()).await.is_err() {
        tracing::warn!("requests under way did not end in time");
    }
}

/// What answers one connection's requests, each of which knows its peer.
fn answer(
    app: Router,
    peer: SocketAddr,
) -> impl Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + Send {
    service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        app.clone().oneshot(request)
    })
}

/// A connection that ends with an error once its other side has taken too long.
#[derive(Debug)]
struct Timed {
    stream: TcpStream,
    patience: Patience,
    /// Runs while a request arrives or is answered.
    asked: Option<Pin<Box<Sleep>>>,
    /// Runs while nothing of an answer is taken.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Timed {
    fn new(stream: TcpStream, patience: Patience) -> Self {
        let asked = Some(Box::pin(tokio::time::sleep(patience.request)));
        Self { stream, patience, asked, stalled: None }
    }

    /// After a write: what was waited for came, or the wait for it goes on.
    fn wrote<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            (self.asked, self.stalled) = (None, None);
            return written;
        }
        let patience = self.patience.answer;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Timed {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if read.is_ready() {
            if buf.filled().len() > before && self.asked.is_none() {
                self.asked = Some(Box::pin(tokio::time::sleep(self.patience.request)));
            }
            return read;
        }
        let Some(asked) = &mut self.asked else { return Poll::Pending };
        ready!(asked.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncWrite for Timed {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.wrote(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.wrote(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;

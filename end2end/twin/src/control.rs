//! The controls: for programs as JSON, for people as a page. Only this machine may use them.

mod json;
mod page;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{ConnectInfo, Request},
    http::StatusCode,
    middleware::{self, Next},
    response::{IntoResponse, Response},
};

use crate::world::World;

pub(crate) fn routes() -> Router<Arc<World>> {
    json::routes().merge(page::routes()).route_layer(middleware::from_fn(this_machine_only))
}

async fn this_machine_only(ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request, next: Next) -> Response {
    if is_loopback(peer) {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "the twin is controlled from its own machine only\n").into_response()
    }
}

fn is_loopback(peer: SocketAddr) -> bool {
    // A dual-stack listener sees 127.0.0.1 as ::ffff:127.0.0.1.
    peer.ip().to_canonical().is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_peers_control_the_twin() {
        let table = [
            ("127.0.0.1:9", true),
            ("[::1]:9", true),
            ("[::ffff:127.0.0.1]:9", true),
            ("192.0.2.7:9", false),
            ("[::ffff:192.0.2.7]:9", false),
        ];
        for (peer, want) in table {
            assert_eq!(is_loopback(peer.parse().unwrap()), want, "{peer}");
        }
    }
}

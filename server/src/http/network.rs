//! From which network a browser comes: what budgets are spent by, and nothing else is kept of an address.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use http::request::Parts;
use ipnet::IpNet;

/// The network of a request, such as `192.0.2.0/24`.
///
/// A peer that is a trusted proxy speaks for its client in `X-Forwarded-For`, read from the right until an address is no proxy
/// of ours: what stands left of that, anybody can have written.
pub(super) fn of(parts: &Parts, proxies: &[IpNet]) -> String {
    let Some(ConnectInfo(peer)) = parts.extensions.get::<ConnectInfo<SocketAddr>>() else {
        return "unknown".to_owned();
    };
    let is_proxy = |address: &IpAddr| proxies.iter().any(|net| net.contains(address));
    let mut client = peer.ip().to_canonical();
    let headers = parts.headers.get_all("x-forwarded-for").iter().filter_map(|it| it.to_str().ok());
    let hops: Vec<&str> = headers.flat_map(|it| it.split(',')).map(str::trim).collect();
    for hop in hops.iter().rev() {
        if !is_proxy(&client) {
            break;
        }
        let Ok(address) = hop.parse::<IpAddr>() else { break };
        client = address.to_canonical();
    }
    masked(client)
}

/// One household or office, not one device: /24, or /56.
fn masked(address: IpAddr) -> String {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let kept = v6.to_bits() >> 72 << 72;
            format!("{}/56", Ipv6Addr::from_bits(kept))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(peer: &str, forwarded: &[&str], proxies: &[&str]) -> String {
        let mut request = http::Request::builder().uri("/");
        for value in forwarded {
            request = request.header("x-forwarded-for", *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 1)));
        let proxies: Vec<IpNet> = proxies.iter().map(|it| it.parse().unwrap()).collect();
        of(&parts, &proxies)
    }

    #[test]
    fn without_a_trusted_proxy_the_header_means_nothing() {
        assert_eq!(network("192.0.2.7", &["198.51.100.1"], &[]), "192.0.2.0/24");
    }

    #[test]
    fn a_trusted_proxy_speaks_for_its_client_and_the_client_for_nobody() {
        let proxies = ["10.0.0.0/8"];
        assert_eq!(network("10.0.0.1", &["203.0.113.9, 198.51.100.1"], &proxies), "198.51.100.0/24");
        assert_eq!(network("10.0.0.1", &["198.51.100.1", "10.0.0.2"], &proxies), "198.51.100.0/24");
        assert_eq!(network("10.0.0.1", &["nonsense"], &proxies), "10.0.0.0/24");
    }

    #[test]
    fn a_household_is_one_network() {
        assert_eq!(network("2001:db8:1:2203::5", &[], &[]), "2001:db8:1:2200::/56");
        assert_eq!(network("::ffff:192.0.2.7", &[], &[]), "192.0.2.0/24");
    }
}

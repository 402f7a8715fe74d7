//! The client's address, through proxies that are trusted.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use http::HeaderMap;

/// A block of addresses: `10.0.0.0/8`, `::1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u32,
}

/// Text that is not a block of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidNetwork;

impl fmt::Display for InvalidNetwork {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not an IP address with an optional prefix length, such as 10.0.0.0/8")
    }
}

impl std::error::Error for InvalidNetwork {}

impl FromStr for Network {
    type Err = InvalidNetwork;

    fn from_str(text: &str) -> Result<Self, InvalidNetwork> {
        let (address, prefix) =
            text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| InvalidNetwork)?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(width), |prefix| prefix.parse().map_err(|_| InvalidNetwork))?;
        if prefix > width { Err(InvalidNetwork) } else { Ok(Self { address, prefix }) }
    }
}

impl Network {
    /// Whether the address is in the block.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                let differ = ours.to_bits() ^ theirs.to_bits();
                differ.checked_shr(32 - self.prefix).unwrap_or_default() == 0
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => {
                let differ = ours.to_bits() ^ theirs.to_bits();
                differ.checked_shr(128 - self.prefix).unwrap_or_default() == 0
            }
            _ => false,
        }
    }
}

/// Who really calls: the peer, or, behind trusted proxies, the nearest address that is none of them.
pub(crate) fn client(peer: SocketAddr, headers: &HeaderMap, trusted: &[Network]) -> SocketAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut client = SocketAddr::new(peer.ip().to_canonical(), peer.port());
    let lists: Vec<_> =
        headers.get_all("x-forwarded-for").iter().map(|list| list.to_str().unwrap_or_default()).collect();
    for hop in lists.iter().rev().flat_map(|list| list.rsplit(',')) {
        if !is_trusted(client.ip()) {
            break;
        }
        let Some(address) = parse(hop.trim()) else { break };
        client = SocketAddr::new(address.to_canonical(), 0);
    }
    client
}

fn parse(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    bare.parse().ok().or_else(|| hop.parse().ok().map(|address: SocketAddr| address.ip()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client_of(peer: &str, forwarded: &[&'static str]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()];
        let headers =
            forwarded.iter().map(|list| ("x-forwarded-for".parse().unwrap(), HeaderValue::from_static(list)));
        client(peer.parse().unwrap(), &headers.collect(), &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(client_of("8.8.8.8:1", &["1.2.3.4"]), "8.8.8.8:1");
        assert_eq!(client_of("10.1.1.1:1", &["1.2.3.4"]), "1.2.3.4:0");
        assert_eq!(client_of("[::ffff:10.1.1.1]:1", &["1.2.3.4"]), "1.2.3.4:0");
        assert_eq!(client_of("[::1]:1", &[]), "[::1]:1");
    }

    #[test]
    fn the_nearest_address_that_is_no_proxy_counts() {
        assert_eq!(client_of("10.0.0.1:1", &["6.6.6.6, 1.2.3.4, 10.0.0.2"]), "1.2.3.4:0");
        assert_eq!(client_of("10.0.0.1:1", &["6.6.6.6", "1.2.3.4:99"]), "1.2.3.4:0");
        assert_eq!(client_of("10.0.0.1:1", &["1.2.3.4, nonsense"]), "10.0.0.1:1");
        assert_eq!(client_of("10.0.0.1:1", &["[2001:db8::1]"]), "[2001:db8::1]:0");
    }

    #[test]
    fn a_network_is_an_address_and_a_prefix() {
        assert!("0.0.0.0/0".parse::<Network>().unwrap().contains("9.9.9.9".parse().unwrap()));
        assert!(!"10.0.0.0/31".parse::<Network>().unwrap().contains("10.0.0.2".parse().unwrap()));
        for text in ["", "10.0.0.0/33", "10.0.0/8", "::/129", "1.2.3.4/", "1.2.3.4/-1"] {
            assert_eq!(text.parse::<Network>(), Err(InvalidNetwork), "{text}");
        }
    }
}

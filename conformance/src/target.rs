//! The deployment under test: where it is and what its operator declares of it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use http::Uri;

use crate::door::{Door, Trust};

/// Something that not every deployment can show, so that scenarios which need it are skipped without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Capability {
    /// Access tokens expire within a minute (`access-ttl=SECONDS`, or found out by itself).
    ShortAccessTokens,
    /// Two addresses of the same door are two replicas of one deployment.
    Replicas,
    /// A command restarts the deployment (`--restart-command COMMAND`).
    Restart,
    /// The operator wants load (`load=PAIRSxMESSAGES`).
    Load,
    /// The run may take minutes of silence (`slow`).
    Slow,
    /// There is a REST door.
    Rest,
    /// There is a gRPC door.
    Grpc,
}

impl Capability {
    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ShortAccessTokens => "access-ttl",
            Self::Replicas => "replicas",
            Self::Restart => "restart-command",
            Self::Load => "load",
            Self::Slow => "slow",
            Self::Rest => "rest",
            Self::Grpc => "grpc",
        }
    }

    /// Those that are declared by `--capability`.
    pub const DECLARED: [Self; 3] = [Self::ShortAccessTokens, Self::Load, Self::Slow];
}

impl fmt::Display for Capability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The deployment under test.
#[derive(Debug, Clone, Default)]
pub struct Target {
    grpc: Vec<String>,
    rest: Vec<String>,
    trust: Option<Trust>,
    declared: BTreeMap<Capability, String>,
}

impl Target {
    /// A deployment with these addresses, each like `http://127.0.0.1:8080` or `https://messenger.example`; several are replicas.
    #[must_use]
    pub fn new(grpc: &[String], rest: &[String]) -> Self {
        let complete = |address: &String| {
            let address = address.trim_end_matches('/');
            if address.contains("://") { address.to_owned() } else { format!("http://{address}") }
        };
        Self {
            grpc: grpc.iter().map(complete).collect(),
            rest: rest.iter().map(complete).collect(),
            trust: None,
            declared: BTreeMap::new(),
        }
    }

    /// With the authorities whose certificates are believed.
    #[must_use]
    pub fn trusting(mut self, trust: Trust) -> Self {
        self.trust = Some(trust);
        self
    }

    /// The authorities whose certificates are believed; without any, no address that speaks TLS can be reached.
    #[must_use]
    pub const fn trust(&self) -> Option<&Trust> {
        self.trust.as_ref()
    }

    /// Whether an address speaks TLS.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.grpc.iter().chain(&self.rest).any(|address| address.starts_with("https://"))
    }

    /// Declares a capability.
    pub fn declare(&mut self, capability: Capability, value: &str) {
        self.declared.insert(capability, value.to_owned());
    }

    /// The addresses of a door.
    #[must_use]
    pub fn addresses(&self, door: Door) -> &[String] {
        match door {
            Door::Grpc => &self.grpc,
            Door::Rest => &self.rest,
        }
    }

    /// The doors that have an address.
    #[must_use]
    pub fn doors(&self) -> Vec<Door> {
        Door::ALL.into_iter().filter(|door| !self.addresses(*door).is_empty()).collect()
    }

    /// Whether a scenario that needs it can run through this door.
    #[must_use]
    pub fn has(&self, capability: Capability, door: Door) -> bool {
        match capability {
            Capability::Rest => door == Door::Rest,
            Capability::Grpc => door == Door::Grpc,
            Capability::Replicas => self.addresses(door).len() > 1,
            declared => self.declared.contains_key(&declared),
        }
    }

    /// What was declared with a capability.
    #[must_use]
    pub fn value(&self, capability: Capability) -> Option<&str> {
        self.declared.get(&capability).map(String::as_str)
    }

    /// Whether every address is this machine's own.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        self.grpc.iter().chain(&self.rest).all(|address| is_loopback(address))
    }
}

fn is_loopback(address: &str) -> bool {
    let host = address.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned)).unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_loopback() {
        for (address, expected) in [
            ("127.0.0.1:8080", true),
            ("http://[::1]:8080", true),
            ("localhost:1", true),
            ("127.0.0.1.example.org:80", false),
            ("10.0.0.1:80", false),
        ] {
            assert_eq!(Target::new(&[address.to_owned()], &[]).is_loopback(), expected, "{address}");
        }
    }
}

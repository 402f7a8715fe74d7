//! Servers and credentials in one URL.

use async_nats::ServerAddr;
use percent_encoding::percent_decode_str;

/// The URL is none of NATS servers. No text says more of it, for it holds a password.
#[derive(Debug, thiserror::Error)]
#[error("this is no URL of NATS servers: nats://user:password@host:port,host:port is one")]
pub struct InvalidUrl;

/// Where to connect, and as whom.
pub(crate) struct Servers {
    /// Without credentials: addresses are logged.
    pub(crate) addresses: Vec<ServerAddr>,
    pub(crate) credentials: Option<Credentials>,
}

/// A user and a password; never printed.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: String,
}

impl Servers {
    pub(crate) fn parse(url: &str) -> Result<Self, InvalidUrl> {
        let (scheme, rest) = url.split_once("://").ok_or(InvalidUrl)?;
        if !["nats", "tls"].contains(&scheme) {
            return Err(InvalidUrl);
        }
        let mut servers = Self { addresses: Vec::new(), credentials: None };
        for server in rest.split(',') {
            let server = server.strip_prefix(&format!("{scheme}://")).unwrap_or(server);
            let address: ServerAddr = format!("{scheme}://{server}").parse().map_err(|_| InvalidUrl)?;
            if address.host().is_empty() {
                return Err(InvalidUrl);
            }
            let credentials = credentials(&address)?;
            let mut address = address.into_inner();
            // Whatever follows the port is a mistake: another scheme, or what other clients mean by it.
            if !["", "/"].contains(&address.path()) || address.query().or(address.fragment()).is_some() {
                return Err(InvalidUrl);
            }
            if servers.addresses.is_empty() {
                servers.credentials = credentials;
            } else if credentials.is_some() && credentials != servers.credentials {
                return Err(InvalidUrl);
            }
            let stripped = address.set_username("").and_then(|()| address.set_password(None));
            stripped.map_err(|()| InvalidUrl)?;
            servers.addresses.push(ServerAddr::from_url(address).map_err(|_| InvalidUrl)?);
        }
        Ok(servers)
    }
}

fn credentials(address: &ServerAddr) -> Result<Option<Credentials>, InvalidUrl> {
    let decode = |text: &str| {
        percent_decode_str(text).decode_utf8().map(std::borrow::Cow::into_owned).map_err(|_| InvalidUrl)
    };
    match (address.username(), address.password()) {
        (None, None) => Ok(None),
        (Some(user), Some(password)) => {
            Ok(Some(Credentials { user: decode(user)?, password: decode(password)? }))
        }
        _ => Err(InvalidUrl),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_share_one_scheme_and_one_user() {
        let servers = Servers::parse("nats://me:p%40ss@a:4222,b:5000,me:p%40ss@c").unwrap();
        let addresses: Vec<_> =
            servers.addresses.iter().map(|address| (address.host(), address.port())).collect();
        assert_eq!(addresses, [("a", 4222), ("b", 5000), ("c", 4222)]);
        assert!(servers.addresses.iter().all(|address| !address.as_url_str().contains("p%40ss")));
        let credentials = servers.credentials.unwrap();
        assert_eq!((credentials.user.as_str(), credentials.password.as_str()), ("me", "p@ss"));
        let servers = Servers::parse("tls://[::1]:4,tls://b").unwrap();
        assert!(servers.addresses.iter().all(ServerAddr::tls_required));
        assert!(servers.credentials.is_none());
    }

    #[test]
    fn anything_else_is_refused_and_its_password_kept() {
        for url in [
            "",
            "host:4222",
            "http://host",
            "ws://host",
            "nats://",
            "nats://a,",
            "nats://a:port",
            "nats://token@a",
            "nats://me:hunter2@a,you:hunter2@b",
            "nats://me:hunter2@a,me:hunter3@b",
            "nats://a,me:hunter2@b",
            "nats://a,tls://b",
            "nats://a/path",
            "nats://a?tls=true",
        ] {
            let Err(error) = Servers::parse(url) else { panic!("{url:?} is taken") };
            assert!(!format!("{error} {error:?}").contains("hunter"), "{error:?}");
        }
    }
}

//! Connections to servers, as tonic's channels ask for them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use http::uri::Scheme;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tower::{Service, ServiceExt as _};

use crate::HTTP2;
use crate::client::ClientTls;
use crate::stream::Stream;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How to connect, and when to give up on a peer that is silent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectSettings {
    /// How long everything may take: the look-up of the name, TCP, the handshake.
    pub patience: Duration,
    /// After how long a silence the system asks whether the peer is still there, and how often after that.
    pub keep_alive: Option<Duration>,
    /// How long what was sent may remain unacknowledged (`TCP_USER_TIMEOUT`); the system's own, some 15 minutes,
    /// without. Only Linux knows it.
    pub user_timeout: Option<Duration>,
}

impl Default for ConnectSettings {
    /// 5 seconds to connect; a peer that is gone is noticed in about 20.
    fn default() -> Self {
        Self {
            patience: Duration::from_secs(5),
            keep_alive: Some(Duration::from_secs(10)),
            user_timeout: Some(Duration::from_secs(20)),
        }
    }
}

/// Connects by HTTP/2 to `http://` and `https://` URIs.
///
/// It is for `connect_with_connector_lazy` of tonic's `Endpoint`, in place of tonic's own TLS, which cannot read its
/// certificates again; tonic's TLS features have to be off, or it refuses `https://` itself. HTTP/2 keep-alive and the
/// deadlines of calls are the `Endpoint`'s own matter. Each connection looks up its host's name anew, and tries all its
/// addresses.
#[derive(Debug, Clone)]
pub struct Connector {
    tcp: HttpConnector,
    tls: Option<ClientTls>,
    patience: Duration,
}

/// A server cannot be connected to.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// It took too long.
    #[error("the server did not answer in time")]
    TimedOut,
    /// There is no such host, or it refuses connections.
    #[error("the server cannot be reached")]
    Unreachable(#[source] BoxError),
    /// The scheme is `https`, and there is no TLS.
    #[error("the address asks for TLS, which is not set up")]
    NoTls,
    /// The host is neither a DNS name nor an IP address.
    #[error("the address names no host that a certificate could be for")]
    NoHost,
    /// The handshake failed: one end does not accept the other's certificate, say.
    #[error("the TLS handshake failed")]
    Handshake(#[source] io::Error),
    /// The handshake did not lead to HTTP/2.
    #[error("the server does not speak HTTP/2 over TLS")]
    NoHttp2,
}

impl Connector {
    /// Connects without TLS, to `http://` alone.
    #[must_use]
    pub fn new(settings: &ConnectSettings) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        // Divided among a name's addresses, so that one that is silent leaves time for the others.
        tcp.set_connect_timeout(Some(settings.patience));
        tcp.set_keepalive(settings.keep_alive);
        tcp.set_keepalive_interval(settings.keep_alive);
        #[cfg(target_os = "linux")]
        tcp.set_tcp_user_timeout(settings.user_timeout);
        Self { tcp, tls: None, patience: settings.patience }
    }

    /// Connects with TLS to `https://`.
    #[must_use]
    pub fn with_tls(self, tls: ClientTls) -> Self {
        Self { tls: Some(tls), ..self }
    }

    async fn connect(self, uri: Uri) -> Result<Stream, ConnectError> {
        let encrypted = uri.scheme() == Some(&Scheme::HTTPS);
        let tls = match (encrypted, self.tls) {
            (false, _) => None,
            (true, Some(tls)) => Some((tls, server_name(&uri)?)),
            (true, None) => return Err(ConnectError::NoTls),
        };
        let connected = self.tcp.oneshot(uri).await;
        let socket = connected.map_err(|error| ConnectError::Unreachable(error.into()))?.into_inner();
        match tls {
            Some((tls, name)) => shake_hands(&tls, name, socket).await,
            None => Ok(Stream::Plaintext(socket)),
        }
    }
}

fn server_name(uri: &Uri) -> Result<ServerName<'static>, ConnectError> {
    let host = uri.host().unwrap_or_default();
    // An IPv6 address stands in brackets.
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    ServerName::try_from(host.to_owned()).map_err(|_| ConnectError::NoHost)
}

async fn shake_hands(
    tls: &ClientTls,
    name: ServerName<'static>,
    socket: TcpStream,
) -> Result<Stream, ConnectError> {
    let connected = TlsConnector::from(tls.config()).connect(name, socket).await;
    let stream = connected.map_err(ConnectError::Handshake)?;
    if stream.get_ref().1.alpn_protocol() != Some(HTTP2) {
        return Err(ConnectError::NoHttp2);
    }
    Ok(Stream::Tls(Box::new(stream.into())))
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connector, patience) = (self.clone(), self.patience);
        Box::pin(async move {
            match tokio::time::timeout(patience, connector.connect(uri)).await {
                Ok(connected) => connected.map(TokioIo::new),
                Err(_) => Err(ConnectError::TimedOut),
            }
        })
    }
}

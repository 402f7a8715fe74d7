//! A listener whose configuration says whether it does TLS.

use std::io;

use duologue_listener::Acceptor;
use http::Extensions;
use tokio::net::TcpStream;

use crate::server::ServerTls;
use crate::stream::Stream;

/// Whether a listener does TLS.
#[derive(Debug, Clone)]
pub enum Security {
    /// It does not.
    Plaintext,
    /// It does.
    Tls(ServerTls),
}

impl Acceptor for Security {
    type Stream = Stream;

    async fn accept(&self, socket: TcpStream) -> io::Result<Stream> {
        match self {
            Self::Plaintext => Ok(Stream::Plaintext(socket)),
            Self::Tls(tls) => Ok(Stream::Tls(Box::new(tls.accept(socket).await?.into()))),
        }
    }

    /// The peer's [`PeerIdentity`](crate::PeerIdentity), if it showed a certificate.
    fn proven(stream: &Stream) -> Extensions {
        match stream {
            Stream::Plaintext(_) => Extensions::new(),
            Stream::Tls(stream) => crate::peer::proven(stream.get_ref().1),
        }
    }
}

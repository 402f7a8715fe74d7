//! The accept loop, and a drain that ends in time.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use http::Extensions;
use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::connection::{Answer, Connection};
use crate::{Drain, ListenerConfig};

/// How long to wait after the system refused a connection (out of file descriptors, say).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Makes a connection out of an accepted socket: plaintext, or whatever a handshake leads to.
pub trait Acceptor: Send + Sync + 'static {
    /// The connection to serve.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Shakes hands. The listener gives up on peers that take too long.
    fn accept(&self, socket: TcpStream) -> impl Future<Output = io::Result<Self::Stream>> + Send;

    /// What the handshake proved of the peer, for the extensions of each of its requests; nothing by default.
    fn proven(_stream: &Self::Stream) -> Extensions {
        Extensions::new()
    }
}

/// No encryption.
#[derive(Debug, Clone, Copy, Default)]
pub struct Plaintext;

impl Acceptor for Plaintext {
    type Stream = TcpStream;

    async fn accept(&self, socket: TcpStream) -> io::Result<TcpStream> {
        Ok(socket)
    }
}

/// Serves until `shutdown`, then drains; returns at the latest `hard_deadline` after that, whatever peers do.
///
/// After `shutdown` no new connection is accepted, and peers are asked to leave once their calls have ended. Who has
/// not left by the deadline is cut off. Each request carries [`crate::Ends`] in its extensions, and what its peer's
/// handshake proved ([`Acceptor::proven`]).
pub async fn serve<A: Acceptor, S: Answer>(
    listener: TcpListener,
    acceptor: A,
    service: S,
    config: ListenerConfig,
    shutdown: impl Future<Output = ()> + Send,
    hard_deadline: Duration,
) {
    let acceptor = Arc::new(acceptor);
    let guests = Guests::new(config.door);
    let closing = Drain::new();
    let mut connections = JoinSet::new();
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let accepted = tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "no connection can be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let full = connections.len() >= config.connections;
        let Some(guest) = guests.admit(peer, config.connections_per_address).filter(|_| !full) else {
            tracing::debug!("a connection too many was closed");
            continue;
        };
        let connection = Connection::new(service.clone(), &config, closing.clone(), &socket, peer);
        let (acceptor, patience) = (acceptor.clone(), config.handshake);
        connections.spawn(async move {
            let _guest = guest;
            match tokio::time::timeout(patience, acceptor.accept(socket)).await {
                Ok(Ok(stream)) => {
                    let proven = A::proven(&stream);
                    connection.serve(stream, proven).await;
                }
                Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
                Err(_) => tracing::debug!("a handshake took too long"),
            }
        });
    }
    drop(listener);
    closing.begin();
    let emptied = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(hard_deadline, emptied).await.is_err() {
        tracing::warn!(connections = connections.len(), "connections that did not leave are cut off");
        connections.shutdown().await;
    }
}

/// Counts the open connections of each address.
#[derive(Debug, Clone)]
struct Guests {
    door: &'static str,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One open connection, counted until it is dropped.
struct Guest {
    guests: Guests,
    address: IpAddr,
}

impl Guests {
    fn new(door: &'static str) -> Self {
        Self { door, open: Arc::default() }
    }

    fn admit(&self, peer: SocketAddr, limit: usize) -> Option<Guest> {
        let address = peer.ip().to_canonical();
        let mut open = self.open.lock();
        let count = open.get(&address).copied().unwrap_or(0);
        if count >= limit {
            return None;
        }
        open.insert(address, count + 1);
        metrics::gauge!("duologue_connections", "door" => self.door).increment(1.0);
        Some(Guest { guests: self.clone(), address })
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        metrics::gauge!("duologue_connections", "door" => self.guests.door).decrement(1.0);
        let mut open = self.guests.open.lock();
        match open.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                open.remove(&self.address);
            }
        }
    }
}

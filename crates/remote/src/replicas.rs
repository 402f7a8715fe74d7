//! One service, several replicas of it.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{Request, Response, Uri};
use tonic::body::Body;
use tonic::transport::{Channel, Endpoint, Error};
use tower::{Service, ServiceExt as _};

/// How long a replica that could not be reached is passed over while there are others, in milliseconds.
const REST: u64 = 1_000;

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(2);

/// How often a silent replica is asked whether it is still there, and how long it may take to say so.
const KEEP_ALIVE: Duration = Duration::from_secs(2);

/// The text is no address of a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the address of a service: http://host:port or https://host:port")]
pub struct InvalidUrl(String);

/// How a replica at this address is reached: HTTP/2 whose silence is noticed within four seconds.
///
/// # Errors
/// When the text is no `http` or `https` URL without a path.
pub fn endpoint(url: &str) -> Result<Endpoint, InvalidUrl> {
    let invalid = || InvalidUrl(url.to_owned());
    let uri: Uri = url.parse().map_err(|_| invalid())?;
    let is_plain = uri.path() == "/" && uri.query().is_none();
    if !matches!(uri.scheme_str(), Some("http" | "https")) || !is_plain {
        return Err(invalid());
    }
    Ok(Endpoint::from(uri)
        .connect_timeout(CONNECT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .keep_alive_while_idle(true))
}

/// A connection to whichever replica of a service has the fewest calls that wait for an answer.
///
/// A replica that cannot be reached is passed over for a second, unless no other is left.
#[derive(Clone)]
pub struct Replicas {
    shared: Arc<Shared>,
}

struct Shared {
    replicas: Vec<Replica>,
    turn: AtomicUsize,
    start: Instant,
}

struct Replica {
    /// Used in turn: one HTTP/2 connection carries only so many streams as the other end allows.
    channels: Vec<Channel>,
    turn: AtomicUsize,
    waiting: Arc<AtomicUsize>,
    /// Milliseconds after the start.
    rests_until: AtomicU64,
}

/// A call that waits, counted until it is dropped.
struct Waiting(Arc<AtomicUsize>);

impl Waiting {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count.clone())
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Replicas {
    /// A connection to the service behind these replicas, each of which has at least one channel.
    #[must_use]
    pub fn new(replicas: impl IntoIterator<Item = Vec<Channel>>) -> Self {
        let replica = |channels| Replica {
            channels,
            turn: AtomicUsize::new(0),
            waiting: Arc::default(),
            rests_until: AtomicU64::new(0),
        };
        let replicas =
            replicas.into_iter().map(replica).filter(|replica| !replica.channels.is_empty()).collect();
        Self { shared: Arc::new(Shared { replicas, turn: AtomicUsize::new(0), start: Instant::now() }) }
    }
}

impl Shared {
    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The replica to call: of those that do not rest the one with the fewest calls that wait, in turn among equals.
    fn choose(&self) -> Option<usize> {
        let (count, now) = (self.replicas.len(), self.now());
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let in_turn = (0..count).map(|offset| turn.wrapping_add(offset) % count);
        in_turn.min_by_key(|&index| {
            let replica = &self.replicas[index];
            let rests_until = replica.rests_until.load(Ordering::Relaxed);
            // Of those that all rest, the one that has rested longest.
            (rests_until.max(now), replica.waiting.load(Ordering::Relaxed))
        })
    }
}

impl Service<Request<Body>> for Replicas {
    type Response = Response<Body>;
    type Error = Unreachable;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Unreachable>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Unreachable>> {
        // Which channel has to be ready is known only with the call.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let shared = self.shared.clone();
        Box::pin(async move {
            let index = shared.choose().ok_or(Unreachable(None))?;
            let replica = &shared.replicas[index];
            let _waiting = Waiting::new(&replica.waiting);
            let turn = replica.turn.fetch_add(1, Ordering::Relaxed);
            let channel = replica.channels[turn % replica.channels.len()].clone();
            let outcome = channel.oneshot(request).await;
            let rests_until = if outcome.is_ok() { 0 } else { shared.now().saturating_add(REST) };
            replica.rests_until.store(rests_until, Ordering::Relaxed);
            outcome.map_err(|error| Unreachable(Some(error)))
        })
    }
}

/// No replica could be called.
#[derive(Debug, thiserror::Error)]
#[error("the service cannot be reached")]
pub struct Unreachable(#[source] Option<Error>);

impl fmt::Debug for Replicas {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Replicas").field("count", &self.shared.replicas.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_scheme_a_host_and_a_port() {
        for good in ["http://127.0.0.1:50051", "https://chat.internal:443", "http://[::1]:1"] {
            assert!(endpoint(good).is_ok(), "{good}");
        }
        for bad in
            ["", "127.0.0.1:50051", "chat", "ftp://a:1", "http://a:1/path", "http://a:1?q=1", "http://"]
        {
            assert!(endpoint(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn the_replica_with_the_fewest_waiting_calls_is_chosen_and_one_that_rests_last() {
        let channel = || vec![endpoint("http://127.0.0.1:1").unwrap().connect_lazy()];
        let replicas = Replicas::new([channel(), channel(), channel()]);
        let shared = &replicas.shared;
        let chosen: Vec<_> = (0..3).filter_map(|_| shared.choose()).collect();
        assert_eq!(chosen, [0, 1, 2], "in turn among equals");
        let waiting = Waiting::new(&shared.replicas[0].waiting);
        shared.replicas[1].rests_until.store(u64::MAX, Ordering::Relaxed);
        for _ in 0..3 {
            assert_eq!(shared.choose(), Some(2));
        }
        shared.replicas[2].rests_until.store(u64::MAX - 1, Ordering::Relaxed);
        assert_eq!(shared.choose(), Some(0), "busy is better than gone");
        drop(waiting);
        shared.replicas[0].rests_until.store(u64::MAX - 2, Ordering::Relaxed);
        assert_eq!(shared.choose(), Some(0), "when all rest, the one that comes back first");
    }
}

//! Drives a feed into the answer of a call, until something ends it.
//!
//! A stream holds one page of what it has read and not yet delivered, and reads the next only when that is gone: who
//! reads slowly holds little, and slows nobody.

use std::time::Duration;

use duologue_domain::Environment;
use duologue_domain::auth::error::AuthenticateError;
use duologue_domain::auth::{Caller, Revocations, SessionEnd};
use duologue_listener::Drain;
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt as _};
use tokio::time::Instant;
use tonic::Status;
use tracing::Instrument as _;

use crate::entry::{Measure, unharmed};
use crate::status::Refusal;

/// The answer of a streaming RPC.
pub(crate) type Messages<T> = BoxStream<'static, Result<T, Status>>;

/// A source of records, in pages, for as long as somebody listens.
pub(crate) trait Feed: Send + 'static {
    /// What the domain delivers.
    type Record: Send + 'static;
    /// What the contract calls it.
    type Message: Send + 'static;

    /// The next records, at least one. Waits for as long as there is none.
    fn next(&mut self) -> impl Future<Output = Result<Vec<Self::Record>, Refusal>> + Send;

    /// A record in the contract's words.
    fn message(record: Self::Record) -> Self::Message;
}

/// All that ends a stream which would go on by itself.
pub(crate) struct Ending {
    pub(crate) session: SessionEnd,
    pub(crate) revocations: Revocations,
    pub(crate) caller: Caller,
    pub(crate) drain: Drain,
    pub(crate) environment: Environment,
    /// The client's own deadline, if it set one.
    pub(crate) deadline: Option<Instant>,
    /// How long to wait at most before the clock is looked at again: it may have jumped.
    pub(crate) check: Duration,
}

impl Ending {
    /// Refuses once something has ended the stream.
    pub(crate) fn not_yet(&self) -> Result<(), Refusal> {
        if self.revocations.has_ended(self.caller.session_id) {
            return Err(AuthenticateError::SessionRevoked.into());
        }
        if self.environment.now() >= self.caller.expire_time {
            return Err(AuthenticateError::TokenExpired.into());
        }
        if self.drain.has_begun() {
            return Err(Refusal::draining());
        }
        if self.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(Refusal::deadline_exceeded());
        }
        Ok(())
    }

    /// Waits until something ends the stream.
    async fn comes(&mut self) -> Refusal {
        loop {
            if let Err(refusal) = self.not_yet() {
                return refusal;
            }
            let expiry = self.caller.expire_time.since(self.environment.now());
            let mut look = Instant::now() + expiry.min(self.check).max(Duration::from_millis(1));
            if let Some(deadline) = self.deadline {
                look = look.min(deadline);
            }
            tokio::select! {
                () = self.session.ended() => {}
                () = self.drain.begun() => {}
                () = tokio::time::sleep_until(look) => {}
            }
        }
    }
}

/// A stream that is open.
pub(crate) struct Live<F: Feed> {
    feed: F,
    page: std::vec::IntoIter<F::Record>,
    ending: Ending,
    measure: Measure,
    over: bool,
}

impl<F: Feed> Live<F> {
    pub(crate) fn new(feed: F, ending: Ending, measure: Measure) -> Self {
        Self { feed, page: Vec::new().into_iter(), ending, measure, over: false }
    }

    /// The messages, until the stream ends with a status.
    pub(crate) fn into_messages(self, span: tracing::Span) -> Messages<F::Message> {
        self.messages(span).boxed()
    }

    fn messages(self, span: tracing::Span) -> impl Stream<Item = Result<F::Message, Status>> {
        stream::unfold(Box::new(self), move |mut live| {
            let advance = async move {
                if live.over {
                    return None;
                }
                let message = match live.next().await {
                    Ok(record) => Ok(F::message(record)),
                    Err(refusal) => {
                        live.over = true;
                        live.measure.ended(refusal.code());
                        Err(refusal.into_status())
                    }
                };
                Some((message, live))
            };
            advance.instrument(span.clone())
        })
    }

    async fn next(&mut self) -> Result<F::Record, Refusal> {
        self.ending.not_yet()?;
        loop {
            if let Some(record) = self.page.next() {
                return Ok(record);
            }
            tokio::select! {
                biased;
                refusal = self.ending.comes() => return Err(refusal),
                page = unharmed(self.feed.next()) => self.page = page?.into_iter(),
            }
        }
    }
}

//! What every call passes, through whichever door it came.
//!
//! In this order: request id and span, credential, rate limit; then the binding parses the arguments and calls the use
//! case, under a deadline and so that a panic is one failed call; then the code is held against the contract, counted,
//! and answered.

mod arrival;
mod credential;
mod measure;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use duologue_contract::Rpc;
use duologue_domain::Environment;
use duologue_domain::auth::{Authenticator, Caller, ServiceTokenVerifier};
use duologue_listener::Drain;
use futures::FutureExt as _;
use tonic::metadata::MetadataMap;
use tonic::{Request, Response, Status};
use tracing::Instrument as _;

pub(crate) use credential::bearer;
pub(crate) use measure::Measure;

use crate::access::{Access, access};
use crate::limits::{Account, Limiters, Limits, Slots};
use crate::status::Refusal;
use crate::stream::{Ending, Feed, Live, Messages};
use arrival::Arrival;
use measure::Undeclared;

/// What an entry is to be like.
#[derive(Clone)]
pub struct EntryConfig {
    /// How much one user, and one address, may ask for.
    pub limits: Limits,
    /// How long a unary call may take if the client does not say; streams have no end of their own.
    pub default_deadline: Duration,
    /// How often an open stream looks at the clock, at most: so late it may notice that its token has expired.
    pub stream_check: Duration,
    /// Proves the gateways of the deployment, whose `x-forwarded-for` is believed; none: nobody's is.
    pub gateways: Option<Arc<dyn ServiceTokenVerifier>>,
}

impl std::fmt::Debug for EntryConfig {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("EntryConfig")
            .field("limits", &self.limits)
            .field("default_deadline", &self.default_deadline)
            .field("stream_check", &self.stream_check)
            .finish_non_exhaustive()
    }
}

impl Default for EntryConfig {
    /// Generous limits, 10 seconds for a call.
    fn default() -> Self {
        Self {
            limits: Limits::development(),
            default_deadline: Duration::from_secs(10),
            stream_check: Duration::from_secs(5),
            gateways: None,
        }
    }
}

/// What every call passes. Clones are one and the same entry.
#[derive(Clone)]
pub struct Entry {
    shared: Arc<Shared>,
}

struct Shared {
    authenticator: Authenticator,
    environment: Environment,
    config: EntryConfig,
    limiters: Limiters,
    slots: Slots,
    drain: Drain,
    undeclared: Undeclared,
}

/// What a use case may know of the call besides its message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    caller: Option<Caller>,
    address: Option<IpAddr>,
}

impl Call {
    /// Who calls. Only a public RPC has nobody, and asks for nobody.
    pub(crate) fn caller(&self) -> Result<Caller, Refusal> {
        self.caller.ok_or_else(|| {
            tracing::error!("a public RPC asks for its caller");
            Refusal::internal()
        })
    }
}

impl Entry {
    /// An entry that proves callers with `authenticator`.
    #[must_use]
    pub fn new(authenticator: Authenticator, environment: Environment, config: EntryConfig) -> Self {
        let (limiters, slots) = (Limiters::new(&config.limits), Slots::new(config.limits.streams_per_user));
        let (drain, undeclared) = (Drain::new(), Undeclared::default());
        let shared = Shared { authenticator, environment, config, limiters, slots, drain, undeclared };
        Self { shared: Arc::new(shared) }
    }

    /// The signal that ends all streams.
    #[must_use]
    pub fn drain(&self) -> &Drain {
        &self.shared.drain
    }

    /// How many calls were answered with a code that their RPC does not declare. Each is a bug.
    #[must_use]
    pub fn undeclared_codes(&self) -> u64 {
        self.shared.undeclared.count()
    }

    /// How many streams are open.
    #[must_use]
    pub fn open_streams(&self) -> usize {
        self.shared.slots.open()
    }

    /// Whether the credential in `metadata` opens `rpc`; nothing is counted against any limit.
    ///
    /// For a door that parses before it calls, so that a bad credential is told before a bad argument.
    pub async fn admit(&self, rpc: Rpc, metadata: &MetadataMap) -> Result<(), Status> {
        self.authenticate(rpc, metadata).await.map(drop).map_err(Refusal::into_status)
    }

    async fn authenticate(&self, rpc: Rpc, metadata: &MetadataMap) -> Result<Option<Caller>, Refusal> {
        let authenticator = &self.shared.authenticator;
        match access(rpc) {
            Access::Public => Ok(None),
            Access::Leaving => {
                Ok(Some(authenticator.authenticate_leaving(credential::bearer(metadata)?).await?))
            }
            Access::SignedIn(_) => Ok(Some(authenticator.authenticate(credential::bearer(metadata)?).await?)),
        }
    }

    /// Proves the caller, and counts the call against the limit of whom it belongs to.
    async fn receive(
        &self,
        rpc: Rpc,
        metadata: &MetadataMap,
        address: Option<IpAddr>,
    ) -> Result<Call, Refusal> {
        let limiters = &self.shared.limiters;
        match self.authenticate(rpc, metadata).await {
            Ok(Some(caller)) => {
                tracing::Span::current().record("user_id", tracing::field::display(caller.user_id));
                limiters.call_by_user(caller.user_id)?;
                Ok(Call { caller: Some(caller), address })
            }
            Ok(None) => {
                limiters.call_from_address(address)?;
                Ok(Call { caller: None, address })
            }
            Err(refusal) => {
                limiters.call_from_address(address)?;
                Err(refusal)
            }
        }
    }

    /// Counts a password that is about to be tried.
    pub(crate) fn count_sign_in(&self, account: Account<'_>, call: &Call) -> Result<(), Refusal> {
        self.shared.limiters.sign_in(account, call.address)
    }

    /// Serves a call that has one answer.
    pub(crate) async fn unary<In, Out, Handled>(
        &self,
        rpc: Rpc,
        request: Request<In>,
        use_case: impl FnOnce(Call, In) -> Handled + Send,
    ) -> Result<Response<Out>, Status>
    where
        In: Send,
        Out: Send + 'static,
        Handled: Future<Output = Result<Out, Refusal>> + Send + 'static,
    {
        let (metadata, extensions, message) = request.into_parts();
        let arrival = self.arrival(&metadata, &extensions);
        let mut measure = Measure::of_call(rpc, self.shared.undeclared.clone());
        let span = arrival.span(rpc);
        let deadline = arrival.deadline.unwrap_or(self.shared.config.default_deadline);
        let context = arrival.context(&span, deadline);
        let answer = async {
            let call = self.receive(rpc, &metadata, arrival.address).await?;
            let handled = context.scope(use_case(call, message));
            // A write whose client left must not be cut between two of its steps; a read is not worth finishing.
            if rpc.route().0 == "GET" { unharmed(handled).await } else { detached(handled).await }
        };
        let outcome = tokio::time::timeout(deadline, answer).instrument(span.clone()).await;
        let outcome = outcome.unwrap_or_else(|_| Err(Refusal::deadline_exceeded()));
        span.in_scope(|| measure.answered(&outcome));
        arrival.answer(outcome)
    }

    /// Serves a call that is answered by a stream: all that can be refused is refused before it begins.
    pub(crate) async fn streaming<In, Source, Opened>(
        &self,
        rpc: Rpc,
        request: Request<In>,
        open: impl FnOnce(Call, In) -> Opened + Send,
    ) -> Result<Response<Messages<Source::Message>>, Status>
    where
        In: Send,
        Source: Feed,
        Opened: Future<Output = Result<Source, Refusal>> + Send,
    {
        let (metadata, extensions, message) = request.into_parts();
        let arrival = self.arrival(&metadata, &extensions);
        let mut measure = Measure::of_call(rpc, self.shared.undeclared.clone());
        let span = arrival.span(rpc);
        let patience = arrival.deadline.unwrap_or(Duration::MAX).min(self.shared.config.default_deadline);
        let context = arrival.context(&span, patience);
        let opening = async {
            let call = self.receive(rpc, &metadata, arrival.address).await?;
            let caller = call.caller()?;
            // Watched before the feed opens: a session that ends from here on ends the stream.
            let session = self.shared.authenticator.revocations().watch(caller.session_id);
            let feed = unharmed(context.scope(open(call, message))).await?;
            let slot = self.shared.slots.take(caller.user_id)?;
            let ending = Ending {
                session,
                revocations: self.shared.authenticator.revocations().clone(),
                caller,
                drain: self.shared.drain.clone(),
                environment: self.shared.environment.clone(),
                deadline: arrival.deadline.map(|wait| tokio::time::Instant::now() + wait),
                check: self.shared.config.stream_check,
            };
            ending.not_yet()?;
            Ok((feed, ending, slot))
        };
        let opened = tokio::time::timeout(patience, opening).instrument(span.clone()).await;
        let opened = opened.unwrap_or_else(|_| Err(Refusal::deadline_exceeded()));
        let outcome = match opened {
            Ok((feed, ending, slot)) => {
                let live = Live::new(feed, ending, measure.becomes_stream(slot));
                Ok(live.into_messages(span))
            }
            Err(refusal) => {
                let outcome = Err(refusal);
                span.in_scope(|| measure.answered(&outcome));
                outcome
            }
        };
        arrival.answer(outcome)
    }

    fn arrival(&self, metadata: &MetadataMap, extensions: &tonic::Extensions) -> Arrival {
        Arrival::of(metadata, extensions, &self.shared.environment, self.shared.config.gateways.as_deref())
    }

    /// The name of a request: the one that it brought, if it may be one, or a new one.
    pub(crate) fn request_id(&self, headers: &http::HeaderMap) -> http::HeaderValue {
        arrival::request_id(headers, &self.shared.environment)
    }

    /// How long an answer to a request with these headers may take.
    pub(crate) fn patience(&self, headers: &http::HeaderMap) -> Duration {
        arrival::timeout(headers).unwrap_or(self.shared.config.default_deadline)
    }

    /// Counts a call that never reached a binding.
    pub(crate) fn count_unserved(&self, rpc: Rpc, code: tonic::Code) {
        Measure::of_call(rpc, self.shared.undeclared.clone()).ended(code);
    }
}

/// Runs a handler so that a panic fails this call, and no other.
pub(crate) async fn unharmed<Out>(
    handled: impl Future<Output = Result<Out, Refusal>>,
) -> Result<Out, Refusal> {
    AssertUnwindSafe(handled).catch_unwind().await.unwrap_or_else(|_| Err(panicked()))
}

/// Runs a handler to its end even if nobody waits for it any more.
async fn detached<Out: Send + 'static>(
    handled: impl Future<Output = Result<Out, Refusal>> + Send + 'static,
) -> Result<Out, Refusal> {
    match tokio::spawn(handled.in_current_span()).await {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => Err(panicked()),
        // Tasks are cancelled only when the runtime ends.
        Err(_) => Err(Refusal::draining()),
    }
}

fn panicked() -> Refusal {
    // The panic hook has told where; the payload may hold what somebody wrote.
    tracing::error!("a handler panicked");
    Refusal::internal()
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Entry").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

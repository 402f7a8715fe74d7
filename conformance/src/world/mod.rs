//! The world of one scenario: its door, its people, and the book of what it saw.

mod assert;
mod calls;
mod expect;
mod journal;
mod people;
mod place;
mod session;
mod walk;

use std::sync::Arc;
use std::time::{Duration, Instant};

use duologue_contract::{Rpc, Service};
use parking_lot::Mutex;
use serde_json::Value;
use tonic::Code;

use crate::door::{Answer, Body, Call, Credential, Door, Failure, Grpc, Rest, code_name};
use crate::hygiene;
use crate::random::Random;
use crate::scenario::{Cell, Scenario};

pub use journal::Exchange;
pub(crate) use journal::Journal;
pub use people::Person;
pub use place::Place;
pub use session::Session;
pub use walk::Walk;

/// How long the slowest answer may take; the contract's own deadline is ten seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why a scenario stops before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// A violation, already noted, leaves nothing to go on with.
    Violated,
    /// Something that is not the deployment's behaviour: no verdict.
    Broken(String),
    /// The deployment does not have this service.
    Missing(Service),
    /// The scenario does not apply here, and why.
    Skipped(String),
}

/// What a scenario's steps answer.
pub type Outcome<T = ()> = Result<T, Stop>;

/// What a call answers.
pub type CallResult<T> = Result<T, Box<Failure>>;

/// One scenario's view of the deployment, through one door. Clones share everything.
#[derive(Debug, Clone)]
pub struct World {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    session: Arc<Session>,
    door: Door,
    grpc: Grpc,
    rest: Rest,
    random: Random,
    began: Instant,
    journal: Mutex<Journal>,
}

impl World {
    /// A world for this scenario, with connections of its own.
    pub fn new(session: &Arc<Session>, scenario: &Scenario, door: Door) -> Result<Self, String> {
        Ok(Self {
            inner: Arc::new(Inner {
                grpc: Grpc::new(&session.target)?,
                rest: Rest::new(&session.target)?,
                session: Arc::clone(session),
                door,
                random: Random::new(session.seed, scenario.id),
                began: Instant::now(),
                journal: Mutex::default(),
            }),
        })
    }

    /// The run that it belongs to.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.inner.session
    }

    /// The door of this run of the scenario.
    #[must_use]
    pub fn door(&self) -> Door {
        self.inner.door
    }

    /// Choices that the seed repeats.
    #[must_use]
    pub fn random(&self) -> &Random {
        &self.inner.random
    }

    /// HTTP below the REST door, for requests that no route makes.
    #[must_use]
    pub fn rest(&self) -> &Rest {
        &self.inner.rest
    }

    /// Bytes below the gRPC door, for requests that no message makes.
    #[must_use]
    pub fn grpc(&self) -> &Grpc {
        &self.inner.grpc
    }

    /// Whether the deployment has the service.
    #[must_use]
    pub fn has(&self, service: Service) -> bool {
        !self.session().missing().contains(&service)
    }

    /// Whether this door can carry the request: an empty part of a path is another path.
    #[must_use]
    pub fn can_say<T: Call>(&self, request: &T) -> bool {
        let description = T::RPC.description();
        let fields = request.payload().fields;
        let is_empty = |name: &str| fields.get(name).and_then(Value::as_str).is_none_or(str::is_empty);
        self.door() == Door::Grpc
            || !description.fields.iter().any(|field| {
                description.template.contains(&format!("{{{}}}", field.name)) && is_empty(field.json_name)
            })
    }

    /// A well-formed id that nothing has: a UUID of version 7.
    #[must_use]
    pub fn unknown_id(&self) -> String {
        let (high, low) = (crate::random::entropy(), crate::random::entropy());
        format!(
            "01{:02x}{:04x}-{:04x}-7{:03x}-a{:03x}-{:012x}",
            high & 0xff,
            (high >> 8) & 0xffff,
            (high >> 24) & 0xffff,
            (high >> 40) & 0xfff,
            (high >> 52) & 0xfff,
            low & 0xffff_ffff_ffff
        )
    }

    fn silence(&self, call: &str) -> Failure {
        self.note_violation(format!("{call} did not answer within {} s", PATIENCE.as_secs()));
        Failure::transport(Code::DeadlineExceeded, "no answer")
    }

    /// Writes an exchange into the journal and checks what must hold for every answer.
    fn note(
        &self,
        rpc: Option<Rpc>,
        call: &str,
        request: &crate::door::Fields,
        answer: &Answer,
        began: Instant,
    ) {
        let secrets = self.session().secrets();
        let body = match &answer.outcome {
            Ok(Body::Binary(bytes)) => readable(rpc, bytes),
            Ok(Body::Json(json)) => json.clone(),
            Err(failure) => told(failure),
        };
        keep_tokens(secrets, &body);
        let is_missing = matches!(&answer.outcome, Err(failure) if failure.code == Code::Unimplemented);
        let faults = if is_missing { Vec::new() } else { hygiene::check(rpc, answer, secrets) };
        let outcome = answer.outcome.as_ref().map_or_else(ToString::to_string, |_| "OK".to_owned());
        let milliseconds = |duration: Duration| (duration.as_secs_f64() * 10_000.0).round() / 10.0;
        let exchange = Exchange {
            at_ms: milliseconds(began.duration_since(self.inner.began)),
            took_ms: milliseconds(began.elapsed()),
            call: call.to_owned(),
            request: secrets.hidden_in(&Value::Object(request.clone())),
            outcome: match answer.http_status {
                Some(status) => format!("{outcome}, HTTP {status}"),
                None => outcome,
            },
            answer: secrets.hidden_in(&body),
            violations: Vec::new(),
        };
        let mut journal = self.inner.journal.lock();
        journal.exchange(exchange);
        for fault in faults {
            journal.violation(format!("{call}: {fault}"));
        }
    }

    /// Notes what speaks against the deployment, wherever it was noticed.
    fn note_violation(&self, text: impl Into<String>) {
        let text = self.session().secrets().hidden(&text.into());
        self.inner.journal.lock().violation(text);
    }

    pub(crate) fn assert_cell(&self, cell: Cell) {
        let mut journal = self.inner.journal.lock();
        journal.assertions += 1;
        journal.cells.insert(cell);
    }

    pub(crate) fn count_assertion(&self) {
        self.inner.journal.lock().assertions += 1;
    }

    pub(crate) fn take_journal(&self) -> Journal {
        std::mem::take(&mut *self.inner.journal.lock())
    }

    /// Ends a step that could not be done: a refusal is a violation, a dead connection is none.
    pub(crate) fn stopped(&self, rpc: Rpc, what: &str, failure: &Failure) -> Stop {
        match failure.code {
            Code::Unimplemented => {
                self.note_violation(format!("{} is not implemented", rpc.path()));
                Stop::Missing(rpc.service())
            }
            _ if failure.is_transport => Stop::Broken(format!("{}: {failure}", rpc.path())),
            Code::ResourceExhausted | Code::Unavailable => {
                Stop::Broken(format!("{}: {failure}: the deployment is limited, or not up", rpc.path()))
            }
            code => {
                self.note_violation(format!(
                    "{}: {what}, but the answer was {} ({failure})",
                    rpc.path(),
                    code_name(code)
                ));
                Stop::Violated
            }
        }
    }
}

/// Remembers the tokens of a reply, so that they are known where they must not be seen.
fn keep_tokens(secrets: &crate::secrets::Secrets, body: &Value) {
    for name in ["accessToken", "refreshToken"] {
        if let Some(Value::String(token)) = body.get(name) {
            secrets.keep(token);
        }
    }
}

/// A refusal as people read it: the JSON of the gateway, or the same fields out of a gRPC status.
fn told(failure: &Failure) -> Value {
    if failure.http_status.is_some() || failure.reason.is_none() {
        return serde_json::from_str(&failure.raw).unwrap_or_else(|_| Value::String(failure.raw.clone()));
    }
    let mut told = serde_json::json!({ "message": failure.message, "reason": failure.reason });
    if !failure.metadata.is_empty() {
        told["metadata"] = serde_json::json!(failure.metadata);
    }
    if !failure.violations.is_empty() {
        told["fieldViolations"] = serde_json::json!(failure.violations);
    }
    told
}

/// The JSON of a binary reply, for people.
fn readable(rpc: Option<Rpc>, bytes: &bytes::Bytes) -> Value {
    let method = rpc.and_then(crate::door::descriptor);
    let message =
        method.and_then(|method| prost_reflect::DynamicMessage::decode(method.output(), bytes.clone()).ok());
    message.and_then(|message| serde_json::to_value(message).ok()).unwrap_or(Value::Null)
}

impl From<&str> for Credential {
    fn from(token: &str) -> Self {
        Self::Bearer(token.to_owned())
    }
}

impl From<&String> for Credential {
    fn from(token: &String) -> Self {
        Self::Bearer(token.clone())
    }
}

impl From<&Person> for Credential {
    fn from(person: &Person) -> Self {
        Self::Bearer(person.access_token.clone())
    }
}

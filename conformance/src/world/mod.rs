//! The world of one scenario: its door, its people, and the book of what it saw.

mod expect;
mod journal;
mod people;
mod session;
mod walk;

use std::sync::Arc;
use std::time::{Duration, Instant};

use duologue_contract::{Rpc, Service};
use parking_lot::Mutex;
use serde_json::Value;
use tonic::Code;

use crate::door::{
    Answer, Body, Call, Credential, Door, DynamicCall, Envelope, Failure, Grpc, HttpRequest, HttpResponse,
    Live, Payload, Rest, StreamFraming, answer, code_name,
};
use crate::hygiene;
use crate::random::Random;
use crate::scenario::{Cell, Scenario};

pub use journal::Exchange;
pub(crate) use journal::Journal;
pub use people::Person;
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
                grpc: Grpc::new(session.target.addresses(Door::Grpc))?,
                rest: Rest::new(session.target.addresses(Door::Rest))?,
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

    /// Calls an RPC; whatever comes back is checked for hygiene and otherwise left to the caller.
    pub async fn call<T: Call>(&self, envelope: impl Into<Envelope>, request: &T) -> CallResult<T::Reply> {
        self.call_through(self.door(), envelope, request).await
    }

    /// Calls an RPC through the door given, to compare both.
    pub async fn call_through<T: Call>(
        &self,
        door: Door,
        envelope: impl Into<Envelope>,
        request: &T,
    ) -> CallResult<T::Reply> {
        let envelope = envelope.into();
        let hashes = matches!(T::RPC, Rpc::AuthRegister | Rpc::AuthLogin | Rpc::AuthChangePassword);
        let permit = if hashes { self.session().passwords.acquire().await.ok() } else { None };
        let answer = self.exchange(door, &request.payload(), &envelope).await;
        drop(permit);
        match answer.outcome? {
            Body::Binary(bytes) => <T::Reply as prost::Message>::decode(bytes)
                .map_err(|error| self.undecodable::<T>(&error.to_string())),
            Body::Json(json) => {
                serde_json::from_value(json).map_err(|error| self.undecodable::<T>(&error.to_string()))
            }
        }
    }

    fn undecodable<T: Call>(&self, error: &str) -> Box<Failure> {
        self.violation(format!("the reply of {} is not its message: {error}", T::RPC.path()));
        Box::new(Failure::new(Code::Unknown, "the reply is not its message"))
    }

    /// Calls an RPC that was found in the descriptor set.
    pub async fn call_dynamic(&self, envelope: impl Into<Envelope>, call: &DynamicCall) -> Outcome<Answer> {
        let payload = call.payload().map_err(Stop::Broken)?;
        if call.rpc.is_streaming() {
            return Ok(self.open_dynamic(&payload, &envelope.into()).await);
        }
        Ok(self.exchange(self.door(), &payload, &envelope.into()).await)
    }

    /// Calls an RPC that was found in the descriptor set, and answers its reply as JSON.
    pub async fn call_json(
        &self,
        envelope: impl Into<Envelope>,
        call: &DynamicCall,
    ) -> Outcome<CallResult<Value>> {
        let answer = self.call_dynamic(envelope, call).await?;
        Ok(answer.outcome.map(|body| match body {
            Body::Binary(bytes) => readable(Some(call.rpc), &bytes),
            Body::Json(json) => json,
        }))
    }

    /// Whether the deployment has the service.
    #[must_use]
    pub fn has(&self, service: Service) -> bool {
        !self.session().missing().contains(&service)
    }

    /// Opens a stream only to see whether it opens, or what its first word is.
    async fn open_dynamic(&self, payload: &Payload, envelope: &Envelope) -> Answer {
        let began = Instant::now();
        let plain =
            |outcome| Answer { outcome, http_status: None, headers: Vec::new(), deviations: Vec::new() };
        let opened = async {
            match self.door() {
                Door::Grpc => {
                    match self.inner.grpc.open(payload.rpc, payload.bytes.clone(), envelope).await {
                        Ok(_) => plain(Ok(Body::Binary(bytes::Bytes::new()))),
                        Err(failure) => plain(Err(failure)),
                    }
                }
                Door::Rest => {
                    let framing = StreamFraming::Events;
                    match self.inner.rest.open(payload.rpc, &payload.fields, envelope, framing).await {
                        Ok(_) => plain(Ok(Body::Json(Value::Null))),
                        Err(answer) => answer,
                    }
                }
            }
        };
        let answer = tokio::time::timeout(PATIENCE, opened).await;
        let answer = answer.unwrap_or_else(|_| plain(Err(Box::new(self.silence(payload.rpc.path())))));
        self.note(Some(payload.rpc), payload.rpc.path(), &payload.fields, &answer, began);
        answer
    }

    /// Opens a stream; answers as soon as the response headers are there.
    pub async fn open<T: Call>(&self, envelope: impl Into<Envelope>, request: &T) -> CallResult<Live<T>> {
        self.open_framed(envelope, request, StreamFraming::default()).await
    }

    /// Opens a stream with the framing given, which matters through REST.
    pub async fn open_framed<T: Call>(
        &self,
        envelope: impl Into<Envelope>,
        request: &T,
        framing: StreamFraming,
    ) -> CallResult<Live<T>> {
        let (envelope, payload, began) = (envelope.into(), request.payload(), Instant::now());
        let plain =
            |outcome| Answer { outcome, http_status: None, headers: Vec::new(), deviations: Vec::new() };
        let opened = async {
            match self.door() {
                Door::Grpc => {
                    let stream = self.inner.grpc.open(payload.rpc, payload.bytes.clone(), &envelope).await;
                    stream.map(Live::grpc).map_err(|failure| plain(Err(failure)))
                }
                Door::Rest => {
                    let stream = self.inner.rest.open(payload.rpc, &payload.fields, &envelope, framing).await;
                    stream.map(|stream| Live::rest(stream, framing))
                }
            }
        };
        let opened = tokio::time::timeout(PATIENCE, opened).await;
        let opened = opened.unwrap_or_else(|_| Err(plain(Err(Box::new(self.silence(payload.rpc.path()))))));
        let path = payload.rpc.path();
        match opened {
            Ok(live) => {
                let answer = plain(Ok(Body::Json(Value::String("the stream is open".to_owned()))));
                self.note(Some(payload.rpc), path, &payload.fields, &answer, began);
                Ok(live)
            }
            Err(answer) => {
                self.note(Some(payload.rpc), path, &payload.fields, &answer, began);
                Err(answer.outcome.err().unwrap_or_else(|| Box::new(Failure::new(Code::Unknown, "no error"))))
            }
        }
    }

    /// Sends any HTTP request and checks an error for hygiene; `rpc` is what it is meant to reach, if anything.
    pub async fn http(&self, rpc: Option<Rpc>, request: HttpRequest) -> Outcome<(HttpResponse, Answer)> {
        let began = Instant::now();
        let call = format!("{} {}", request.method, self.session().secrets().hidden(&request.path_and_query));
        let body = request.body.as_deref().map(|body| serde_json::from_slice(body).unwrap_or(Value::Null));
        let sent = tokio::time::timeout(PATIENCE, self.inner.rest.http().send(0, request)).await;
        let sent = sent.map_err(|_| {
            self.silence(&call);
            Stop::Violated
        })?;
        let response = sent.map_err(|error| Stop::Broken(format!("{call}: {error}")))?;
        let read = answer(&response);
        let fields = [("body".to_owned(), body.unwrap_or_default())].into_iter().collect();
        self.note(rpc, &call, &fields, &read, began);
        Ok((response, read))
    }

    /// Sends any bytes to an RPC through gRPC, and checks the answer for hygiene.
    pub async fn grpc_bytes(&self, rpc: Rpc, bytes: Vec<u8>, envelope: impl Into<Envelope>) -> Answer {
        let payload = Payload { rpc, bytes, fields: crate::door::Fields::new() };
        self.exchange(Door::Grpc, &payload, &envelope.into()).await
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

    async fn exchange(&self, door: Door, payload: &Payload, envelope: &Envelope) -> Answer {
        let began = Instant::now();
        let call = async {
            match door {
                Door::Grpc => self.inner.grpc.call(payload, envelope).await,
                Door::Rest => self.inner.rest.call(payload, envelope).await,
            }
        };
        let answer = tokio::time::timeout(PATIENCE, call).await.unwrap_or_else(|_| Answer {
            outcome: Err(Box::new(self.silence(payload.rpc.path()))),
            http_status: None,
            headers: Vec::new(),
            deviations: Vec::new(),
        });
        self.note(Some(payload.rpc), payload.rpc.path(), &payload.fields, &answer, began);
        answer
    }

    fn silence(&self, call: &str) -> Failure {
        self.violation(format!("{call} did not answer within {} s", PATIENCE.as_secs()));
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
            Err(failure) => Value::String(failure.raw.clone()),
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
        };
        let mut journal = self.inner.journal.lock();
        journal.exchange(exchange);
        for fault in faults {
            journal.violation(format!("{call}: {fault}"));
        }
    }

    /// Notes a violation and goes on.
    pub fn violation(&self, text: impl Into<String>) {
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
                self.violation(format!("{} is not implemented", rpc.path()));
                Stop::Missing(rpc.service())
            }
            _ if failure.is_transport => Stop::Broken(format!("{}: {failure}", rpc.path())),
            Code::ResourceExhausted | Code::Unavailable => {
                Stop::Broken(format!("{}: {failure}: the deployment is limited, or not up", rpc.path()))
            }
            code => {
                self.violation(format!(
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

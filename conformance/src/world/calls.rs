//! How a scenario calls: typed, from the descriptor set, as a stream, or below both.

use std::time::Instant;

use duologue_contract::Rpc;
use serde_json::Value;
use tonic::Code;

use super::{CallResult, Outcome, PATIENCE, Stop, World, readable};
use crate::door::{
    Answer, Body, Call, Door, DynamicCall, Envelope, Failure, HttpRequest, HttpResponse, Live, Payload,
    StreamFraming, answer,
};

impl World {
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
        self.note_violation(format!("the reply of {} is not its message: {error}", T::RPC.path()));
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
}

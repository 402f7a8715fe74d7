//! Faults of the transport: connections, deadlines, replicas.

use std::collections::HashSet;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::http::{Request, Response};
use axum::middleware::Next as NextLayer;
use duologue_conformance::target::Capability;
use duologue_contract::Rpc;
use duologue_contract::chat::{Chat, Message, SendMessageRequest};
use duologue_contract::errors::{Reason, reason_of};
use futures::{StreamExt as _, stream};
use parking_lot::Mutex;
use tokio::time::timeout;
use tonic::Status;

use super::Plant;
use crate::call::{Call, Messages, Next};
use crate::composition::{Composition, Operation};

/// More than any body here.
const LARGEST: usize = 32 * 1024 * 1024;

pub(super) fn plants() -> Vec<Plant> {
    vec![
        Plant::new("unknown-rpc-closes", |composition| composition.grpc_layer(unknown_rpc_closes)),
        Plant::new("big-message-kills-connection", |composition| {
            composition.grpc_layer(big_message_kills).rest_layer(big_message_kills)
        }),
        Plant::new("malformed-message-is-internal", |composition| {
            composition.grpc_layer(malformed_message_is_internal)
        }),
        Plant::new("deadline-half-write", deadline_half_write),
        Plant::new("stream-idle-closed", stream_idle_closed),
        Plant::new("commit-retry-duplicates", commit_retry_duplicates),
        Plant::new("wakeup-local-only", |composition| Composition { polls: false, ..doubled(composition) }),
    ]
}

/// With a second replica.
pub(super) fn doubled(composition: Composition) -> Composition {
    Composition { operation: Operation::Doubled, ..composition }
}

/// With scenarios that take minutes of silence.
pub(super) fn patient(mut composition: Composition) -> Composition {
    composition.capabilities.push((Capability::Slow, String::new()));
    composition
}

/// Resets what carries the call, as a crash of its handler does.
fn reset() -> ! {
    resume_unwind(Box::new("a planted crash"))
}

async fn unknown_rpc_closes(request: Request<Body>, next: NextLayer) -> Response<Body> {
    if Rpc::from_path(request.uri().path()).is_none() {
        reset();
    }
    next.run(request).await
}

async fn big_message_kills(request: Request<Body>, next: NextLayer) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST).await.unwrap_or_default();
    if body.len() > 64 * 1024 {
        reset();
    }
    next.run(Request::from_parts(parts, Body::from(body))).await
}

async fn malformed_message_is_internal(request: Request<Body>, next: NextLayer) -> Response<Body> {
    let response = next.run(request).await;
    let status = Status::from_header_map(response.headers());
    match status.as_ref().and_then(reason_of) {
        Some(Reason::MalformedMessage) => Reason::Internal.status("The message is broken.").into_http(),
        _ => response,
    }
}

/// A deadline that hits in the middle of a write.
const SHORT: Duration = Duration::from_millis(4);

/// Messages whose deadline hit between the row and the chat that it belongs to.
type Halves = Arc<Mutex<HashSet<(String, String)>>>;

/// Notes the message unless the call came to its end.
struct Unfinished {
    halves: Halves,
    message: Option<(String, String)>,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if let Some(message) = self.message.take() {
            self.halves.lock().insert(message);
        }
    }
}

/// The deadline of a call.
fn deadline(call: &mut Call) -> Option<Duration> {
    let text = call.metadata.remove("grpc-timeout")?;
    let (number, unit) = text.to_str().ok()?.split_at_checked(text.len().checked_sub(1)?)?;
    let number = number.parse().ok()?;
    Some(match unit {
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        _ => Duration::from_nanos(number),
    })
}

fn deadline_half_write(composition: Composition) -> Composition {
    let halves = Halves::default();
    composition.around(move |_, mut call, next| {
        let halves = Arc::clone(&halves);
        async move {
            let message = call
                .message::<SendMessageRequest>()
                .map(|request| (request.chat_id.clone(), request.text.clone()));
            if message.is_some()
                && let Some(deadline) = deadline(&mut call)
            {
                let mut unfinished = Unfinished { halves, message };
                let late = || Reason::DeadlineExceeded.status("The deadline passed.");
                // Nobody cancels what a client has left: the row is written, sooner or later.
                let written = tokio::spawn(async move { next.call(call).await });
                let answer = written.await.map_err(|_| late())?;
                if deadline < SHORT {
                    return Err(late());
                }
                unfinished.message = None;
                return answer;
            }
            let mut answer = next.call(call).await?;
            if let Some(chat) = answer.message_mut::<Chat>()
                && let Some(last) = &chat.last_message
                && halves.lock().contains(&(last.chat_id.clone(), last.text.clone()))
            {
                chat.last_sequence = last.sequence - 1;
                chat.last_message = None;
            }
            Ok(answer)
        }
    })
}

/// Tries a write again, without its key, unless it was answered.
struct Ambiguous {
    next: Next,
    again: Option<Call>,
}

impl Drop for Ambiguous {
    fn drop(&mut self) {
        if let Some(call) = self.again.take() {
            let next = self.next.clone();
            tokio::spawn(async move { next.call(call).await });
        }
    }
}

fn commit_retry_duplicates(composition: Composition) -> Composition {
    composition.restartable().around(|_, call, next| async move {
        let mut again = call.again();
        match again.as_mut().and_then(Call::message_mut::<SendMessageRequest>) {
            Some(request) => request.client_message_id = None,
            None => return next.call(call).await,
        }
        let mut ambiguous = Ambiguous { next: next.clone(), again };
        let answer = next.call(call).await;
        // It is committed, and the answer is still on its way.
        tokio::time::sleep(Duration::from_millis(20)).await;
        ambiguous.again = None;
        answer
    })
}

/// A proxy that closes what was silent for half a minute.
fn stream_idle_closed(composition: Composition) -> Composition {
    patient(composition).around(|_, call, next| async move {
        Ok(next.call(call).await?.map_stream::<Message>(|live: Messages<Message>| {
            stream::unfold(live, |mut live| async move {
                let message = timeout(Duration::from_secs(30), live.next()).await.ok()??;
                Some((message, live))
            })
            .boxed()
        }))
    })
}

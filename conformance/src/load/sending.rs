//! One message that leaves, and what came of it.

use std::time::{Duration, Instant};

use duologue_contract::Rpc;
use duologue_contract::chat::{Message, SendMessageRequest};
use tonic::Code;

use crate::check::pair::{Fate, Sent};
use crate::door::{Body, Call as _, Door, Envelope, Failure};
use crate::hygiene;
use crate::world::{Person, World};

/// How long an answer, or a message on a stream, may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// A message that left, and what came of it.
pub(super) struct Sending {
    pub(super) sent: Sent,
    pub(super) refusal: Option<Box<Failure>>,
    pub(super) faults: Vec<String>,
}

/// Sends a message. It bypasses the journal, which is made for scenarios and would be the limit here.
pub(super) async fn send(
    world: &World,
    sender: &Person,
    request: SendMessageRequest,
    start: Instant,
) -> Sending {
    let (payload, envelope) = (request.payload(), Envelope::by(sender));
    let began = start.elapsed();
    let call = async {
        match world.door() {
            Door::Grpc => world.grpc().call(&payload, &envelope).await,
            Door::Rest => world.rest().call(&payload, &envelope).await,
        }
    };
    let answer = tokio::time::timeout(PATIENCE, call).await;
    let ended = start.elapsed();
    let sent = |fate| Sent { text: request.text.clone(), began, ended, fate };
    let Ok(answer) = answer else {
        let faults = vec![format!("SendMessage did not answer within {} s", PATIENCE.as_secs())];
        return Sending { sent: sent(Fate::Unknown), refusal: None, faults };
    };
    let mut faults = hygiene::check(Some(Rpc::ChatSendMessage), &answer, world.session().secrets());
    let message = match answer.outcome {
        Ok(Body::Binary(bytes)) => {
            <Message as prost::Message>::decode(bytes).map_err(|error| error.to_string())
        }
        Ok(Body::Json(json)) => serde_json::from_value(json).map_err(|error| error.to_string()),
        Err(failure) => {
            let fate = if leaves_open(&failure) { Fate::Unknown } else { Fate::Refused };
            return Sending { sent: sent(fate), refusal: Some(failure), faults };
        }
    };
    let fate = match message {
        Ok(message) => Fate::Acknowledged(Box::new(message)),
        Err(error) => {
            faults.push(format!("the reply of SendMessage is not its message: {error}"));
            Fate::Unknown
        }
    };
    Sending { sent: sent(fate), refusal: None, faults }
}

/// Whether a refusal leaves open if the message is there.
fn leaves_open(failure: &Failure) -> bool {
    let is_open = [Code::Cancelled, Code::Unknown, Code::DeadlineExceeded, Code::Internal, Code::Unavailable];
    failure.is_transport || is_open.contains(&failure.code)
}

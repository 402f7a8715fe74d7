//! Streams: following a chat live, from any point, without gap and without duplicate.

mod load;
mod long;
mod open;
mod replay;
mod resume;
mod seam;

use std::fmt::Debug;
use std::time::Duration;

use duologue_contract::Rpc;
use duologue_contract::chat::{Message, StreamMessagesRequest};
use duologue_contract::errors::Reason;
use tonic::Code;

use super::{Cell, Scenario};
use crate::door::{Call, Door, Envelope, Live, Next};
use crate::world::{Outcome, Stop, World};

pub(super) fn scenarios() -> Vec<Scenario> {
    [open::scenarios(), replay::scenarios(), load::scenarios(), long::scenarios()].concat()
}

/// How soon a message has to arrive.
pub(super) const ARRIVAL: Duration = Duration::from_secs(5);

/// A chat, followed from now on.
pub(super) fn live_of(chat_id: &str) -> StreamMessagesRequest {
    StreamMessagesRequest { chat_id: chat_id.to_owned(), ..Default::default() }
}

/// A chat, followed from after this sequence.
pub(super) fn after(chat_id: &str, sequence: i64) -> StreamMessagesRequest {
    StreamMessagesRequest { after_sequence: Some(sequence), ..live_of(chat_id) }
}

/// A chat, followed from this time.
pub(super) fn since(chat_id: &str, unix_ms: i64) -> StreamMessagesRequest {
    StreamMessagesRequest { since_unix_ms: Some(unix_ms), ..live_of(chat_id) }
}

/// Milliseconds since 1970 at which a message was stored; what is finer is cut off.
pub(super) fn time_ms(message: &Message) -> i64 {
    message.create_time.unwrap_or_default().unix_micros().div_euclid(1_000)
}

/// Opens a stream and asserts that it opens.
pub(super) async fn follow<T: Call>(
    world: &World,
    who: impl Into<Envelope>,
    request: &T,
) -> Outcome<Live<T>> {
    match world.open(who, request).await {
        Ok(live) => {
            world.assert_cell(Cell::new(T::RPC, Code::Ok));
            Ok(live)
        }
        Err(failure) => Err(world.stopped(T::RPC, "the stream must open", &failure)),
    }
}

/// The next item, which has to come soon.
pub(super) async fn next<T: Call<Reply: Debug>>(world: &World, live: &mut Live<T>) -> Outcome<T::Reply> {
    Ok(next_with_id(world, live).await?.0)
}

/// The next item and the id of its event.
pub(super) async fn next_with_id<T: Call<Reply: Debug>>(
    world: &World,
    live: &mut Live<T>,
) -> Outcome<(T::Reply, Option<String>)> {
    world.count_assertion();
    match live.next(ARRIVAL).await {
        Next::Item(item, id) => Ok((item, id)),
        Next::Refused(failure) if failure.is_transport => {
            Err(Stop::Broken(format!("the stream broke off: {failure}")))
        }
        other => {
            world.violation(format!("{}: the next item must come within 5 s, but: {other:?}", T::RPC.path()));
            Err(Stop::Violated)
        }
    }
}

/// So many items.
pub(super) async fn take<T: Call<Reply: Debug>>(
    world: &World,
    live: &mut Live<T>,
    count: usize,
) -> Outcome<Vec<T::Reply>> {
    let mut items = Vec::with_capacity(count);
    while items.len() < count {
        items.push(next(world, live).await?);
    }
    Ok(items)
}

/// Everything up to this message, and with it: whatever else there was to come would have come before.
pub(super) async fn until(
    world: &World,
    live: &mut Live<StreamMessagesRequest>,
    fence: &Message,
) -> Outcome<Vec<Message>> {
    let mut messages = Vec::new();
    loop {
        let message = next(world, live).await?;
        let is_fence = message.message_id == fence.message_id;
        messages.push(message);
        if is_fence {
            return Ok(messages);
        }
        if messages.len() > 100_000 {
            world.violation("a stream delivers without end and never what was sent last");
            return Err(Stop::Violated);
        }
    }
}

/// Asserts that a stream is refused before its first message; through REST by the status of the response.
pub(super) async fn refused(
    world: &World,
    who: impl Into<Envelope>,
    request: &StreamMessagesRequest,
    reason: Reason,
    case: &str,
) -> Outcome {
    let rpc = Rpc::ChatStreamMessages;
    let result = match world.open(who, request).await {
        Err(failure) => Err(failure),
        Ok(mut live) => {
            match (world.door(), live.next(ARRIVAL).await) {
                (Door::Grpc, Next::Refused(failure)) => Err(failure),
                (door, other) => {
                    world.check(false, || {
                    format!("{case}: through {door} the stream must be refused with {}, but it opened: {other:?}", reason.name())
                });
                    return Ok(());
                }
            }
        }
    };
    if let Some(failure) = world.expect_refused(rpc, result, reason.code())? {
        world.check(failure.has_reason(reason), || {
            format!("{case}: the reason must be {}, it is {:?}", reason.name(), failure.reason)
        });
    }
    Ok(())
}

//! Faults of live streams.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use duologue_contract::Rpc;
use duologue_contract::chat::{ListUserChatsRequest, ListUserChatsResponse, Message, StreamMessagesRequest};
use duologue_contract::errors::Reason;
use duologue_domain::chat::MessageRange;
use futures::StreamExt as _;
use futures::stream;
use parking_lot::Mutex;
use tokio::sync::broadcast;
use tokio::time::{Instant, timeout};
use tokio_stream::wrappers::BroadcastStream;
use tonic::Status;

use super::Plant;
use crate::call::{Answered, Call, Messages, Next};
use crate::composition::Composition;
use crate::ports::Ports;

type Live = Messages<Message>;

pub(super) fn plants() -> Vec<Plant> {
    vec![
        Plant::new("stream-unimplemented", stream_unimplemented),
        Plant::new("stream-headers-late", stream_headers_late),
        Plant::new("stream-subscribe-before-replay-dup", |composition| on_stream(composition, overlapping)),
        Plant::new("stream-broadcast-lagged-dropped", |composition| on_stream(composition, lagging)),
        Plant::new("stream-cross-talk", stream_cross_talk),
        Plant::new("stream-leaks-task", stream_leaks_task),
        Plant::new("stream-only-peer", stream_only_peer),
        Plant::new("stream-replays-recent", stream_replays_recent),
        Plant::new("stream-since-in-seconds", stream_since_in_seconds),
        Plant::new("stream-arrival-order", |composition| on_stream(composition, swapping)),
        Plant::new("stream-outlives-token", stream_outlives_token),
        Plant::new("resume-off-by-one", resume_off_by_one),
    ]
}

/// With every stream of messages put through `change`.
fn on_stream(composition: Composition, change: fn(Live) -> Live) -> Composition {
    composition.around(move |_, call, next| async move { Ok(next.call(call).await?.map_stream(change)) })
}

fn stream_unimplemented(composition: Composition) -> Composition {
    composition.around(|_, call, next| async move {
        if call.rpc == Rpc::ChatStreamMessages {
            return Err(Reason::MethodUnknown.status("There is no such method."));
        }
        next.call(call).await
    })
}

fn stream_headers_late(composition: Composition) -> Composition {
    composition.around(|_, call, next| async move {
        let mut answer = next.call(call).await?;
        let Some(live) = answer.message_mut::<Live>() else { return Ok(answer) };
        let first = live.next().await;
        Ok(answer.map_stream::<Message>(|live| stream::iter(first).chain(live).boxed()))
    })
}

/// The buffer of the subscription and the replay overlap in the first moments, and nobody compares them.
fn overlapping(live: Live) -> Live {
    let overlap = Instant::now() + Duration::from_millis(100);
    live.flat_map(move |message| {
        let twice = message.as_ref().ok().filter(|_| Instant::now() < overlap).cloned().map(Ok);
        stream::iter([message].into_iter().chain(twice))
    })
    .boxed()
}

/// A bounded broadcast whose readers skip what they were too slow for.
fn lagging(mut live: Live) -> Live {
    let (sender, receiver) = broadcast::channel::<Result<Message, Status>>(16);
    tokio::spawn(async move {
        while let Some(message) = live.next().await {
            if sender.send(message).is_err() {
                break;
            }
        }
    });
    BroadcastStream::new(receiver).filter_map(|message| async { message.ok() }).boxed()
}

/// Two messages that come close together from different senders swap.
fn swapping(live: Live) -> Live {
    let state = (live, VecDeque::<Result<Message, Status>>::new());
    stream::unfold(state, |(mut live, mut waiting)| async move {
        if let Some(message) = waiting.pop_front() {
            return Some((message, (live, waiting)));
        }
        let first = live.next().await?;
        if let Ok(Some(second)) = timeout(Duration::from_millis(5), live.next()).await {
            let senders = (
                first.as_ref().map(|message| &message.sender_id),
                second.as_ref().map(|message| &message.sender_id),
            );
            if matches!(senders, (Ok(one), Ok(other)) if one != other) {
                waiting.push_back(first);
                return Some((second, (live, waiting)));
            }
            waiting.push_back(second);
        }
        Some((first, (live, waiting)))
    })
    .boxed()
}

async fn streams_of(call: &Call, next: &Next) -> Result<Vec<Live>, Status> {
    let list = ListUserChatsRequest { limit: 100, ..Default::default() };
    let mut listed = next.call(call.other(Rpc::ChatListUserChats, list)).await?;
    let chats = listed.message_mut::<ListUserChatsResponse>().map(|listed| std::mem::take(&mut listed.chats));
    let mut streams = Vec::new();
    for chat in chats.unwrap_or_default() {
        let request = StreamMessagesRequest { chat_id: chat.chat_id, ..Default::default() };
        let answer = next.call(call.other(Rpc::ChatStreamMessages, request)).await?;
        let _ = answer.map_stream::<Message>(|live| {
            streams.push(live);
            stream::empty().boxed()
        });
    }
    Ok(streams)
}

/// A stream from now on hears of everything that its reader may see.
fn stream_cross_talk(composition: Composition) -> Composition {
    composition.around(|_, call, next| async move {
        let is_live = call
            .message::<StreamMessagesRequest>()
            .is_some_and(|request| request.since_unix_ms.is_none() && request.after_sequence.is_none());
        let again = call.again().filter(|_| is_live);
        let answer = next.call(call).await?;
        let Some(call) = again else { return Ok(answer) };
        let all = streams_of(&call, &next).await?;
        Ok(answer.map_stream::<Message>(|_| stream::select_all(all).boxed()))
    })
}

/// Streams that have ever been open count for ever.
fn stream_leaks_task(composition: Composition) -> Composition {
    let open: Arc<Mutex<HashMap<String, usize>>> = Arc::default();
    composition.around(move |ports, call, next| {
        let open = Arc::clone(&open);
        async move {
            if call.rpc == Rpc::ChatStreamMessages
                && let Some(caller) = ports.caller(&call).await
            {
                let mut open = open.lock();
                let count = open.entry(caller.user_id.to_string()).or_default();
                *count += 1;
                if *count > 100 {
                    return Err(Reason::TooManyStreams.status("Too many streams are open."));
                }
            }
            next.call(call).await
        }
    })
}

fn stream_only_peer(composition: Composition) -> Composition {
    composition.around(|ports, call, next| async move {
        let caller = ports.caller(&call).await.map(|caller| caller.user_id.to_string()).unwrap_or_default();
        Ok(next.call(call).await?.map_stream::<Message>(|live| {
            live.filter(move |message| {
                let is_own = message.as_ref().is_ok_and(|message| message.sender_id == caller);
                std::future::ready(!is_own)
            })
            .boxed()
        }))
    })
}

async fn newest_but_ten(ports: &Ports, call: &Call) -> Option<i64> {
    let chat_id = call.message::<StreamMessagesRequest>()?.chat_id.parse().ok()?;
    let recent = MessageRange::NewestFirst { before: None };
    let recent = ports.chats.list_messages(chat_id, recent, 10).await.ok()?;
    recent.last().map(|message| message.sequence.previous().0)
}

fn stream_replays_recent(composition: Composition) -> Composition {
    composition.around(|ports, mut call, next| async move {
        let oldest = newest_but_ten(&ports, &call).await;
        if let Some(request) = call.message_mut::<StreamMessagesRequest>()
            && request.since_unix_ms.is_none()
            && request.after_sequence.is_none()
        {
            request.after_sequence = oldest;
        }
        next.call(call).await
    })
}

fn stream_since_in_seconds(composition: Composition) -> Composition {
    composition.around(|_, mut call, next| async move {
        if let Some(since) =
            call.message_mut::<StreamMessagesRequest>().and_then(|request| request.since_unix_ms.as_mut())
        {
            *since = since.saturating_mul(1_000);
        }
        next.call(call).await
    })
}

fn stream_outlives_token(composition: Composition) -> Composition {
    composition
        .with_access_seconds(3)
        .around(|ports, call, next| async move { stretched(&ports, call, next).await })
}

async fn stretched(ports: &Ports, call: Call, next: Next) -> Answered {
    match ports.caller(&call).await {
        // The token was looked at; the stream has no end of its own.
        Some(claims) if call.rpc.is_streaming() => {
            next.call(call.with_token(&ports.token_of(claims.user_id))).await
        }
        _ => next.call(call).await,
    }
}

fn resume_off_by_one(composition: Composition) -> Composition {
    composition.around(|_, mut call, next| async move {
        if let Some(request) = call.message_mut::<StreamMessagesRequest>()
            && request.after_message_id.is_none()
            && let Some(after) = request.after_sequence.as_mut().filter(|after| **after > 0)
        {
            *after -= 1;
        }
        next.call(call).await
    })
}

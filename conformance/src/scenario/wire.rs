//! The wire: what is no call of the contract, or none that can be served.

use std::time::{Duration, Instant};

use bytes::Bytes;
use duologue_contract::Rpc;
use duologue_contract::chat::{GetChatRequest, Message, MessageOrder};
use duologue_contract::errors::Reason;
use tonic::Code;

use super::chat::{keyed, page_of, text_for, whole};
use super::stream::{follow, live_of, next};
use super::{Cell, Scenario};
use crate::door::{Credential, Door, Envelope, HttpRequest, Next};
use crate::target::Capability;
use crate::world::{CallResult, Outcome, Person, World};
use crate::{cells, run};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::should(
            "wire.unknown_rpc",
            "A method that does not exist SHOULD be UNIMPLEMENTED, on a connection that goes on to serve.",
            const { &[Cell::any(Code::Unimplemented)] },
            run!(unknown_rpc),
        ),
        Scenario::must(
            "wire.malformed_message",
            "Bytes that are not the request MUST be INVALID_ARGUMENT, on a connection that goes on to serve.",
            cells![ChatSendMessage: InvalidArgument],
            run!(malformed_message),
        )
        .needs(&[Capability::Grpc]),
        Scenario::should(
            "wire.deadline",
            "A call SHOULD end at its deadline, and a write cut off by it SHOULD be wholly there or not at all.",
            cells![ChatSendMessage: Ok, ChatStreamMessages: DeadlineExceeded],
            run!(deadline),
        ),
        Scenario::should(
            "wire.message_too_large",
            "A request of more than 64 KiB SHOULD be RESOURCE_EXHAUSTED, and the next call SHOULD be served.",
            cells![ChatSendMessage: ResourceExhausted, ChatSendMessage: InvalidArgument],
            run!(message_too_large),
        ),
    ]
}

async fn unknown_rpc(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let mut live = follow(world, &bob, &live_of(&chat_id)).await?;
    match world.door() {
        Door::Grpc => {
            for path in
                ["/api.chat.v1.ChatService/Unsend", "/api.chat.v9.ChatService/SendMessage", "/nothing"]
            {
                for envelope in [Envelope::by(&ann), Envelope::by(Credential::None)] {
                    let answer = world.grpc().call_path(path, Bytes::new(), &envelope).await;
                    let code = answer.outcome.err().map(|failure| failure.code);
                    if world.check_eq(&format!("code of {path}"), &code, &Some(Code::Unimplemented)) {
                        world.assert_cell(Cell::any(Code::Unimplemented));
                    }
                }
            }
        }
        Door::Rest => {
            let (response, answer) = world.http(None, HttpRequest::new("GET", "/v1/unsend")).await?;
            world.check_eq("status of an unknown path", &response.status, &404);
            let is_said = answer.outcome.is_err_and(|failure| failure.has_reason(Reason::RouteUnknown));
            world.check(is_said, || "the reason of an unknown path must be ROUTE_UNKNOWN".to_owned());
            let (_, answer) = world.http(None, HttpRequest::new("DELETE", "/v1/login")).await?;
            let code = answer.outcome.err().map(|failure| failure.code);
            if world.check_eq("code of a verb that a path does not have", &code, &Some(Code::Unimplemented)) {
                world.assert_cell(Cell::any(Code::Unimplemented));
            }
        }
    }
    let sent = world.send(&ann, &chat_id, "still here").await?;
    world.check_eq("what an open stream delivers afterwards", &next(world, &mut live).await?, &sent);
    Ok(())
}

async fn malformed_message(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let mut live = follow(world, &bob, &live_of(&chat_id)).await?;
    // A length beyond the end, a text that is not UTF-8, an unfinished length.
    for bytes in [&b"\x0a\x7fabc"[..], b"\x0a\x02\xff\xfe", b"\x0a\xff\xff\xff\xff"] {
        let rpc = Rpc::ChatSendMessage;
        let answer = world.grpc().call_path(rpc.path(), Bytes::from_static(bytes), &Envelope::by(&ann)).await;
        let failure = world.expect_refused(rpc, answer.outcome.map(|_| ()), Code::InvalidArgument)?;
        let is_said = failure.as_ref().is_none_or(|failure| failure.has_reason(Reason::MalformedMessage));
        world
            .check(is_said, || format!("{bytes:?}: the reason must be MALFORMED_MESSAGE, it is {failure:?}"));
    }
    let sent = world.send(&ann, &chat_id, "still here").await?;
    world.check_eq("what an open stream delivers afterwards", &next(world, &mut live).await?, &sent);
    Ok(())
}

/// The deadline of a stream that has nothing to deliver.
const STREAM_MS: u64 = 400;

async fn deadline(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let (rpc, began) = (Rpc::ChatStreamMessages, Instant::now());
    let mut live = follow(world, Envelope::by(&bob).within_ms(STREAM_MS), &live_of(&chat_id)).await?;
    match live.next(Duration::from_secs(5)).await {
        Next::Refused(failure) => {
            world.expect_refused(rpc, Err(failure), Code::DeadlineExceeded)?;
            let waited = began.elapsed();
            world.check(waited >= Duration::from_millis(STREAM_MS - 50), || {
                format!("a stream with a deadline of {STREAM_MS} ms ended after {} ms", waited.as_millis())
            });
        }
        other => world
            .violation(format!("a stream must end at its deadline of {STREAM_MS} ms, within 5 s: {other:?}")),
    }
    half_writes(world, &ann, &bob, &chat_id).await
}

/// Messages whose deadline is over sooner or later: each is there once or not at all, and the chat agrees with itself.
async fn half_writes(world: &World, ann: &Person, bob: &Person, chat_id: &str) -> Outcome {
    let mut known: Vec<(String, CallResult<Message>)> = Vec::new();
    for index in 0..90 {
        let text = format!("message {index}");
        let request = keyed(chat_id, &text, &format!("key {index}"));
        let envelope = match world.door() {
            // Through REST a deadline can be finer than a millisecond.
            Door::Rest => Envelope::by(ann).with_header("grpc-timeout", &format!("{}u", 1 + index * 40)),
            Door::Grpc => Envelope::by(ann).within_ms(1 + index / 20),
        };
        let result = world.call(envelope, &request).await;
        if let Err(failure) = &result {
            let is_late = matches!(failure.code, Code::DeadlineExceeded | Code::Cancelled);
            world.check(is_late, || format!("a call with a deadline ended with {failure}"));
        }
        known.push((text, result));
        agrees_with_itself(world, bob, chat_id).await?;
    }
    // Sent again without haste, each is answered and there once.
    for (index, (text, before)) in known.iter().enumerate() {
        let again = world.ok(ann, &keyed(chat_id, text, &format!("key {index}"))).await?;
        if let Ok(before) = before {
            world.check_eq("the answer to a message sent again", &again, before);
        }
    }
    let found = whole(world, bob, chat_id).await?;
    let sequences: Vec<_> = found.iter().map(|message| message.sequence).collect();
    let faults = crate::check::stream::check_sequences(0, &sequences);
    world.check(faults.is_empty(), || format!("sequences of the chat: {faults:?}"));
    for (text, _) in &known {
        let count = found.iter().filter(|message| message.text == *text).count();
        world
            .check(count == 1, || format!("{text:?}, sent again after its deadline, is there {count} times"));
    }
    agrees_with_itself(world, bob, chat_id).await
}

/// Asserts that the newest message and what the chat says of it are one.
async fn agrees_with_itself(world: &World, reader: &Person, chat_id: &str) -> Outcome {
    let mut newest = newest_of(world, reader, chat_id).await?;
    loop {
        let chat = world.arrange(reader, &GetChatRequest { chat_id: chat_id.to_owned() }).await?;
        let then = newest_of(world, reader, chat_id).await?;
        // A call that its client has left may end a little later: what came between is no contradiction.
        if then == newest {
            let sequence = newest.as_ref().map_or(0, |message| message.sequence);
            world.check_eq("last_message of the chat", &chat.last_message, &newest);
            world.check_eq("last_sequence of the chat", &chat.last_sequence, &sequence);
            return Ok(());
        }
        newest = then;
    }
}

async fn newest_of(world: &World, reader: &Person, chat_id: &str) -> Outcome<Option<Message>> {
    let page = page_of(chat_id, 1, None, MessageOrder::NewestFirst);
    Ok(world.arrange(reader, &page).await?.messages.pop())
}

async fn message_too_large(world: &World) -> Outcome {
    let [ann, bob] = world.people().await?;
    let chat_id = world.chat(&ann, &bob).await?;
    let mut live = follow(world, &bob, &live_of(&chat_id)).await?;
    // Below the limit of a request, and above that of a text.
    world
        .refused_field(&ann, &text_for(&chat_id, &"x".repeat(60 * 1_024)), "text", "a text of 60 KiB")
        .await?;
    let reason = match world.door() {
        Door::Grpc => Reason::MessageTooLarge,
        Door::Rest => Reason::BodyTooLarge,
    };
    for kibibytes in [65, 70, 256] {
        let request = text_for(&chat_id, &"x".repeat(kibibytes * 1_024));
        let failure = world.refused_alive(&ann, &request, reason).await?;
        if let (Door::Rest, Some(failure)) = (world.door(), failure) {
            world.check_eq("HTTP status", &failure.http_status, &Some(413));
        }
        let sent = world.ok(&ann, &text_for(&chat_id, "the next call")).await?;
        world.check_eq("what an open stream delivers afterwards", &next(world, &mut live).await?, &sent);
    }
    Ok(())
}

//! Streams as bytes: one frame a message, at once, uncompressed.

use duologue_contract::Rpc;
use duologue_contract::auth::LogoutRequest;
use duologue_contract::chat::Message;
use serde_json::Value;
use tonic::Code;

use super::{by, text};
use crate::door::{HttpRequest, HttpStream, StreamFraming, failure_of_status_json};
use crate::scenario::Cell;
use crate::scenario::stream::ARRIVAL;
use crate::world::{Outcome, Person, Stop, World};

pub(super) async fn stream_framing(world: &World) -> Outcome {
    for framing in [StreamFraming::Lines, StreamFraming::Events] {
        let [ann, bob] = world.people().await?;
        // What proxies and browsers would like to have compressed.
        let chat_id = world.chat(&ann, &bob).await?;
        let mut raw = open(world, &bob, &chat_id, framing).await?;
        let mut ids = Vec::new();
        for index in 0..5 {
            // The next message is sent when the one before has come: nothing may wait for company.
            let sent = world.send(&ann, &chat_id, &format!("one\ntwo {index} data: x\r\n\r\n")).await?;
            let frame = raw.frame(world).await?;
            let (message, id) = read(world, framing, &frame)?;
            world.check_eq("the message of a frame", &message, &Some(sent));
            ids.push(id);
        }
        if framing == StreamFraming::Events {
            let are_ids = ids.iter().all(|id| !id.is_empty()) && ids.windows(2).all(|two| two[0] != two[1]);
            world.check(are_ids, || format!("the ids of events must differ: {ids:?}"));
        }
        world.assert_cell(Cell::new(Rpc::ChatStreamMessages, Code::Ok));
        // The session ends, and the stream says so in a frame.
        let logout = LogoutRequest { refresh_token: bob.refresh_token.clone(), all_sessions: false };
        world.arrange(&bob, &logout).await?;
        let frame = raw.frame(world).await?;
        let status = match framing {
            StreamFraming::Lines => {
                serde_json::from_str::<Value>(&frame).ok().and_then(|line| line.get("error").cloned())
            }
            StreamFraming::Events => {
                let is_error = frame.lines().any(|line| line == "event: error" || line == "event:error");
                is_error.then(|| data(&frame)).and_then(|data| serde_json::from_str(&data).ok())
            }
        };
        let failure = status.ok_or_else(|| format!("no frame of an error: {frame:?}"));
        let failure = failure.and_then(|status| failure_of_status_json(&status));
        match failure {
            Ok(failure) => {
                world.expect_refused(
                    Rpc::ChatStreamMessages,
                    Err(Box::new(failure)),
                    Code::Unauthenticated,
                )?;
            }
            Err(error) => world.violation(format!("the end of a stream whose session ended: {error}")),
        }
        world.check(raw.is_over().await, || "a stream must be over after its error".to_owned());
    }
    Ok(())
}

/// A stream as it comes, cut at the ends of frames.
struct Raw {
    stream: HttpStream,
    framing: StreamFraming,
    buffer: Vec<u8>,
}

async fn open(world: &World, reader: &Person, chat_id: &str, framing: StreamFraming) -> Outcome<Raw> {
    let request = by(reader, HttpRequest::new("GET", format!("/v1/chats/{chat_id}/stream")))
        .header("accept", framing.media_type())
        .header("accept-encoding", "gzip, deflate, br, zstd");
    let opened = tokio::time::timeout(ARRIVAL, world.rest().http().open(0, request)).await;
    let Ok(opened) = opened else {
        world.violation("the headers of an idle stream did not come within 5 s");
        return Err(Stop::Violated);
    };
    let stream = opened.map_err(Stop::Broken)?;
    world.require(stream.status == 200, || format!("the stream is answered with HTTP {}", stream.status))?;
    let header = |name: &str| {
        let value = stream.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_owned()
    };
    world.check_eq("content-type of the stream", &header("content-type").as_str(), &framing.media_type());
    world.check_eq("content-encoding of the stream", &header("content-encoding").as_str(), &"");
    world.check_eq("content-length of the stream", &header("content-length").as_str(), &"");
    Ok(Raw { stream, framing, buffer: Vec::new() })
}

impl Raw {
    /// The next frame that is no heartbeat, and has to come soon.
    async fn frame(&mut self, world: &World) -> Outcome<String> {
        let end: &[u8] = if self.framing == StreamFraming::Events { b"\n\n" } else { b"\n" };
        loop {
            while let Some(at) = self.buffer.windows(end.len()).position(|window| window == end) {
                let frame: Vec<u8> = self.buffer.drain(..at + end.len()).collect();
                let frame = String::from_utf8_lossy(&frame[..at]).into_owned();
                if !frame.lines().all(|line| line.is_empty() || line.starts_with(':')) {
                    return Ok(frame);
                }
            }
            match tokio::time::timeout(ARRIVAL, self.stream.chunk()).await {
                Ok(Ok(Some(chunk))) => self.buffer.extend_from_slice(&chunk),
                other => {
                    let held = String::from_utf8_lossy(&self.buffer).into_owned();
                    world.check(false, || format!("no whole frame within 5 s: {other:?} after {held:?}"));
                    return Err(Stop::Violated);
                }
            }
        }
    }

    /// Whether nothing more comes.
    async fn is_over(&mut self) -> bool {
        let rest = tokio::time::timeout(ARRIVAL, self.stream.chunk()).await;
        matches!(rest, Ok(Ok(None))) && self.buffer.is_empty()
    }
}

/// The data of an event, joined.
fn data(frame: &str) -> String {
    let lines = frame.lines().filter_map(|line| line.strip_prefix("data:"));
    lines.map(|line| line.strip_prefix(' ').unwrap_or(line)).collect::<Vec<_>>().join("\n")
}

/// The message and the id in a frame.
fn read(world: &World, framing: StreamFraming, frame: &str) -> Outcome<(Option<Message>, String)> {
    let parsed = match framing {
        StreamFraming::Lines => serde_json::from_str::<Value>(frame).map(|line| {
            let is_alone = line.as_object().is_some_and(|fields| fields.len() == 1);
            world.check(is_alone, || {
                format!("a line must hold `result` or `error` and nothing else: {frame}")
            });
            line.get("result").cloned().unwrap_or_default()
        }),
        StreamFraming::Events => serde_json::from_str::<Value>(&data(frame)),
    };
    let Ok(json) = parsed else {
        world.check(false, || format!("a frame is not JSON: {frame:?}"));
        return Err(Stop::Violated);
    };
    world.check(!text(&json, "messageId").is_empty(), || format!("no message in the frame {frame:?}"));
    let id = frame.lines().find_map(|line| line.strip_prefix("id:")).unwrap_or_default().trim().to_owned();
    Ok((serde_json::from_value(json).ok(), id))
}

//! A stream that is open: items through gRPC, Server-Sent Events or lines of JSON.

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use tonic::{Code, Streaming};

use super::{Call, Failure, HttpStream, failure_of_status_json, grpc};

/// How a stream is asked for through REST.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StreamFraming {
    /// `text/event-stream`.
    #[default]
    Events,
    /// `application/x-ndjson`.
    Lines,
}

impl StreamFraming {
    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Events => "text/event-stream",
            Self::Lines => "application/x-ndjson",
        }
    }
}

/// What a stream did next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next<T> {
    /// It delivered an item, with the `id:` of its event where it has one.
    Item(T, Option<String>),
    /// It ended without an error.
    End,
    /// It ended with an error.
    Refused(Box<Failure>),
    /// It said nothing in the time given.
    Silence,
    /// It sent something that is not what its framing promises.
    Malformed(String),
}

/// An open stream. Dropping it leaves.
#[derive(Debug)]
pub struct Live<T: Call> {
    source: Source,
    marker: std::marker::PhantomData<fn() -> T>,
}

#[derive(Debug)]
enum Source {
    Grpc(Box<Streaming<Bytes>>),
    Rest { stream: Box<HttpStream>, framing: StreamFraming, buffer: Vec<u8> },
}

impl<T: Call> Live<T> {
    pub(crate) fn grpc(stream: Streaming<Bytes>) -> Self {
        Self { source: Source::Grpc(Box::new(stream)), marker: std::marker::PhantomData }
    }

    pub(crate) fn rest(stream: HttpStream, framing: StreamFraming) -> Self {
        let source = Source::Rest { stream: Box::new(stream), framing, buffer: Vec::new() };
        Self { source, marker: std::marker::PhantomData }
    }

    /// Waits for what comes next, for so long.
    pub async fn next(&mut self, within: Duration) -> Next<T::Reply> {
        let next = async {
            match &mut self.source {
                Source::Grpc(stream) => next_message::<T>(stream).await,
                Source::Rest { stream, framing, buffer } => next_frame::<T>(stream, *framing, buffer).await,
            }
        };
        tokio::time::timeout(within, next).await.unwrap_or(Next::Silence)
    }

    /// Headers of the response, through REST.
    #[must_use]
    pub fn headers(&self) -> Option<&http::HeaderMap> {
        match &self.source {
            Source::Grpc(_) => None,
            Source::Rest { stream, .. } => Some(&stream.headers),
        }
    }
}

async fn next_message<T: Call>(stream: &mut Streaming<Bytes>) -> Next<T::Reply> {
    match stream.message().await {
        Ok(None) => Next::End,
        Ok(Some(bytes)) => match <T::Reply as prost::Message>::decode(bytes) {
            Ok(item) => Next::Item(item, None),
            Err(error) => Next::Malformed(format!("an item of the stream does not decode: {error}")),
        },
        Err(status) => Next::Refused(Box::new(grpc::failure(&status))),
    }
}

async fn next_frame<T: Call>(
    stream: &mut HttpStream,
    framing: StreamFraming,
    buffer: &mut Vec<u8>,
) -> Next<T::Reply> {
    loop {
        let end: &[u8] = if framing == StreamFraming::Events { b"\n\n" } else { b"\n" };
        while let Some(at) = buffer.windows(end.len()).position(|window| window == end) {
            let frame: Vec<u8> = buffer.drain(..at + end.len()).collect();
            let frame = String::from_utf8_lossy(&frame[..at]).into_owned();
            let parsed = match framing {
                StreamFraming::Events => event::<T>(&frame),
                StreamFraming::Lines => line::<T>(&frame),
            };
            if let Some(next) = parsed {
                return next;
            }
        }
        match stream.chunk().await {
            Ok(Some(chunk)) => buffer.extend_from_slice(&chunk),
            Ok(None) if buffer.iter().all(u8::is_ascii_whitespace) => return Next::End,
            Ok(None) => return Next::Malformed("the stream ends within a frame".to_owned()),
            Err(error) => {
                return Next::Refused(Box::new(Failure::transport(Code::Unavailable, error)));
            }
        }
    }
}

/// One event; `None` for a comment.
fn event<T: Call>(frame: &str) -> Option<Next<T::Reply>> {
    let (mut id, mut name, mut data) = (None, "message", Vec::new());
    for line in frame.lines().filter(|line| !line.starts_with(':') && !line.is_empty()) {
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" => id = Some(value.to_owned()),
            "event" => name = value,
            "data" => data.push(value),
            _ => {}
        }
    }
    if data.is_empty() {
        return None;
    }
    let json = serde_json::from_str(&data.join("\n"));
    Some(match (name, json) {
        (_, Err(error)) => Next::Malformed(format!("the data of an event is not JSON: {error}")),
        ("error", Ok(status)) => refused(&status),
        (_, Ok(json)) => item::<T>(json, id),
    })
}

/// One line; `None` for a blank one.
fn line<T: Call>(frame: &str) -> Option<Next<T::Reply>> {
    if frame.trim().is_empty() {
        return None;
    }
    let mut json: Value = match serde_json::from_str(frame) {
        Ok(json) => json,
        Err(error) => return Some(Next::Malformed(format!("a line is not JSON: {error}"))),
    };
    if let Some(result) = json.get_mut("result") {
        return Some(item::<T>(result.take(), None));
    }
    Some(match json.get("error") {
        Some(status) => refused(status),
        None => Next::Malformed("a line has neither `result` nor `error`".to_owned()),
    })
}

fn item<T: Call>(json: Value, id: Option<String>) -> Next<T::Reply> {
    match serde_json::from_value(json) {
        Ok(item) => Next::Item(item, id),
        Err(error) => {
            Next::Malformed(format!("an item of the stream is not the JSON of its message: {error}"))
        }
    }
}

fn refused<T>(status: &Value) -> Next<T> {
    match failure_of_status_json(status) {
        Ok(failure) => Next::Refused(Box::new(failure)),
        Err(error) => Next::Malformed(format!("an error of the stream is not Status JSON: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use duologue_contract::chat::StreamMessagesRequest;

    use super::*;

    #[test]
    fn a_comment_is_nothing_and_an_event_has_its_id() {
        assert_eq!(event::<StreamMessagesRequest>(":"), None);
        let Some(Next::Item(message, id)) =
            event::<StreamMessagesRequest>("id: 1:m\ndata: {\"sequence\":\"1\",\"text\":\"t\"}")
        else {
            panic!("no item");
        };
        assert_eq!((message.sequence, message.text.as_str(), id.as_deref()), (1, "t", Some("1:m")));
    }

    #[test]
    fn an_error_in_a_stream_is_a_refusal() {
        let frame = r#"{"error":{"code":14,"message":"No.","details":[]}}"#;
        let Some(Next::Refused(failure)) = line::<StreamMessagesRequest>(frame) else { panic!("no refusal") };
        assert_eq!(failure.code, Code::Unavailable);
    }
}

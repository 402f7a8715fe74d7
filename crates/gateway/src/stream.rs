//! Streams as Server-Sent Events or as lines of JSON, with a heartbeat.

use std::time::Duration;

use axum::body::Body;
use bytes::{BufMut as _, Bytes, BytesMut};
use duologue_contract::bridge::Item;
use duologue_contract::errors::Reason;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Response};
use tokio::time::Instant;
use tonic::Status;

use crate::error::stream_error;

/// How the messages of a stream are framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// `text/event-stream`: data is the message, id its resume point.
    Events,
    /// `application/x-ndjson`: a line with `result` for each message.
    Lines,
}

impl Framing {
    /// The framing that the client accepts; lines where it does not say.
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        let accept = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let mut types = accept
            .flat_map(|value| value.split(','))
            .map(|range| range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
        match types.find(|range| matches!(range.as_str(), "text/event-stream" | "application/x-ndjson")) {
            Some(range) if range == "text/event-stream" => Self::Events,
            _ => Self::Lines,
        }
    }

    fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Events => "text/event-stream",
            Self::Lines => "application/x-ndjson",
        })
    }

    fn message(self, item: &Item) -> Bytes {
        let mut frame = BytesMut::with_capacity(item.json.len() + item.resume_point.len() + 16);
        match self {
            Self::Events => {
                frame.put_slice(b"id: ");
                frame.put_slice(item.resume_point.as_bytes());
                frame.put_slice(b"\ndata: ");
                frame.put_slice(&item.json);
                frame.put_slice(b"\n\n");
            }
            Self::Lines => {
                frame.put_slice(b"{\"result\":");
                frame.put_slice(&item.json);
                frame.put_slice(b"}\n");
            }
        }
        frame.freeze()
    }

    fn error(self, status: Status) -> Bytes {
        let status = stream_error(status);
        Bytes::from(match self {
            Self::Events => format!("event: error\ndata: {status}\n\n"),
            Self::Lines => format!("{{\"error\":{status}}}\n"),
        })
    }

    fn heartbeat(self) -> Bytes {
        Bytes::from_static(match self {
            Self::Events => b":\n\n",
            Self::Lines => b"\n",
        })
    }
}

struct Open {
    items: BoxStream<'static, Result<Item, Status>>,
    framing: Framing,
    heartbeat: Duration,
    deadline: Option<Instant>,
}

/// The response whose body is the stream. Dropping it, as a leaving client does, drops the stream.
pub(crate) fn respond(
    items: BoxStream<'static, Result<Item, Status>>,
    framing: Framing,
    heartbeat: Duration,
    deadline: Option<Instant>,
) -> Response<Body> {
    let open = Open { items, framing, heartbeat, deadline };
    let frames = stream::unfold(Some(open), |open| async move {
        let (frame, open) = next(open?).await?;
        Some((Ok::<_, std::convert::Infallible>(frame), open))
    });
    let mut response = Response::new(Body::from_stream(frames));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, framing.content_type());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// The next frame, and the stream if it goes on after it.
async fn next(mut open: Open) -> Option<(Bytes, Option<Open>)> {
    let heartbeat = Instant::now() + open.heartbeat;
    let until = open.deadline.map_or(heartbeat, |deadline| deadline.min(heartbeat));
    let framing = open.framing;
    let frame = match tokio::time::timeout_at(until, open.items.next()).await {
        Ok(None) => return None,
        Ok(Some(Ok(item))) => framing.message(&item),
        Ok(Some(Err(status))) => return Some((framing.error(status), None)),
        Err(_) if open.deadline.is_some_and(|deadline| deadline <= Instant::now()) => {
            let status = Reason::DeadlineExceeded.status("The deadline passed.");
            return Some((framing.error(status), None));
        }
        Err(_) => framing.heartbeat(),
    };
    Some((frame, Some(open)))
}

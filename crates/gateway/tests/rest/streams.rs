//! Streams over HTTP: framing, resuming, heartbeats, and how they end.

use std::time::Duration;

use crate::support::{chunk, start, start_remote, start_with, whole};
use duologue_contract::chat::Message;
use duologue_gateway::Config;
use serde_json::{Value, json};

const EVENTS: (&str, &str) = ("accept", "text/event-stream");

fn message(sequence: i64) -> Message {
    Message { message_id: format!("m{sequence}"), sequence, ..Default::default() }
}

fn parse(line: &str) -> Value {
    assert!(line.ends_with('\n'), "{line:?}");
    serde_json::from_str(line).unwrap()
}

#[tokio::test]
async fn lines_carry_a_result_each() {
    let gateway = start().await;
    for accept in ["application/x-ndjson", "*/*", "application/json"] {
        let answer = gateway.call_with("GET", "/v1/chats/three/stream", &[("accept", accept)], "").await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/x-ndjson"));
        assert_eq!((answer.header("cache-control"), answer.header("x-accel-buffering")), ("no-store", "no"));
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        let sequences: Vec<_> =
            text.lines().map(|line| parse(&format!("{line}\n"))["result"]["sequence"].clone()).collect();
        assert_eq!(sequences, ["1", "2", "3"]);
    }
}

#[tokio::test]
async fn events_carry_the_message_and_where_to_resume() {
    let gateway = start().await;
    let answer = gateway.call_with("GET", "/v1/chats/three/stream", &[EVENTS], "").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/event-stream"));
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    let events: Vec<_> = text.split_terminator("\n\n").collect();
    assert_eq!(events.len(), 3);
    let (id, data) = events[1].split_once('\n').unwrap();
    assert_eq!(id, "id: 2:m2");
    let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!((&data["messageId"], &data["text"]), (&json!("m2"), &json!("line\nfeed")));
    let notifications = gateway.call_with("GET", "/v1/notifications/stream", &[EVENTS], "").await;
    assert!(notifications.body.starts_with(b"id: n1\ndata: {"));
}

#[tokio::test]
async fn headers_come_before_the_first_message_and_each_message_at_once() {
    let gateway = start().await;
    for accept in ["text/event-stream", "application/x-ndjson"] {
        let (_connection, mut response) = gateway.open("/v1/chats/live/stream", &[("accept", accept)]).await;
        assert_eq!(response.status(), 200);
        for sequence in 1..=3 {
            gateway.stub.live.send(message(sequence)).unwrap();
            let chunk = chunk(&mut response).await.unwrap();
            assert!(chunk.contains(&format!("\"m{sequence}\"")), "{chunk}");
        }
    }
}

#[tokio::test]
async fn silence_is_broken_by_a_heartbeat() {
    let gateway = start_with(Config { heartbeat: Duration::from_millis(50), ..Config::default() }).await;
    for (accept, heartbeat) in [("text/event-stream", ":\n\n"), ("application/x-ndjson", "\n")] {
        let (_connection, mut response) = gateway.open("/v1/chats/live/stream", &[("accept", accept)]).await;
        assert_eq!(chunk(&mut response).await.as_deref(), Some(heartbeat));
        assert_eq!(chunk(&mut response).await.as_deref(), Some(heartbeat));
        gateway.stub.live.send(message(1)).unwrap();
        let mut next = chunk(&mut response).await.unwrap();
        while next == heartbeat {
            next = chunk(&mut response).await.unwrap();
        }
        assert!(next.contains("m1"), "{next}");
    }
}

#[tokio::test]
async fn a_refusal_before_the_stream_has_its_http_status() {
    let gateway = start().await;
    for accept in ["text/event-stream", "application/x-ndjson"] {
        let answer =
            gateway.call_with("GET", "/v1/chats/error-NOT_A_MEMBER/stream", &[("accept", accept)], "").await;
        assert_eq!(answer.error(), (403, 7, "NOT_A_MEMBER".into()));
    }
}

#[tokio::test]
async fn an_error_within_the_stream_is_its_last_frame() {
    let gateway = start().await;
    let lines = gateway.get("/v1/chats/breaks/stream").await;
    let last = String::from_utf8(lines.body.to_vec()).unwrap();
    let last = parse(&format!("{}\n", last.lines().last().unwrap()));
    assert_eq!(
        (&last["error"]["code"], &last["error"]["details"][0]["reason"]),
        (&json!(14), &json!("DRAINING"))
    );
    let events = gateway.call_with("GET", "/v1/chats/breaks/stream", &[EVENTS], "").await;
    let events = String::from_utf8(events.body.to_vec()).unwrap();
    let last = events.split_terminator("\n\n").last().unwrap();
    let data = last.strip_prefix("event: error\ndata: ").unwrap();
    assert_eq!(serde_json::from_str::<Value>(data).unwrap()["code"], 14);
}

#[tokio::test]
async fn the_last_event_id_resumes_whatever_the_query_says() {
    let gateway = start().await;
    let asked = async |query: &str, headers: &[(&str, &str)]| {
        let answer = gateway.call_with("GET", &format!("/v1/chats/asked/stream{query}"), headers, "").await;
        parse(std::str::from_utf8(&answer.body).unwrap())["result"]["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(asked("", &[]).await, "None None None");
    assert_eq!(asked("?since_unix_ms=0", &[]).await, "Some(0) None None");
    assert_eq!(asked("?afterSequence=4&after_message_id=m4", &[]).await, r#"None Some(4) Some("m4")"#);
    for query in ["", "?since_unix_ms=0", "?sinceUnixMs=0", "?after_sequence=1&afterMessageId=m1"] {
        assert_eq!(asked(query, &[("last-event-id", "7:m7")]).await, r#"None Some(7) Some("m7")"#, "{query}");
    }
    for id in ["7", "x:m7", "m7:7", ":"] {
        let answer = gateway.call_with("GET", "/v1/chats/asked/stream", &[("last-event-id", id)], "").await;
        assert_eq!(answer.error(), (400, 3, "INVALID_FIELD".into()), "{id}");
        assert_eq!(answer.violations(), ["Last-Event-ID"]);
    }
    let answer = gateway.call_with("GET", "/v1/notifications/stream", &[("last-event-id", "n0")], "").await;
    assert!(String::from_utf8_lossy(&answer.body).contains(r#"Some(\"n0\")"#));
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_stream_along() {
    let gateway = start().await;
    let (connection, response) = gateway.open("/v1/chats/live/stream", &[]).await;
    assert_eq!(gateway.stub.live.receiver_count(), 1);
    drop((connection, response));
    gateway.stub.until_nothing_runs().await;
}

#[tokio::test]
async fn a_deadline_ends_a_stream_with_an_error() {
    let gateway = start().await;
    let (_connection, response) = gateway.open("/v1/chats/live/stream", &[("grpc-timeout", "50m")]).await;
    let answer = whole(response).await;
    assert_eq!(parse(std::str::from_utf8(&answer.body).unwrap())["error"]["code"], 4);
    gateway.stub.until_nothing_runs().await;
}

#[tokio::test]
async fn a_remote_service_answers_alike() {
    let gateway = start_remote().await;
    let sent = gateway.call("POST", "/v1/chats/7/message", r#"{"text":"t"}"#).await;
    assert_eq!((sent.status, &sent.json()["chatId"]), (200, &json!("7")));
    let refused = gateway.get("/v1/chats/error-CHAT_EXISTS").await;
    assert_eq!(refused.error(), (409, 6, "CHAT_EXISTS".into()));
    let refused = gateway.get("/v1/chats/error-NOT_A_MEMBER/stream").await;
    assert_eq!(refused.error(), (403, 7, "NOT_A_MEMBER".into()));
    let (connection, mut response) = gateway.open("/v1/chats/live/stream", &[EVENTS]).await;
    gateway.stub.live.send(message(1)).unwrap();
    assert!(chunk(&mut response).await.unwrap().starts_with("id: 1:m1\n"));
    drop((connection, response));
    gateway.stub.until_nothing_runs().await;
    let late = gateway.call_with("GET", "/v1/chats/slow", &[("grpc-timeout", "50m")], "").await;
    assert_eq!(late.error(), (504, 4, "DEADLINE_EXCEEDED".into()));
    gateway.stub.until_nothing_runs().await;
    let seen = gateway.get("/v1/chats/7").await.json()["participantIds"].to_string();
    assert!(seen.contains("x-forwarded-for: 127.0.0.1"), "{seen}");
    assert_eq!(gateway.get("/v1/sessions").await.error(), (501, 12, "METHOD_UNKNOWN".into()));
}

//! Streams: headers first, no gap, and every way in which they end.

use std::time::Duration;

use duologue_contract::auth::LogoutRequest;
use duologue_contract::chat::{Message, StreamMessagesRequest};
use duologue_contract::errors::Reason;
use duologue_contract::notification::StreamNotificationsRequest;
use tokio::time::timeout;
use tonic::{Request, Response, Status, Streaming};

use crate::outcome::refused;
use crate::world::{PATIENCE, World};

fn follow(chat_id: &str) -> StreamMessagesRequest {
    StreamMessagesRequest { chat_id: chat_id.to_owned(), ..StreamMessagesRequest::default() }
}

async fn next(stream: &mut Streaming<Message>) -> Result<Option<Message>, Status> {
    timeout(PATIENCE, stream.message()).await.expect("something within reason")
}

/// How the stream ends, as if it had been refused.
async fn end(mut stream: Streaming<Message>) -> Result<Response<()>, Status> {
    loop {
        match next(&mut stream).await {
            Ok(Some(_)) => {}
            Ok(None) => return Ok(Response::new(())),
            Err(mut status) => {
                // What names the request stands in the headers, which came long before.
                status.metadata_mut().insert("x-request-id", "in-the-headers".parse().expect("metadata"));
                return Err(status);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_come_before_any_message_and_live_messages_after_them() {
    let world = World::start().await;
    let (ada, eve, chat_id) = world.pair().await;
    ada.send(&chat_id, "before").await;
    let response = timeout(PATIENCE, eve.chat().stream_messages(follow(&chat_id))).await;
    let response = response.expect("headers at once").expect("a stream");
    assert!(response.metadata().get("x-request-id").is_some());
    let mut stream = response.into_inner();
    for number in 0..250 {
        ada.send(&chat_id, &format!("message {number}")).await;
    }
    for number in 0..250 {
        let message = next(&mut stream).await.expect("open").expect("a message");
        assert_eq!((message.text, message.sequence), (format!("message {number}"), number + 2));
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seam_between_replay_and_live_has_neither_gap_nor_duplicate() {
    let world = World::start().await;
    let (ada, eve, chat_id) = world.pair().await;
    for _ in 0..120 {
        ada.send(&chat_id, "old").await;
    }
    let (sender, to) = (ada.clone(), chat_id.clone());
    let writer = tokio::spawn(async move {
        for _ in 0..200 {
            sender.send(&to, "new").await;
        }
    });
    let from = StreamMessagesRequest { after_sequence: Some(7), ..follow(&chat_id) };
    let mut stream = eve.chat().stream_messages(from).await.expect("a stream").into_inner();
    for sequence in 8..=320 {
        assert_eq!(next(&mut stream).await.expect("open").expect("a message").sequence, sequence);
    }
    writer.await.expect("written");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_its_token_expires() {
    let world = World::start().await;
    let (ada, _, chat_id) = world.pair().await;
    let stream = ada.chat().stream_messages(follow(&chat_id)).await.expect("a stream").into_inner();
    world.clock.advance(Duration::from_mins(15));
    refused(end(stream).await, Reason::TokenExpired);
    assert_eq!(world.entry.open_streams(), 0);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_nobody_reads_ends_too_when_its_token_expires() {
    let world = World::start().await;
    let (ada, eve, chat_id) = world.pair().await;
    let long = "🦀".repeat(4_000);
    for _ in 0..400 {
        ada.send(&chat_id, &long).await;
    }
    let from = StreamMessagesRequest { after_sequence: Some(0), ..follow(&chat_id) };
    let mut stream = eve.chat().stream_messages(from).await.expect("a stream").into_inner();
    next(&mut stream).await.expect("open").expect("a message");
    world.clock.advance(Duration::from_mins(15));
    let mut delivered = 1;
    let status = loop {
        match next(&mut stream).await {
            Ok(message) => delivered += i64::from(message.is_some()),
            Err(status) => break status,
        }
    };
    assert_eq!(duologue_contract::errors::reason_of(&status), Some(Reason::TokenExpired));
    assert!(delivered < 400, "what was under way arrives, and no more");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_when_its_session_does_and_other_streams_live_on() {
    let world = World::start().await;
    let (ada, eve, chat_id) = world.pair().await;
    let of_ada = ada.chat().stream_messages(follow(&chat_id)).await.expect("a stream").into_inner();
    let mut of_eve = eve.chat().stream_messages(follow(&chat_id)).await.expect("a stream").into_inner();
    ada.auth().logout(LogoutRequest::default()).await.expect("logged out");
    refused(end(of_ada).await, Reason::SessionRevoked);
    eve.send(&chat_id, "still here").await;
    assert_eq!(next(&mut of_eve).await.expect("open").expect("a message").text, "still here");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_when_the_server_drains_while_calls_are_still_served() {
    let world = World::start().await;
    let (ada, eve, chat_id) = world.pair().await;
    let stream = ada.chat().stream_messages(follow(&chat_id)).await.expect("a stream").into_inner();
    let inbox = eve.notification().stream_notifications(StreamNotificationsRequest::default()).await;
    let mut inbox = inbox.expect("a stream").into_inner();
    world.entry.drain().begin();
    refused(end(stream).await, Reason::Draining);
    let status = timeout(PATIENCE, inbox.message()).await.expect("soon").expect_err("an end");
    assert_eq!(duologue_contract::errors::reason_of(&status), Some(Reason::Draining));
    refused(ada.chat().stream_messages(follow(&chat_id)).await, Reason::Draining);
    ada.send(&chat_id, "still served").await;
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_has_no_deadline_unless_its_client_sets_one() {
    let world = World::start().await;
    let (ada, _, chat_id) = world.pair().await;
    let mut request = Request::new(follow(&chat_id));
    request.metadata_mut().insert("grpc-timeout", "300m".parse().expect("metadata"));
    let stream = ada.chat().stream_messages(request).await.expect("a stream").into_inner();
    refused(end(stream).await, Reason::DeadlineExceeded);
    let mut request = Request::new(follow(&chat_id));
    request.metadata_mut().insert("grpc-timeout", "99999999H".parse().expect("metadata"));
    let mut stream = ada.chat().stream_messages(request).await.expect("a stream").into_inner();
    ada.send(&chat_id, "in time").await;
    assert_eq!(next(&mut stream).await.expect("open").expect("a message").text, "in time");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_cancelled_streams_leave_nothing_behind() {
    let world = World::start().await;
    let (ada, eve, chat_id) = world.pair().await;
    let mut open = Vec::new();
    for _ in 0..300 {
        open.push(eve.chat().stream_messages(follow(&chat_id)).await.expect("a stream"));
    }
    assert_eq!(world.entry.open_streams(), 300);
    drop(open);
    for attempt in 0.. {
        assert!(attempt < 500, "{} streams are left", world.entry.open_streams());
        if world.entry.open_streams() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let mut stream = eve.chat().stream_messages(follow(&chat_id)).await.expect("a stream").into_inner();
    ada.send(&chat_id, "delivered").await;
    assert_eq!(next(&mut stream).await.expect("open").expect("a message").text, "delivered");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_stops_slows_nobody_and_gets_everything_afterwards() {
    let world = World::start().await;
    let (ada, eve, chat_id) = world.pair().await;
    let mut slow = eve.chat().stream_messages(follow(&chat_id)).await.expect("a stream").into_inner();
    let mut quick = ada.chat().stream_messages(follow(&chat_id)).await.expect("a stream").into_inner();
    let long = "🦀".repeat(4_000);
    for sequence in 1..=400 {
        timeout(PATIENCE, ada.send(&chat_id, &long)).await.expect("sending waits for no reader");
        assert_eq!(next(&mut quick).await.expect("open").expect("a message").sequence, sequence);
    }
    for sequence in 1..=400 {
        assert_eq!(next(&mut slow).await.expect("open").expect("a message").sequence, sequence);
    }
    world.finish().await;
}

//! What an open stream costs while nothing happens.

use duologue_contract::chat::StreamMessagesRequest;

use super::Context;
use crate::doors::Grpc;
use crate::ratios::process::{Kind, Process};
use crate::ratios::row::{Limit, Row, Spread};

/// Who follows: each on a connection of their own.
const FOLLOWERS: usize = 20;

/// Memory of each of 10,000 streams that are open and silent.
pub(super) async fn idle(context: &mut Context) -> Vec<Row> {
    let count: usize = context.pick(10_000, 2_000);
    let mut process = Process::start(Kind::Duologue, None, FOLLOWERS).await;
    let clients = process.grpc().await;
    // The first of each connection bring what belongs to the connection, and what the process needs once.
    let mut open = follow(&process, &clients, FOLLOWERS).await;
    let before = process.resident_bytes();
    open.extend(follow(&process, &clients, count).await);
    let after = process.resident_bytes();
    assert_eq!(open.len(), count + FOLLOWERS);
    assert!(process.is_running(), "it serves all of them");
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let each = (after - before) / count as f64 / 1_000.0;
    vec![Row {
        what: format!("{count} idle streams over gRPC: resident memory of each"),
        limit: Limit::AtMost(30.0),
        measured: Spread::of([each]),
        unit: "KB",
        note: format!("{FOLLOWERS} connections; {:.0} MB before", before / 1e6),
    }]
}

/// Opens so many streams, spread over all followers and their chats. A stream is open when its headers have come.
async fn follow(
    process: &Process,
    clients: &[Grpc],
    count: usize,
) -> Vec<tonic::Streaming<duologue_contract::chat::Message>> {
    let mut streams = Vec::with_capacity(count);
    for number in 0..count {
        let (client, sender) =
            (&clients[number % clients.len()], &process.told.senders[number % clients.len()]);
        let chat_id = sender.chats[number / clients.len() % sender.chats.len()].clone();
        let message = StreamMessagesRequest { chat_id, ..StreamMessagesRequest::default() };
        let stream = client.chat().stream_messages(client.request(message)).await;
        streams.push(stream.expect("a stream").into_inner());
    }
    streams
}

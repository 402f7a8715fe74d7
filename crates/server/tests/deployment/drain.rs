//! A process of any role ends by its deadline, whatever its peers do.

use std::io::Write as _;
use std::net::TcpStream;
use std::time::Duration;

use duologue_contract::chat::StreamMessagesRequest;
use duologue_contract::chat::chat_service_client::ChatServiceClient;

use crate::people::{Person, connect};
use crate::whole::Deployment;

/// What opens a connection of HTTP/2, and an empty SETTINGS frame.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// HEADERS that open stream 1 and do not end it: `:method POST`, `:scheme http`, `:path /`.
const HALF_REQUEST: &[u8] = &[0, 0, 3, 1, 4, 0, 0, 0, 1, 0x83, 0x86, 0x84];

/// The first of the peers is given up after ten seconds in any case: what ends before has ended by its deadline of one.
const WITHOUT_DEADLINE: Duration = Duration::from_secs(9);

/// Peers that do not leave: one that says nothing, one that says half, one that takes no notice of GOAWAY, and one with
/// a request that never ends.
fn stubborn(address: &str) -> Vec<TcpStream> {
    let said = [&[][..], &PREFACE[..9], PREFACE, &[PREFACE, HALF_REQUEST].concat()].map(<[u8]>::to_vec);
    let peer = |said: Vec<u8>| {
        let mut socket = TcpStream::connect(address).unwrap();
        socket.write_all(&said).unwrap();
        socket
    };
    said.into_iter().map(peer).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_role_ends_by_its_deadline_whatever_its_peers_do() {
    let mut deployment = Deployment::start(&["--drain-seconds", "1"]).await;
    let Deployment { auth, user, notification, social, chats, gateways, .. } = &mut deployment;
    let [chat, hanging] = chats;
    let [gateway, pinned] = gateways;
    let ([ada, _], chat_id) = Person::pair(&connect(&gateway.grpc)).await;
    let mut peers = Vec::new();
    let mut streams = Vec::new();
    for address in [&gateway.grpc, &pinned.grpc, &chat.grpc] {
        let request = StreamMessagesRequest { chat_id: chat_id.clone(), ..Default::default() };
        let mut chats = ChatServiceClient::new(connect(address));
        streams.push(chats.stream_messages(ada.follows(request)).await.unwrap());
    }
    for gateway in [&*gateway, &*pinned] {
        let mut socket = TcpStream::connect(&gateway.rest).unwrap();
        let authorization = format!("authorization: Bearer {}", ada.token);
        write!(socket, "GET /v1/chats/{chat_id}/stream HTTP/1.1\r\nhost: a\r\n{authorization}\r\n\r\n")
            .unwrap();
        peers.push(socket);
        peers.extend(stubborn(&gateway.rest));
    }
    // What this gateway's streams come from does not end them.
    hanging.pause();
    for process in [pinned, gateway, chat, social, notification, user, auth] {
        peers.extend(stubborn(&process.grpc));
        process.terminate();
        let status = process.ended_within(WITHOUT_DEADLINE).await;
        assert_eq!(status.code(), Some(0), "{}", process.log());
    }
    drop((streams, peers));
}

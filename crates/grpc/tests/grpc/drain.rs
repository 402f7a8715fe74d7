//! The drain ends in time, whatever peers do.

use std::time::{Duration, Instant};

use duologue_contract::auth::GetJwksRequest;
use duologue_contract::chat::StreamMessagesRequest;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::{PATIENCE, World};

/// What a peer does instead of leaving, in bytes that it sends and then waits.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// An empty SETTINGS frame.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

/// HEADERS that open stream 1 and do not end it: `:method POST`, `:scheme http`, `:path /`.
const HALF_REQUEST: &[u8] = &[0, 0, 3, 1, 4, 0, 0, 0, 1, 0x83, 0x86, 0x84];

#[tokio::test(flavor = "multi_thread")]
async fn the_drain_ends_by_its_deadline_whatever_peers_do() {
    let world = World::start().await;
    let (ada, _, chat_id) = world.pair().await;
    let stream = ada.chat().stream_messages(StreamMessagesRequest { chat_id, ..Default::default() }).await;
    let peers: [&[&[u8]]; 5] = [
        &[],
        &[&PREFACE[..9]],
        &[PREFACE, SETTINGS],
        &[PREFACE, SETTINGS, HALF_REQUEST],
        &[b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n"],
    ];
    let mut sockets = Vec::new();
    for bytes in peers {
        let mut socket = TcpStream::connect(world.address).await.expect("a connection");
        socket.write_all(&bytes.concat()).await.expect("written");
        sockets.push(socket);
    }
    // Nothing tells when the server has read half a request. Too short a wait makes the test easier, never red.
    tokio::time::sleep(Duration::from_millis(50)).await;
    let begin = Instant::now();
    world.shutdown.send(()).expect("the server runs");
    tokio::time::timeout(PATIENCE, world.served).await.expect("an end").expect("a good end");
    let took = begin.elapsed();
    assert!(took < Duration::from_millis(1_500), "{took:?}");
    assert!(TcpStream::connect(world.address).await.is_err(), "nobody listens any more");
    drop((stream, sockets));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_server_drains_at_once() {
    let world = World::start().await;
    world.auth().get_jwks(GetJwksRequest {}).await.expect("keys");
    let begin = Instant::now();
    world.finish().await;
    assert!(begin.elapsed() < Duration::from_millis(500), "{:?}", begin.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_peer_that_never_introduces_itself_is_dropped() {
    let world = World::start().await;
    for bytes in [&b""[..], &PREFACE[..9], b"POST / HT"] {
        let mut socket = TcpStream::connect(world.address).await.expect("a connection");
        socket.write_all(bytes).await.expect("written");
        let mut answer = Vec::new();
        let closed = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut answer)).await;
        assert!(closed.is_ok(), "{bytes:?} holds its connection for ever");
    }
    world.finish().await;
}

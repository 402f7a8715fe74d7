//! Peers that begin a handshake and do not end it.

use std::time::Duration;

use duologue_listener::ListenerConfig;
use duologue_tls::{ClientCertificates, Security};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Server, World, ask, channel, within};

/// The first bytes of a handshake: a record of 512 bytes is to follow.
const HALF: [u8; 6] = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01];

fn config(handshake: Duration) -> ListenerConfig {
    ListenerConfig { handshake, ..ListenerConfig::development("test") }
}

#[tokio::test]
async fn half_a_handshake_is_given_up_on() {
    let world = World::new();
    let tls = world.server_tls(ClientCertificates::Ignored);
    let patience = config(Duration::from_millis(50));
    let server = Server::start_with(tls, patience, Duration::from_hours(1)).await;
    for said in [&HALF[..], &[]] {
        let mut peer = TcpStream::connect(server.address).await.unwrap();
        peer.write_all(said).await.unwrap();
        // The server hangs up: an orderly end, or a reset because bytes were left unread.
        let heard = within(peer.read(&mut [0; 64])).await;
        assert!(!matches!(heard, Ok(1..)), "{heard:?}");
    }
}

#[tokio::test]
async fn half_a_handshake_holds_nobody_else() {
    let world = World::new();
    let tls = world.server_tls(ClientCertificates::Ignored);
    let patience = config(Duration::from_hours(1));
    let server = Server::start_with(tls, patience, Duration::from_hours(1)).await;
    let mut peer = TcpStream::connect(server.address).await.unwrap();
    peer.write_all(&HALF).await.unwrap();
    ask(&mut channel(&world.client(None), server.https())).await.unwrap();
}

#[tokio::test]
async fn half_a_handshake_does_not_outlast_the_drain() {
    let world = World::new();
    let tls = world.server_tls(ClientCertificates::Ignored);
    let patience = config(Duration::from_hours(1));
    let server = Server::start_with(Security::Tls(tls), patience, Duration::from_millis(50)).await;
    let mut peer = TcpStream::connect(server.address).await.unwrap();
    peer.write_all(&HALF).await.unwrap();
    // Answered after the peer was accepted: connections are accepted in their order.
    ask(&mut channel(&world.client(None), server.https())).await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn plain_words_to_a_tls_listener_are_not_answered() {
    let world = World::new();
    let server = Server::start(&world.server_tls(ClientCertificates::Ignored)).await;
    let mut peer = TcpStream::connect(server.address).await.unwrap();
    peer.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut heard = Vec::new();
    let _ = within(peer.read_to_end(&mut heard)).await;
    assert!(!heard.starts_with(b"HTTP"), "{heard:?}");
    assert_eq!(server.served(), 0);
}

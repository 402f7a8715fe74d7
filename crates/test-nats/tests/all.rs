//! The provider itself.
#![expect(clippy::unwrap_used, reason = "a test ends where what it needs is missing")]

use std::time::Duration;

use duologue_test_nats::NatsServer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection that was greeted.
async fn connect(server: &NatsServer) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(b"CONNECT {\"verbose\":false}\r\n").await.unwrap();
    hear(&mut stream, "INFO").await;
    stream
}

/// Reads until the text has come.
async fn hear(stream: &mut TcpStream, text: &str) {
    let mut heard = String::new();
    while !heard.contains(text) {
        let mut bytes = [0; 4_096];
        let count = stream.read(&mut bytes).await.unwrap();
        assert!(count > 0, "closed after {heard:?}");
        heard.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
}

#[tokio::test]
async fn a_killed_server_starts_again_on_its_port() {
    let mut server = NatsServer::new(&[]).await.unwrap();
    let url = server.url();
    connect(&server).await;
    for _ in 0..2 {
        server.kill_9().unwrap();
        TcpStream::connect(server.address()).await.unwrap_err();
        server.start().await.unwrap();
        connect(&server).await;
    }
    assert_eq!(server.url(), url);
}

#[tokio::test]
async fn a_paused_server_answers_once_it_goes_on() {
    let server = NatsServer::new(&[]).await.unwrap();
    let mut stream = connect(&server).await;
    stream.write_all(b"PING\r\n").await.unwrap();
    hear(&mut stream, "PONG").await;
    server.pause().unwrap();
    stream.write_all(b"PING\r\n").await.unwrap();
    let answer = tokio::time::timeout(Duration::from_millis(300), hear(&mut stream, "PONG")).await;
    assert!(answer.is_err(), "it answers while it is paused");
    server.resume().unwrap();
    hear(&mut stream, "PONG").await;
}

#[tokio::test]
async fn arguments_reach_the_server() {
    let server = NatsServer::new(&["--user", "somebody", "--pass", "secret"]).await.unwrap();
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    hear(&mut stream, "\"auth_required\":true").await;
}

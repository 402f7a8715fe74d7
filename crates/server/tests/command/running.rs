//! A running server: what it answers about itself, what it never tells, and how it ends.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use crate::server::{Server, field, http, run};

#[test]
fn it_says_how_it_is_on_every_door() {
    let server = Server::start(&[]);
    for path in ["/healthz", "/readyz", "/docs", "/openapi.json", "/.well-known/jwks.json"] {
        let answer = http(&server.rest, &format!("GET {path}"), "", "");
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
    let healthy =
        run(server.directory(), &["healthcheck", "--metrics", &format!("http://{}", server.metrics)]);
    assert!(healthy.status.success(), "{healthy:?}");
    let metrics = http(&server.metrics, "GET /metrics", "", "");
    assert!(metrics.starts_with("HTTP/1.1 200"), "{metrics}");
    // Metrics have a port of their own.
    assert!(http(&server.rest, "GET /metrics", "", "").starts_with("HTTP/1.1 404"));
}

#[test]
fn nothing_secret_or_private_reaches_logs_or_metrics() {
    let server = Server::start(&["--log=trace"]);
    let body = r#"{"email":"hidden@example.org","password":"never to be seen"}"#;
    let answer = http(&server.rest, "POST /v1/register", "", body);
    let (access, refresh) = (field(&answer, "accessToken"), field(&answer, "refreshToken"));
    let authorization = format!("authorization: Bearer {access}\r\n");
    http(&server.rest, "POST /v1/profile", &authorization, r#"{"nickname":"hidden","bio":"a private bio"}"#);
    let wrong = r#"{"email":"hidden@example.org","password":"also never seen"}"#;
    http(&server.rest, "POST /v1/login", "", wrong);
    let chat = format!(r#"{{"participantId":"{}"}}"#, field(&answer, "userId"));
    http(&server.rest, "POST /v1/chats", &authorization, &chat);
    http(&server.rest, "POST /v1/chats/x/message", &authorization, r#"{"text":"words between two"}"#);
    let told = server.log() + &http(&server.metrics, "GET /metrics", "", "");
    // What was logged at all, so that silence is not taken for discretion.
    assert!(told.contains("AuthService/Register") || told.contains("Register"), "nothing was logged");
    for secret in [
        "hidden@example.org",
        "never to be seen",
        "also never seen",
        access,
        refresh,
        "a private bio",
        "words between two",
    ] {
        assert!(!told.contains(secret), "{secret:?} was told: {told}");
    }
}

#[test]
fn told_to_stop_it_ends_in_time_whatever_its_peers_do() {
    let mut server = Server::start(&["--drain-seconds=1"]);
    // A socket that says nothing, half a preface, and a request that never ends.
    let _silent = TcpStream::connect(&server.grpc).unwrap();
    let mut half = TcpStream::connect(&server.grpc).unwrap();
    half.write_all(b"PRI * HTTP/2.0\r\n").unwrap();
    let mut endless = TcpStream::connect(&server.rest).unwrap();
    endless.write_all(b"POST /v1/login HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n").unwrap();
    server.terminate();
    assert!(server.wait().success());
    assert!(server.log().contains("stopped"), "{}", server.log());
    let mut rest = Vec::new();
    // Cut off or told to leave: either way it is over.
    let _ = endless.read_to_end(&mut rest);
}

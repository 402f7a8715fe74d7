//! Refusals: their statuses, their shape, and that the connection outlives them.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{request, start, start_with};
use async_trait::async_trait;
use duologue_contract::Rpc;
use duologue_contract::errors::Reason;
use duologue_gateway::{Config, Guard, NotReady, Readiness};
use tonic::metadata::MetadataMap;

#[tokio::test]
async fn every_code_has_its_canonical_status() {
    let gateway = start().await;
    let expected = [
        ("CANCELLED", 499, 1),
        ("INVALID_FIELD", 400, 3),
        ("DEADLINE_EXCEEDED", 504, 4),
        ("CHAT_NOT_FOUND", 404, 5),
        ("CHAT_EXISTS", 409, 6),
        ("NOT_A_MEMBER", 403, 7),
        ("RATE_LIMITED", 429, 8),
        ("SEQUENCE_OUT_OF_RANGE", 400, 11),
        ("METHOD_UNKNOWN", 501, 12),
        ("INTERNAL", 500, 13),
        ("STORAGE_UNAVAILABLE", 503, 14),
        ("HISTORY_LOST", 500, 15),
        ("TOKEN_EXPIRED", 401, 16),
    ];
    for (reason, status, code) in expected {
        let answer = gateway.get(&format!("/v1/chats/error-{reason}")).await;
        assert_eq!(answer.error(), (status, code, reason.to_owned()));
        let json = answer.json();
        assert_eq!(json["message"], "As asked.");
        assert_eq!(json["details"][0]["metadata"]["id"], "x");
        assert_eq!(answer.violations(), ["id"]);
        assert_eq!(json["details"][2]["@type"], "type.googleapis.com/google.rpc.RetryInfo");
        assert_eq!(json["details"][2]["retryDelay"], "1.500s");
        let retry_after = if matches!(status, 429 | 503) { "2" } else { "" };
        assert_eq!(answer.header("retry-after"), retry_after, "{reason}");
        assert_eq!(answer.header("www-authenticate"), if status == 401 { "Bearer" } else { "" });
    }
}

#[tokio::test]
async fn the_words_of_a_transport_stay_inside() {
    let gateway = start().await;
    for (number, status, reason) in [
        (1, 499, "CANCELLED"),
        (2, 500, "INTERNAL"),
        (4, 504, "DEADLINE_EXCEEDED"),
        (8, 429, "MESSAGE_TOO_LARGE"),
        (12, 501, "METHOD_UNKNOWN"),
        (13, 500, "INTERNAL"),
        (14, 503, "DEPENDENCY_UNAVAILABLE"),
    ] {
        let answer = gateway.get(&format!("/v1/chats/bare-{number}")).await;
        let (actual_status, _, actual_reason) = answer.error();
        assert_eq!((actual_status, actual_reason.as_str()), (status, reason));
        assert!(!String::from_utf8_lossy(&answer.body).contains("secret"), "{number}");
    }
}

#[tokio::test]
async fn a_panic_is_an_error_like_any_other() {
    let gateway = start().await;
    assert_eq!(gateway.get("/v1/chats/panic").await.error(), (500, 13, "INTERNAL".into()));
}

#[tokio::test]
async fn an_unknown_path_is_404_and_an_unknown_verb_405_with_allow() {
    let gateway = start().await;
    for path in ["/", "/v1", "/v2/login", "/v1/login/", "/v1/chats/1/2/3", "/index.html", "//", "/metrics"] {
        assert_eq!(gateway.get(path).await.error(), (404, 5, "ROUTE_UNKNOWN".into()), "{path}");
    }
    for (verb, path, allow) in [
        ("GET", "/v1/login", "OPTIONS, POST"),
        ("PUT", "/v1/chats", "GET, HEAD, OPTIONS, POST"),
        ("BREW", "/v1/chats", "GET, HEAD, OPTIONS, POST"),
        ("POST", "/healthz", "GET, HEAD, OPTIONS"),
        ("DELETE", "/v1/profile/1", "GET, HEAD, OPTIONS, PATCH"),
    ] {
        let answer = gateway.call(verb, path, "").await;
        assert_eq!(answer.error(), (405, 12, "METHOD_NOT_ALLOWED".into()), "{verb} {path}");
        assert_eq!(answer.header("allow"), allow);
    }
    let options = gateway.call("OPTIONS", "/v1/login", "").await;
    assert_eq!((options.status, options.header("allow")), (204, "OPTIONS, POST"));
    assert_eq!(options.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn head_answers_as_get_does_without_a_body() {
    let gateway = start().await;
    let answer = gateway.call("HEAD", "/v1/profile/7", "").await;
    assert_eq!(
        (answer.status, answer.header("content-type"), answer.body.len()),
        (200, "application/json", 0)
    );
    assert_eq!(answer.header("content-length"), gateway.get("/v1/profile/7").await.header("content-length"));
    assert_eq!(gateway.call("HEAD", "/v1/nothing", "").await.status, 404);
    assert_eq!(gateway.call("HEAD", "/v1/chats/live/stream", "").await.status, 200);
    gateway.stub.until_nothing_runs().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_413_and_the_connection_stays() {
    let gateway = start().await;
    let mut connection = gateway.connect().await;
    let filled = |length: usize| format!(r#"{{"text":"{}"}}"#, "x".repeat(length - 11));
    for _ in 0..2 {
        let answer = connection.call("POST", "/v1/chats/7/message", filled(5 * 1024 * 1024)).await;
        assert_eq!(answer.error(), (413, 8, "BODY_TOO_LARGE".into()));
        assert_eq!(connection.call("POST", "/v1/chats/7/message", filled(64 * 1024)).await.status, 200);
        let answer = connection.call("POST", "/v1/chats/7/message", filled(64 * 1024 + 1)).await;
        assert_eq!(answer.status, 413);
        assert_eq!(connection.call("POST", "/v1/nothing", filled(100_000)).await.status, 404);
    }
}

#[tokio::test]
async fn a_url_that_is_too_long_is_refused() {
    let gateway = start().await;
    let answer = gateway.get(&format!("/v1/profile/{}", "x".repeat(10_000))).await;
    assert_eq!(answer.error(), (400, 3, "URL_TOO_LONG".into()));
    assert_eq!(gateway.get(&format!("/v1/users/search?query={}", "x".repeat(8_192))).await.status, 400);
}

#[tokio::test]
async fn a_deadline_bounds_the_call_and_drops_it() {
    let gateway = start().await;
    for header in [("grpc-timeout", "50m"), ("x-request-timeout", "0.05"), ("x-request-timeout", "50ms")] {
        let answer = gateway.call_with("GET", "/v1/chats/slow", &[header], "").await;
        assert_eq!(answer.error(), (504, 4, "DEADLINE_EXCEEDED".into()));
        gateway.stub.until_nothing_runs().await;
    }
    for header in [("grpc-timeout", "50"), ("x-request-timeout", "soon"), ("x-request-timeout", "-1")] {
        let answer = gateway.call_with("GET", "/v1/chats/7", &[header], "").await;
        assert_eq!(answer.error(), (400, 3, "MALFORMED_REQUEST".into()));
    }
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_call_along() {
    let gateway = start().await;
    let mut connection = gateway.connect().await;
    let call = connection.send(request("GET", "/v1/chats/slow", &[], ""));
    tokio::select! {
        _ = call => panic!("it is slow"),
        () = gateway.stub.opened.notified() => {}
    }
    drop(connection);
    gateway.stub.until_nothing_runs().await;
}

struct Door;

#[async_trait]
impl Guard for Door {
    async fn admit(&self, _: Rpc, metadata: &MetadataMap) -> Result<(), tonic::Status> {
        if metadata.contains_key("authorization") {
            Ok(())
        } else {
            Err(Reason::TokenInvalid.status("No token."))
        }
    }
}

#[tokio::test]
async fn a_bad_token_is_refused_before_a_bad_argument() {
    let gateway = start_with(Config { guard: Some(Arc::new(Door)), ..Config::default() }).await;
    let refused = (401, 16, "TOKEN_INVALID".to_owned());
    assert_eq!(gateway.call("POST", "/v1/chats/7/message", "{").await.error(), refused);
    assert_eq!(gateway.get("/v1/users/search?limit=x").await.error(), refused);
    assert_eq!(gateway.call("POST", "/v1/login", "{").await.error().0, 400, "public");
    let headers = [("authorization", "Bearer x")];
    assert_eq!(gateway.call_with("POST", "/v1/chats/7/message", &headers, "{").await.error().0, 400);
}

struct Asked(Result<(), NotReady>);

#[async_trait]
impl Readiness for Asked {
    async fn check(&self) -> Result<(), NotReady> {
        self.0.clone()
    }
}

#[tokio::test]
async fn readiness_asks_and_health_does_not() {
    let not_ready = Asked(Err(NotReady(vec!["storage".into()])));
    let gateway = start_with(Config { readiness: Some(Arc::new(not_ready)), ..Config::default() }).await;
    let answer = gateway.get("/readyz").await;
    assert_eq!(answer.error(), (503, 14, "NOT_READY".into()));
    assert_eq!(answer.json()["details"][0]["metadata"]["dependencies"], "storage");
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(gateway.get("/healthz").await.status, 200);
    let gateway = start_with(Config { readiness: Some(Arc::new(Asked(Ok(())))), ..Config::default() }).await;
    assert_eq!(gateway.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn a_body_that_never_ends_is_given_up() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let gateway = start_with(Config { body_timeout: Duration::from_millis(50), ..Config::default() }).await;
    let mut socket = tokio::net::TcpStream::connect(gateway.address).await.unwrap();
    socket.write_all(b"POST /v1/login HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{").await.unwrap();
    let mut start = [0; 12];
    socket.read_exact(&mut start).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 504");
}

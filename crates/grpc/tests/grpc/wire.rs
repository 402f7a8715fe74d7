//! What never reaches a binding: it is refused in the contract's words, and the connection lives.

use std::time::Duration;

use duologue_contract::Rpc;
use duologue_contract::auth::GetJwksRequest;
use duologue_contract::chat::SendMessageRequest;
use duologue_contract::errors::Reason;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tonic::Request;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use crate::outcome::refused;
use crate::raw;
use crate::world::World;

type Client = hyper::client::conn::http2::SendRequest<Full<bytes::Bytes>>;

/// A connection that sends whatever it is told to.
async fn rude(world: &World) -> Client {
    let socket = TcpStream::connect(world.address).await.expect("a connection");
    let (client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket))
            .await
            .expect("HTTP/2");
    tokio::spawn(connection);
    client
}

/// The gRPC status code and the HTTP code that a request of exactly these bytes gets.
async fn ask(client: &mut Client, request: http::request::Builder, body: &[u8]) -> (u16, Option<String>) {
    let request = request.body(Full::from(body.to_vec())).expect("a request");
    let response = client.send_request(request).await.expect("an answer");
    let status = response.status().as_u16();
    let code =
        response.headers().get("grpc-status").and_then(|code| code.to_str().ok()).map(ToOwned::to_owned);
    let trailers = response.into_body().collect().await.expect("a body").trailers().cloned();
    let trailing =
        trailers.and_then(|trailers| trailers.get("grpc-status")?.to_str().ok().map(ToOwned::to_owned));
    (status, code.or(trailing))
}

fn post(path: &str) -> http::request::Builder {
    http::Request::post(format!("http://localhost{path}")).header("content-type", "application/grpc")
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_are_too_large_are_refused_and_the_connection_still_serves() {
    let world = World::start().await;
    let (ada, _, chat_id) = world.pair().await;
    for bytes in [5_000_000, 65_536, 5_000_000, 5_000_000] {
        let text = "x".repeat(bytes);
        let request = SendMessageRequest { chat_id: chat_id.clone(), text, client_message_id: None };
        refused(ada.chat().send_message(request).await, Reason::MessageTooLarge);
        ada.send(&chat_id, "still served").await;
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_that_cannot_be_decoded_are_malformed_on_every_rpc() {
    let world = World::start().await;
    let user = world.user().await;
    let credential = format!("Bearer {}", user.access_token);
    // A tag without its value, a length beyond the end, a group that never ends, a wire type that does not exist.
    let bad: [&[u8]; 4] = [&[0x0a], &[0x0a, 0x7f, 0x41], &[0x0b], &[0x0f]];
    for rpc in Rpc::ALL {
        for message in bad {
            let outcome = raw::call(&world.channel, rpc.path(), &[&credential], message.to_vec()).await;
            refused(outcome, Reason::MalformedMessage);
        }
    }
    let not_utf8 = vec![0x0a, 0x02, 0xff, 0xfe];
    let outcome = raw::call(&world.channel, Rpc::UserGetProfileById.path(), &[&credential], not_utf8).await;
    refused(outcome, Reason::MalformedMessage);
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_methods_are_unknown_and_unknown_fields_are_not_looked_at() {
    let world = World::start().await;
    let user = world.user().await;
    let credential = format!("Bearer {}", user.access_token);
    for path in ["/api.chat.v1.ChatService/Nothing", "/api.nothing.v1.Nothing/Nothing", "/", "/x/y/z"] {
        refused(raw::call(&world.channel, path, &[], Vec::new()).await, Reason::MethodUnknown);
    }
    let unknown_field = vec![0xf8, 0x07, 0x01];
    let listed =
        raw::call(&world.channel, Rpc::ChatListUserChats.path(), &[&credential], unknown_field).await;
    listed.expect("newer clients are understood");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_that_are_none_are_refused_and_the_connection_still_serves() {
    let world = World::start().await;
    let mut client = rude(&world).await;
    let path = Rpc::AuthLogin.path();
    let invalid = Some("3".to_owned());
    let bodies: [&[u8]; 7] = [
        b"",
        b"\0",
        b"\0\0\0\0",
        b"\0\0\0\0\x05ab",
        b"\x01\0\0\0\0",
        b"\x07\0\0\0\0",
        b"{\"email\":\"a@example.org\"}",
    ];
    for body in bodies {
        let (status, code) = ask(&mut client, post(path), body).await;
        assert_eq!((status, code), (200, invalid.clone()), "{body:?}");
    }
    let gzip = ask(&mut client, post(path).header("grpc-encoding", "gzip"), b"\x01\0\0\0\x01a").await;
    assert_eq!(gzip, (200, invalid.clone()));
    for content_type in ["application/json", "text/plain", ""] {
        let request =
            http::Request::post(format!("http://localhost{path}")).header("content-type", content_type);
        let (status, _) = ask(&mut client, request, b"{}").await;
        assert!(status < 500, "{content_type:?}: {status}");
    }
    let get = http::Request::get(format!("http://localhost{path}"));
    assert!(ask(&mut client, get, b"").await.0 < 500);
    let huge_header = post(path).header("x-huge", "x".repeat(20_000));
    assert_eq!(ask(&mut client, huge_header, b"").await.0, 431);
    for timeout in ["", "x", "-1S", "999999999S", "99999999H"] {
        let keys = post(Rpc::AuthGetJwks.path()).header("grpc-timeout", timeout);
        assert_eq!(ask(&mut client, keys, b"\0\0\0\0\0").await, (200, Some("0".to_owned())), "{timeout:?}");
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_never_ends_holds_a_call_for_its_deadline_and_no_longer() {
    let world = World::start().await;
    let mut client = slow(&world).await;
    let request = post(Rpc::AuthGetJwks.path()).header("grpc-timeout", "100m");
    let request = request.body(NeverEnding).expect("a request");
    let response = tokio::time::timeout(Duration::from_secs(5), client.send_request(request)).await;
    let response = response.expect("in time").expect("an answer");
    assert_eq!(response.headers().get("grpc-status").map(http::HeaderValue::as_bytes), Some(&b"4"[..]));
    world.finish().await;
}

/// A body whose end never comes.
struct NeverEnding;

impl hyper::body::Body for NeverEnding {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<hyper::body::Frame<Self::Data>, Self::Error>>> {
        std::task::Poll::Pending
    }
}

async fn slow(world: &World) -> hyper::client::conn::http2::SendRequest<NeverEnding> {
    let socket = TcpStream::connect(world.address).await.expect("a connection");
    let (client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(socket))
            .await
            .expect("HTTP/2");
    tokio::spawn(connection);
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_a_request_comes_back_if_it_is_fit_to_be_one() {
    let world = World::start().await;
    for (sent, kept) in [("my-request-1", true), ("a b", false), (&"x".repeat(129), false)] {
        let mut request = Request::new(GetJwksRequest {});
        request.metadata_mut().insert("x-request-id", sent.parse().expect("metadata"));
        let response = world.auth().get_jwks(request).await.expect("keys");
        let answered = response.metadata().get("x-request-id").and_then(|name| name.to_str().ok());
        assert_eq!(answered == Some(sent), kept, "{sent:?}: {answered:?}");
        assert!(answered.is_some());
    }
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn grpc_web_is_spoken_over_http_1() {
    let world = World::start().await;
    let socket = TcpStream::connect(world.address).await.expect("a connection");
    let (mut client, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.expect("HTTP/1");
    tokio::spawn(connection);
    let request = http::Request::post(Rpc::AuthGetJwks.path())
        .header("host", "localhost")
        .header("content-type", "application/grpc-web+proto")
        .body(Full::<bytes::Bytes>::from(&b"\0\0\0\0\0"[..]))
        .expect("a request");
    let response = client.send_request(request).await.expect("an answer");
    assert_eq!(response.status().as_u16(), 200);
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    let text = String::from_utf8_lossy(&body);
    assert!(text.contains("Ed25519") && text.contains("grpc-status:0"), "{text}");
    world.finish().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_answers_for_every_service_and_reflection_knows_the_contract() {
    let world = World::start().await;
    for service in ["", "api.auth.v1.AuthService", "api.chat.v1.ChatService"] {
        let request = HealthCheckRequest { service: service.to_owned() };
        let answer =
            HealthClient::new(world.channel.clone()).check(request).await.expect("healthy").into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
    }
    let list = MessageRequest::ListServices(String::new());
    let request = ServerReflectionRequest { host: String::new(), message_request: Some(list) };
    let mut client = ServerReflectionClient::new(world.channel.clone());
    let answers = client.server_reflection_info(futures::stream::iter([request])).await.expect("reflection");
    let answer = answers.into_inner().message().await.expect("open").expect("an answer").message_response;
    let Some(MessageResponse::ListServicesResponse(list)) = answer else { panic!("{answer:?}") };
    let names: Vec<_> = list.service.iter().map(|service| service.name.as_str()).collect();
    for service in duologue_contract::Service::ALL {
        assert!(names.contains(&service.name()), "{names:?}");
    }
    assert!(names.contains(&"grpc.health.v1.Health"), "{names:?}");
    world.finish().await;
}

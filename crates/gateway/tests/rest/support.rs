//! A gateway on a real socket before stub services, and a client that speaks plain HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use duologue_contract::bridge::{
    AuthInProcess, Bridges, ChatInProcess, ChatRemote, NotificationInProcess, SocialInProcess, UserInProcess,
};
use duologue_gateway::Config;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

use crate::stubs::Stub;

/// A gateway that runs until the test ends.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    pub(crate) stub: Arc<Stub>,
}

/// A gateway with the limits of the specification.
pub(crate) async fn start() -> Gateway {
    start_with(Config::default()).await
}

pub(crate) async fn start_with(config: Config) -> Gateway {
    let stub = Arc::new(Stub::default());
    let bridges = Bridges::new()
        .with(AuthInProcess::new(stub.clone()))
        .with(UserInProcess::new(stub.clone()))
        .with(SocialInProcess::new(stub.clone()))
        .with(ChatInProcess::new(stub.clone()))
        .with(NotificationInProcess::new(stub.clone()));
    serve(bridges, config, stub).await
}

/// A gateway that reaches the chat service through a connection, and no other service at all.
pub(crate) async fn start_remote() -> Gateway {
    let stub = Arc::new(Stub::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = duologue_contract::chat::chat_service_server::ChatServiceServer::from_arc(stub.clone());
    let incoming = tokio_stream::wrappers::TcpListenerStream::new(listener);
    tokio::spawn(tonic::transport::Server::builder().add_service(service).serve_with_incoming(incoming));
    let channel =
        tonic::transport::Endpoint::from_shared(format!("http://{address}")).unwrap().connect_lazy();
    serve(Bridges::new().with(ChatRemote::new(channel)), Config::default(), stub).await
}

async fn serve(bridges: Bridges, config: Config, stub: Arc<Stub>) -> Gateway {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = duologue_gateway::router(bridges, config);
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    Gateway { address, stub }
}

/// What came back, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {:?}", self.body))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// HTTP status, gRPC code and reason of an error, whose shape is checked.
    #[track_caller]
    pub(crate) fn error(&self) -> (u16, i64, String) {
        assert_eq!(self.header("content-type"), "application/json");
        let json = self.json();
        assert!(json["message"].as_str().is_some_and(|message| !message.is_empty()), "{json}");
        let info = &json["details"][0];
        assert_eq!(info["@type"], "type.googleapis.com/google.rpc.ErrorInfo", "{json}");
        assert_eq!(info["domain"], "duologue", "{json}");
        (self.status, json["code"].as_i64().unwrap(), info["reason"].as_str().unwrap().to_owned())
    }

    /// The fields that a `BadRequest` names.
    pub(crate) fn violations(&self) -> Vec<String> {
        let json = self.json();
        let details = json["details"].as_array().unwrap();
        let violations =
            details.iter().flat_map(|detail| detail["fieldViolations"].as_array().into_iter().flatten());
        violations.map(|violation| violation["field"].as_str().unwrap().to_owned()).collect()
    }
}

/// One connection, to see that it stays usable.
pub(crate) struct Connection(SendRequest<Full<Bytes>>);

impl Connection {
    pub(crate) async fn send(&mut self, request: Request<Full<Bytes>>) -> Response<Incoming> {
        self.0.ready().await.unwrap();
        self.0.send_request(request).await.unwrap()
    }

    pub(crate) async fn call(&mut self, verb: &str, path: &str, body: impl Into<Bytes>) -> Answer {
        whole(self.send(request(verb, path, &[], body)).await).await
    }
}

pub(crate) fn request(
    verb: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Request<Full<Bytes>> {
    let mut request = Request::builder().method(verb).uri(path).header("host", "localhost");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::new(body.into())).unwrap()
}

pub(crate) async fn whole(response: Response<Incoming>) -> Answer {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

impl Gateway {
    pub(crate) async fn connect(&self) -> Connection {
        let socket = TcpStream::connect(self.address).await.unwrap();
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(socket)).await.unwrap();
        tokio::spawn(connection);
        Connection(sender)
    }

    pub(crate) async fn open(
        &self,
        path: &str,
        headers: &[(&str, &str)],
    ) -> (Connection, Response<Incoming>) {
        let mut connection = self.connect().await;
        let response = connection.send(request("GET", path, headers, "")).await;
        (connection, response)
    }

    pub(crate) async fn call(&self, verb: &str, path: &str, body: impl Into<Bytes>) -> Answer {
        self.connect().await.call(verb, path, body).await
    }

    pub(crate) async fn call_with(
        &self,
        verb: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Answer {
        whole(self.connect().await.send(request(verb, path, headers, body)).await).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, "").await
    }
}

/// The next chunk of a stream, as text.
pub(crate) async fn chunk(response: &mut Response<Incoming>) -> Option<String> {
    let frame =
        tokio::time::timeout(Duration::from_secs(5), response.frame()).await.expect("no chunk in time");
    frame.map(|frame| String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap())
}

//! The ways in from outside: gRPC over a socket, REST in process and over a socket.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use bytes::Bytes;
use duologue_contract::chat::chat_service_client::ChatServiceClient;
use duologue_contract::social::social_service_client::SocialServiceClient;
use duologue_contract::user::user_service_client::UserServiceClient;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use http::{HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::SendRequest;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tower::Service as _;

/// A signed-in client over gRPC, on a connection of its own.
#[derive(Clone)]
pub struct Grpc {
    channel: Channel,
    authorization: MetadataValue<Ascii>,
}

impl Grpc {
    /// Connects.
    ///
    /// # Panics
    /// If nobody listens there.
    pub async fn connect(address: SocketAddr, token: &str) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address");
        let channel = endpoint.tcp_nodelay(true).connect().await.expect("a connection");
        Self { channel, authorization: bearer(token).parse().expect("a token") }
    }

    /// A request of this client.
    pub fn request<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        request.metadata_mut().insert("authorization", self.authorization.clone());
        request
    }

    /// The client of chats.
    #[must_use]
    pub fn chat(&self) -> ChatServiceClient<Channel> {
        ChatServiceClient::new(self.channel.clone())
    }

    /// The client of friendships.
    #[must_use]
    pub fn social(&self) -> SocialServiceClient<Channel> {
        SocialServiceClient::new(self.channel.clone())
    }

    /// The client of profiles.
    #[must_use]
    pub fn user(&self) -> UserServiceClient<Channel> {
        UserServiceClient::new(self.channel.clone())
    }
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// A signed-in client of a router in this process.
#[derive(Clone)]
pub struct InProcess {
    router: Router,
    authorization: HeaderValue,
}

impl InProcess {
    /// A client of this router.
    ///
    /// # Panics
    /// If the token can stand in no header.
    #[must_use]
    pub fn new(router: &Router, token: &str) -> Self {
        Self { router: router.clone(), authorization: bearer(token).parse().expect("a token") }
    }

    /// The body that a GET answers.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn get(&self, path: &str) -> Bytes {
        self.call(Method::GET, path, Bytes::new()).await
    }

    /// The body that a POST answers.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn post(&self, path: &str, body: Bytes) -> Bytes {
        self.call(Method::POST, path, body).await
    }

    /// A stream of lines.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn stream(&self, path: &str) -> Body {
        let mut request = self.request(Method::GET, path, Bytes::new());
        request.headers_mut().insert(http::header::ACCEPT, HeaderValue::from_static("application/x-ndjson"));
        let response = self.send(request).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        response.into_body()
    }

    async fn call(&self, method: Method, path: &str, body: Bytes) -> Bytes {
        let response = self.send(self.request(method, path, body)).await;
        let status = response.status();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        assert_eq!(status, StatusCode::OK, "{path}: {body:?}");
        body
    }

    async fn send(&self, request: Request<Body>) -> axum::response::Response {
        match self.router.clone().call(request).await {
            Ok(response) => response,
            Err::<_, Infallible>(never) => match never {},
        }
    }

    fn request(&self, method: Method, path: &str, body: Bytes) -> Request<Body> {
        let mut request = Request::new(Body::from(body));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().expect("a path");
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.authorization.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1))));
        request
    }
}

/// A signed-in client over REST, on an HTTP/1.1 connection of its own that is kept.
pub struct Rest {
    connection: Mutex<SendRequest<Full<Bytes>>>,
    authorization: HeaderValue,
    host: HeaderValue,
}

impl Rest {
    /// Connects.
    ///
    /// # Panics
    /// If nobody listens there.
    pub async fn connect(address: SocketAddr, token: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        let (sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a connection");
        tokio::spawn(connection);
        Self {
            connection: Mutex::new(sender),
            authorization: bearer(token).parse().expect("a token"),
            host: address.to_string().parse().expect("an address"),
        }
    }

    /// The body that a GET answers.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn get(&self, path: &str) -> Bytes {
        self.call(Method::GET, path, Bytes::new()).await
    }

    /// The body that a POST answers.
    ///
    /// # Panics
    /// If it is refused.
    pub async fn post(&self, path: &str, body: Bytes) -> Bytes {
        self.call(Method::POST, path, body).await
    }

    async fn call(&self, method: Method, path: &str, body: Bytes) -> Bytes {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().expect("a path");
        let headers = request.headers_mut();
        headers.insert(HOST, self.host.clone());
        headers.insert(AUTHORIZATION, self.authorization.clone());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut connection = self.connection.lock().await;
        connection.ready().await.expect("the connection stands");
        let response = connection.send_request(request).await.expect("an answer");
        let status = response.status();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        assert_eq!(status, StatusCode::OK, "{path}: {body:?}");
        body
    }
}

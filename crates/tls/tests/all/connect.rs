//! The connector by itself.

use std::time::Duration;

use duologue_listener::ListenerConfig;
use duologue_tls::{ClientCertificates, ConnectError, ConnectSettings, Connector, Security, Stream};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tonic::transport::Endpoint;
use tower::ServiceExt as _;

use crate::support::{Server, World, ask, within};

async fn connect(connector: Connector, uri: &str) -> Result<Stream, ConnectError> {
    within(connector.oneshot(uri.parse().unwrap())).await.map(hyper_util::rt::TokioIo::into_inner)
}

#[tokio::test]
async fn plain_http_is_connected_to_without_tls() {
    let world = World::new();
    let config = ListenerConfig::development("test");
    let server = Server::start_with(Security::Plaintext, config, Duration::ZERO).await;
    let uri = format!("http://{}", server.address);
    let plain = Connector::new(&ConnectSettings::default());
    for connector in [plain.clone(), plain.with_tls(world.client(None))] {
        let endpoint = Endpoint::from_shared(uri.clone()).unwrap();
        let said = ask(&mut endpoint.connect_with_connector_lazy(connector)).await.unwrap();
        assert_eq!((said.version.as_str(), said.names.as_str()), ("HTTP/2.0", "nobody"));
    }
}

#[tokio::test]
async fn https_without_tls_is_refused_before_anything_is_sent() {
    let connector = Connector::new(&ConnectSettings::default());
    let error = connect(connector, "https://127.0.0.1:9").await.unwrap_err();
    assert!(matches!(error, ConnectError::NoTls), "{error}");
}

#[tokio::test]
async fn a_closed_port_is_unreachable() {
    let address = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let connector = Connector::new(&ConnectSettings::default());
    let error = connect(connector, &format!("http://{address}")).await.unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable(_)), "{error}");
}

#[tokio::test]
async fn a_server_that_does_not_shake_hands_is_given_up_on() {
    let world = World::new();
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = ConnectSettings { patience: Duration::from_millis(50), ..ConnectSettings::default() };
    let connector = Connector::new(&settings).with_tls(world.client(None));
    let uri = format!("https://{}", silent.local_addr().unwrap());
    let error = connect(connector, &uri).await.unwrap_err();
    assert!(matches!(error, ConnectError::TimedOut), "{error}");
}

#[tokio::test]
async fn sockets_are_prompt_and_notice_a_peer_that_is_gone() {
    let world = World::new();
    let server = Server::start(&world.server_tls(ClientCertificates::Ignored)).await;
    let settings = ConnectSettings {
        keep_alive: Some(Duration::from_secs(7)),
        user_timeout: Some(Duration::from_secs(11)),
        ..ConnectSettings::default()
    };
    let connector = Connector::new(&settings).with_tls(world.client(None));
    let Stream::Tls(stream) = connect(connector, &server.https()).await.unwrap() else {
        panic!("not encrypted")
    };
    let socket: &TcpStream = stream.get_ref().0;
    assert!(socket.nodelay().unwrap());
    let socket = SockRef::from(socket);
    assert!(socket.keepalive().unwrap());
    assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(7));
    assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(7));
    #[cfg(target_os = "linux")]
    assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(11)));
}

#[tokio::test]
async fn a_server_without_http2_is_not_taken_for_one() {
    // A listener that knows of no protocols at all.
    let world = World::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let acceptor = crate::support::acceptor_without_protocols(&world.server);
    let serving = async {
        let socket = listener.accept().await.unwrap().0;
        acceptor.accept(socket).await
    };
    let connector = Connector::new(&ConnectSettings::default()).with_tls(world.client(None));
    let uri = format!("https://{address}");
    let (_, connected) = tokio::join!(serving, connect(connector, &uri));
    let error = connected.unwrap_err();
    assert!(matches!(error, ConnectError::NoHttp2), "{error}");
}

//! A listener that does not ask its clients who they are.

use std::sync::Arc;

use duologue_tls::{ClientCertificates, ConnectError, ConnectSettings, Connector};
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject as _;
use rustls::{AlertDescription, CertificateError, ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower::ServiceExt as _;

use crate::support::{Authority, Server, World, ask, channel, tls_error, within};

#[tokio::test]
async fn a_channel_speaks_http2_over_tls() {
    let world = World::new();
    let server = Server::start(&world.server_tls(ClientCertificates::Ignored)).await;
    let said = ask(&mut channel(&world.client(None), server.https())).await.unwrap();
    assert_eq!((said.version.as_str(), said.names.as_str()), ("HTTP/2.0", "nobody"));
}

#[tokio::test]
async fn a_host_is_known_by_its_name() {
    let world = World::new();
    let server = Server::start(&world.server_tls(ClientCertificates::Ignored)).await;
    let uri = format!("https://localhost:{}", server.address.port());
    ask(&mut channel(&world.client(None), uri)).await.unwrap();
}

#[tokio::test]
async fn both_versions_of_tls_and_of_http_are_spoken() {
    let world = World::new();
    let server = Server::start(&world.server_tls(ClientCertificates::Ignored)).await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let mut stream = shake_hands(&world, &server, version, &[b"http/1.1"]).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
        let request = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        within(stream.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.contains("version: HTTP/1.1"), "{answer}");
    }
}

#[tokio::test]
async fn http2_is_preferred() {
    let world = World::new();
    let server = Server::start(&world.server_tls(ClientCertificates::Ignored)).await;
    let offered: [&[u8]; 2] = [b"http/1.1", b"h2"];
    let stream = shake_hands(&world, &server, &rustls::version::TLS13, &offered).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
}

#[tokio::test]
async fn another_protocol_is_refused() {
    let world = World::new();
    let server = Server::start(&world.server_tls(ClientCertificates::Ignored)).await;
    let error = shake_hands(&world, &server, &rustls::version::TLS13, &[b"smtp"]).await.unwrap_err();
    let alert = rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol);
    assert_eq!(tls_error(&error), Some(&alert));
}

#[tokio::test]
async fn a_server_of_a_foreign_authority_is_refused() {
    let world = World::new();
    let foreign = Authority::new(world.path(), "foreign");
    foreign.issue(&world.server, &["127.0.0.1"]);
    let refusal = refusal(&world).await;
    assert_eq!(refusal, rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer));
}

#[tokio::test]
async fn a_server_with_another_name_is_refused() {
    let world = World::new();
    world.authority.issue(&world.server, &["elsewhere.internal"]);
    let refusal = refusal(&world).await;
    let expected =
        |error: &CertificateError| matches!(error, CertificateError::NotValidForNameContext { .. });
    assert!(matches!(&refusal, rustls::Error::InvalidCertificate(error) if expected(error)), "{refusal:?}");
}

#[tokio::test]
async fn an_expired_certificate_is_served_and_refused_by_clients() {
    let world = World::new();
    world.authority.issue_with(&world.server, &["127.0.0.1"], |params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    let refusal = refusal(&world).await;
    let expected = |error: &CertificateError| matches!(error, CertificateError::ExpiredContext { .. });
    assert!(matches!(&refusal, rustls::Error::InvalidCertificate(error) if expected(error)), "{refusal:?}");
}

#[tokio::test]
async fn authorities_of_the_system_do_not_vouch_for_ours() {
    let world = World::new();
    let server = Server::start(&world.server_tls(ClientCertificates::Ignored)).await;
    match duologue_tls::ClientTls::open(duologue_tls::ClientFiles::default()) {
        // A system without any says so at once.
        Err(error) => assert!(matches!(error, duologue_tls::InvalidTls::NoRoots), "{error}"),
        Ok(client) => {
            ask(&mut channel(&client, server.https())).await.unwrap_err();
            assert_eq!(server.served(), 0);
        }
    }
}

/// Why a client refuses the server of this world.
async fn refusal(world: &World) -> rustls::Error {
    let server = Server::start(&world.server_tls(ClientCertificates::Ignored)).await;
    let connector = Connector::new(&ConnectSettings::default()).with_tls(world.client(None));
    let error = within(connector.oneshot(server.https().parse().unwrap())).await.unwrap_err();
    assert!(matches!(error, ConnectError::Handshake(_)), "{error}");
    assert_eq!(server.served(), 0);
    tls_error(&error).unwrap().clone()
}

/// A handshake with a client of one's own making.
async fn shake_hands(
    world: &World,
    server: &Server,
    version: &'static SupportedProtocolVersion,
    protocols: &[&[u8]],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    let authority = rustls::pki_types::CertificateDer::from_pem_file(&world.authority.file).unwrap();
    roots.add(authority).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let socket = TcpStream::connect(server.address).await.unwrap();
    let name = ServerName::from(server.address.ip());
    within(TlsConnector::from(Arc::new(config)).connect(name, socket)).await
}

//! A listener that asks its clients who they are.

use duologue_tls::{ClientCertificates, ClientTls, ConnectSettings, Connector};
use rustls::AlertDescription;
use tokio::io::AsyncReadExt as _;
use tower::ServiceExt as _;

use crate::support::{Authority, Server, World, ask, channel, tls_error, within};

fn required(world: &World) -> ClientCertificates {
    ClientCertificates::Required(world.authority.file.clone())
}

fn optional(world: &World) -> ClientCertificates {
    ClientCertificates::Optional(world.authority.file.clone())
}

/// Why the server ends the connection of a client. (In TLS 1.3 the client's handshake is over before that.)
async fn refusal(server: &Server, client: ClientTls) -> rustls::Error {
    let connector = Connector::new(&ConnectSettings::default()).with_tls(client);
    let mut stream = within(connector.oneshot(server.https().parse().unwrap())).await.unwrap().into_inner();
    let error = within(stream.read_u8()).await.unwrap_err();
    tls_error(&error).unwrap_or_else(|| panic!("{error}")).clone()
}

#[tokio::test]
async fn a_client_without_a_certificate_is_refused_where_one_is_required() {
    let world = World::new();
    let server = Server::start(&world.server_tls(required(&world))).await;
    let alert = rustls::Error::AlertReceived(AlertDescription::CertificateRequired);
    assert_eq!(refusal(&server, world.client(None)).await, alert);
    ask(&mut channel(&world.client(None), server.https())).await.unwrap_err();
    assert_eq!(server.served(), 0);
}

#[tokio::test]
async fn a_client_of_a_foreign_authority_is_refused() {
    let world = World::new();
    let foreign = Authority::new(world.path(), "foreign");
    let stranger = world.client(Some(foreign.identity(world.path(), "stranger", &["chat"])));
    for clients in [required(&world), optional(&world)] {
        let server = Server::start(&world.server_tls(clients)).await;
        let alert = rustls::Error::AlertReceived(AlertDescription::UnknownCA);
        assert_eq!(refusal(&server, stranger.clone()).await, alert);
        ask(&mut channel(&stranger, server.https())).await.unwrap_err();
        assert_eq!(server.served(), 0);
    }
}

#[tokio::test]
async fn a_client_that_is_vouched_for_passes_and_is_known_by_name() {
    let world = World::new();
    let chat = world.client(Some(world.authority.identity(world.path(), "chat", &["chat", "chat.internal"])));
    for clients in [required(&world), optional(&world)] {
        let server = Server::start(&world.server_tls(clients)).await;
        let said = ask(&mut channel(&chat, server.https())).await.unwrap();
        assert_eq!(said.names, "chat chat.internal");
    }
}

#[tokio::test]
async fn a_client_without_a_certificate_passes_as_nobody_where_one_is_optional() {
    let world = World::new();
    let server = Server::start(&world.server_tls(optional(&world))).await;
    let said = ask(&mut channel(&world.client(None), server.https())).await.unwrap();
    assert_eq!(said.names, "nobody");
}

#[tokio::test]
async fn a_certificate_that_nobody_asked_for_proves_nothing() {
    let world = World::new();
    let chat = world.client(Some(world.authority.identity(world.path(), "chat", &["chat"])));
    let server = Server::start(&world.server_tls(ClientCertificates::Ignored)).await;
    let said = ask(&mut channel(&chat, server.https())).await.unwrap();
    assert_eq!(said.names, "nobody");
}

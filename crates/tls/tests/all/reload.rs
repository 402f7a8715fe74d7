//! Files that change while they are in use.

use std::fs;
use std::time::Duration;

use duologue_tls::{ClientCertificates, Fault, InvalidTls, Reload};

use crate::support::{Authority, Server, World, ask, channel, within};

#[tokio::test]
async fn files_that_hold_the_same_change_nothing() {
    let world = World::new();
    let tls = world.server_tls(ClientCertificates::Required(world.authority.file.clone()));
    let client = world.client(Some(world.server.clone()));
    let key = fs::read(&world.server.private_key).unwrap();
    fs::write(&world.server.private_key, key).unwrap();
    assert_eq!(tls.reload().unwrap(), Reload::Unchanged);
    assert_eq!(client.reload().unwrap(), Reload::Unchanged);
}

#[tokio::test]
async fn both_ends_move_to_another_authority_and_open_connections_stay() {
    let world = World::new();
    let tls = world.server_tls(ClientCertificates::Required(world.authority.file.clone()));
    let server = Server::start(&tls).await;
    let chat = world.authority.identity(world.path(), "chat", &["chat"]);
    let client = world.client(Some(chat.clone()));
    let mut open = channel(&client, server.https());
    let before = ask(&mut open).await.unwrap();

    let successor = Authority::new(world.path(), "successor");
    successor.issue(&world.server, &["127.0.0.1"]);
    successor.issue(&chat, &["chat", "renewed"]);
    fs::copy(&successor.file, &world.authority.file).unwrap();
    assert_eq!(tls.reload().unwrap(), Reload::Changed);

    // The client still trusts the predecessor alone, and the server the successor.
    ask(&mut channel(&client, server.https())).await.unwrap_err();
    assert_eq!(client.reload().unwrap(), Reload::Changed);
    let renewed = ask(&mut channel(&client, server.https())).await.unwrap();
    assert_eq!(renewed.names, "chat renewed");

    assert_ne!(renewed.peer, before.peer, "a connection of its own");
    assert_eq!(ask(&mut open).await.unwrap(), before, "the open connection, as it was");
}

#[tokio::test]
async fn a_client_that_is_no_longer_vouched_for_cannot_resume() {
    let world = World::new();
    let tls = world.server_tls(ClientCertificates::Required(world.authority.file.clone()));
    let server = Server::start(&tls).await;
    let client = world.client(Some(world.authority.identity(world.path(), "chat", &["chat"])));
    ask(&mut channel(&client, server.https())).await.unwrap();
    let successor = Authority::new(world.path(), "successor");
    fs::copy(&successor.file, &world.authority.file).unwrap();
    assert_eq!(tls.reload().unwrap(), Reload::Changed);
    // The client has not looked at its files: it would resume the session that it holds a ticket of.
    ask(&mut channel(&client, server.https())).await.unwrap_err();
    assert_eq!(server.served(), 1);
}

#[tokio::test]
async fn broken_files_are_named_and_the_old_ones_stay_in_use() {
    let world = World::new();
    let tls = world.server_tls(ClientCertificates::Ignored);
    let server = Server::start(&tls).await;
    let client = world.client(Some(world.server.clone()));
    fs::write(&world.server.private_key, "broken").unwrap();
    for error in [tls.reload().unwrap_err(), tls.reload().unwrap_err(), client.reload().unwrap_err()] {
        let InvalidTls::File { file, fault: Fault::NoKey } = error else { panic!("{error}") };
        assert_eq!(file, world.server.private_key);
    }
    ask(&mut channel(&client, server.https())).await.unwrap();

    fs::remove_file(&world.authority.file).unwrap();
    world.authority.issue(&world.server, &["127.0.0.1"]);
    let error = client.reload().unwrap_err();
    assert!(matches!(error, InvalidTls::File { fault: Fault::Unreadable(_), .. }), "{error}");
    assert_eq!(tls.reload().unwrap(), Reload::Changed);
    ask(&mut channel(&client, server.https())).await.unwrap();
}

#[tokio::test]
async fn files_that_are_watched_are_taken_up_by_themselves() {
    let world = World::new();
    let tls = world.server_tls(ClientCertificates::Required(world.authority.file.clone()));
    let server = Server::start(&tls).await;
    let chat = world.authority.identity(world.path(), "chat", &["chat"]);
    let client = world.client(Some(chat.clone()));
    let _watching = [
        tokio::spawn(tls.keep_current(Duration::from_millis(5))),
        tokio::spawn(client.clone().keep_current(Duration::from_millis(5))),
    ];
    // Broken on the way, as when a certificate is replaced before its key.
    fs::write(&chat.certificate_chain, "broken").unwrap();
    world.authority.issue(&chat, &["chat", "renewed"]);
    within(async {
        while ask(&mut channel(&client, server.https())).await.unwrap().names != "chat renewed" {}
    })
    .await;

    let successor = Authority::new(world.path(), "successor");
    successor.issue(&world.server, &["127.0.0.1"]);
    successor.issue(&chat, &["succeeded"]);
    fs::copy(&successor.file, &world.authority.file).unwrap();
    within(async {
        // The ends take it up one after the other, and do not trust each other in between.
        while !matches!(ask(&mut channel(&client, server.https())).await, Ok(said) if said.names == "succeeded")
        {
        }
    })
    .await;
}

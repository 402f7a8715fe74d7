//! Servers that are gone, come back, hang.

use bytes::Bytes;
use duologue_domain::wakeup::{Topic, WakeUp as _};
use duologue_test_postgres::OwnServer;
use duologue_wakeup::Carrier as _;
use sqlx::{Connection as _, PgConnection};

use crate::harness::{Paused, carrier, empty_database, pair, publish_until_woken};
use crate::replica::{Replica, id, is_woken};

#[tokio::test]
async fn a_server_that_was_killed_is_used_again() {
    let mut server = OwnServer::new(&[]).await.unwrap();
    let (a, b) = pair(&server.url("postgres")).await;
    for connection in 2..4 {
        let topic = Topic::Chat(id());
        let (mut here, mut there) = (a.bus.subscribe(topic), b.bus.subscribe(topic));
        server.kill_9().unwrap();
        for position in 1..1_000 {
            a.bus.publish(topic, position);
            assert!(is_woken(&mut here), "the subscribers of this process are woken at once");
            tokio::task::yield_now().await;
        }
        server.start().await.unwrap();
        b.connected(connection).await;
        publish_until_woken(&a, topic, &mut there).await;
        // And the other way.
        let topic = Topic::Chat(id());
        let mut there = a.bus.subscribe(topic);
        publish_until_woken(&b, topic, &mut there).await;
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_is_used_once_it_is() {
    let mut server = OwnServer::new(&[]).await.unwrap();
    server.kill_9().unwrap();
    let url = server.url("postgres");
    let (a, b) = (Replica::start(carrier(&url)), Replica::start(carrier(&url)));
    let topic = Topic::Chat(id());
    let (mut here, mut there) = (a.bus.subscribe(topic), b.bus.subscribe(topic));
    a.bus.publish(topic, 1);
    assert!(is_woken(&mut here));
    server.start().await.unwrap();
    b.connected(1).await;
    publish_until_woken(&a, topic, &mut there).await;
}

#[tokio::test]
async fn connections_that_were_ended_are_opened_again() {
    let database = empty_database().await;
    let (a, b) = pair(&database.url()).await;
    let topic = Topic::Chat(id());
    let mut there = b.bus.subscribe(topic);
    publish_until_woken(&a, topic, &mut there).await;
    let mut operator = PgConnection::connect(&database.url()).await.unwrap();
    let ended: Vec<bool> = sqlx::query_scalar(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name = 'duologue-wakeup'",
    )
    .fetch_all(&mut operator)
    .await
    .unwrap();
    assert_eq!(ended, [true; 3], "two that listen, one that sends");
    a.connected(2).await;
    b.connected(2).await;
    publish_until_woken(&a, topic, &mut there).await;
}

#[tokio::test]
async fn a_server_that_hangs_blocks_nobody() {
    let server = OwnServer::new(&[]).await.unwrap();
    let (a, b) = pair(&server.url("postgres")).await;
    let topic = Topic::Chat(id());
    let (mut here, mut there) = (a.bus.subscribe(topic), b.bus.subscribe(topic));
    let paused = Paused::of(&server).await;
    for position in 1..10_000 {
        a.bus.publish(topic, position);
        assert!(is_woken(&mut here), "the subscribers of this process are woken at once");
        tokio::task::yield_now().await;
    }
    drop(paused);
    publish_until_woken(&a, topic, &mut there).await;
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up() {
    let server = OwnServer::new(&[]).await.unwrap();
    let carrier = carrier(&server.url("postgres"));
    let mut listener = carrier.listen().await.unwrap();
    carrier.publish(Bytes::from_static(b"before")).await.unwrap();
    assert_eq!(listener.next().await.unwrap(), "before");
    let paused = Paused::of(&server).await;
    let (published, heard, listening) =
        tokio::join!(carrier.publish(Bytes::from_static(b"lost")), listener.next(), carrier.listen());
    for outcome in [published.err(), heard.err(), listening.err()] {
        assert_eq!(outcome.unwrap().to_string(), "the PostgreSQL server did not answer in time");
    }
    drop((paused, listener));
    let mut listener = carrier.listen().await.unwrap();
    carrier.publish(Bytes::from_static(b"after")).await.unwrap();
    // What was given up may still have been done.
    while listener.next().await.unwrap() != "after" {}
}

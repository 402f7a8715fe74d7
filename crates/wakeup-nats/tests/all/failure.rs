//! Servers that are gone, come back, hang.

use bytes::Bytes;
use duologue_domain::wakeup::{Topic, WakeUp as _};
use duologue_test_nats::NatsServer;
use duologue_wakeup::Carrier as _;

use crate::harness::{carrier, pair, publish_until_woken};
use crate::replica::{Replica, id, is_woken};

#[tokio::test]
async fn a_server_that_was_killed_is_used_again() {
    let mut server = NatsServer::new(&[]).await.unwrap();
    let (a, b) = pair(&server.url()).await;
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
    let mut server = NatsServer::new(&[]).await.unwrap();
    server.kill_9().unwrap();
    let (a, b) = (Replica::start(carrier(&server.url())), Replica::start(carrier(&server.url())));
    let topic = Topic::Chat(id());
    let (mut here, mut there) = (a.bus.subscribe(topic), b.bus.subscribe(topic));
    a.bus.publish(topic, 1);
    assert!(is_woken(&mut here));
    server.start().await.unwrap();
    b.connected(1).await;
    publish_until_woken(&a, topic, &mut there).await;
}

#[tokio::test]
async fn the_next_server_of_the_url_takes_over() {
    let mut first = NatsServer::new(&[]).await.unwrap();
    let url = {
        let gone = NatsServer::new(&[]).await.unwrap();
        format!("{},{}", gone.url(), first.address())
    };
    let (a, b) = pair(&url).await;
    let topic = Topic::Chat(id());
    let mut there = b.bus.subscribe(topic);
    publish_until_woken(&a, topic, &mut there).await;
    first.kill_9().unwrap();
    first.start().await.unwrap();
    b.connected(2).await;
    publish_until_woken(&a, topic, &mut there).await;
}

#[tokio::test]
async fn a_server_that_hangs_blocks_nobody() {
    let server = NatsServer::new(&[]).await.unwrap();
    let (a, b) = pair(&server.url()).await;
    let topic = Topic::Chat(id());
    let (mut here, mut there) = (a.bus.subscribe(topic), b.bus.subscribe(topic));
    server.pause().unwrap();
    for position in 1..10_000 {
        a.bus.publish(topic, position);
        assert!(is_woken(&mut here), "the subscribers of this process are woken at once");
        tokio::task::yield_now().await;
    }
    server.resume().unwrap();
    publish_until_woken(&a, topic, &mut there).await;
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up() {
    let server = NatsServer::new(&[]).await.unwrap();
    let (a, b) = pair(&server.url()).await;
    let carrier = carrier(&server.url());
    let mut listener = loop {
        // The first attempt connects, and waits for nothing.
        if let Ok(listener) = carrier.listen().await {
            break listener;
        }
        tokio::task::yield_now().await;
    };
    carrier.publish(Bytes::from_static(b"before")).await.unwrap();
    assert_eq!(listener.next().await.unwrap(), "before");
    server.pause().unwrap();
    let gone = "no NATS server is connected";
    assert_eq!(listener.next().await.unwrap_err().to_string(), gone);
    assert_eq!(carrier.listen().await.err().unwrap().to_string(), gone);
    assert_eq!(carrier.publish(Bytes::from_static(b"lost")).await.unwrap_err().to_string(), gone);
    server.resume().unwrap();
    a.connected(2).await;
    b.connected(2).await;
}

//! Two buses on one server.

use duologue_domain::wakeup::{Topic, WakeUp as _};
use duologue_test_nats::NatsServer;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::harness::pair;
use crate::replica::{has_heard_of, id, is_woken};

#[tokio::test]
async fn a_wake_up_reaches_the_other_replica() {
    let server = NatsServer::new(&[]).await.unwrap();
    let (a, b) = pair(&server.url()).await;
    for topic in [Topic::Chat(id()), Topic::Notifications(id()), Topic::Session(id())] {
        let (mut here, mut there) = (a.bus.subscribe(topic), b.bus.subscribe(topic));
        a.bus.publish(topic, 1);
        assert!(is_woken(&mut here), "this process is woken at once");
        there.changed().await;
        assert!(has_heard_of(&b.hub, &mut there, topic, 1));
    }
}

#[tokio::test]
async fn thousands_of_topics_at_once_all_arrive() {
    let server = NatsServer::new(&[]).await.unwrap();
    let (a, b) = pair(&server.url()).await;
    let topics: Vec<Topic> = (0..2_000).map(|_| Topic::Chat(id())).collect();
    let mut there: Vec<_> = topics.iter().map(|topic| b.bus.subscribe(*topic)).collect();
    for topic in &topics {
        a.bus.publish(*topic, i64::MAX);
    }
    for subscription in &mut there {
        subscription.changed().await;
    }
    a.stop().await;
    b.stop().await;
}

#[tokio::test]
async fn garbage_and_other_versions_are_survived() {
    let server = NatsServer::new(&[]).await.unwrap();
    let (a, b) = pair(&server.url()).await;
    let mut stranger = TcpStream::connect(server.address()).await.unwrap();
    stranger.write_all(b"CONNECT {\"verbose\":false}\r\n").await.unwrap();
    for garbage in [&b""[..], b"garbage", b"dwu\x02and whatever version 2 may be", &[0xff; 10_000]] {
        let head = format!("PUB duologue.wakeup.news {}\r\n", garbage.len());
        stranger.write_all(&[head.as_bytes(), garbage, b"\r\n"].concat()).await.unwrap();
    }
    let topic = Topic::Chat(id());
    let mut there = b.bus.subscribe(topic);
    a.bus.publish(topic, 1);
    there.changed().await;
    assert_eq!(*b.bus.connections().borrow(), 1, "the same connection all the time");
}

//! Two buses on one database.

use duologue_domain::wakeup::{Topic, WakeUp as _};
use sqlx::{Connection as _, PgConnection};

use crate::harness::{empty_database, pair};
use crate::replica::{has_heard_of, id, is_woken};

#[tokio::test]
async fn a_wake_up_reaches_the_other_replica() {
    let database = empty_database().await;
    let (a, b) = pair(&database.url()).await;
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
    let database = empty_database().await;
    let (a, b) = pair(&database.url()).await;
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
async fn databases_of_one_server_do_not_hear_each_other() {
    let (one, other) = (empty_database().await, empty_database().await);
    let ((a, b), (c, d)) = (pair(&one.url()).await, pair(&other.url()).await);
    let (topic, fence) = (Topic::Chat(id()), Topic::Chat(id()));
    let (mut there, mut elsewhere) = (b.bus.subscribe(topic), d.bus.subscribe(topic));
    a.bus.publish(topic, 1);
    there.changed().await;
    let mut fenced = d.bus.subscribe(fence);
    c.bus.publish(fence, 1);
    fenced.changed().await;
    assert!(!is_woken(&mut elsewhere));
}

#[tokio::test]
async fn garbage_and_other_versions_are_survived() {
    let database = empty_database().await;
    let (a, b) = pair(&database.url()).await;
    let mut stranger = PgConnection::connect(&database.url()).await.unwrap();
    // The third is `dwu`, version 2; the fourth is a header cut off.
    for garbage in ["", "no base64!", "ZHd1AgAA", "ZHd1AQAA"] {
        sqlx::query("SELECT pg_notify('duologue_wakeup', $1)")
            .bind(garbage)
            .execute(&mut stranger)
            .await
            .unwrap();
    }
    let topic = Topic::Chat(id());
    let mut there = b.bus.subscribe(topic);
    a.bus.publish(topic, 1);
    there.changed().await;
    assert_eq!(*b.bus.connections().borrow(), 1, "the same connection all the time");
}

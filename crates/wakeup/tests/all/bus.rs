//! What a bus does with a carrier that is well, blocked, dead, or back again.

use std::time::Duration;

use duologue_domain::wakeup::{Topic, WakeUp as _};
use duologue_wakeup::{Bus, PAYLOAD_LIMIT};

use crate::ether::{Condition, Ether};
use crate::replica::{Replica, has_heard_of, id, is_woken};

/// The length of a payload of one wake-up: header, kind, length, UUID, a position of one byte.
const ONE: usize = 20 + 2 + 16 + 1;

#[tokio::test(start_paused = true)]
async fn a_wake_up_reaches_the_other_replica_and_does_not_come_back() {
    let ether = Ether::new();
    let (a, b) = (Replica::listening(ether.clone()).await, Replica::listening(ether.clone()).await);
    for topic in [Topic::Chat(id()), Topic::Notifications(id()), Topic::Session(id())] {
        let (mut here, mut there) = (a.bus.subscribe(topic), b.bus.subscribe(topic));
        a.bus.publish(topic, 1);
        assert!(is_woken(&mut here), "this process is woken at once");
        here.mark_seen();
        there.changed().await;
        assert!(has_heard_of(&b.hub, &mut there, topic, 1));
    }
    // B was woken by each, and sends none of them on with its own.
    let fence = Topic::Chat(id());
    let mut fenced = a.bus.subscribe(fence);
    b.bus.publish(fence, 1);
    fenced.changed().await;
    let lengths: Vec<usize> = ether.taken().iter().map(bytes::Bytes::len).collect();
    assert_eq!(lengths, [ONE; 4]);
}

#[tokio::test(start_paused = true)]
async fn a_process_ignores_its_own_payloads() {
    let ether = Ether::new();
    let (a, b) = (Replica::listening(ether.clone()).await, Replica::listening(ether.clone()).await);
    let topic = Topic::Chat(id());
    // Nobody here subscribes before the publication; only an echo could wake.
    a.bus.publish(topic, 5);
    let (mut here, mut there) = (a.bus.subscribe(topic), b.bus.subscribe(topic));
    there.changed().await;
    let fence = Topic::Chat(id());
    let mut fenced = a.bus.subscribe(fence);
    b.bus.publish(fence, 1);
    fenced.changed().await;
    assert!(!is_woken(&mut here));
}

#[tokio::test(start_paused = true)]
async fn events_stay_in_their_process() {
    let ether = Ether::new();
    let (a, b) = (Replica::listening(ether.clone()).await, Replica::listening(ether.clone()).await);
    let (mut here, mut there) = (a.bus.subscribe(Topic::Events), b.bus.subscribe(Topic::Events));
    a.bus.publish(Topic::Events, 1);
    assert!(is_woken(&mut here));
    let fence = Topic::Chat(id());
    let mut fenced = b.bus.subscribe(fence);
    a.bus.publish(fence, 1);
    fenced.changed().await;
    assert!(!is_woken(&mut there));
    let lengths: Vec<usize> = ether.taken().iter().map(bytes::Bytes::len).collect();
    assert_eq!(lengths, [ONE], "the fence, and nothing beside it");
}

#[tokio::test(start_paused = true)]
async fn what_is_published_while_the_carrier_is_blocked_gathers() {
    let ether = Ether::new();
    let (a, b) = (Replica::listening(ether.clone()).await, Replica::listening(ether.clone()).await);
    let (first, topic) = (Topic::Chat(id()), Topic::Chat(id()));
    let mut there = b.bus.subscribe(topic);
    ether.become_(Condition::Blocked);
    a.bus.publish(first, 1);
    // It is under way, and goes no further.
    ether.called(1).await;
    for position in 1..10_000 {
        a.bus.publish(topic, position);
    }
    a.bus.publish(topic, 10_000);
    a.bus.publish(topic, 17);
    ether.become_(Condition::Well);
    there.changed().await;
    assert!(has_heard_of(&b.hub, &mut there, topic, 10_000));
    let lengths: Vec<usize> = ether.taken().iter().map(bytes::Bytes::len).collect();
    // One entry each; 10,000 takes two bytes.
    assert_eq!(lengths, [ONE, ONE + 1]);
}

#[tokio::test(start_paused = true)]
async fn a_large_batch_is_split() {
    let ether = Ether::new();
    let (a, b) = (Replica::listening(ether.clone()).await, Replica::listening(ether.clone()).await);
    ether.become_(Condition::Blocked);
    let topics: Vec<Topic> = (0..2_000).map(|_| Topic::Chat(id())).collect();
    let mut there: Vec<_> = topics.iter().map(|topic| b.bus.subscribe(*topic)).collect();
    for topic in &topics {
        a.bus.publish(*topic, 1);
    }
    ether.become_(Condition::Well);
    for subscription in &mut there {
        subscription.changed().await;
    }
    let taken = ether.taken();
    assert_eq!(taken.len(), 7);
    assert!(taken.iter().all(|payload| payload.len() <= PAYLOAD_LIMIT));
}

#[tokio::test(start_paused = true)]
async fn a_dead_carrier_is_no_concern_of_the_publisher() {
    let ether = Ether::new();
    ether.become_(Condition::Dead);
    let a = Replica::start(ether.clone());
    let topic = Topic::Chat(id());
    let mut here = a.bus.subscribe(topic);
    for position in 1..1_000 {
        a.bus.publish(topic, position);
        assert!(is_woken(&mut here), "the subscribers of this process are woken at once");
        tokio::task::yield_now().await;
    }
    assert_eq!(ether.taken(), [] as [bytes::Bytes; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_carrier_that_is_back_is_used_again() {
    let ether = Ether::new();
    let (a, b) = (Replica::listening(ether.clone()).await, Replica::listening(ether.clone()).await);
    for round in 2..5 {
        ether.become_(Condition::Dead);
        for position in 0..100 {
            a.bus.publish(Topic::Chat(id()), position);
            tokio::task::yield_now().await;
        }
        ether.become_(Condition::Well);
        b.connected(round).await;
        let topic = Topic::Chat(id());
        let mut there = b.bus.subscribe(topic);
        a.bus.publish(topic, 1);
        there.changed().await;
    }
}

#[tokio::test(start_paused = true)]
async fn garbage_and_other_versions_are_survived() {
    let ether = Ether::new();
    let (a, b) = (Replica::listening(ether.clone()).await, Replica::listening(ether.clone()).await);
    for garbage in [&b""[..], b"dwu", b"dwu\x02and whatever version 2 may be", &[0xff; 10_000]] {
        ether.inject(garbage);
    }
    let topic = Topic::Chat(id());
    let mut there = b.bus.subscribe(topic);
    a.bus.publish(topic, 1);
    there.changed().await;
    assert_eq!(*b.bus.connections().borrow(), 1, "the same connection all the time");
}

#[tokio::test(start_paused = true)]
async fn what_has_gathered_leaves_before_the_end() {
    let ether = Ether::new();
    let (a, b) = (Replica::listening(ether.clone()).await, Replica::listening(ether.clone()).await);
    let topic = Topic::Session(id());
    let mut there = b.bus.subscribe(topic);
    ether.become_(Condition::Blocked);
    a.bus.publish(Topic::Chat(id()), 1);
    ether.called(1).await;
    a.bus.publish(topic, 1);
    let unblock = async {
        // The clock moves once everybody waits: the end has been asked for by then.
        tokio::time::sleep(Duration::from_millis(500)).await;
        ether.become_(Condition::Well);
    };
    let (bus, ()) = tokio::join!(a.stop(), unblock);
    there.changed().await;
    // Whoever is late still wakes this process, and nobody waits for anything.
    let mut here = bus.subscribe(topic);
    bus.publish(topic, 2);
    assert!(is_woken(&mut here));
}

#[tokio::test(start_paused = true)]
async fn a_blocked_carrier_does_not_hold_up_the_end() {
    let ether = Ether::new();
    let a = Replica::listening(ether.clone()).await;
    ether.become_(Condition::Blocked);
    a.bus.publish(Topic::Chat(id()), 1);
    a.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_bus_whose_work_is_gone_gathers_nothing() {
    let ether = Ether::new();
    let hub = duologue_domain::wakeup::LocalWakeUp::new();
    let (bus, background) = Bus::new(hub, ether.clone());
    drop(background);
    bus.publish(Topic::Chat(id()), 1);
    assert!(!format!("{bus:?}").contains("Chat("), "{bus:?}");
}

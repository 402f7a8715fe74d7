//! Wake-ups: none is lost between looking and waiting, and none costs more than one look.

use std::sync::Arc;

use duologue_domain::chat::{DirectChat, FeedStart, MessageFeed};
use duologue_domain::id::{ChatId, Id, SessionId};
use duologue_domain::poller::Poller;
use duologue_domain::social::Pair;
use duologue_domain::time::Timestamp;
use duologue_domain::wakeup::{LocalWakeUp, Subscription, Topic, WakeUp};
use futures::executor::block_on;
use uuid::Uuid;

use crate::support::chat_store::PlainChatStore;
use crate::support::notification_store::PlainNotificationStore;
use crate::support::schedule::poll_once;
use crate::support::user;

fn chat_id(number: u128) -> ChatId {
    ChatId::from_uuid(Uuid::from_u128(number))
}

fn topic() -> Topic {
    Topic::Chat(chat_id(1))
}

/// Whether there is news by now; the future that asks is dropped, as a cancelled one is.
fn has_news(subscription: &mut Subscription) -> bool {
    poll_once(Box::pin(subscription.changed()).as_mut()).is_ready()
}

#[test]
fn a_subscription_is_gone_when_it_is_dropped() {
    let hub = LocalWakeUp::new();
    assert!(hub.topics().is_empty());
    let (first, second) = (hub.subscribe(topic()), hub.subscribe(topic()));
    let other = hub.subscribe(Topic::Session(SessionId::from_uuid(Uuid::nil())));
    assert_eq!(hub.topics().len(), 2);
    drop(first);
    assert_eq!(hub.topics().len(), 2, "somebody else still waits");
    drop(second);
    assert_eq!(hub.topics(), [Topic::Session(SessionId::from_uuid(Uuid::nil()))]);
    drop(other);
    assert!(hub.topics().is_empty());
    for _ in 0..1_000 {
        drop(hub.subscribe(topic()));
    }
    assert!(hub.topics().is_empty());
}

#[test]
fn news_between_looking_and_waiting_wakes() {
    let hub = LocalWakeUp::new();
    let mut subscription = hub.subscribe(topic());
    subscription.mark_seen();
    assert!(!has_news(&mut subscription));
    subscription.mark_seen();
    hub.publish(topic(), 1);
    assert!(has_news(&mut subscription));
}

#[test]
fn waiting_that_was_given_up_loses_nothing() {
    let hub = LocalWakeUp::new();
    let mut subscription = hub.subscribe(topic());
    subscription.mark_seen();
    {
        let mut given_up = Box::pin(subscription.changed());
        assert!(poll_once(given_up.as_mut()).is_pending());
        hub.publish(topic(), 1);
    }
    assert!(has_news(&mut subscription));
}

#[test]
fn every_subscriber_of_the_topic_wakes_and_nobody_else() {
    let hub = LocalWakeUp::new();
    let mut waiting: Vec<_> = (0..20).map(|_| hub.clone().subscribe(topic())).collect();
    let mut elsewhere = hub.subscribe(Topic::Chat(chat_id(2)));
    let mut of_a_user = hub.subscribe(Topic::Notifications(user(1)));
    hub.publish(topic(), 1);
    assert!(waiting.iter_mut().all(has_news));
    assert!(!has_news(&mut elsewhere));
    assert!(!has_news(&mut of_a_user));
}

#[test]
fn only_what_is_new_wakes() {
    enum Told {
        Published(i64),
        Polled(i64),
    }
    use Told::{Polled, Published};
    let table = [
        ("the first wake-up", Published(5), true),
        ("repeated", Published(5), false),
        ("late", Published(3), false),
        ("newer", Published(6), true),
        ("the first poll finds less: the wake-up came before its message", Polled(5), true),
        ("the next poll finds what was announced", Polled(6), true),
        ("and the one after nothing more", Polled(6), false),
        ("what was polled is no news from the bus", Published(6), false),
        ("a lie", Published(1_000_000), true),
        ("the truth after it is not heard", Published(7), false),
        ("but polled", Polled(7), true),
        ("a storage that lost something", Polled(2), true),
    ];
    let hub = LocalWakeUp::new();
    let mut subscription = hub.subscribe(topic());
    for (name, told, expected) in table {
        subscription.mark_seen();
        match told {
            Published(position) => hub.publish(topic(), position),
            Polled(position) => hub.polled(topic(), position),
        }
        assert_eq!(has_news(&mut subscription), expected, "{name}");
    }
}

#[test]
fn every_event_wakes() {
    let hub = LocalWakeUp::new();
    let mut subscription = hub.subscribe(Topic::Events);
    for _ in 0..3 {
        subscription.mark_seen();
        assert!(!has_news(&mut subscription));
        hub.publish(Topic::Events, 1);
        assert!(has_news(&mut subscription));
    }
}

#[test]
fn what_was_told_before_does_not_concern_who_comes_later() {
    let hub = LocalWakeUp::new();
    hub.publish(topic(), 5);
    hub.polled(topic(), 5);
    let mut subscription = hub.subscribe(topic());
    assert!(!has_news(&mut subscription));
    hub.publish(topic(), 1);
    assert!(has_news(&mut subscription), "nothing is remembered of a topic that nobody waited for");
}

/// A store with one empty chat of each number.
fn store(chats: u128) -> Arc<PlainChatStore> {
    let store = Arc::new(PlainChatStore::default());
    for number in 1..=chats {
        let members = Pair::of(user(0), user(number)).unwrap();
        let chat = DirectChat { chat_id: chat_id(number), members, create_time: Timestamp::default() };
        store.0.behind(|state| state.insert(chat));
    }
    store
}

#[test]
fn a_lying_bus_costs_one_look_for_each_lie_and_never_a_busy_loop() {
    let (store, hub) = (store(1), LocalWakeUp::new());
    let opening = MessageFeed::open(store.clone(), &hub, chat_id(1), FeedStart::Now);
    let mut feed = block_on(opening).unwrap();
    let mut next = Box::pin(feed.next());
    let mut look = || {
        let before = store.0.faults.operations();
        (0..50).for_each(|_| assert!(poll_once(next.as_mut()).is_pending()));
        store.0.faults.operations() - before
    };
    assert_eq!(look(), 1, "it looks once, and waits");
    assert_eq!(look(), 0, "being polled is no news");
    for lie in 1..=100 {
        hub.publish(topic(), lie * 1_000);
        assert_eq!(look(), 1, "lie number {lie}");
        hub.publish(topic(), lie * 1_000);
        hub.publish(topic(), -lie);
        assert_eq!(look(), 0, "repeated, and lower");
    }
    for _ in 0..10 {
        hub.polled(topic(), 0);
    }
    assert_eq!(look(), 1, "ten polls that find the same");
}

#[test]
fn a_poll_asks_once_for_a_thousand_topics_and_only_for_those_that_somebody_waits_for() {
    let (chats, notifications) = (store(5), Arc::new(PlainNotificationStore::default()));
    let hub = LocalWakeUp::new();
    let poller = Poller::new(hub.clone()).with_chats(chats.clone()).with_notifications(notifications.clone());
    for (chat_count, user_count, expected) in
        [(0, 0, (0, 0)), (1, 0, (1, 0)), (1_000, 1, (1, 1)), (1_001, 0, (2, 0))]
    {
        let of_chats = (1..=chat_count).map(|number| hub.subscribe(Topic::Chat(chat_id(number))));
        let of_users = (1..=user_count).map(|number| hub.subscribe(Topic::Notifications(user(number))));
        let others =
            [hub.subscribe(Topic::Events), hub.subscribe(Topic::Session(SessionId::from_uuid(Uuid::nil())))];
        let subscriptions: Vec<_> = of_chats.chain(of_users).chain(others).collect();
        let before = (chats.0.faults.operations(), notifications.0.faults.operations());
        block_on(poller.poll()).unwrap();
        let asked = (chats.0.faults.operations() - before.0, notifications.0.faults.operations() - before.1);
        assert_eq!(asked, expected, "{chat_count} chats, {user_count} users");
        drop(subscriptions);
    }
}

//! A storage that loses what it acknowledged: noticed, and never silently skipped.

use std::sync::Arc;
use std::task::Poll;

use duologue_domain::chat::error::FeedError;
use duologue_domain::chat::{DirectChat, FEED_PAGE, FeedStart, Message, MessageFeed, NewMessage, Sequence};
use duologue_domain::error::Failure;
use duologue_domain::id::{ChatId, EventId, Id, MessageId};
use duologue_domain::poller::Poller;
use duologue_domain::social::Pair;
use duologue_domain::time::Timestamp;
use duologue_domain::wakeup::{LocalWakeUp, Topic, WakeUp};
use duologue_domain::{Reason, StorageError};
use futures::executor::block_on;
use uuid::Uuid;

use crate::support::chat_store::PlainChatStore;
use crate::support::schedule::{Dice, poll_once};
use crate::support::user;

struct World {
    store: Arc<PlainChatStore>,
    hub: LocalWakeUp,
    chat_id: ChatId,
    /// Of all messages ever, so that no two have one id.
    sent: std::cell::Cell<u128>,
}

impl World {
    fn with_messages(count: usize) -> Self {
        let (store, chat_id) = (Arc::new(PlainChatStore::default()), ChatId::from_uuid(Uuid::from_u128(1)));
        let members = Pair::of(user(1), user(2)).unwrap();
        store
            .0
            .behind(|state| state.insert(DirectChat { chat_id, members, create_time: Timestamp::default() }));
        let world = Self { store, hub: LocalWakeUp::new(), chat_id, sent: std::cell::Cell::default() };
        world.append(count);
        world
    }

    fn append(&self, count: usize) {
        for _ in 0..count {
            self.sent.set(self.sent.get() + 1);
            let message = NewMessage {
                message_id: MessageId::from_uuid(Uuid::from_u128(self.sent.get())),
                event_id: EventId::from_uuid(Uuid::from_u128(self.sent.get())),
                chat_id: self.chat_id,
                sender_id: user(1),
                text: "hello".parse().unwrap(),
                client_message_id: None,
                send_time: Timestamp::default(),
            };
            self.store.0.behind(|state| state.append(message));
            self.hub.publish(
                Topic::Chat(self.chat_id),
                self.messages(|messages| messages.last().unwrap().sequence.0),
            );
        }
    }

    fn messages<T>(&self, look: impl FnOnce(&mut Vec<Message>) -> T) -> T {
        self.store.0.behind(|state| look(&mut state.chats.get_mut(&self.chat_id).unwrap().messages))
    }

    fn lose_all_after(&self, kept: usize) {
        self.messages(|messages| messages.truncate(kept));
    }

    fn poll(&self) {
        block_on(Poller::new(self.hub.clone()).with_chats(self.store.clone()).poll()).unwrap();
    }

    fn open(&self, sequence: i64, message_id: Option<MessageId>) -> Result<MessageFeed, FeedError> {
        let start = FeedStart::After { sequence: Sequence(sequence), message_id };
        block_on(MessageFeed::open(self.store.clone(), &self.hub, self.chat_id, start))
    }

    fn id_at(&self, sequence: usize) -> MessageId {
        self.messages(|messages| messages[sequence - 1].message_id)
    }
}

/// What the feed has to say by now, if anything: it is asked until it waits for a wake-up.
fn now(feed: &mut MessageFeed) -> Option<Result<Vec<Message>, FeedError>> {
    let mut next = Box::pin(feed.next());
    // A read takes two turns of the store; what is not there after ten waits.
    (0..10).find_map(|_| match poll_once(next.as_mut()) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    })
}

#[test]
fn resuming_after_a_message_that_is_gone_is_refused_at_once() {
    // Of five messages the last two are lost, then so many others come.
    let table = [
        (0, Reason::SequenceOutOfRange),
        (1, Reason::SequenceOutOfRange),
        (2, Reason::HistoryLost),
        (3, Reason::HistoryLost),
        (200, Reason::HistoryLost),
    ];
    for (others, expected) in table {
        let world = World::with_messages(5);
        let fifth = world.id_at(5);
        world.lose_all_after(3);
        world.append(others);
        let refused = world.open(5, Some(fifth)).expect_err("a resume after what is gone");
        assert_eq!(refused.describe().reason, expected, "{others} others");
        assert!(world.hub.topics().is_empty(), "a refused feed leaves no subscription");
    }
}

#[test]
fn resuming_after_a_message_that_is_kept_goes_on() {
    let world = World::with_messages(5);
    let third = world.id_at(3);
    world.lose_all_after(3);
    world.append(2);
    let mut feed = world.open(3, Some(third)).unwrap();
    let sequences: Vec<_> =
        now(&mut feed).unwrap().unwrap().iter().map(|message| message.sequence.0).collect();
    assert_eq!(sequences, [4, 5]);
}

#[test]
fn an_open_feed_notices_the_loss_of_what_it_delivered() {
    for others in [0, 1, 2, 3, 200] {
        let world = World::with_messages(5);
        let mut feed = world.open(0, None).unwrap();
        assert_eq!(now(&mut feed).unwrap().unwrap().len(), 5);
        world.poll();
        assert!(now(&mut feed).is_none());
        world.lose_all_after(3);
        world.append(others);
        world.poll();
        let lost = now(&mut feed).expect("woken by the poll").expect_err("a loss");
        assert!(matches!(lost, FeedError::HistoryLost), "{others} others: {lost:?}");
    }
}

#[test]
fn a_loss_before_which_a_reader_stopped_does_not_concern_it() {
    let world = World::with_messages(FEED_PAGE + 5);
    let mut feed = world.open(0, None).unwrap();
    assert_eq!(now(&mut feed).unwrap().unwrap().len(), FEED_PAGE);
    world.lose_all_after(FEED_PAGE);
    world.append(2);
    assert_eq!(now(&mut feed).unwrap().unwrap().len(), 2);
}

#[test]
fn no_reader_ever_crosses_a_loss_unnoticed() {
    for seed in 0..2_000 {
        let mut dice = Dice::new(seed);
        let world = World::with_messages(1 + dice.below(20));
        let mut feed = world.open(0, None).unwrap();
        let mut received = Vec::new();
        for _ in 0..dice.below(6) {
            received.extend(now(&mut feed).transpose().unwrap().unwrap_or_default());
            world.append(dice.below(4));
        }
        let kept = dice.below(world.messages(|messages| messages.len()) + 1);
        world.lose_all_after(kept);
        world.append(dice.below(8));
        world.append(1);
        if dice.chance(50) {
            world.poll();
        }
        // One more than there ever was is news for whoever sleeps.
        world.append(40);
        let outcome = now(&mut feed).expect("there is news");
        if received.len() > kept {
            assert!(matches!(outcome, Err(FeedError::HistoryLost)), "seed {seed}: {outcome:?}");
        } else {
            received.extend(outcome.unwrap());
            let stored = world.messages(|messages| messages.clone());
            assert_eq!(received, stored, "seed {seed}");
        }
    }
}

#[test]
fn a_hole_is_damage_and_never_skipped() {
    for (count, missing, pages) in [(5, 1, 0), (5, 3, 0), (5, 2, 0), (FEED_PAGE + 9, FEED_PAGE + 1, 1)] {
        let world = World::with_messages(count);
        let mut feed = world.open(0, None).unwrap();
        world.messages(|messages| messages.remove(missing - 1));
        for _ in 0..pages {
            assert_eq!(now(&mut feed).unwrap().unwrap().len(), FEED_PAGE);
        }
        let outcome = now(&mut feed).unwrap();
        let broken = matches!(outcome, Err(FeedError::Storage(StorageError::Broken(_))));
        assert!(broken, "{missing} of {count} is missing: {outcome:?}");
    }
}

#[test]
fn beyond_the_newest_is_out_of_range_and_the_newest_itself_is_not() {
    let world = World::with_messages(2);
    for (sequence, expected) in [(0, None), (2, None), (3, Some(Reason::SequenceOutOfRange))] {
        let refused = world.open(sequence, None).err().map(|error| error.describe().reason);
        assert_eq!(refused, expected, "{sequence}");
    }
    let stranger = world.open(2, Some(MessageId::from_uuid(Uuid::from_u128(99)))).unwrap_err();
    assert_eq!(stranger.describe().reason, Reason::HistoryLost);
}

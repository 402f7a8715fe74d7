//! From events to notifications: at least once through any crash, applied exactly once.

use std::sync::Arc;
use std::time::Duration;

use duologue_domain::StorageError;
use duologue_domain::event::{Event, EventOutbox, OutboxCounts, Subject};
use duologue_domain::id::{ChatId, EventId, Id, MessageId, NotificationId, UserId};
use duologue_domain::notification::error::NamedNotificationError;
use duologue_domain::notification::{Dispatcher, Service};
use duologue_domain::time::{Clock as _, Timestamp};
use duologue_domain::wakeup::{LocalWakeUp, Topic, WakeUp};
use futures::executor::block_on;
use uuid::Uuid;

use crate::support::notification_store::{PlainNotificationStore, PlainOutbox};
use crate::support::schedule::{Boxed, Dice, drop_after, interleave, poll_once};
use crate::support::table::{Fault, Faults, Table};
use crate::support::{ManualClock, caller, cursors, environment, user};

const LEASE: Duration = Duration::from_secs(30);

struct World {
    faults: Arc<Faults>,
    outboxes: [Arc<PlainOutbox>; 2],
    store: Arc<PlainNotificationStore>,
    hub: LocalWakeUp,
    clock: Arc<ManualClock>,
    dispatcher: Dispatcher,
}

fn event(number: u128) -> Event {
    Event {
        event_id: EventId::from_uuid(Uuid::from_u128(number)),
        recipient_id: user(1 + number % 2),
        actor_id: user(9),
        subject: Subject::MessageReceived(ChatId::from_uuid(Uuid::nil()), MessageId::from_uuid(Uuid::nil())),
        occur_time: Timestamp::default(),
    }
}

impl World {
    /// Two outboxes, as of two contexts; the second one holds an event of the first as well.
    fn new() -> Self {
        let faults = Arc::new(Faults::default());
        let outboxes = [[1, 2, 3], [3, 4, 5]].map(|numbers| {
            let outbox = PlainOutbox(Table::with_faults(&faults));
            outbox.0.behind(|waiting| waiting.extend(numbers.map(|number| event(number).into())));
            Arc::new(outbox)
        });
        let store = Arc::new(PlainNotificationStore(Table::with_faults(&faults)));
        let (hub, clock) = (LocalWakeUp::new(), ManualClock::new());
        let ports = outboxes.iter().map(|outbox| outbox.clone() as Arc<dyn EventOutbox>).collect();
        let environment = environment(&clock, 1);
        let receiver = Service::new(store.clone(), Arc::new(hub.clone()), cursors());
        let dispatcher = Dispatcher::new(ports, Arc::new(receiver), environment);
        Self { faults, outboxes, store, hub, clock, dispatcher }
    }

    /// Dispatches until nothing waits, past every lease.
    fn finish(&self) {
        for _ in 0..3 {
            self.clock.advance(LEASE);
            block_on(self.dispatcher.dispatch()).unwrap();
        }
    }

    fn assert_each_once(&self, after: &str) {
        for outbox in &self.outboxes {
            assert_eq!(outbox.0.behind(|waiting| waiting.len()), 0, "{after}: something still waits");
        }
        self.store.0.behind(|inboxes| {
            let mut applied = Vec::new();
            for list in inboxes.notifications.values() {
                let positions: Vec<_> = list.iter().map(|one| one.position.0).collect();
                let expected: Vec<_> = (1..).take(list.len()).collect();
                assert_eq!(positions, expected, "{after}: positions have no holes");
                applied.extend(list.iter().map(|one| one.event.clone()));
            }
            applied.sort_by_key(|event| event.event_id);
            assert_eq!(applied, (1..=5).map(event).collect::<Vec<_>>(), "{after}: every event, once");
        });
    }
}

#[test]
fn every_event_becomes_one_notification() {
    let world = World::new();
    assert_eq!(block_on(world.dispatcher.dispatch()).unwrap(), 6);
    world.assert_each_once("one dispatch");
    assert_eq!(block_on(world.dispatcher.dispatch()).unwrap(), 0);
}

#[test]
fn a_failure_at_any_step_costs_a_delay_and_nothing_else() {
    let steps = {
        let world = World::new();
        block_on(world.dispatcher.dispatch()).unwrap();
        world.faults.operations()
    };
    assert_eq!(steps, 10, "two claims, six events, two acknowledgements");
    for fault in [Fault::Refused, Fault::AnswerLost] {
        for step in 0..steps {
            let world = World::new();
            world.faults.plan(step, fault);
            let failed = block_on(world.dispatcher.dispatch());
            assert!(
                matches!(failed, Err(StorageError::Unavailable(_))),
                "{fault:?} at step {step}: {failed:?}"
            );
            world.finish();
            world.assert_each_once(&format!("{fault:?} at step {step}"));
        }
    }
}

#[test]
fn two_failures_in_a_row_cost_no_more() {
    for first in 0..10 {
        for second in 0..10 {
            let world = World::new();
            for step in [first, second] {
                world.faults.plan(step, Fault::AnswerLost);
                drop(block_on(world.dispatcher.dispatch()));
                world.clock.advance(LEASE);
            }
            world.faults.plan(usize::MAX / 2, Fault::Refused);
            world.finish();
            world.assert_each_once(&format!("lost answers at {first} and {second}"));
        }
    }
}

#[test]
fn a_crash_at_any_step_costs_a_delay_and_nothing_else() {
    let mut crashes = 0;
    for polls in 0..40 {
        let world = World::new();
        crashes += usize::from(drop_after(polls, world.dispatcher.dispatch()).is_none());
        world.finish();
        world.assert_each_once(&format!("a crash after {polls} steps"));
    }
    assert!((8..40).contains(&crashes), "{crashes} crashes: from the first step to the last, and then none");
}

#[test]
fn what_is_claimed_comes_to_nobody_else_before_its_lease_ends() {
    let world = World::new();
    drop_after(3, world.dispatcher.dispatch());
    world.clock.advance(LEASE.checked_sub(Duration::from_micros(1)).unwrap());
    assert_eq!(block_on(world.dispatcher.dispatch()).unwrap(), 3, "of the second outbox only");
    world.clock.advance(Duration::from_micros(1));
    assert_eq!(block_on(world.dispatcher.dispatch()).unwrap(), 3);
    world.assert_each_once("a lease that ended");
}

#[test]
fn dispatchers_at_once_apply_each_event_once() {
    for seed in 0..200 {
        let world = World::new();
        let dispatch = |_| Box::pin(world.dispatcher.dispatch()) as Boxed<'_, _>;
        let outcomes = interleave(&mut Dice::new(seed), (0..4).map(dispatch).collect());
        let delivered: usize = outcomes.into_iter().map(Result::unwrap).sum();
        assert_eq!(delivered, 6, "seed {seed}");
        world.assert_each_once(&format!("seed {seed}"));
    }
}

impl World {
    fn counts(&self) -> [(u64, u64); 2] {
        self.outboxes.each_ref().map(|outbox| {
            let OutboxCounts { waiting, parked } = block_on(outbox.count_events()).unwrap();
            (waiting, parked)
        })
    }

    /// The numbers of the events that somebody was told of.
    fn applied(&self) -> Vec<u128> {
        let mut numbers: Vec<_> = self.store.0.behind(|inboxes| {
            inboxes.notifications.values().flatten().map(|one| one.event.event_id.uuid().as_u128()).collect()
        });
        numbers.sort_unstable();
        numbers
    }

    /// Makes the store break at these events.
    fn poison(&self, numbers: &[u128]) {
        let poisoned = numbers.iter().map(|number| event(*number).event_id).collect();
        self.store.0.behind(|inboxes| inboxes.poisoned = poisoned);
    }

    /// Makes the store unreachable for these events.
    fn cut_off(&self, numbers: &[u128]) {
        let unreachable = numbers.iter().map(|number| event(*number).event_id).collect();
        self.store.0.behind(|inboxes| inboxes.unreachable = unreachable);
    }
}

#[test]
fn a_poison_event_is_tried_ten_times_ever_later_and_parked_and_its_neighbours_arrive() {
    let world = World::new();
    world.poison(&[1]);
    // Event 3 is of the same recipient, and overtakes event 1.
    assert_eq!(block_on(world.dispatcher.dispatch()).unwrap(), 6);
    assert_eq!(world.applied(), [2, 3, 4, 5]);
    for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256] {
        assert_eq!(world.counts(), [(1, 0), (0, 0)], "before the attempt in {wait} s");
        world.clock.advance(Duration::from_secs(wait).checked_sub(Duration::from_micros(1)).unwrap());
        assert_eq!(block_on(world.dispatcher.dispatch()).unwrap(), 0, "too early, of {wait} s");
        world.clock.advance(Duration::from_micros(1));
        assert_eq!(block_on(world.dispatcher.dispatch()).unwrap(), 1, "after {wait} s");
    }
    assert_eq!(world.counts(), [(0, 1), (0, 0)]);
    world.poison(&[]);
    world.clock.advance(Duration::from_hours(24 * 365));
    assert_eq!(block_on(world.dispatcher.dispatch()).unwrap(), 0);
    assert_eq!(world.applied(), [2, 3, 4, 5]);
    // Somebody releases it: however old it is, it is delivered.
    world.outboxes[0].0.behind(|events| events.iter_mut().for_each(|one| one.parked = false));
    assert_eq!(block_on(world.dispatcher.dispatch()).unwrap(), 1);
    world.assert_each_once("a release");
}

#[test]
fn no_deferral_is_longer_than_five_minutes() {
    let world = World::new();
    world.poison(&[1]);
    world.outboxes[0].0.behind(|events| events[0].deferrals = 8);
    block_on(world.dispatcher.dispatch()).unwrap();
    let held = |world: &World| world.outboxes[0].0.behind(|events| events[0].held.unwrap());
    assert_eq!(held(&world), world.clock.now().plus(Duration::from_secs(256)));
    // Deferred by a release of tomorrow, which tries more often.
    world.outboxes[0].0.behind(|events| events[0].deferrals = u32::MAX);
    world.clock.advance(Duration::from_secs(256));
    block_on(world.dispatcher.dispatch()).unwrap();
    assert_eq!(world.counts(), [(0, 1), (0, 0)]);
}

#[test]
fn an_event_that_heals_is_delivered_at_its_next_attempt() {
    let world = World::new();
    world.poison(&[1, 4]);
    for _ in 0..9 {
        block_on(world.dispatcher.dispatch()).unwrap();
        world.clock.advance(Duration::from_mins(5));
    }
    assert_eq!(world.counts(), [(1, 0), (1, 0)]);
    world.poison(&[]);
    assert_eq!(block_on(world.dispatcher.dispatch()).unwrap(), 2);
    world.assert_each_once("a cure");
}

#[test]
fn an_outage_parks_nothing_however_long_it_lasts() {
    let world = World::new();
    world.cut_off(&[1, 2, 3, 4, 5]);
    for _ in 0..100 {
        let outage = block_on(world.dispatcher.dispatch());
        assert!(matches!(outage, Err(StorageError::Unavailable(_))), "{outage:?}");
        world.clock.advance(LEASE);
    }
    assert_eq!(world.counts(), [(3, 0), (3, 0)]);
    // Nor does it count among the attempts of an event that breaks the storage afterwards.
    world.cut_off(&[]);
    world.poison(&[1]);
    assert_eq!(block_on(world.dispatcher.dispatch()).unwrap(), 6);
    assert_eq!(world.counts(), [(1, 0), (0, 0)]);
    world.poison(&[]);
    world.finish();
    world.assert_each_once("an outage");
}

#[test]
fn what_was_applied_before_an_outage_is_acknowledged_and_the_next_outbox_has_its_turn() {
    let world = World::new();
    world.cut_off(&[1, 5]);
    let outage = block_on(world.dispatcher.dispatch());
    assert!(matches!(outage, Err(StorageError::Unavailable(_))), "{outage:?}");
    let left = world.outboxes.each_ref().map(|outbox| {
        outbox.0.behind(|events| events.iter().map(|one| one.event.clone()).collect::<Vec<_>>())
    });
    assert!(left[0].contains(&event(1)), "it was not applied");
    assert_eq!(left[1], [event(5)], "3 and 4 were applied");
    world.cut_off(&[]);
    world.finish();
    world.assert_each_once("an outage");
}

#[test]
fn a_failure_at_any_step_of_setting_events_aside_costs_a_delay_and_nothing_else() {
    for deferrals in [0, 9] {
        for step in 0..12 {
            for fault in [Fault::Refused, Fault::AnswerLost] {
                let world = World::new();
                world.poison(&[1]);
                world.outboxes[0].0.behind(|events| events[0].deferrals = deferrals);
                world.faults.plan(step, fault);
                drop(block_on(world.dispatcher.dispatch()));
                world.faults.plan(usize::MAX / 2, Fault::Refused);
                world.finish();
                assert_eq!(world.applied(), [2, 3, 4, 5], "{fault:?} at step {step}");
                let expected = if deferrals == 0 { (1, 0) } else { (0, 1) };
                assert_eq!(world.counts(), [expected, (0, 0)], "{fault:?} at step {step}");
                world.poison(&[]);
                world.outboxes[0].0.behind(|events| events.iter_mut().for_each(|one| one.parked = false));
                world.clock.advance(Duration::from_mins(5));
                block_on(world.dispatcher.dispatch()).unwrap();
                world.assert_each_once(&format!("{fault:?} at step {step}"));
            }
        }
    }
}

#[test]
fn a_new_notification_wakes_its_recipient_and_a_repeated_one_nobody() {
    let world = World::new();
    let mut subscription = world.hub.subscribe(Topic::Notifications(user(2)));
    let mut woken = || {
        let woken = poll_once(Box::pin(subscription.changed()).as_mut()).is_ready();
        subscription.mark_seen();
        woken
    };
    block_on(world.dispatcher.dispatch()).unwrap();
    assert!(woken());
    world.outboxes[0].0.behind(|waiting| waiting.push(event(1).into()));
    assert_eq!(block_on(world.dispatcher.dispatch()).unwrap(), 1);
    assert!(!woken());
}

/// The user's feed after a notification, or from now on, and what it delivers by now.
fn streamed(
    world: &World,
    user_id: UserId,
    after: Option<u128>,
) -> Result<Option<Vec<i64>>, NamedNotificationError> {
    let service = Service::new(world.store.clone(), Arc::new(world.hub.clone()), cursors());
    let after = after.map(|number| NotificationId::from_uuid(Uuid::from_u128(number)));
    let mut feed = block_on(service.stream_notifications(&caller(user_id), after))?;
    let mut next = Box::pin(feed.next());
    let page = (0..10).find_map(|_| match poll_once(next.as_mut()) {
        std::task::Poll::Ready(page) => Some(page.unwrap()),
        std::task::Poll::Pending => None,
    });
    Ok(page.map(|page| page.iter().map(|one| one.position.0).collect()))
}

#[test]
fn a_feed_begins_after_what_its_reader_has() {
    let world = World::new();
    block_on(world.dispatcher.dispatch()).unwrap();
    // Events 1, 3 and 5 are the first user's: positions 1, 2 and 3.
    let theirs = user(2);
    for (after, expected) in
        [(Some(1), Some(vec![2, 3])), (Some(3), Some(vec![3])), (Some(5), None), (None, None)]
    {
        assert_eq!(streamed(&world, theirs, after).unwrap(), expected, "after {after:?}");
    }
    for (whose, after) in [(theirs, 2), (theirs, 77), (user(1), 1)] {
        let refused = streamed(&world, whose, Some(after)).unwrap_err();
        assert!(matches!(refused, NamedNotificationError::NotYours), "{after} of {whose}");
    }
}

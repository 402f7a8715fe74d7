//! What the server does without being asked: polls, delivers events and counts those that
//! wait, learns of ended sessions, re-reads its keys.
//!
//! Each task ends when the server does. A fault is logged and tried again at the next turn: none of this is the only
//! chance for anything.

use std::sync::Arc;
use std::time::Duration;

use duologue_domain::Environment;
use duologue_domain::auth::{EndedSessions, Revocations};
use duologue_domain::notification::Dispatcher;
use duologue_domain::poller::Poller;
use duologue_domain::wakeup::{LocalWakeUp, Topic, WakeUp as _};
use duologue_platform::keys::KeyDirectory;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::stores::NamedOutbox;

/// An event that nobody told of waits this long.
const LOOK: Duration = Duration::from_secs(2);

/// A session that ended elsewhere is refused here after this long: half of what SPEC section 2 allows.
const REVOCATIONS: Duration = Duration::from_secs(1);

/// A key that was rotated by hand is seen after this long.
const KEYS: Duration = Duration::from_secs(5);

/// How long delivery rests after a fault.
const REST: Duration = Duration::from_secs(1);

/// How often waiting events are counted.
const COUNTS: Duration = Duration::from_secs(10);

/// The tasks that are to run.
pub(crate) struct Background {
    /// What asks the storage for news, and how often; none: nothing does.
    pub(crate) poller: Option<(Poller, Duration)>,
    pub(crate) dispatcher: Option<Dispatcher>,
    /// What carries wake-ups between replicas, if anything does.
    pub(crate) bus: Option<duologue_wakeup::Background>,
    pub(crate) outboxes: Vec<NamedOutbox>,
    pub(crate) hub: LocalWakeUp,
    pub(crate) revocations: Revocations,
    pub(crate) ended_sessions: Arc<dyn EndedSessions>,
    pub(crate) keys: Option<Arc<KeyDirectory>>,
    pub(crate) environment: Environment,
}

impl Background {
    /// Starts them all; dropping the set ends them.
    pub(crate) fn start(self) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        if let Some((poller, period)) = self.poller {
            tasks.spawn(poll(poller, period));
        }
        if let Some(dispatcher) = self.dispatcher {
            tasks.spawn(deliver(dispatcher, self.hub));
        }
        if let Some(bus) = self.bus {
            // It ends with the set, as the others do.
            tasks.spawn(bus.run(std::future::pending()));
        }
        for outbox in self.outboxes {
            tasks.spawn(count_events(outbox));
        }
        tasks.spawn(learn_of_ended_sessions(self.revocations, self.ended_sessions, self.environment.clone()));
        if let Some(keys) = self.keys {
            tasks.spawn(reread_keys(keys, self.environment));
        }
        tasks
    }
}

/// An interval that never makes up for lost turns.
fn every(period: Duration) -> tokio::time::Interval {
    let mut interval = interval(period);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

async fn poll(poller: Poller, period: Duration) {
    let mut turns = every(period);
    loop {
        turns.tick().await;
        if let Err(error) = poller.poll().await {
            tracing::warn!(error = &error as &dyn std::error::Error, "streams could not be polled for");
        }
    }
}

async fn deliver(dispatcher: Dispatcher, hub: LocalWakeUp) {
    let mut news = hub.subscribe(Topic::Events);
    loop {
        news.mark_seen();
        match dispatcher.dispatch().await {
            Ok(0) => {
                // A wake-up is a hint: look again after a while even without one.
                tokio::select! { () = news.changed() => {} () = sleep(LOOK) => {} }
            }
            Ok(_) => {}
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "events could not be delivered");
                sleep(REST).await;
            }
        }
    }
}

/// Tells how many events wait in the storage and how many are parked: what every server on it tells, not a share.
async fn count_events(NamedOutbox { role, outbox }: NamedOutbox) {
    let context = role.name();
    let gauge = |state| metrics::gauge!("duologue_outbox_events", "context" => context, "state" => state);
    let (waiting, parked) = (gauge("waiting"), gauge("parked"));
    let mut turns = every(COUNTS);
    loop {
        turns.tick().await;
        match outbox.count_events().await {
            Ok(counts) => {
                waiting.set(as_gauge(counts.waiting));
                parked.set(as_gauge(counts.parked));
            }
            Err(error) => {
                // The last counts would pass for the present ones.
                waiting.set(f64::NAN);
                parked.set(f64::NAN);
                tracing::warn!(
                    context,
                    error = &error as &dyn std::error::Error,
                    "waiting events could not be counted"
                );
            }
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53 events, and near enough above")]
fn as_gauge(count: u64) -> f64 {
    count as f64
}

async fn learn_of_ended_sessions(
    revocations: Revocations,
    ended_sessions: Arc<dyn EndedSessions>,
    environment: Environment,
) {
    let mut turns = every(REVOCATIONS);
    let mut last = None;
    loop {
        turns.tick().await;
        let now = environment.now();
        match revocations.refresh(&*ended_sessions, now, last).await {
            Ok(()) => last = Some(now),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "ended sessions could not be asked for"
                );
            }
        }
    }
}

async fn reread_keys(keys: Arc<KeyDirectory>, environment: Environment) {
    let mut turns = every(KEYS);
    loop {
        turns.tick().await;
        if let Err(error) = keys.reload(environment.now()) {
            tracing::error!(error = &error as &dyn std::error::Error, "the keys could not be read again");
        }
    }
}

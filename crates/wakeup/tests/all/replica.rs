//! A process with a hub and a bus of its own.

use duologue_domain::id::Id;
use duologue_domain::wakeup::{LocalWakeUp, Subscription, Topic, WakeUp as _};
use duologue_wakeup::{Bus, Carrier};
use futures::FutureExt as _;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

pub(crate) struct Replica {
    pub(crate) hub: LocalWakeUp,
    pub(crate) bus: Bus,
    stop: oneshot::Sender<()>,
    work: JoinHandle<()>,
}

impl Replica {
    /// A replica whose bus does not listen yet.
    pub(crate) fn start(carrier: impl Carrier) -> Self {
        let hub = LocalWakeUp::new();
        let (bus, background) = Bus::new(hub.clone(), carrier);
        let (stop, stopped) = oneshot::channel::<()>();
        let work = tokio::spawn(background.run(async { stopped.await.unwrap_or(()) }));
        Self { hub, bus, stop, work }
    }

    /// A replica whose bus listens.
    pub(crate) async fn listening(carrier: impl Carrier) -> Self {
        let replica = Self::start(carrier);
        replica.connected(1).await;
        replica
    }

    /// Waits until the receiving side was opened so many times.
    pub(crate) async fn connected(&self, times: u64) {
        self.bus.connections().wait_for(|connections| *connections >= times).await.unwrap();
    }

    /// Stops gracefully, and waits for it.
    pub(crate) async fn stop(self) -> Bus {
        self.stop.send(()).unwrap();
        self.work.await.unwrap();
        self.bus
    }
}

pub(crate) fn id<T: Id>() -> T {
    T::from_uuid(Uuid::new_v4())
}

/// Whether the subscription was woken and has not looked yet.
pub(crate) fn is_woken(subscription: &mut Subscription) -> bool {
    subscription.changed().now_or_never().is_some()
}

/// Whether exactly `position` is the highest that the hub heard of: a subscriber of the topic must exist.
pub(crate) fn has_heard_of(
    hub: &LocalWakeUp,
    subscription: &mut Subscription,
    topic: Topic,
    position: i64,
) -> bool {
    subscription.mark_seen();
    hub.publish(topic, position);
    let too_low = is_woken(subscription);
    subscription.mark_seen();
    hub.publish(topic, position + 1);
    !too_low && is_woken(subscription)
}

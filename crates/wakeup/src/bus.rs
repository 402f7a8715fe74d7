//! The bus: wakes this process at once, and the others as soon as the carrier is free.

use std::sync::Arc;

use duologue_domain::wakeup::{LocalWakeUp, Subscription, Topic, WakeUp};
use tokio::sync::watch;
use uuid::Uuid;

use crate::background::Background;
use crate::carrier::Carrier;
use crate::codec;
use crate::gathered::Gathered;
use crate::measure::{Dropped, Measure};

/// Wake-ups for this process and for others. Clones are one bus.
#[derive(Debug, Clone)]
pub struct Bus {
    shared: Arc<Shared>,
}

/// What the bus and its background work share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) hub: LocalWakeUp,
    pub(crate) gathered: Gathered,
    /// How often the receiving side was opened.
    pub(crate) connections: watch::Sender<u64>,
    /// Tells this process's payloads from those of others.
    pub(crate) sender: Uuid,
    pub(crate) measure: Measure,
}

impl Bus {
    /// A bus over a carrier, and its background work, without which nothing leaves the process and nothing comes in.
    ///
    /// Nothing is connected before the work runs.
    pub fn new(hub: LocalWakeUp, carrier: impl Carrier) -> (Self, Background) {
        let shared = Arc::new(Shared {
            hub,
            gathered: Gathered::default(),
            connections: watch::Sender::new(0),
            sender: Uuid::new_v4(),
            measure: Measure::of(carrier.name()),
        });
        (Self { shared: shared.clone() }, Background::new(shared, Box::new(carrier)))
    }

    /// How often the receiving side was opened. With each change something may have been missed before it: poll.
    #[must_use]
    pub fn connections(&self) -> watch::Receiver<u64> {
        self.shared.connections.subscribe()
    }
}

impl WakeUp for Bus {
    fn publish(&self, topic: Topic, position: i64) {
        let Shared { hub, gathered, measure, .. } = &*self.shared;
        hub.publish(topic, position);
        if codec::travels(topic) && !gathered.add(topic, position) {
            measure.dropped(1, Dropped::Full);
        }
    }

    fn subscribe(&self, topic: Topic) -> Subscription {
        self.shared.hub.subscribe(topic)
    }
}

//! The metrics of one bus.

use crate::codec::Unreadable;

/// The metrics of the bus of this name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measure {
    bus: &'static str,
}

/// Why wake-ups went nowhere.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Dropped {
    /// Too many topics had gathered.
    Full,
    /// The carrier did not take them.
    Refused,
}

impl Measure {
    pub(crate) fn of(bus: &'static str) -> Self {
        Self { bus }
    }

    pub(crate) fn published(self, wake_ups: usize) {
        metrics::counter!("duologue_wakeups_published_total", "bus" => self.bus).increment(wake_ups as u64);
    }

    pub(crate) fn received(self, wake_ups: usize) {
        metrics::counter!("duologue_wakeups_received_total", "bus" => self.bus).increment(wake_ups as u64);
    }

    pub(crate) fn dropped(self, wake_ups: usize, why: Dropped) {
        let reason = match why {
            Dropped::Full => "full",
            Dropped::Refused => "refused",
        };
        metrics::counter!("duologue_wakeups_dropped_total", "bus" => self.bus, "reason" => reason)
            .increment(wake_ups as u64);
    }

    pub(crate) fn ignored(self, why: Unreadable) {
        let reason = match why {
            Unreadable::Malformed => "malformed",
            Unreadable::Version => "version",
        };
        metrics::counter!("duologue_wakeup_payloads_ignored_total", "bus" => self.bus, "reason" => reason)
            .increment(1);
    }

    pub(crate) fn connected(self, connected: bool) {
        metrics::gauge!("duologue_wakeup_bus_connected", "bus" => self.bus)
            .set(f64::from(u8::from(connected)));
    }
}

//! What every bus between replicas shares: a [`Bus`] is the domain's [`WakeUp`], a [`Carrier`] takes its payloads
//! from one process to the others.
//!
//! ```
//! use std::sync::Arc;
//!
//! use duologue_domain::wakeup::{LocalWakeUp, WakeUp};
//! use duologue_wakeup::{Bus, Carrier};
//!
//! async fn serve(carrier: impl Carrier, stop: impl Future<Output = ()> + Send) {
//!     let hub = LocalWakeUp::new();
//!     let (bus, background) = Bus::new(hub.clone(), carrier);
//!     let wake_up: Arc<dyn WakeUp> = Arc::new(bus);
//!     // Services take `wake_up`; the poller wakes the subscribers of `hub`.
//!     # drop(wake_up);
//!     background.run(stop).await;
//! }
//! ```
//!
//! # What it does
//! * **Publishing never waits and never fails.** It wakes this process at once and notes the topic's highest position.
//!   As many topics as [`GATHERED`] are noted; what is beyond is dropped, and counted.
//! * **Back-pressure gathers.** One batch is under way at a time. What is published meanwhile makes the next: ten
//!   thousand wake-ups of one topic are one entry. When nothing is under way a wake-up leaves at once.
//! * **What comes from the bus wakes this process only.** Nothing is sent on, and a process ignores its own payloads.
//! * **Only what others can have missed travels**: chats, notifications and sessions. Events stay: whoever dispatches
//!   them polls anyway, and one who was told is enough.
//! * **A bus may be down for as long as it likes.** It is tried again for ever, every second at the latest. What could
//!   not be sent is dropped: until the bus is back, streams live off the poller.
//! * **Each time the bus is back, something may have been missed.** [`Bus::connections`] tells; whoever wants to be
//!   quicker than the poller's next turn polls then. The bus itself does not wake everybody: a poll costs one query
//!   for a thousand streams, a wake-up one for each.
//!
//! # Metrics
//! All have the label `bus`, which is [`Carrier::name`].
//!
//! | name | counts |
//! | --- | --- |
//! | `duologue_wakeups_published_total` | wake-ups, once gathered, that the carrier took |
//! | `duologue_wakeups_received_total` | wake-ups that came from other processes |
//! | `duologue_wakeups_dropped_total` | wake-ups that went nowhere: `reason` is `full` or `refused` by the carrier |
//! | `duologue_wakeup_payloads_ignored_total` | payloads that could not be read: `reason` is `malformed` or `version` |
//! | `duologue_wakeup_bus_connected` | 1 while payloads can come in, otherwise 0 |

mod back_off;
mod background;
mod bus;
mod carrier;
mod codec;
mod gathered;
mod measure;

pub use background::Background;
pub use bus::Bus;
pub use carrier::{Carrier, CarrierError, Listener};
pub use codec::PAYLOAD_LIMIT;
pub use gathered::GATHERED;

#[cfg(doc)]
use duologue_domain::wakeup::WakeUp;

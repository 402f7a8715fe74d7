//! The suite on itself: it passes on the memory adapter, and fails on every planted fault.

#![expect(clippy::panic, clippy::unwrap_used, reason = "these are tests")]

mod background;
mod faults;
mod memory;

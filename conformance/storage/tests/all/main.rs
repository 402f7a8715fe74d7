//! The suite on itself: it passes on the memory adapter, and fails on every planted fault.

mod faults;
mod memory;

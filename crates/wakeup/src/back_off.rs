//! How long to wait before the next attempt.

use std::time::Duration;

const FIRST: Duration = Duration::from_millis(50);

/// A bus that is back is used again within this time.
const LONGEST: Duration = Duration::from_secs(1);

/// Waits longer each time, up to a second.
pub(crate) struct BackOff {
    next: Duration,
}

impl BackOff {
    pub(crate) fn new() -> Self {
        Self { next: FIRST }
    }

    /// Things went well: the next wait is short.
    pub(crate) fn reset(&mut self) {
        self.next = FIRST;
    }

    pub(crate) async fn rest(&mut self) {
        tokio::time::sleep(self.next).await;
        self.next = (self.next * 2).min(LONGEST);
    }
}

//! The signal that this server is leaving.

use std::sync::Arc;

use tokio::sync::watch;

/// Tells everything that lasts that the server is leaving.
///
/// Streams end with UNAVAILABLE, so that their readers resume elsewhere; calls are served until the listener closes.
#[derive(Debug, Clone)]
pub struct Drain {
    begun: Arc<watch::Sender<bool>>,
}

impl Drain {
    /// The server stays for now.
    #[must_use]
    pub fn new() -> Self {
        Self { begun: Arc::new(watch::Sender::new(false)) }
    }

    /// The server is leaving. It cannot be taken back.
    pub fn begin(&self) {
        self.begun.send_replace(true);
    }

    /// Whether the server is leaving.
    #[must_use]
    pub fn has_begun(&self) -> bool {
        *self.begun.borrow()
    }

    /// Waits until the server is leaving.
    pub async fn begun(&self) {
        let mut receiver = self.begun.subscribe();
        // The sender is held here: waiting cannot fail.
        let _ = receiver.wait_for(|begun| *begun).await;
    }
}

impl Default for Drain {
    fn default() -> Self {
        Self::new()
    }
}

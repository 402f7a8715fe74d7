//! Notifications.

use crate::event::Event;
use crate::id::{Id, NotificationId};
use crate::page::CursorKey;

/// The place of a notification among those of its recipient: 1, 2, 3 … without holes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Position(pub i64);

impl Position {
    /// The position after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl CursorKey for Position {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.to_bytes()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        i64::from_bytes(bytes).map(Self)
    }
}

/// An event that its recipient can read of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// What happened, to whom, by whom and when.
    pub event: Event,
    /// Its place among the recipient's.
    pub position: Position,
    /// Whether the recipient has read up to it.
    pub read: bool,
}

impl Notification {
    /// Names the notification: an event makes one, so the event's UUID names it.
    #[must_use]
    pub fn notification_id(&self) -> NotificationId {
        NotificationId::from_uuid(self.event.event_id.uuid())
    }
}

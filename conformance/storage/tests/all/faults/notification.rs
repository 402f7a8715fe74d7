//! Broken notifications.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use duologue_domain::StorageError;
use duologue_domain::event::Event;
use duologue_domain::id::{EventId, Id as _, NotificationId, UserId};
use duologue_domain::notification::{
    Inbox, InsertNotification, Notification, NotificationRange, NotificationStore, Position, ReadFilter,
};
use duologue_storage_conformance::Storage;
use parking_lot::Mutex;
use tokio::task::yield_now;
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    AppliedTwice,
    AppliedTwiceAtOnce,
    ReadGoesBack,
    BeyondTheNewest,
    FilterIgnored,
    FoundByAnybody,
    BoundaryRepeated,
    OnlyTheNewestForgotten,
}

#[derive(Default)]
struct Notes {
    applied: HashSet<EventId>,
    positions: HashMap<NotificationId, Position>,
    marks: HashMap<UserId, Position>,
}

struct BrokenNotifications {
    inner: Arc<dyn NotificationStore>,
    fault: Fault,
    notes: Mutex<Notes>,
}

fn decorate(storage: Storage, fault: Fault) -> Storage {
    let broken = BrokenNotifications { inner: storage.notifications(), fault, notes: Mutex::default() };
    storage.with_notifications(Arc::new(broken))
}

super::caught! { decorate;
    an_event_that_is_applied_twice: Fault::AppliedTwice =>
        "notification::an_event_that_is_applied_again_changes_nothing",
        "notification::any_sequence_of_calls_agrees_with_the_model_of_notifications",
        "notification::a_cancelled_notification_is_wholly_there_or_not_at_all";
    an_event_that_is_applied_twice_at_once: Fault::AppliedTwiceAtOnce =>
        "notification::an_event_that_is_applied_at_once_is_stored_exactly_once";
    a_mark_that_goes_back: Fault::ReadGoesBack =>
        "notification::what_was_read_stays_read_and_beyond_the_newest_counts_as_the_newest",
        "notification::of_marks_at_once_the_furthest_counts";
    a_mark_beyond_the_newest: Fault::BeyondTheNewest =>
        "notification::what_was_read_stays_read_and_beyond_the_newest_counts_as_the_newest";
    a_filter_that_is_ignored: Fault::FilterIgnored =>
        "notification::notifications_are_listed_newest_first_below_a_position",
        "notification::notifications_are_listed_oldest_first_above_a_position";
    a_position_that_anybody_finds: Fault::FoundByAnybody =>
        "notification::a_position_is_found_by_its_owner_only";
    a_page_that_repeats_its_boundary: Fault::BoundaryRepeated =>
        "notification::notifications_are_listed_newest_first_below_a_position";
    a_memory_of_the_newest_event_only: Fault::OnlyTheNewestForgotten =>
        "notification::an_event_that_is_applied_again_changes_nothing";
}

#[async_trait]
impl NotificationStore for BrokenNotifications {
    async fn insert_notification(&self, event: Event) -> Result<InsertNotification, StorageError> {
        let (event_id, recipient_id) = (event.event_id, event.recipient_id);
        let again = Event {
            event_id: EventId::from_uuid(Uuid::from_u128(!event_id.uuid().as_u128())),
            ..event.clone()
        };
        if self.fault == Fault::AppliedTwiceAtOnce && !self.notes.lock().applied.contains(&event_id) {
            yield_now().await;
            if !self.notes.lock().applied.insert(event_id) {
                self.inner.insert_notification(again).await?;
                let newest = self.inner.find_inbox(recipient_id).await?.newest;
                return Ok(InsertNotification::Inserted(newest));
            }
        }
        let outcome = self.inner.insert_notification(event).await?;
        let twice = match self.fault {
            Fault::AppliedTwice => outcome == InsertNotification::Duplicate,
            Fault::OnlyTheNewestForgotten => {
                let position =
                    self.notes.lock().positions.get(&NotificationId::from_uuid(event_id.uuid())).copied();
                outcome == InsertNotification::Duplicate
                    && position != Some(self.inner.find_inbox(recipient_id).await?.newest)
            }
            _ => false,
        };
        if let InsertNotification::Inserted(position) = outcome {
            self.notes.lock().positions.insert(NotificationId::from_uuid(event_id.uuid()), position);
        }
        if twice { self.inner.insert_notification(again).await } else { Ok(outcome) }
    }

    async fn find_position(
        &self,
        user_id: UserId,
        notification_id: NotificationId,
    ) -> Result<Option<Position>, StorageError> {
        if self.fault == Fault::FoundByAnybody {
            return Ok(self.notes.lock().positions.get(&notification_id).copied());
        }
        self.inner.find_position(user_id, notification_id).await
    }

    async fn find_inbox(&self, user_id: UserId) -> Result<Inbox, StorageError> {
        let inbox = self.inner.find_inbox(user_id).await?;
        match self.notes.lock().marks.get(&user_id) {
            Some(read) if self.fault == Fault::ReadGoesBack => Ok(Inbox { read: *read, ..inbox }),
            _ => Ok(inbox),
        }
    }

    async fn list_notifications(
        &self,
        user_id: UserId,
        range: NotificationRange,
        filter: ReadFilter,
        limit: usize,
    ) -> Result<Vec<Notification>, StorageError> {
        let filter = if self.fault == Fault::FilterIgnored { ReadFilter::All } else { filter };
        let range = match range {
            NotificationRange::NewestFirst { before: Some(before) }
                if self.fault == Fault::BoundaryRepeated =>
            {
                NotificationRange::NewestFirst { before: Some(before.next()) }
            }
            other => other,
        };
        self.inner.list_notifications(user_id, range, filter, limit).await
    }

    async fn mark_read(&self, user_id: UserId, up_to: Position) -> Result<Inbox, StorageError> {
        let inbox = self.inner.mark_read(user_id, up_to).await?;
        self.notes.lock().marks.insert(user_id, up_to.min(inbox.newest));
        match self.fault {
            Fault::ReadGoesBack => self.find_inbox(user_id).await,
            Fault::BeyondTheNewest => Ok(Inbox { read: inbox.read.max(up_to), ..inbox }),
            _ => Ok(inbox),
        }
    }

    async fn list_newest_positions(
        &self,
        user_ids: &[UserId],
    ) -> Result<Vec<(UserId, Position)>, StorageError> {
        self.inner.list_newest_positions(user_ids).await
    }
}

//! Notifications.

mod at_once;
mod lists;
mod model;

pub(crate) use at_once::*;
pub(crate) use lists::*;
pub(crate) use model::*;

use duologue_domain::event::{Event, Subject};
use duologue_domain::id::{Id as _, NotificationId, UserId};
use duologue_domain::notification::{
    Inbox, InsertNotification, Notification, NotificationRange, Position, ReadFilter,
};

use crate::fixture::Storage;
use crate::world::{Acknowledged as _, at, event, new_id};

pub(crate) async fn a_notification_is_stored_at_the_position_after_its_recipients_newest(storage: &Storage) {
    let (one, other) = (new_id(), new_id());
    let mut expected = (Vec::new(), Vec::new());
    for (index, subject) in subjects().into_iter().cycle().take(7).enumerate() {
        let (recipient_id, list) =
            if index % 3 == 2 { (other, &mut expected.1) } else { (one, &mut expected.0) };
        let event = event(recipient_id, new_id(), subject, at(7 * i64::try_from(index).unwrap_or(0) + 1));
        let position = Position(i64::try_from(list.len()).unwrap_or(0) + 1);
        let inserted = storage.notifications().insert_notification(event.clone()).await.answered();
        assert_eq!(inserted, InsertNotification::Inserted(position));
        list.push(Notification { event, position, read: false });
        assert_has(storage, recipient_id, list, 0).await;
    }
    assert_has(storage, one, &expected.0, 0).await;
}

pub(crate) async fn who_was_told_nothing_has_an_empty_inbox(storage: &Storage) {
    assert_has(storage, new_id(), &[], 0).await;
    assert_eq!(storage.notifications().mark_read(new_id(), Position(7)).await.answered(), Inbox::default());
}

pub(crate) async fn an_event_that_is_applied_again_changes_nothing(storage: &Storage) {
    let recipient_id = new_id();
    let mut told = tell(storage, recipient_id, 2).await;
    for (count, read) in [(0, 0), (0, 2), (3, 2), (0, 5)] {
        told.extend(tell(storage, recipient_id, count).await);
        storage.notifications().mark_read(recipient_id, Position(read)).await.answered();
        mark(&mut told, read);
        for notification in &told {
            let again =
                storage.notifications().insert_notification(notification.event.clone()).await.answered();
            assert_eq!(again, InsertNotification::Duplicate);
        }
        assert_has(storage, recipient_id, &told, read).await;
    }
    let next = tell(storage, recipient_id, 1).await;
    assert_eq!(next[0].position, Position(6), "what is not stored takes no position");
}

pub(crate) async fn a_position_is_found_by_its_owner_only(storage: &Storage) {
    let recipient_id = new_id();
    let told = tell(storage, recipient_id, 3).await;
    let others = tell(storage, new_id(), 1).await;
    let find = async |user_id, notification: &Notification| {
        storage.notifications().find_position(user_id, notification.notification_id()).await.answered()
    };
    for notification in &told {
        assert_eq!(find(recipient_id, notification).await, Some(notification.position));
        assert_eq!(find(others[0].event.recipient_id, notification).await, None);
        assert_eq!(find(notification.event.actor_id, notification).await, None);
        assert_eq!(find(new_id(), notification).await, None);
    }
    assert_eq!(find(recipient_id, &others[0]).await, None);
    let unknown: NotificationId = new_id();
    assert_eq!(storage.notifications().find_position(recipient_id, unknown).await.answered(), None);
}

pub(crate) async fn what_was_read_stays_read_and_beyond_the_newest_counts_as_the_newest(storage: &Storage) {
    let (recipient_id, other) = (new_id(), new_id());
    let mut told = tell(storage, recipient_id, 5).await;
    let others = tell(storage, other, 5).await;
    let marks =
        [(0, 0), (2, 2), (1, 2), (0, 2), (-1, 2), (i64::MIN, 2), (3, 3), (9, 5), (i64::MAX, 5), (4, 5)];
    for (up_to, read) in marks {
        let inbox = storage.notifications().mark_read(recipient_id, Position(up_to)).await.answered();
        assert_eq!(inbox, Inbox { newest: Position(5), read: Position(read) }, "up to {up_to}");
        mark(&mut told, read);
        assert_has(storage, recipient_id, &told, read).await;
    }
    // What comes later is unread, though it was marked beyond the newest.
    told.extend(tell(storage, recipient_id, 2).await);
    assert_has(storage, recipient_id, &told, 5).await;
    assert_has(storage, other, &others, 0).await;
}

pub(crate) async fn the_newest_positions_of_several_users_are_told(storage: &Storage) {
    let mut expected = Vec::new();
    let mut asked: Vec<UserId> = Vec::new();
    for count in 1_i64..4 {
        let user_id = new_id();
        tell(storage, user_id, usize::try_from(count).unwrap_or(0)).await;
        expected.push((user_id, Position(count)));
        asked.extend([new_id(), user_id]);
    }
    // As many as the poller asks for at once.
    asked.extend((asked.len()..1_000).map(|_| new_id::<UserId>()));
    let mut told = storage.notifications().list_newest_positions(&asked).await.answered();
    told.retain(|(_, position)| *position != Position::default());
    told.sort();
    expected.sort();
    assert_eq!(told, expected);
    let once = storage.notifications().list_newest_positions(&[expected[0].0; 3]).await.answered();
    assert_eq!(once, expected[..1], "each is told once");
    assert_eq!(storage.notifications().list_newest_positions(&[]).await.answered(), []);
}

/// One of each kind.
fn subjects() -> [Subject; 3] {
    [
        Subject::FriendRequestReceived(new_id()),
        Subject::FriendRequestAccepted(new_id()),
        Subject::MessageReceived(new_id(), new_id()),
    ]
}

/// An event that a user is to be told of.
fn new_event(recipient_id: UserId) -> Event {
    event(recipient_id, new_id(), subjects()[2], at(5))
}

/// Tells a user something, so many times.
async fn tell(storage: &Storage, recipient_id: UserId, count: usize) -> Vec<Notification> {
    let mut told = Vec::new();
    for subject in subjects().into_iter().cycle().take(count) {
        let event = event(recipient_id, new_id(), subject, at(5));
        let inserted = storage.notifications().insert_notification(event.clone()).await.answered();
        let InsertNotification::Inserted(position) = inserted else { panic!("a new event: {inserted:?}") };
        told.push(Notification { event, position, read: false });
    }
    told
}

/// The notifications after they were read up to a position.
fn mark(told: &mut [Notification], read: i64) {
    for notification in told {
        notification.read = notification.position <= Position(read);
    }
}

/// Looks, by every method, whether a user was told exactly this, and has read so far.
async fn assert_has(storage: &Storage, user_id: UserId, told: &[Notification], read: i64) {
    let notifications = storage.notifications();
    let newest = told.last().map_or(Position::default(), |last| last.position);
    let inbox = Inbox { newest, read: Position(read) };
    assert_eq!(notifications.find_inbox(user_id).await.answered(), inbox);
    let unread: Vec<_> = told.iter().filter(|notification| !notification.read).cloned().collect();
    let after = Position::default();
    for (filter, expected) in [(ReadFilter::All, told), (ReadFilter::UnreadOnly, &unread)] {
        let range = NotificationRange::OldestFirst { after };
        let listed = notifications.list_notifications(user_id, range, filter, 1_000).await.answered();
        assert_eq!(listed, expected, "{filter:?}");
    }
    assert!((1..).zip(told).all(|(position, notification)| notification.position == Position(position)));
    let newest = notifications.list_newest_positions(&[user_id]).await.answered();
    assert_eq!(newest.into_iter().map(|(_, position)| position).max().unwrap_or_default(), inbox.newest);
    if let Some(last) = told.last() {
        let notification_id = NotificationId::from_uuid(last.event.event_id.uuid());
        let position = notifications.find_position(user_id, notification_id).await.answered();
        assert_eq!(position, Some(last.position));
    }
}

//! Notifications.

use duologue_domain::event::{Event, Subject};
use duologue_domain::id::{Id, NotificationId, UserId};
use duologue_domain::notification::{
    Inbox, InsertNotification, Notification, NotificationRange, NotificationStore, Position, ReadFilter,
};

use crate::harness::{CONTENDERS, ROUNDS, count, fixture, id, micros, race};

fn event(recipient_id: UserId, kind: usize) -> Event {
    let subject = match kind % 3 {
        0 => Subject::FriendRequestReceived(id()),
        1 => Subject::FriendRequestAccepted(id()),
        _ => Subject::MessageReceived(id(), id()),
    };
    Event { event_id: id(), recipient_id, actor_id: id(), subject, occur_time: micros(1_234_567_890_123_457) }
}

const NEWEST_FIRST: NotificationRange = NotificationRange::NewestFirst { before: None };

#[tokio::test(flavor = "multi_thread")]
async fn an_event_applied_many_times_at_once_is_stored_once_and_leaves_no_hole() {
    let fixture = fixture().await;
    let user_id = id();
    for round in 0..ROUNDS {
        let (repeated, other) = (event(user_id, round), event(user_id, round + 1));
        let results = race(CONTENDERS + 1, |number| {
            let storage = fixture.storage.clone();
            let event = if number == CONTENDERS { other.clone() } else { repeated.clone() };
            async move { storage.insert_notification(event).await.unwrap() }
        })
        .await;
        assert_eq!(count(&results, |result| *result == InsertNotification::Duplicate), CONTENDERS - 1);
        assert!(matches!(results[CONTENDERS], InsertNotification::Inserted(_)));
        assert_eq!(
            fixture.storage.insert_notification(repeated).await.unwrap(),
            InsertNotification::Duplicate
        );
    }
    let listed = fixture
        .storage
        .list_notifications(user_id, NEWEST_FIRST, ReadFilter::All, 10 * ROUNDS)
        .await
        .unwrap();
    let positions: Vec<_> = listed.iter().rev().map(|notification| notification.position.0).collect();
    assert_eq!(positions, (1..=2 * ROUNDS as i64).collect::<Vec<_>>());
    let inbox = fixture.storage.find_inbox(user_id).await.unwrap();
    assert_eq!(inbox, Inbox { newest: Position(2 * ROUNDS as i64), read: Position(0) });
}

#[tokio::test]
async fn what_was_read_stays_read_and_lists_say_so() {
    let fixture = fixture().await;
    let storage = &fixture.storage;
    let user_id = id();
    assert_eq!(storage.find_inbox(user_id).await.unwrap(), Inbox::default());
    assert_eq!(storage.mark_read(user_id, Position(9)).await.unwrap(), Inbox::default());
    let mut events = Vec::new();
    for kind in 0..6 {
        let event = event(user_id, kind);
        let position = Position(kind as i64 + 1);
        let inserted = storage.insert_notification(event.clone()).await.unwrap();
        assert_eq!(inserted, InsertNotification::Inserted(position));
        events.push(event);
    }
    let inbox = |newest, read| Inbox { newest: Position(newest), read: Position(read) };
    assert_eq!(storage.mark_read(user_id, Position(2)).await.unwrap(), inbox(6, 2));
    assert_eq!(storage.mark_read(user_id, Position(1)).await.unwrap(), inbox(6, 2));
    let expected: Vec<_> = (1..)
        .zip(&events)
        .map(|(position, event)| Notification {
            event: event.clone(),
            position: Position(position),
            read: position <= 2,
        })
        .collect();
    for size in 1..=7 {
        for filter in [ReadFilter::All, ReadFilter::UnreadOnly] {
            let mut wanted = expected.clone();
            wanted.retain(|notification| filter == ReadFilter::All || !notification.read);
            let (mut listed, mut after) = (Vec::new(), Position(0));
            loop {
                let range = NotificationRange::OldestFirst { after };
                let page = storage.list_notifications(user_id, range, filter, size).await.unwrap();
                let Some(last) = page.last() else { break };
                after = last.position;
                listed.extend(page);
            }
            assert_eq!(listed, wanted, "{filter:?} in pages of {size}");
            let (mut listed, mut before) = (Vec::new(), None);
            loop {
                let range = NotificationRange::NewestFirst { before };
                let page = storage.list_notifications(user_id, range, filter, size).await.unwrap();
                let Some(last) = page.last() else { break };
                before = Some(last.position);
                listed.extend(page);
            }
            listed.reverse();
            assert_eq!(listed, wanted, "{filter:?} in pages of {size}, newest first");
        }
    }
    assert_eq!(storage.mark_read(user_id, Position(i64::MAX)).await.unwrap(), inbox(6, 6));
    assert_eq!(storage.list_newest_positions(&[user_id, id()]).await.unwrap(), [(user_id, Position(6))]);
    let third = NotificationId::from_uuid(events[2].event_id.uuid());
    assert_eq!(storage.find_position(user_id, third).await.unwrap(), Some(Position(3)));
    assert_eq!(storage.find_position(id(), third).await.unwrap(), None);
    assert_eq!(storage.find_position(user_id, id()).await.unwrap(), None);
}

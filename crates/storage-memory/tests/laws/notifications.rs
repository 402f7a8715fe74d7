//! Notifications.

use duologue_domain::id::{Id, NotificationId, UserId};
use duologue_domain::notification::{
    Inbox, InsertNotification, NotificationRange, NotificationStore, Position, ReadFilter,
};
use futures::executor::block_on;

use crate::fixtures::{CONTENDERS, ROUNDS, count, event, new_id, race};

const UPWARDS: NotificationRange = NotificationRange::OldestFirst { after: Position(0) };

fn inbox(newest: i64, read: i64) -> Inbox {
    Inbox { newest: Position(newest), read: Position(read) }
}

/// Somebody who was told this many things.
async fn told(store: &dyn NotificationStore, length: usize) -> UserId {
    let user_id = new_id();
    for _ in 0..length {
        store.insert_notification(event(user_id)).await.unwrap();
    }
    user_id
}

async fn an_event_is_told_once_however_often_it_is_applied(store: &dyn NotificationStore) {
    let user_id = new_id();
    let mut events = Vec::new();
    for round in 1..=i64::try_from(ROUNDS).unwrap() {
        let event = event(user_id);
        let outcomes = race(|_| block_on(store.insert_notification(event.clone())).unwrap());
        assert_eq!(count(&outcomes, &InsertNotification::Inserted(Position(round))), 1);
        assert_eq!(count(&outcomes, &InsertNotification::Duplicate), outcomes.len() - 1);
        events.push(event);
    }
    store.mark_read(user_id, Position(9_999)).await.unwrap();
    for event in &events {
        let late = store.insert_notification(event.clone()).await.unwrap();
        assert_eq!(late, InsertNotification::Duplicate);
    }
    let listed = store.list_notifications(user_id, UPWARDS, ReadFilter::All, 9_999).await.unwrap();
    assert_eq!(listed.into_iter().map(|notification| notification.event).collect::<Vec<_>>(), events);
}

async fn positions_have_no_holes_however_many_events_at_once(store: &dyn NotificationStore) {
    let user_id = new_id();
    race(|_| {
        for _ in 0..ROUNDS {
            block_on(store.insert_notification(event(user_id))).unwrap();
        }
    });
    let listed = store.list_notifications(user_id, UPWARDS, ReadFilter::All, 9_999).await.unwrap();
    let positions: Vec<_> = listed.iter().map(|notification| notification.position.0).collect();
    assert_eq!(positions, (1..=i64::try_from(ROUNDS * CONTENDERS).unwrap()).collect::<Vec<_>>());
    for notification in listed {
        let found = store.find_position(user_id, notification.notification_id()).await.unwrap();
        assert_eq!(found, Some(notification.position));
        let elsewhere = store.find_position(new_id(), notification.notification_id()).await.unwrap();
        assert_eq!(elsewhere, None);
    }
    let unknown = NotificationId::from_uuid(new_id::<UserId>().uuid());
    assert_eq!(store.find_position(user_id, unknown).await.unwrap(), None);
}

async fn what_was_read_stays_read_and_no_more_than_there_is(store: &dyn NotificationStore) {
    let user_id = told(store, 5).await;
    let table = [(0, 0), (-7, 0), (2, 2), (1, 2), (5, 5), (3, 5), (i64::MAX, 5)];
    for (up_to, read) in table {
        assert_eq!(store.mark_read(user_id, Position(up_to)).await.unwrap(), inbox(5, read), "{up_to}");
        assert_eq!(store.find_inbox(user_id).await.unwrap(), inbox(5, read));
    }
    store.insert_notification(event(user_id)).await.unwrap();
    assert_eq!(store.find_inbox(user_id).await.unwrap().unread_count(), 1);
    let nobody = new_id();
    assert_eq!(store.mark_read(nobody, Position(3)).await.unwrap(), inbox(0, 0));
    store.insert_notification(event(nobody)).await.unwrap();
    assert_eq!(store.find_inbox(nobody).await.unwrap(), inbox(1, 0));
}

async fn notifications_are_listed_both_ways_each_once_read_or_not(store: &dyn NotificationStore) {
    const LENGTH: usize = 7;
    for read in [0, 1, 4, 7] {
        let user_id = told(store, LENGTH).await;
        store.mark_read(user_id, Position(read)).await.unwrap();
        for (filter, first) in [(ReadFilter::All, 1), (ReadFilter::UnreadOnly, read + 1)] {
            for limit in 1..=LENGTH + 1 {
                let upwards: Vec<_> = (first..=7).collect();
                let downwards: Vec<_> = upwards.iter().rev().copied().collect();
                let (mut up, mut down) = (Vec::new(), Vec::new());
                let (mut after, mut before) = (Position(0), None);
                for _ in 0..=LENGTH {
                    let range = NotificationRange::OldestFirst { after };
                    let page = store.list_notifications(user_id, range, filter, limit).await.unwrap();
                    assert!(page.len() <= limit);
                    assert!(page.iter().all(|it| it.read == (it.position <= Position(read))));
                    after = page.last().map_or(after, |last| last.position);
                    up.extend(page.iter().map(|notification| notification.position.0));

                    let range = NotificationRange::NewestFirst { before };
                    let page = store.list_notifications(user_id, range, filter, limit).await.unwrap();
                    assert!(page.len() <= limit);
                    if let Some(last) = page.last() {
                        before = Some(last.position);
                    } else if before.is_none() {
                        before = Some(Position(0));
                    }
                    down.extend(page.iter().map(|notification| notification.position.0));
                }
                assert_eq!((up, down), (upwards, downwards), "{filter:?}, {limit} at once, {read} read");
            }
        }
    }
}

async fn newest_positions_are_told_for_many_users_at_once(store: &dyn NotificationStore) {
    let (one, other) = (told(store, 1).await, told(store, 3).await);
    let asked = [other, one, new_id(), other];
    let mut newest = store.list_newest_positions(&asked).await.unwrap();
    newest.retain(|(_, position)| *position != Position(0));
    newest.sort_unstable();
    assert_eq!(newest, [(one, Position(1)), (other, Position(3))]);
}

crate::laws! {
    an_event_is_told_once_however_often_it_is_applied,
    positions_have_no_holes_however_many_events_at_once,
    what_was_read_stays_read_and_no_more_than_there_is,
    notifications_are_listed_both_ways_each_once_read_or_not,
    newest_positions_are_told_for_many_users_at_once,
}

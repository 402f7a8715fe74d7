//! Several who act at once, and those who leave before they are answered.

use duologue_domain::notification::{
    Inbox, InsertNotification, Notification, NotificationRange, Position, ReadFilter,
};

use super::{assert_has, mark, new_event, tell};
use crate::cancellation::at_every_await_point;
use crate::fixture::Storage;
use crate::race::{CONTENDERS, ROUNDS, at_once, contender, count, side_by_side};
use crate::world::{Acknowledged as _, new_id};

pub(crate) async fn an_event_that_is_applied_at_once_is_stored_exactly_once(storage: &Storage) {
    let recipient_id = new_id();
    let mut told = Vec::new();
    for round in 0_i64.. {
        if told.len() == ROUNDS {
            break;
        }
        let event = new_event(recipient_id);
        let outcomes = at_once((0..CONTENDERS).map(|_| {
            let (notifications, event) = (storage.notifications(), event.clone());
            contender(async move { notifications.insert_notification(event).await.answered() })
        }))
        .await;
        let position = Position(round + 1);
        assert_eq!(count(&outcomes, |outcome| *outcome == InsertNotification::Inserted(position)), 1);
        let duplicates = count(&outcomes, |outcome| *outcome == InsertNotification::Duplicate);
        assert_eq!(duplicates, CONTENDERS - 1, "{outcomes:?}");
        told.push(Notification { event, position, read: false });
        assert_has(storage, recipient_id, &told, 0).await;
    }
}

pub(crate) async fn events_for_one_recipient_at_once_have_no_hole_and_none_is_lost(storage: &Storage) {
    let recipient_id = new_id();
    let told = side_by_side((0..CONTENDERS).map(|_| {
        let storage = storage.clone();
        contender(async move { tell(&storage, recipient_id, ROUNDS).await })
    }))
    .await;
    let mut told: Vec<_> = told.into_iter().flatten().collect();
    told.sort_by_key(|notification| notification.position);
    assert_eq!(told.len(), CONTENDERS * ROUNDS);
    assert_has(storage, recipient_id, &told, 0).await;
}

pub(crate) async fn of_marks_at_once_the_furthest_counts(storage: &Storage) {
    for _ in 0..ROUNDS {
        let recipient_id = new_id();
        let mut told = tell(storage, recipient_id, 5).await;
        let outcomes = at_once([3, 1, 4, 2].map(|up_to| {
            let notifications = storage.notifications();
            contender(async move {
                (Position(up_to), notifications.mark_read(recipient_id, Position(up_to)).await.answered())
            })
        }))
        .await;
        for (up_to, inbox) in outcomes {
            assert!(inbox.read >= up_to && inbox.read <= Position(4), "{inbox:?}");
        }
        mark(&mut told, 4);
        assert_has(storage, recipient_id, &told, 4).await;
    }
}

pub(crate) async fn the_count_and_the_list_of_what_is_unread_agree_while_more_arrives(storage: &Storage) {
    let recipient_id = new_id();
    let contenders = (0..CONTENDERS).map(|index| {
        let storage = storage.clone();
        contender(async move {
            let notifications = storage.notifications();
            for _ in 0..ROUNDS {
                if index < 2 {
                    tell(&storage, recipient_id, 1).await;
                    continue;
                }
                let before = notifications.find_inbox(recipient_id).await.answered();
                let up_to = Position(before.newest.0 / 2);
                let marked = notifications.mark_read(recipient_id, up_to).await.answered();
                assert!(marked.read >= before.read.max(up_to), "{before:?} {marked:?}");
                assert!(marked.newest >= before.newest && marked.read <= marked.newest);
                let range = NotificationRange::OldestFirst { after: Position::default() };
                let listed = notifications
                    .list_notifications(recipient_id, range, ReadFilter::All, 1_000)
                    .await
                    .answered();
                assert!(listed.len() >= usize::try_from(marked.newest.0).unwrap_or(usize::MAX));
                let first_unread = listed.iter().position(|notification| !notification.read);
                let read = first_unread.unwrap_or(listed.len());
                assert!(
                    read >= usize::try_from(marked.read.0).unwrap_or(usize::MAX),
                    "what was read is unread"
                );
                assert!(listed[read..].iter().all(|notification| !notification.read));
            }
        })
    });
    side_by_side(contenders).await;
    let inbox: Inbox = storage.notifications().find_inbox(recipient_id).await.answered();
    assert_eq!(inbox.newest, Position(i64::try_from(2 * ROUNDS).unwrap_or(0)));
}

pub(crate) async fn a_cancelled_notification_is_wholly_there_or_not_at_all(storage: &Storage) {
    let recipient_id = new_id();
    let mut told: Vec<Notification> = Vec::new();
    at_every_await_point(async |cancellation| {
        let event = new_event(recipient_id);
        let cut = cancellation.cut(storage.notifications().insert_notification(event.clone())).await;
        // The dispatcher does the same: what was not acknowledged comes again.
        storage.notifications().insert_notification(event.clone()).await.answered();
        let position = told.last().map_or(Position::default(), |last| last.position).next();
        told.push(Notification { event, position, read: false });
        assert_has(storage, recipient_id, &told, 0).await;
        cut.is_some()
    })
    .await;
}

pub(crate) async fn a_cancelled_mark_is_wholly_there_or_not_at_all(storage: &Storage) {
    at_every_await_point(async |cancellation| {
        let recipient_id = new_id();
        let mut told = tell(storage, recipient_id, 3).await;
        let cut = cancellation.cut(storage.notifications().mark_read(recipient_id, Position(2))).await;
        let again = storage.notifications().mark_read(recipient_id, Position(2)).await.answered();
        assert_eq!(again, Inbox { newest: Position(3), read: Position(2) });
        mark(&mut told, 2);
        assert_has(storage, recipient_id, &told, 2).await;
        cut.is_some()
    })
    .await;
}

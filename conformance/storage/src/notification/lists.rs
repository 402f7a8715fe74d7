//! Lists of notifications.

use duologue_domain::notification::{Notification, NotificationRange, Position, ReadFilter};

use super::{mark, tell};
use crate::fixture::Storage;
use crate::pages::assert_pages;
use crate::world::{Acknowledged as _, new_id};

pub(crate) async fn notifications_are_listed_newest_first_below_a_position(storage: &Storage) {
    let user_id = new_id();
    let mut told = tell(storage, user_id, 8).await;
    tell(storage, new_id(), 3).await;
    for read in [0, 3, 8] {
        storage.notifications().mark_read(user_id, Position(read)).await.answered();
        mark(&mut told, read);
        for filter in [ReadFilter::All, ReadFilter::UnreadOnly] {
            let mut expected = filtered(&told, filter);
            expected.reverse();
            assert_pages(
                &expected,
                |notification| notification.position,
                async |before, limit| {
                    list(storage, user_id, NotificationRange::NewestFirst { before }, filter, limit).await
                },
            )
            .await;
            let far = NotificationRange::NewestFirst { before: Some(Position(i64::MAX)) };
            assert_eq!(list(storage, user_id, far, filter, 50).await, expected, "below what is far beyond");
            for nothing in [1, 0] {
                let range = NotificationRange::NewestFirst { before: Some(Position(nothing)) };
                assert_eq!(list(storage, user_id, range, filter, 50).await, [], "below {nothing}");
            }
        }
    }
}

pub(crate) async fn notifications_are_listed_oldest_first_above_a_position(storage: &Storage) {
    let user_id = new_id();
    let mut told = tell(storage, user_id, 8).await;
    tell(storage, new_id(), 3).await;
    for read in [0, 3, 8] {
        storage.notifications().mark_read(user_id, Position(read)).await.answered();
        mark(&mut told, read);
        for filter in [ReadFilter::All, ReadFilter::UnreadOnly] {
            let expected = filtered(&told, filter);
            assert_pages(
                &expected,
                |notification| notification.position,
                async |after: Option<Position>, limit| {
                    let range = NotificationRange::OldestFirst { after: after.unwrap_or_default() };
                    list(storage, user_id, range, filter, limit).await
                },
            )
            .await;
            for nothing in [8, 9, i64::MAX] {
                let range = NotificationRange::OldestFirst { after: Position(nothing) };
                assert_eq!(list(storage, user_id, range, filter, 50).await, [], "above {nothing}");
            }
        }
    }
}

fn filtered(told: &[Notification], filter: ReadFilter) -> Vec<Notification> {
    let listed = |notification: &&Notification| filter == ReadFilter::All || !notification.read;
    told.iter().filter(listed).cloned().collect()
}

async fn list(
    storage: &Storage,
    user_id: duologue_domain::id::UserId,
    range: NotificationRange,
    filter: ReadFilter,
    limit: usize,
) -> Vec<Notification> {
    storage.notifications().list_notifications(user_id, range, filter, limit).await.answered()
}

//! What an inbox is, written down a second time: a list of notifications, and how far it was read.

use duologue_domain::event::Event;
use duologue_domain::id::UserId;
use duologue_domain::notification::{
    Inbox, InsertNotification, Notification, NotificationRange, Position, ReadFilter,
};
use proptest::prelude::{Just, Strategy, any, prop_oneof};

use super::new_event;
use crate::fixture::Storage;
use crate::sequences::{agree, assert_sequences};
use crate::world::{Acknowledged as _, new_id};

/// How many users a sequence is about.
const USERS: usize = 2;

/// What happens; events are named by a number, and may happen again.
#[derive(Debug, Clone, Copy)]
enum Act {
    Tell { user: usize, event: usize },
    Mark { user: usize, up_to: i64 },
    List { user: usize, newest_first: bool, bound: Option<i64>, filter: ReadFilter, limit: usize },
}

#[derive(Debug, Default)]
struct Told {
    events: Vec<Event>,
    read: i64,
}

pub(crate) async fn any_sequence_of_calls_agrees_with_the_model_of_notifications(storage: &Storage) {
    let filter = prop_oneof![Just(ReadFilter::All), Just(ReadFilter::UnreadOnly)];
    let bound = proptest::option::of(-1..12_i64);
    let act = prop_oneof![
        4 => (0..USERS, 0..8_usize).prop_map(|(user, event)| Act::Tell { user, event }),
        1 => (0..USERS, -1..10_i64).prop_map(|(user, up_to)| Act::Mark { user, up_to }),
        2 => (0..USERS, any::<bool>(), bound, filter, 1..6_usize).prop_map(
            |(user, newest_first, bound, filter, limit)| Act::List { user, newest_first, bound, filter, limit }
        ),
    ];
    assert_sequences(act, &async |acts: &[_]| run(storage, acts).await);
}

async fn run(storage: &Storage, acts: &[Act]) -> Result<(), String> {
    let notifications = storage.notifications();
    let users: [UserId; USERS] = [(); USERS].map(|()| new_id());
    let events = users.map(|user_id| [(); 8].map(|()| new_event(user_id)));
    let mut model: [Told; USERS] = Default::default();
    for (index, act) in acts.iter().enumerate() {
        let what = format!("{act:?}, call {index}");
        match *act {
            Act::Tell { user, event } => {
                let event = &events[user][event];
                let outcome = notifications.insert_notification(event.clone()).await.answered();
                agree(&what, outcome, model[user].tell(event))?;
            }
            Act::Mark { user, up_to } => {
                let inbox = notifications.mark_read(users[user], Position(up_to)).await.answered();
                let told = &mut model[user];
                told.read = told.read.max(up_to.min(told.newest()));
                agree(&what, inbox, told.inbox())?;
            }
            Act::List { user, newest_first, bound, filter, limit } => {
                let bound = bound.map(Position);
                let range = if newest_first {
                    NotificationRange::NewestFirst { before: bound }
                } else {
                    NotificationRange::OldestFirst { after: bound.unwrap_or_default() }
                };
                let listed =
                    notifications.list_notifications(users[user], range, filter, limit).await.answered();
                agree(&what, listed, model[user].list(range, filter, limit))?;
            }
        }
        let user = index % USERS;
        agree("an inbox", notifications.find_inbox(users[user]).await.answered(), model[user].inbox())?;
    }
    Ok(())
}

impl Told {
    fn newest(&self) -> i64 {
        i64::try_from(self.events.len()).unwrap_or(i64::MAX)
    }

    fn inbox(&self) -> Inbox {
        Inbox { newest: Position(self.newest()), read: Position(self.read) }
    }

    fn tell(&mut self, event: &Event) -> InsertNotification {
        if self.events.contains(event) {
            return InsertNotification::Duplicate;
        }
        self.events.push(event.clone());
        InsertNotification::Inserted(Position(self.newest()))
    }

    fn list(&self, range: NotificationRange, filter: ReadFilter, limit: usize) -> Vec<Notification> {
        let notification = |(position, event): (i64, &Event)| Notification {
            event: event.clone(),
            position: Position(position),
            read: position <= self.read,
        };
        let mut listed: Vec<_> = (1..).zip(&self.events).map(notification).collect();
        listed.retain(|notification| {
            let within = match range {
                NotificationRange::NewestFirst { before } => {
                    before.is_none_or(|before| notification.position < before)
                }
                NotificationRange::OldestFirst { after } => notification.position > after,
            };
            within && (filter == ReadFilter::All || !notification.read)
        });
        if matches!(range, NotificationRange::NewestFirst { .. }) {
            listed.reverse();
        }
        listed.truncate(limit);
        listed
    }
}

//! Walks through the list of somebody's chats, which keep their order however much is said meanwhile.
//!
//! A walk shows every chat where it stood at the moment that the walk began, `as_of`. Whatever is said afterwards is
//! later than that: the index keeps the moment as its floor. So a chat whose activity is no later than `as_of` has
//! not changed since and stands in the index where it stood then; the others stand above, and where they stood is
//! found in their messages. The longer a walk takes, the more of them there are: a page costs a binary search
//! for each chat that was written to since the walk began, and nothing for its depth.

use std::ops::Bound;
use std::sync::Arc;

use duologue_domain::Timestamp;
use duologue_domain::chat::{ActivityKey, ChatList, ChatWalk, ListedChat};
use duologue_domain::id::{ChatId, Id, UserId};
use parking_lot::RwLockWriteGuard;
use uuid::Uuid;

use super::room::Room;
use super::{Chats, Index};

impl Chats {
    /// A part of the list of somebody's chats.
    pub(super) fn list(&self, user_id: UserId, walk: ChatWalk, limit: usize) -> ChatList {
        let index = self.indexes.find_or_default(user_id);
        let mut index = index.write();
        let (as_of, before) = match walk {
            ChatWalk::Begin { now } => (index.activity.last().map_or(now, |last| now.max(last.time)), None),
            ChatWalk::Continue { as_of, before } => (as_of, Some(before)),
        };
        index.floor = index.floor.max(Some(as_of));
        // Others may walk too from here on, but nothing can be said before the list is made.
        let index = RwLockWriteGuard::downgrade(index);

        let mut stood = self.moved(&index, as_of);
        stood.retain(|(key, _)| before.is_none_or(|before| *key < before));
        stood.extend(self.unmoved(&index, as_of, before, limit));
        stood.sort_unstable_by_key(|(key, _)| std::cmp::Reverse(*key));
        stood.truncate(limit);
        let chats = stood.into_iter().map(|(key, room)| ListedChat { chat: room.chat(), key }).collect();
        ChatList { as_of, chats }
    }

    /// The chats that were written to after a moment, where they stood then.
    fn moved(&self, index: &Index, as_of: Timestamp) -> Vec<(ActivityKey, Arc<Room>)> {
        let moved = index.activity.range((Bound::Excluded(greatest(as_of)), Bound::Unbounded));
        let rooms = moved.filter_map(|key| self.rooms.find(&key.chat_id));
        rooms
            .filter_map(|room| {
                let key = room.history.read().activity_as_of(&room.direct, as_of)?;
                Some((key, room))
            })
            .collect()
    }

    /// Up to `limit` chats that were not, from the greatest down.
    fn unmoved<'a>(
        &'a self,
        index: &'a Index,
        as_of: Timestamp,
        before: Option<ActivityKey>,
        limit: usize,
    ) -> impl Iterator<Item = (ActivityKey, Arc<Room>)> + 'a {
        let below = match before {
            Some(before) if before.time <= as_of => Bound::Excluded(before),
            _ => Bound::Included(greatest(as_of)),
        };
        let keys = index.activity.range((Bound::Unbounded, below)).rev().take(limit);
        keys.filter_map(|key| Some((*key, self.rooms.find(&key.chat_id)?)))
    }
}

/// The greatest key of a moment.
fn greatest(time: Timestamp) -> ActivityKey {
    ActivityKey { time, chat_id: ChatId::from_uuid(Uuid::max()) }
}

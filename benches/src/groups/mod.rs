//! The criterion groups, named like the contexts: one file for each.

mod cursor;
mod list_friends;
mod list_messages;
mod list_user_chats;
mod search_by_nickname;
mod send_message;
mod stream;
mod verify_token;

use crate::harness::Group;

/// All of them.
pub const ALL: [Group; 8] = [
    list_messages::GROUP,
    send_message::GROUP,
    list_user_chats::GROUP,
    stream::GROUP,
    list_friends::GROUP,
    search_by_nickname::GROUP,
    cursor::GROUP,
    verify_token::GROUP,
];

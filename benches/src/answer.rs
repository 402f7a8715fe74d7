//! What an answer of any layer holds, to be held against what it has to hold.

use bytes::Bytes;
use duologue_contract::chat::{ListMessagesResponse, ListUserChatsResponse};
use duologue_contract::social::ListFriendsResponse;
use duologue_contract::user::SearchByNicknameResponse;
use duologue_domain::chat::{Chat, ChatList, Message};
use duologue_domain::id::UserId;
use duologue_domain::page::Page;
use duologue_domain::social::FriendshipKey;
use duologue_domain::user::Profile;
use serde_json::Value;

/// A list, whatever it is made of.
pub trait Answer {
    /// What tells its items apart, in their order.
    fn keys(&self) -> Vec<String>;
}

macro_rules! answers {
    ($($answer:ty: $this:ident => $items:expr, $item:ident => $key:expr;)*) => {$(
        impl Answer for $answer {
            fn keys(&self) -> Vec<String> {
                let $this = self;
                $items.iter().map(|$item| $key.to_string()).collect()
            }
        }
    )*};
}

answers! {
    Vec<Message>: list => list, message => message.sequence.0;
    Page<Message>: page => page.items, message => message.sequence.0;
    ListMessagesResponse: response => response.messages, message => message.sequence;
    Vec<(i64, String)>: rows => rows, row => row.0;
    ChatList: list => list.chats, listed => listed.chat.direct.chat_id;
    Page<Chat>: page => page.items, chat => chat.direct.chat_id;
    ListUserChatsResponse: response => response.chats, chat => chat.chat_id;
    Vec<FriendshipKey>: list => list, friendship => friendship.friend_id;
    Page<UserId>: page => page.items, user_id => user_id;
    ListFriendsResponse: response => response.friend_user_ids, user_id => user_id;
    Vec<Profile>: list => list, profile => profile.nickname;
    Page<Profile>: page => page.items, profile => profile.nickname;
    SearchByNicknameResponse: response => response.results, profile => profile.nickname;
}

/// JSON with one list in it.
impl Answer for Bytes {
    fn keys(&self) -> Vec<String> {
        let json: Value = serde_json::from_slice(self).expect("an answer in JSON");
        let fields = json.as_object().expect("an object");
        let items = fields.values().find_map(Value::as_array).expect("a list");
        items.iter().map(key).collect()
    }
}

fn key(item: &Value) -> String {
    let named = ["sequence", "chatId", "nickname"].iter().find_map(|name| item.get(name));
    named.unwrap_or(item).as_str().expect("a text").to_owned()
}

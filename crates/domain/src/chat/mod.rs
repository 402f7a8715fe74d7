//! Direct chats, their messages, and the live feed of them.

mod chat_record;
mod feed;
mod message;
mod policy;
mod service;
mod store;
mod text;

pub mod error;

pub use chat_record::{ActivityKey, Chat, DirectChat};
pub use feed::{FeedStart, MessageFeed, PAGE as FEED_PAGE};
pub use message::{Message, NewMessage, Sequence};
pub use policy::{ChatPolicy, FriendsOnly, Open};
pub use service::{MessageOrder, Service};
pub use store::{AppendMessage, ChatList, ChatStore, ChatWalk, InsertChat, ListedChat, MessageRange};
pub use text::{ClientMessageId, InvalidClientMessageId, InvalidMessageText, MessageText};

//! A page of a chat's history, as every layer asks for it.

use duologue_contract::chat::{ListMessagesRequest, MessageOrder as WireOrder};
use duologue_domain::chat::{DirectChat, MessageOrder, MessageRange, Sequence};
use duologue_domain::id::{Id as _, UserId};
use duologue_domain::page::{CursorKey as _, PageRequest, Scope};

use crate::world::World;

/// Where in a chat a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The newest messages.
    Newest,
    /// Those in the middle.
    Middle,
    /// The first that were sent.
    Oldest,
}

/// A page of a chat in which nothing but `newest` messages were said.
#[derive(Debug, Clone, Copy)]
pub struct HistoryPage {
    /// Of which chat.
    pub chat: DirectChat,
    /// How many messages it has.
    pub newest: i64,
    /// How many the page has.
    pub size: i64,
    /// Where the page is.
    pub depth: Depth,
    /// In which order.
    pub order: MessageOrder,
}

impl HistoryPage {
    /// The sequence that the page follows; none at the end that a walk begins at.
    fn edge(&self) -> Option<i64> {
        let Self { newest, size, .. } = *self;
        match (self.order, self.depth) {
            (MessageOrder::NewestFirst, Depth::Newest) | (MessageOrder::OldestFirst, Depth::Oldest) => None,
            (MessageOrder::NewestFirst, Depth::Middle) => Some(newest / 2 + 1),
            (MessageOrder::NewestFirst, Depth::Oldest) => Some(size + 1),
            (MessageOrder::OldestFirst, Depth::Middle) => Some(newest / 2),
            (MessageOrder::OldestFirst, Depth::Newest) => Some(newest - size),
        }
    }

    /// The sequences on the page.
    #[must_use]
    pub fn expected(&self) -> Vec<String> {
        let sequences: Vec<i64> = match (self.order, self.edge()) {
            (MessageOrder::NewestFirst, edge) => {
                let first = edge.map_or(self.newest, |edge| edge - 1);
                (first - self.size + 1..=first).rev().collect()
            }
            (MessageOrder::OldestFirst, edge) => {
                let first = edge.unwrap_or(0) + 1;
                (first..first + self.size).collect()
            }
        };
        sequences.iter().map(i64::to_string).collect()
    }

    /// For a storage.
    #[must_use]
    pub fn range(&self) -> MessageRange {
        match self.order {
            MessageOrder::NewestFirst => MessageRange::NewestFirst { before: self.edge().map(Sequence) },
            MessageOrder::OldestFirst => {
                MessageRange::OldestFirst { after: Sequence(self.edge().unwrap_or(0)) }
            }
        }
    }

    /// How many items to ask a storage for.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn limit(&self) -> usize {
        usize::try_from(self.size).expect("a page size")
    }

    /// The cursor that leads to it: what the page before it would have answered.
    #[must_use]
    pub fn cursor(&self, world: &World, reader: UserId) -> Option<String> {
        let mut filter = [0; 17];
        filter[..16].copy_from_slice(self.chat.chat_id.uuid().as_bytes());
        filter[16] = u8::from(self.order == MessageOrder::OldestFirst);
        let scope = Scope { list: "ListMessages", caller: reader, filter: &filter };
        let edge = self.edge()?;
        Some(world.cursors.seal(scope, &Sequence(edge).to_bytes()).into_string())
    }

    /// For a use case.
    ///
    /// # Panics
    /// If a page of this size cannot be asked for.
    #[must_use]
    pub fn page_request(&self, world: &World, reader: UserId) -> PageRequest {
        let size = i32::try_from(self.size).expect("a page size");
        PageRequest::parse(size, self.cursor(world, reader)).expect("a page request")
    }

    /// For gRPC.
    ///
    /// # Panics
    /// Never.
    #[must_use]
    pub fn message(&self, world: &World, reader: UserId) -> ListMessagesRequest {
        let order = match self.order {
            MessageOrder::NewestFirst => WireOrder::NewestFirst,
            MessageOrder::OldestFirst => WireOrder::OldestFirst,
        };
        ListMessagesRequest {
            chat_id: self.chat.chat_id.to_string(),
            limit: i32::try_from(self.size).expect("a page size"),
            cursor: self.cursor(world, reader),
            order: order.into(),
        }
    }

    /// For REST.
    #[must_use]
    pub fn path(&self, world: &World, reader: UserId) -> String {
        let mut path = format!("/v1/chats/{}/messages?limit={}", self.chat.chat_id, self.size);
        if self.order == MessageOrder::OldestFirst {
            path.push_str("&order=MESSAGE_ORDER_OLDEST_FIRST");
        }
        if let Some(cursor) = self.cursor(world, reader) {
            path.push_str("&cursor=");
            path.push_str(&cursor);
        }
        path
    }
}

//! Lists of what is said and told, each changed behind its service's back.

use std::marker::PhantomData;
use std::sync::Arc;

use duologue_domain::chat::{self, DirectChat, MessageOrder, NewMessage};
use duologue_domain::event::{Event, Subject};
use duologue_domain::id::{ChatId, EventId, Id, MessageId, RequestId, UserId};
use duologue_domain::notification::{self, Position, ReadFilter};
use duologue_domain::page::{Page, PageRequest};
use duologue_domain::social::Pair;
use duologue_domain::time::{Clock, Timestamp};
use duologue_domain::wakeup::LocalWakeUp;
use futures::executor::block_on;

use super::lists::{Common, item, me, uuid};
use super::walk::List;
use crate::support::chat_store::PlainChatStore;
use crate::support::notification_store::PlainNotificationStore;
use crate::support::{Directory, caller, cursors, user};

fn chat_service(store: &Arc<PlainChatStore>, common: &Common) -> chat::Service {
    let (users, hub) = (Directory::of([]), Arc::new(LocalWakeUp::new()));
    let policy = Arc::new(chat::Open);
    chat::Service::new(store.clone(), users, policy, hub, cursors(), common.environment.clone())
}

fn say(store: &PlainChatStore, chat_id: ChatId, common: &Common) {
    let (message_id, event_id): (MessageId, EventId) =
        (common.environment.new_id(), common.environment.new_id());
    let (text, send_time) = ("hello".parse().unwrap(), common.clock.now());
    let sender_id = me();
    let message =
        NewMessage { message_id, event_id, chat_id, sender_id, text, client_message_id: None, send_time };
    store.0.behind(|state| state.append(message));
}

/// An order that messages are listed in.
pub(super) trait Order {
    const ORDER: MessageOrder;
}

pub(super) struct NewestFirst;

impl Order for NewestFirst {
    const ORDER: MessageOrder = MessageOrder::NewestFirst;
}

pub(super) struct OldestFirst;

impl Order for OldestFirst {
    const ORDER: MessageOrder = MessageOrder::OldestFirst;
}

/// Messages of one chat: they only come, whatever the item asked for, and none ever goes.
pub(super) struct Messages<O>(Common, Arc<PlainChatStore>, PhantomData<O>);

impl<O: Order> List for Messages<O> {
    fn new() -> Self {
        let list = Self(Common::new(), Arc::default(), PhantomData);
        list.1.0.behind(|state| state.insert(chat_with(0, Timestamp::default())));
        list
    }

    fn insert(&mut self, _: usize) {
        self.0.admit(self.0.held.len());
        say(&self.1, ChatId::from_uuid(uuid(0)), &self.0);
    }

    fn remove(&mut self, _: usize) {}

    fn existing(&self) -> Vec<usize> {
        let items = 0..self.0.held.len();
        if O::ORDER == MessageOrder::NewestFirst { items.rev().collect() } else { items.collect() }
    }

    fn page(&self, request: &PageRequest) -> Page<usize> {
        let (service, chat_id) = (chat_service(&self.1, &self.0), ChatId::from_uuid(uuid(0)));
        let page = block_on(service.list_messages(&caller(me()), chat_id, O::ORDER, request)).unwrap();
        page.map(|message| usize::try_from(message.sequence.0).unwrap() - 1)
    }
}

fn chat_with(item: usize, create_time: Timestamp) -> DirectChat {
    let members = Pair::of(me(), UserId::from_uuid(uuid(item))).unwrap();
    DirectChat { chat_id: ChatId::from_uuid(uuid(item)), members, create_time }
}

/// Chats: inserting one that exists writes to it, and none ever goes.
pub(super) struct Chats(Common, Arc<PlainChatStore>);

impl List for Chats {
    fn new() -> Self {
        Self(Common::new(), Arc::default())
    }

    fn insert(&mut self, item: usize) {
        if let Some(time) = self.0.admit(item) {
            self.1.0.behind(|state| state.insert(chat_with(item, time)));
            return;
        }
        say(&self.1, ChatId::from_uuid(uuid(item)), &self.0);
    }

    /// Whoever wants a chat gone gets a message in it instead: the worst that can happen to a walk.
    fn remove(&mut self, item: usize) {
        say(&self.1, ChatId::from_uuid(uuid(item)), &self.0);
    }

    fn existing(&self) -> Vec<usize> {
        let mut chats: Vec<_> = self.1.0.behind(|state| {
            let last = |chat: &ChatId| state.chats[chat].messages.last().map(|message| message.create_time);
            self.0
                .held
                .iter()
                .map(|(made, item)| (last(&ChatId::from_uuid(uuid(*item))).unwrap_or(*made), *item))
                .collect()
        });
        chats.sort_unstable_by(|one, other| other.cmp(one));
        chats.into_iter().map(|(_, item)| item).collect()
    }

    fn page(&self, request: &PageRequest) -> Page<usize> {
        let service = chat_service(&self.1, &self.0);
        let page = block_on(service.list_user_chats(&caller(me()), request)).unwrap();
        page.map(|chat| item(chat.direct.chat_id.uuid()))
    }
}

/// Notifications: they only come.
pub(super) struct Notifications(usize, Arc<PlainNotificationStore>);

fn notify(store: &PlainNotificationStore, item: usize) {
    let event = Event {
        event_id: EventId::from_uuid(uuid(item)),
        recipient_id: me(),
        actor_id: user(7),
        subject: Subject::FriendRequestReceived(RequestId::from_uuid(uuid(item))),
        occur_time: Timestamp::default(),
    };
    store.0.behind(|inboxes| inboxes.insert(event));
}

fn notification_page(
    store: &Arc<PlainNotificationStore>,
    filter: ReadFilter,
    request: &PageRequest,
) -> Page<usize> {
    let service = notification::Service::new(store.clone(), Arc::new(LocalWakeUp::new()), cursors());
    let page = block_on(service.list_notifications(&caller(me()), filter, request)).unwrap();
    page.map(|notification| item(notification.event.event_id.uuid()))
}

impl List for Notifications {
    fn new() -> Self {
        Self(0, Arc::default())
    }

    fn insert(&mut self, _: usize) {
        notify(&self.1, self.0);
        self.0 += 1;
    }

    fn remove(&mut self, _: usize) {}

    fn existing(&self) -> Vec<usize> {
        (0..self.0).rev().collect()
    }

    fn page(&self, request: &PageRequest) -> Page<usize> {
        notification_page(&self.1, ReadFilter::All, request)
    }
}

/// Notifications that were not read: removing one reads it and all before it.
pub(super) struct Unread(Notifications, usize);

impl List for Unread {
    fn new() -> Self {
        Self(Notifications::new(), 0)
    }

    fn insert(&mut self, item: usize) {
        self.0.insert(item);
    }

    fn remove(&mut self, item: usize) {
        self.1 = self.1.max(item.min(self.0.0));
        let position = Position(i64::try_from(item).unwrap());
        block_on(duologue_domain::notification::NotificationStore::mark_read(&*self.0.1, me(), position))
            .unwrap();
    }

    fn existing(&self) -> Vec<usize> {
        (self.1..self.0.0).rev().collect()
    }

    fn page(&self, request: &PageRequest) -> Page<usize> {
        notification_page(&self.0.1, ReadFilter::UnreadOnly, request)
    }
}

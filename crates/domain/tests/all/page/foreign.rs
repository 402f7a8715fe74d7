//! A cursor of one list, caller or filter is refused by every other.

use std::sync::Arc;

use duologue_domain::Reason;
use duologue_domain::auth::Caller;
use duologue_domain::chat::MessageOrder;
use duologue_domain::error::Failure;
use duologue_domain::id::{ChatId, Id, UserId};
use duologue_domain::notification::ReadFilter;
use duologue_domain::page::{Page, PageRequest};
use duologue_domain::social::Direction;
use duologue_domain::time::Timestamp;
use duologue_domain::user::SearchPrefix;
use duologue_domain::wakeup::LocalWakeUp;
use duologue_domain::{chat, notification, social, user};
use futures::executor::block_on;
use uuid::Uuid;

use crate::auth::world::World;
use crate::support::chat_store::PlainChatStore;
use crate::support::notification_store::PlainNotificationStore;
use crate::support::profile_store::PlainProfileStore;
use crate::support::social_store::PlainSocialStore;
use crate::support::{self, Directory, ManualClock, caller, cursors, environment};

/// What a list answers, without its items.
type Answer = Result<Option<String>, Reason>;

fn answer<T>(outcome: Result<Page<T>, impl Failure>) -> Answer {
    let page = outcome.map_err(|error| error.describe().reason)?;
    Ok(page.next_cursor.map(duologue_domain::page::Cursor::into_string))
}

/// Every list, for a caller and its partner in two chats.
struct Lists {
    social: social::Service,
    users: user::Service,
    chats: chat::Service,
    notifications: notification::Service,
    auth: World,
}

fn chat_id(number: u128) -> ChatId {
    ChatId::from_uuid(Uuid::from_u128(number))
}

impl Lists {
    /// With no items: whether a cursor is good is decided before the store is asked.
    fn empty() -> Self {
        let (clock, hub) = (ManualClock::new(), Arc::new(LocalWakeUp::new()));
        let (users, environment) = (Directory::of([]), environment(&clock, 1));
        let chats = Arc::new(PlainChatStore::default());
        for (number, other) in [(1, 2), (2, 3)] {
            let members = social::Pair::of(support::user(1), support::user(other)).unwrap();
            let create_time = Timestamp::default();
            let chat = chat::DirectChat { chat_id: chat_id(number), members, create_time };
            chats.0.behind(|state| state.insert(chat));
        }
        let policy = Arc::new(chat::Open);
        let store = Arc::new(PlainSocialStore::default());
        Self {
            social: social::Service::new(store, users.clone(), hub.clone(), cursors(), environment.clone()),
            users: user::Service::new(Arc::new(PlainProfileStore::default()), cursors(), environment.clone()),
            chats: chat::Service::new(chats, users, policy, hub.clone(), cursors(), environment),
            notifications: notification::Service::new(
                Arc::new(PlainNotificationStore::default()),
                hub,
                cursors(),
            ),
            auth: World::new(1),
        }
    }

    /// The answer of each list to one and the same request, under a name that tells list and filter.
    async fn all(&self, by: &Caller, request: &PageRequest) -> Vec<(&'static str, Answer)> {
        let prefix = |text| SearchPrefix::parse(text).unwrap();
        let requests = async |direction| answer(self.social.list_requests(by, direction, request).await);
        let search = async |text| answer(self.users.search_by_nickname(by, &prefix(text), request).await);
        let messages =
            async |number, order| answer(self.chats.list_messages(by, chat_id(number), order, request).await);
        let notifications =
            async |filter| answer(self.notifications.list_notifications(by, filter, request).await);
        vec![
            ("friends", answer(self.social.list_friends(by, request).await)),
            ("incoming requests", requests(Direction::Incoming).await),
            ("outgoing requests", requests(Direction::Outgoing).await),
            ("profiles with a", search("a").await),
            ("profiles with ab", search("ab").await),
            ("newest messages", messages(1, MessageOrder::NewestFirst).await),
            ("oldest messages", messages(1, MessageOrder::OldestFirst).await),
            ("newest messages of another chat", messages(2, MessageOrder::NewestFirst).await),
            ("chats", answer(self.chats.list_user_chats(by, request).await)),
            ("sessions", answer(self.auth.service.list_sessions(by, request).await)),
            ("notifications", notifications(ReadFilter::All).await),
            ("unread notifications", notifications(ReadFilter::UnreadOnly).await),
        ]
    }
}

/// A genuine cursor of each list, sealed as the services seal them, under the same names.
fn genuine(caller: UserId) -> Vec<(&'static str, String)> {
    let timed = [0; 24];
    let (number, walk) = ([0; 8], [0; 32]);
    let messages = |chat: u128, order: u8| [chat_id(chat).uuid().as_bytes().as_slice(), &[order]].concat();
    let table: Vec<(_, _, Vec<u8>, &[u8])> = vec![
        ("friends", "ListFriends", vec![], &timed),
        ("incoming requests", "ListRequests", b"incoming".to_vec(), &timed),
        ("outgoing requests", "ListRequests", b"outgoing".to_vec(), &timed),
        ("profiles with a", "SearchByNickname", b"a".to_vec(), b"abc"),
        ("profiles with ab", "SearchByNickname", b"ab".to_vec(), b"abc"),
        ("newest messages", "ListMessages", messages(1, 0), &number),
        ("oldest messages", "ListMessages", messages(1, 1), &number),
        ("newest messages of another chat", "ListMessages", messages(2, 0), &number),
        ("chats", "ListUserChats", vec![], &walk),
        ("sessions", "ListSessions", vec![], &timed),
        ("notifications", "ListNotifications", b"all".to_vec(), &number),
        ("unread notifications", "ListNotifications", b"unread".to_vec(), &number),
    ];
    let seal = |(name, list, filter, key): (_, _, Vec<u8>, _)| {
        let scope = duologue_domain::page::Scope { list, caller, filter: &filter };
        (name, cursors().seal(scope, key).into_string())
    };
    table.into_iter().map(seal).collect()
}

#[test]
fn a_cursor_leads_on_in_its_own_list_and_nowhere_else() {
    let lists = Lists::empty();
    let (ada, bob) = (support::user(1), support::user(2));
    for (made_for, cursor) in genuine(ada) {
        let request = PageRequest::parse(1, Some(cursor)).unwrap();
        for (name, answer) in block_on(lists.all(&caller(ada), &request)) {
            let expected = if name == made_for { Ok(None) } else { Err(Reason::CursorInvalid) };
            assert_eq!(answer, expected, "a cursor of {made_for} in {name}");
        }
        for (name, answer) in block_on(lists.all(&caller(bob), &request)) {
            let stranger = name == "newest messages of another chat";
            let expected = if stranger { Reason::NotAMember } else { Reason::CursorInvalid };
            assert_eq!(answer, Err(expected), "another caller's cursor of {made_for} in {name}");
        }
    }
}

//! Something to page through, for each RPC that pages.

use std::time::Duration;

use duologue_contract::user::CreateProfileRequest;
use duologue_contract::{Rpc, Service};
use serde_json::{Value, json};
use tonic::Code;

use crate::check::pages::Page;
use crate::door::{DynamicCall, Fields};
use crate::scenario::Cell;
use crate::world::{CallResult, Outcome, Person, Stop, World};

/// How many items there are of each kind.
pub(super) const ITEMS: usize = 6;

/// The RPCs that page, by their fields, of the services that are there.
pub(super) fn paged(world: &World) -> Vec<Rpc> {
    let has = |rpc: &Rpc, name: &str| rpc.description().fields.iter().any(|field| field.name == name);
    let pages = |rpc: &Rpc| has(rpc, "limit") && has(rpc, "cursor") && world.has(rpc.service());
    Rpc::ALL.into_iter().filter(pages).collect()
}

/// Somebody who has six of everything.
#[derive(Debug)]
pub(super) struct Stock {
    pub(super) owner: Person,
    stem: String,
    other_stem: String,
    chat_id: String,
    other_chat_id: String,
}

/// The same list with another filter; `None` where there is no filter.
pub(super) type OtherFilter = Option<DynamicCall>;

impl Stock {
    /// Six sessions, profiles with one stem, incoming requests, friends, chats, messages and notifications.
    pub(super) async fn fill(world: &World) -> Outcome<Self> {
        let mut owner = world.newcomer().await?;
        let (stem, other_stem) = (world.session().fresh_nickname(), world.session().fresh_nickname());
        owner.nickname = format!("{stem}0");
        let named =
            |nickname: &str| CreateProfileRequest { nickname: nickname.to_owned(), ..Default::default() };
        world.arrange(&owner, &named(&owner.nickname)).await?;
        for number in 1..ITEMS {
            let person = world.newcomer().await?;
            world.arrange(&person, &named(&format!("{stem}{number}"))).await?;
            world.login(&owner).await?;
        }
        let others = world.crowd(2 * ITEMS).await?;
        let (mut chat_id, mut other_chat_id) = (String::new(), String::new());
        for (number, other) in others.iter().enumerate() {
            if world.has(Service::Social) {
                if number < ITEMS {
                    world.ask(other, &owner).await?
                } else {
                    world.befriend(&owner, other).await?
                };
            }
            if world.has(Service::Chat) && number < ITEMS {
                other_chat_id = chat_id;
                chat_id = world.chat(&owner, other).await?;
            }
        }
        if world.has(Service::Chat) {
            for number in 0..ITEMS {
                for chat_id in [&chat_id, &other_chat_id] {
                    world.send(&owner, chat_id, &format!("message {number}")).await?;
                }
            }
        }
        Ok(Self { owner, stem, other_stem, chat_id, other_chat_id })
    }

    /// The list of an RPC, and the same with another filter; `None` for one that is newer than this.
    pub(super) fn list(&self, rpc: Rpc) -> Outcome<(DynamicCall, OtherFilter)> {
        let (fields, other) = match rpc {
            Rpc::AuthListSessions | Rpc::SocialListFriends | Rpc::ChatListUserChats => (json!({}), None),
            Rpc::UserSearchByNickname => {
                (json!({ "query": self.stem }), Some(json!({ "query": self.other_stem })))
            }
            Rpc::SocialListRequests => {
                (json!({}), Some(json!({ "direction": "REQUEST_DIRECTION_OUTGOING" })))
            }
            Rpc::ChatListMessages => {
                (json!({ "chatId": self.chat_id }), Some(json!({ "chatId": self.other_chat_id })))
            }
            // Accepted requests tell their sender: six of asking, six of accepting.
            Rpc::NotificationListNotifications => (json!({}), Some(json!({ "unreadOnly": true }))),
            _ => return Err(Stop::Broken(format!("{} pages, and has no stock to page through", rpc.path()))),
        };
        let call = |fields: Value| DynamicCall {
            rpc,
            fields: fields.as_object().cloned().unwrap_or_else(Fields::new),
        };
        Ok((call(fields), other.map(call)))
    }

    /// How many items the list of an RPC has.
    pub(super) fn count(rpc: Rpc) -> usize {
        if rpc == Rpc::NotificationListNotifications { 2 * ITEMS } else { ITEMS }
    }

    /// Waits until the list is complete, where events take a moment.
    pub(super) async fn is_complete(&self, world: &World, rpc: Rpc) -> Outcome {
        let (list, _) = self.list(rpc)?;
        let mut found = 0;
        for _ in 0..100 {
            found = page(world, &self.owner, &list.clone().with("limit", 100)).await?.ids.len();
            if found == Self::count(rpc) || rpc.service() != Service::Notification {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        world.require(found == Self::count(rpc), || {
            format!("{}: {} items expected, {found} found", rpc.path(), Self::count(rpc))
        })
    }
}

/// Fetches a page, which must succeed.
pub(super) async fn page(world: &World, reader: &Person, call: &DynamicCall) -> Outcome<Page> {
    let reply = fetched(world, reader, call).await?;
    match reply {
        Ok(page) => {
            world.assert_cell(Cell::new(call.rpc, Code::Ok));
            Ok(page)
        }
        Err(failure) => Err(world.stopped(call.rpc, "a page", &failure)),
    }
}

/// Fetches a page.
pub(super) async fn fetched(world: &World, reader: &Person, call: &DynamicCall) -> Outcome<CallResult<Page>> {
    let reply = world.call_json(reader, call).await?;
    Ok(reply.map(|reply| {
        let fields = reply.as_object().into_iter().flat_map(Fields::values);
        let items = fields.filter_map(Value::as_array).flatten();
        Page {
            ids: items.map(ToString::to_string).collect(),
            next_cursor: reply.get("nextCursor").and_then(Value::as_str).map(str::to_owned),
        }
    }))
}

/// Walks to the end.
pub(super) async fn walk(
    world: &World,
    reader: &Person,
    list: &DynamicCall,
    limit: usize,
) -> Outcome<Vec<Page>> {
    let mut walk = Vec::new();
    let mut call = list.clone().with("limit", limit);
    loop {
        let page = page(world, reader, &call).await?;
        let next_cursor = page.next_cursor.clone();
        walk.push(page);
        match next_cursor {
            Some(cursor) if walk.len() < 100 => call = call.with("cursor", cursor),
            Some(_) => {
                world.violation(format!("{}: the walk does not end", list.rpc.path()));
                return Err(Stop::Violated);
            }
            None => return Ok(walk),
        }
    }
}

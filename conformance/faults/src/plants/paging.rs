//! Faults of pages and cursors.

use std::collections::HashMap;
use std::sync::Arc;

use duologue_contract::Rpc;
use duologue_contract::auth::ListSessionsRequest;
use duologue_contract::chat::{
    ListMessagesRequest, ListMessagesResponse, ListUserChatsRequest, ListUserChatsResponse,
};
use duologue_contract::errors::Reason;
use duologue_contract::notification::ListNotificationsRequest;
use duologue_contract::social::{ListFriendsRequest, ListFriendsResponse, ListRequestsRequest};
use duologue_contract::user::{SearchByNicknameRequest, SearchByNicknameResponse};
use parking_lot::Mutex;

use super::tables::{self, Mistake};
use super::{Plant, chats, profiles};
use crate::call::{Answer, Call};
use crate::composition::Composition;

pub(super) fn plants() -> Vec<Plant> {
    vec![
        Plant::new("page-repeats-boundary", |composition| {
            tables::plant(
                chats::decorate(composition, chats::Defect::BoundaryRepeated),
                Mistake::BoundaryRepeated,
            )
        }),
        Plant::new("page-offset-based", |composition| {
            tables::plant(chats::decorate(composition, chats::Defect::Offset), Mistake::Offset)
        }),
        Plant::new("page-always-next", |composition| {
            let composition = chats::decorate(composition, chats::Defect::AlwaysMore);
            let composition = profiles::decorate(composition, profiles::Defect::AlwaysMore);
            tables::plant(composition, Mistake::AlwaysMore)
        }),
        Plant::new("limit-zero-empty", limit_zero_empty),
        Plant::new("cursor-unbound", cursor_unbound),
        Plant::new("cursor-tied-to-token", cursor_tied_to_token),
    ]
}

macro_rules! paged {
    ($call:ident, $request:ident => $field:expr) => {
        match $call.rpc {
            Rpc::AuthListSessions => $call.message_mut::<ListSessionsRequest>().map(|$request| $field),
            Rpc::UserSearchByNickname => {
                $call.message_mut::<SearchByNicknameRequest>().map(|$request| $field)
            }
            Rpc::SocialListRequests => $call.message_mut::<ListRequestsRequest>().map(|$request| $field),
            Rpc::SocialListFriends => $call.message_mut::<ListFriendsRequest>().map(|$request| $field),
            Rpc::ChatListUserChats => $call.message_mut::<ListUserChatsRequest>().map(|$request| $field),
            Rpc::ChatListMessages => $call.message_mut::<ListMessagesRequest>().map(|$request| $field),
            Rpc::NotificationListNotifications => {
                $call.message_mut::<ListNotificationsRequest>().map(|$request| $field)
            }
            _ => None,
        }
    };
}

fn limit(call: &mut Call) -> Option<i32> {
    paged!(call, request => request.limit)
}

fn cursor(call: &mut Call) -> Option<&mut Option<String>> {
    paged!(call, request => &mut request.cursor)
}

fn limit_zero_empty(composition: Composition) -> Composition {
    composition.around(|_, mut call, next| async move {
        let rpc = call.rpc;
        match limit(&mut call) {
            Some(0) if rpc == Rpc::ChatListMessages => Ok(Answer::of(ListMessagesResponse::default())),
            Some(0) if rpc == Rpc::SocialListFriends => Ok(Answer::of(ListFriendsResponse::default())),
            Some(..0) => Err(Reason::Internal.status("The storage failed.")),
            _ => next.call(call).await,
        }
    })
}

/// The cursor that an answer leads on with.
fn next_cursor(answer: &mut Answer) -> Option<String> {
    if let Some(reply) = answer.message_mut::<ListMessagesResponse>() {
        return reply.next_cursor.clone();
    }
    if let Some(reply) = answer.message_mut::<ListFriendsResponse>() {
        return reply.next_cursor.clone();
    }
    if let Some(reply) = answer.message_mut::<ListUserChatsResponse>() {
        return reply.next_cursor.clone();
    }
    answer.message_mut::<SearchByNicknameResponse>()?.next_cursor.clone()
}

/// Whose a cursor is: the token that fetched it, and the chat.
type Owners = Arc<Mutex<HashMap<String, (String, String)>>>;

fn owner(call: &Call) -> (String, String) {
    let chat_id = call.message::<ListMessagesRequest>().map(|request| request.chat_id.clone());
    (call.token().unwrap_or_default().to_owned(), chat_id.unwrap_or_default())
}

/// A cursor that was made for somebody else, or another chat, is taken all the same.
fn cursor_unbound(composition: Composition) -> Composition {
    let owners = Owners::default();
    composition.around(move |_, mut call, next| {
        let owners = Arc::clone(&owners);
        async move {
            let mine = owner(&call);
            if let Some(cursor) = cursor(&mut call) {
                let is_foreign = |text: &String| owners.lock().get(text).is_some_and(|owner| *owner != mine);
                // Its position means something else here; what it leads to is somewhere in the list.
                if cursor.as_ref().is_some_and(is_foreign) {
                    *cursor = None;
                }
            }
            let mut answer = next.call(call).await?;
            if let Some(text) = next_cursor(&mut answer) {
                owners.lock().entry(text).or_insert(mine);
            }
            Ok(answer)
        }
    })
}

fn cursor_tied_to_token(composition: Composition) -> Composition {
    let owners = Owners::default();
    composition.around(move |_, mut call, next| {
        let owners = Arc::clone(&owners);
        async move {
            let (token, _) = owner(&call);
            let is_foreign =
                |text: &String| owners.lock().get(text).is_some_and(|(owner, _)| *owner != token);
            if cursor(&mut call).is_some_and(|cursor| cursor.as_ref().is_some_and(is_foreign)) {
                let error = Reason::CursorInvalid.error("The cursor is not one of this list.");
                return Err(error.violation("cursor", "must be a next_cursor of this list").status());
            }
            let mut answer = next.call(call).await?;
            if let Some(text) = next_cursor(&mut answer) {
                owners.lock().insert(text, (token, String::new()));
            }
            Ok(answer)
        }
    })
}

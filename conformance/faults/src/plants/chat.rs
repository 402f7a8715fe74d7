//! Faults of chats and their messages.

use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use duologue_contract::Rpc;
use duologue_contract::chat::{
    Chat, CreateDirectChatRequest, CreateDirectChatResponse, GetChatRequest, ListChatMembersRequest,
    ListChatMembersResponse, ListMessagesRequest, ListMessagesResponse, ListUserChatsResponse, Message,
    SendMessageRequest, StreamMessagesRequest,
};
use duologue_contract::errors::{Reason, reason_of};
use duologue_domain::chat::DirectChat;
use parking_lot::Mutex;

use super::social::Everybody;
use super::{Plant, as_user};
use crate::call::{Answer, Call};
use crate::composition::Composition;
use crate::ports::Ports;

pub(super) fn plants() -> Vec<Plant> {
    vec![
        Plant::new("chat-pair-ordered", chat_pair_ordered),
        Plant::new("chat-self-unchecked", chat_self_unchecked),
        Plant::new("non-member-reads", |composition| {
            open_to_strangers(
                composition,
                &[Rpc::ChatListMessages, Rpc::ChatListChatMembers, Rpc::ChatGetChat],
            )
        }),
        Plant::new("non-member-streams", |composition| {
            open_to_strangers(composition, &[Rpc::ChatStreamMessages])
        }),
        Plant::new("send-no-membership", |composition| {
            open_to_strangers(composition, &[Rpc::ChatSendMessage])
        }),
        Plant::new("foreign-chat-distinguishable", foreign_chat_distinguishable),
        Plant::new("idempotency-key-burned", idempotency_key_burned),
        Plant::new("page-cache-of-previous-chat", page_cache_of_previous_chat),
        Plant::new("chat-members-without-creator", chat_members_without_creator),
        Plant::new("chat-create-returns-existing", chat_create_returns_existing),
        Plant::new("chat-no-participant-check", |mut composition| {
            composition.ports.users_of_chat = Some(Arc::new(Everybody));
            composition
        }),
        Plant::new("list-chats-only-created", list_chats_only_created),
        Plant::new("sender-from-body", sender_from_body),
        Plant::new("whitespace-text-ok", whitespace_text_ok),
        Plant::new("empty-history-not-found", empty_history_not_found),
    ]
}

/// The chat that a call names.
fn chat_id(call: &Call) -> Option<&String> {
    match call.rpc {
        Rpc::ChatGetChat => call.message::<GetChatRequest>().map(|request| &request.chat_id),
        Rpc::ChatListChatMembers => call.message::<ListChatMembersRequest>().map(|request| &request.chat_id),
        Rpc::ChatListMessages => call.message::<ListMessagesRequest>().map(|request| &request.chat_id),
        Rpc::ChatSendMessage => call.message::<SendMessageRequest>().map(|request| &request.chat_id),
        Rpc::ChatStreamMessages => call.message::<StreamMessagesRequest>().map(|request| &request.chat_id),
        _ => None,
    }
}

async fn chat_of(ports: &Ports, call: &Call) -> Option<DirectChat> {
    ports.chats.find_direct_chat(chat_id(call)?.parse().ok()?).await.ok()?
}

/// A stranger is taken for one of the members.
fn open_to_strangers(composition: Composition, rpcs: &'static [Rpc]) -> Composition {
    composition.around(move |ports, mut call, next| async move {
        if rpcs.contains(&call.rpc)
            && let Some(chat) = chat_of(&ports, &call).await
            && let Some(caller) = ports.caller(&call).await
            && chat.members.other(caller.user_id).is_none()
        {
            call = as_user(&ports, call, chat.members.lower());
        }
        next.call(call).await
    })
}

/// Which pairs have a chat, by who made it and with whom.
type Made = Arc<Mutex<HashMap<(String, String), String>>>;

fn chat_pair_ordered(composition: Composition) -> Composition {
    let made = Made::default();
    composition.around(move |ports, call, next| {
        let made = Arc::clone(&made);
        async move {
            let with =
                call.message::<CreateDirectChatRequest>().map(|request| request.participant_id.clone());
            let (Some(with), Some(caller)) = (with, ports.caller(&call).await) else {
                return next.call(call).await;
            };
            let ordered = (caller.user_id.to_string(), with);
            let is_known = made.lock().contains_key(&ordered);
            let mut answer = next.call(call).await;
            let reason = answer.as_ref().err().and_then(reason_of);
            if reason == Some(Reason::ChatExists) && !is_known {
                // A second chat of the two, by the other order.
                let chat_id = ports.environment.new_id::<duologue_domain::id::ChatId>().to_string();
                answer = Ok(Answer::of(CreateDirectChatResponse { chat_id }));
            }
            if let Ok(reply) = &mut answer
                && let Some(reply) = reply.message_mut::<CreateDirectChatResponse>()
            {
                made.lock().insert(ordered, reply.chat_id.clone());
            }
            answer
        }
    })
}

fn chat_self_unchecked(composition: Composition) -> Composition {
    composition.around(|ports, call, next| async move {
        match next.call(call).await {
            Err(status) if reason_of(&status) == Some(Reason::ParticipantIsSelf) => {
                let chat_id = ports.environment.new_id::<duologue_domain::id::ChatId>().to_string();
                Ok(Answer::of(CreateDirectChatResponse { chat_id }))
            }
            answer => answer,
        }
    })
}

fn foreign_chat_distinguishable(composition: Composition) -> Composition {
    composition.around(|ports, call, next| async move {
        if call.rpc == Rpc::ChatSendMessage
            && chat_id(&call).is_some_and(|id| id.parse::<duologue_domain::id::ChatId>().is_ok())
            && ports.caller(&call).await.is_some()
            && chat_of(&ports, &call).await.is_none()
        {
            return Err(Reason::ChatNotFound.status("There is no such chat."));
        }
        next.call(call).await
    })
}

fn idempotency_key_burned(composition: Composition) -> Composition {
    let burnt: Arc<Mutex<HashSet<(String, String, String)>>> = Arc::default();
    composition.around(move |ports, call, next| {
        let burnt = Arc::clone(&burnt);
        async move {
            let caller = ports.caller(&call).await.map(|caller| caller.user_id.to_string());
            if let (Some(caller), Some(request)) = (caller, call.message::<SendMessageRequest>())
                && let Some(key) = request.client_message_id.clone()
                && !burnt.lock().insert((caller, request.chat_id.clone(), key))
            {
                let error = Reason::ClientMessageIdReused.error("The client message id was used before.");
                return Err(error.violation("client_message_id", "must be new").status());
            }
            next.call(call).await
        }
    })
}

/// What each user read last, and before that.
type Pages = Arc<Mutex<HashMap<String, Vec<(String, ListMessagesResponse)>>>>;

/// Who goes back to the chat read before the last one gets the page of the last one.
fn page_cache_of_previous_chat(composition: Composition) -> Composition {
    let pages = Pages::default();
    composition.around(move |ports, call, next| {
        let pages = Arc::clone(&pages);
        async move {
            let request = call.message::<ListMessagesRequest>().cloned();
            let caller = ports.caller(&call).await.map(|caller| caller.user_id.to_string());
            let (Some(request), Some(caller)) = (request, caller) else { return next.call(call).await };
            let mut answer = next.call(call).await?;
            let Some(reply) = answer.message_mut::<ListMessagesResponse>() else { return Ok(answer) };
            let mut pages = pages.lock();
            let read = pages.entry(caller).or_default();
            if let [.., (earlier, _), (last, page)] = read.as_slice()
                && *earlier == request.chat_id
                && *last != request.chat_id
                && request.cursor.is_none()
            {
                *reply = page.clone();
            }
            read.push((request.chat_id, reply.clone()));
            Ok(answer)
        }
    })
}

/// Notes who made which chat.
async fn note_creator(ports: &Ports, call: &Call) -> Option<String> {
    let caller = ports.caller(call).await?.user_id.to_string();
    (call.rpc == Rpc::ChatCreateDirectChat).then_some(caller)
}

fn chat_members_without_creator(composition: Composition) -> Composition {
    let creators: Arc<Mutex<HashMap<String, String>>> = Arc::default();
    composition.around(move |ports, call, next| {
        let creators = Arc::clone(&creators);
        async move {
            let creator = note_creator(&ports, &call).await;
            let named = chat_id(&call).cloned();
            let mut answer = next.call(call).await?;
            if let (Some(creator), Some(made)) = (creator, answer.message_mut::<CreateDirectChatResponse>()) {
                creators.lock().entry(made.chat_id.clone()).or_insert(creator);
            }
            let creator = named.and_then(|chat_id| creators.lock().get(&chat_id).cloned());
            if let Some(chat) = answer.message_mut::<Chat>() {
                chat.participant_ids.retain(|id| Some(id) != creator.as_ref());
            }
            if let Some(members) = answer.message_mut::<ListChatMembersResponse>() {
                members.user_ids.retain(|id| Some(id) != creator.as_ref());
            }
            Ok(answer)
        }
    })
}

fn chat_create_returns_existing(composition: Composition) -> Composition {
    composition.around(|_, mut call, next| async move {
        if let Some(request) = call.message_mut::<CreateDirectChatRequest>() {
            request.allow_existing = true;
        }
        next.call(call).await
    })
}

fn list_chats_only_created(composition: Composition) -> Composition {
    let creators: Arc<Mutex<HashMap<String, String>>> = Arc::default();
    composition.around(move |ports, call, next| {
        let creators = Arc::clone(&creators);
        async move {
            let creator = note_creator(&ports, &call).await;
            let caller = ports.caller(&call).await.map(|caller| caller.user_id.to_string());
            let mut answer = next.call(call).await?;
            if let (Some(creator), Some(made)) = (creator, answer.message_mut::<CreateDirectChatResponse>()) {
                creators.lock().entry(made.chat_id.clone()).or_insert(creator);
            }
            if let Some(listed) = answer.message_mut::<ListUserChatsResponse>() {
                let creators = creators.lock();
                listed.chats.retain(|chat| creators.get(&chat.chat_id) == caller.as_ref());
            }
            Ok(answer)
        }
    })
}

fn sender_from_body(composition: Composition) -> Composition {
    composition.around(|_, call, next| async move {
        let mut answer = next.call(call).await?;
        if let Some(message) = answer.message_mut::<Message>() {
            message.sender_id = uuid::Uuid::from_u128(1).to_string();
        }
        Ok(answer)
    })
}

fn whitespace_text_ok(composition: Composition) -> Composition {
    composition.around(|_, mut call, next| async move {
        let mut blank = None;
        if let Some(request) = call.message_mut::<SendMessageRequest>()
            && request.text.trim().is_empty()
            && !request.text.is_empty()
        {
            blank = Some(std::mem::replace(&mut request.text, "(blank)".to_owned()));
        }
        let mut answer = next.call(call).await?;
        if let (Some(blank), Some(message)) = (blank, answer.message_mut::<Message>()) {
            message.text = blank;
        }
        Ok(answer)
    })
}

fn empty_history_not_found(composition: Composition) -> Composition {
    composition.around(|_, call, next| async move {
        let is_first = call.message::<ListMessagesRequest>().is_some_and(|request| request.cursor.is_none());
        let mut answer = next.call(call).await?;
        let listed = answer.message_mut::<ListMessagesResponse>();
        if is_first && listed.is_some_and(|listed| listed.messages.is_empty()) {
            return Err(Reason::ChatNotFound.status("There is no such chat."));
        }
        Ok(answer)
    })
}

//! The codes of `api.chat.v1`.

use duologue_contract::Rpc;
use duologue_contract::chat::{
    CreateDirectChatRequest, GetChatRequest, ListChatMembersRequest, ListMessagesRequest,
    ListUserChatsRequest, SendMessageRequest, StreamMessagesRequest,
};
use duologue_contract::errors::Reason;

use super::{metadata, nobody};
use crate::outcome::Seen;
use crate::world::{NOBODY, World};

pub(super) async fn chat(world: &World, seen: &mut Seen) {
    let (ada, eve, third) = (world.user().await, world.user().await, world.user().await);
    let create = |participant_id: &str, allow_existing| CreateDirectChatRequest {
        participant_id: participant_id.to_owned(),
        allow_existing,
    };
    let mut chats = ada.chat();
    let creating = Rpc::ChatCreateDirectChat;
    let with_self = chats.create_direct_chat(create(&ada.user_id, false)).await;
    seen.refused(creating, with_self, Reason::ParticipantIsSelf);
    seen.refused(creating, chats.create_direct_chat(create(NOBODY, true)).await, Reason::ParticipantUnknown);
    seen.refused(creating, chats.create_direct_chat(create("", true)).await, Reason::InvalidField);
    let chat_id = seen.ok(creating, chats.create_direct_chat(create(&eve.user_id, false)).await).chat_id;
    let exists = chats.create_direct_chat(create(&eve.user_id, false)).await;
    let exists = seen.refused(creating, exists, Reason::ChatExists);
    assert_eq!(metadata(&exists, "chat_id"), Some(chat_id.clone()));
    let allowed = seen.ok(creating, eve.chat().create_direct_chat(create(&ada.user_id, true)).await);
    assert_eq!(allowed.chat_id, chat_id);

    let get = |chat_id: &str| GetChatRequest { chat_id: chat_id.to_owned() };
    seen.refused(Rpc::ChatGetChat, chats.get_chat(get(NOBODY)).await, Reason::ChatNotFound);
    seen.refused(Rpc::ChatGetChat, chats.get_chat(get("x")).await, Reason::InvalidField);
    seen.refused(Rpc::ChatGetChat, third.chat().get_chat(get(&chat_id)).await, Reason::NotAMember);
    assert_eq!(seen.ok(Rpc::ChatGetChat, chats.get_chat(get(&chat_id)).await).last_sequence, 0);
    let members = |chat_id: &str| ListChatMembersRequest { chat_id: chat_id.to_owned() };
    assert_eq!(
        seen.ok(Rpc::ChatListChatMembers, chats.list_chat_members(members(&chat_id)).await).user_ids.len(),
        2
    );
    for chat_id in [NOBODY, &chat_id] {
        let foreign = third.chat().list_chat_members(members(chat_id)).await;
        seen.refused(Rpc::ChatListChatMembers, foreign, Reason::NotAMember);
    }

    let sending = Rpc::ChatSendMessage;
    let message = |chat_id: &str, text: &str| SendMessageRequest {
        chat_id: chat_id.to_owned(),
        text: text.to_owned(),
        client_message_id: Some("one".to_owned()),
    };
    for text in ["", " \n", "a\0", &"a".repeat(4_001)] {
        seen.refused(sending, chats.send_message(message(&chat_id, text)).await, Reason::InvalidField);
    }
    seen.refused(sending, chats.send_message(message(NOBODY, "hello")).await, Reason::NotAMember);
    seen.refused(sending, third.chat().send_message(message(&chat_id, "hello")).await, Reason::NotAMember);
    let sent = seen.ok(sending, chats.send_message(message(&chat_id, "hello")).await);
    let reused = chats.send_message(message(&chat_id, "other")).await;
    seen.refused(sending, reused, Reason::ClientMessageIdReused);
    assert_eq!(seen.ok(sending, chats.send_message(message(&chat_id, "hello")).await), sent);

    let page = ListMessagesRequest { chat_id: chat_id.clone(), ..ListMessagesRequest::default() };
    assert_eq!(
        seen.ok(Rpc::ChatListMessages, chats.list_messages(page.clone()).await).messages,
        std::slice::from_ref(&sent)
    );
    seen.refused(Rpc::ChatListMessages, third.chat().list_messages(page.clone()).await, Reason::NotAMember);
    for cursor in ["", "x", "\0", &"a".repeat(600)] {
        let broken = ListMessagesRequest { cursor: Some(cursor.to_owned()), ..page.clone() };
        seen.refused(Rpc::ChatListMessages, chats.list_messages(broken).await, Reason::CursorInvalid);
    }
    let listed =
        seen.ok(Rpc::ChatListUserChats, chats.list_user_chats(ListUserChatsRequest::default()).await);
    assert_eq!(listed.chats[0].last_message.as_ref(), Some(&sent));

    let foreign = ListUserChatsRequest { user_id: eve.user_id.clone(), ..ListUserChatsRequest::default() };
    seen.refused(Rpc::ChatListUserChats, chats.list_user_chats(foreign).await, Reason::NotYours);

    let streaming = Rpc::ChatStreamMessages;
    let follow = StreamMessagesRequest { chat_id: chat_id.clone(), ..StreamMessagesRequest::default() };
    seen.ok(streaming, chats.stream_messages(follow.clone()).await);
    seen.refused(streaming, third.chat().stream_messages(follow.clone()).await, Reason::NotAMember);
    let beyond = StreamMessagesRequest { after_sequence: Some(2), ..follow.clone() };
    seen.refused(streaming, chats.stream_messages(beyond).await, Reason::SequenceOutOfRange);
    let lost =
        StreamMessagesRequest { after_sequence: Some(1), after_message_id: Some(nobody()), ..follow.clone() };
    seen.refused(streaming, chats.stream_messages(lost).await, Reason::HistoryLost);
    let both = StreamMessagesRequest { after_sequence: Some(1), since_unix_ms: Some(0), ..follow };
    seen.refused(streaming, chats.stream_messages(both).await, Reason::InvalidField);
}

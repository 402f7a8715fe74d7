//! Finding chats and their members: what is registered here is in `refusals` and `lists`.

use super::{lists, refusals};
use crate::scenario::Scenario;
use crate::{cells, run};

pub(super) fn scenarios() -> Vec<Scenario> {
    vec![
        Scenario::must(
            "chat.get_unknown",
            "GetChat MUST answer NOT_FOUND for a chat that does not exist and INVALID_ARGUMENT for what is no id.",
            cells![ChatGetChat: NotFound, ChatGetChat: InvalidArgument],
            run!(refusals::get_unknown),
        ),
        Scenario::must(
            "chat.get_non_member",
            "GetChat MUST answer PERMISSION_DENIED to everybody but the two members.",
            cells![ChatGetChat: PermissionDenied],
            run!(refusals::get_non_member),
        ),
        Scenario::must(
            "chat.list_chats",
            "ListUserChats MUST answer exactly the caller's chats, whoever made them, in exact pages.",
            cells![ChatListUserChats: Ok],
            run!(lists::list_chats),
        ),
        Scenario::must(
            "chat.list_chats_by_activity",
            "A message MUST move its chat to the front of both members' lists and be its last_message; a walk MUST NOT be disturbed by it.",
            cells![ChatListUserChats: Ok],
            run!(lists::by_activity),
        ),
        Scenario::must(
            "chat.list_chats_of_another",
            "ListUserChats for another user MUST answer PERMISSION_DENIED.",
            cells![ChatListUserChats: PermissionDenied],
            run!(lists::of_another),
        ),
        Scenario::must(
            "chat.members_non_member",
            "ListChatMembers MUST answer PERMISSION_DENIED to a stranger, and likewise when there is no such chat.",
            cells![ChatListChatMembers: PermissionDenied],
            run!(refusals::members_non_member),
        ),
        Scenario::must(
            "chat.send_non_member",
            "SendMessage by a stranger MUST answer PERMISSION_DENIED and store nothing.",
            cells![ChatSendMessage: PermissionDenied],
            run!(refusals::send_non_member),
        ),
        Scenario::must(
            "chat.send_unknown_chat",
            "SendMessage into a chat that does not exist MUST answer exactly as into a stranger's.",
            cells![ChatSendMessage: PermissionDenied],
            run!(refusals::send_unknown_chat),
        ),
        Scenario::must(
            "chat.history_non_member",
            "ListMessages by a stranger MUST answer PERMISSION_DENIED and show no text.",
            cells![ChatListMessages: PermissionDenied],
            run!(refusals::history_non_member),
        ),
    ]
}

//! Saying something.

use duologue_domain::chat::{AppendMessage, Message, MessageText, NewMessage, Sequence};

use super::{append, assert_absent, assert_said, history, new_chat, say};
use crate::fixture::{MessageTime, Storage};
use crate::world::{AWKWARD_TEXTS, Acknowledged as _, at, message, named, new_id, unnamed_message};

pub(crate) async fn a_stored_message_takes_the_sequence_after_the_newest_and_is_found_at_once(
    storage: &Storage,
) {
    let chat = new_chat(storage).await;
    let [one, other] = chat.members.both();
    let mut said = Vec::new();
    for (index, sender_id) in (1..).zip([one, other, other, one, one, other]) {
        let new = message(chat, sender_id, "word by word", at(100 * index));
        let new = if index % 2 == 0 { named(new, &format!("name {index}")) } else { new };
        let stored = append(storage, new.clone()).await;
        let recipient_id = if sender_id == one { other } else { one };
        let (expected, _) = new.stored(Sequence(index), stored.create_time, recipient_id);
        assert_eq!(stored, expected);
        if storage.message_time() == MessageTime::Given {
            assert_eq!(stored.create_time, at(100 * index));
        }
        said.push(stored);
        assert_said(storage, chat, &said).await;
    }
}

pub(crate) async fn a_message_is_kept_byte_for_byte(storage: &Storage) {
    let chat = new_chat(storage).await;
    let longest = ["🦀".repeat(4_000), "e\u{301}".repeat(2_000), format!("{}x", "\u{10ffff}".repeat(3_999))];
    let mut said: Vec<Message> = Vec::new();
    for text in AWKWARD_TEXTS.into_iter().chain(longest.iter().map(String::as_str)) {
        let stored = say(storage, chat, chat.members.lower(), text).await;
        assert_eq!(stored.text.as_str(), text);
        said.push(stored);
    }
    let found = history(storage, chat.chat_id).await;
    let texts = |messages: &[Message]| -> Vec<MessageText> {
        messages.iter().map(|message| message.text.clone()).collect()
    };
    assert!(texts(&found) == texts(&said), "a text was changed");
    assert_said(storage, chat, &said).await;
}

pub(crate) async fn nobody_but_a_member_says_anything(storage: &Storage) {
    let chat = new_chat(storage).await;
    let said = [say(storage, chat, chat.members.higher(), "by a member").await];
    for client_message_id in [None, Some("mine")] {
        let strange = message(chat, new_id(), "by a stranger", at(60));
        let strange = client_message_id.map_or_else(|| strange.clone(), |id| named(strange.clone(), id));
        let outcome = storage.chats().append_message(strange).await.answered();
        assert_eq!(outcome, AppendMessage::NotAMember);
        assert_said(storage, chat, &said).await;
    }
    let next = say(storage, chat, chat.members.lower(), "next").await;
    assert_eq!(next.sequence, Sequence(2), "what is not stored takes no sequence");
}

pub(crate) async fn nobody_says_anything_in_an_unknown_chat(storage: &Storage) {
    let member = new_chat(storage).await.members.lower();
    for sender_id in [member, new_id()] {
        let new: NewMessage = unnamed_message(new_id(), sender_id, "to nobody", at(60));
        let outcome = storage.chats().append_message(new.clone()).await.answered();
        assert_eq!(outcome, AppendMessage::NotAMember);
        assert_absent(storage, new.chat_id).await;
    }
}

pub(crate) async fn what_is_said_in_one_chat_leaves_the_others_alone(storage: &Storage) {
    let (one, other) = (new_chat(storage).await, new_chat(storage).await);
    let mut said = (Vec::new(), Vec::new());
    for _ in 0..3 {
        said.0.push(say(storage, one, one.members.lower(), "here").await);
        said.1.push(say(storage, other, other.members.lower(), "there").await);
    }
    assert_said(storage, one, &said.0).await;
    assert_said(storage, other, &said.1).await;
}

//! Saying something again, under the sender's own name for it.

use duologue_domain::chat::{AppendMessage, Sequence};

use super::{append, assert_said, new_chat, say};
use crate::fixture::Storage;
use crate::race::{CONTENDERS, ROUNDS, at_once, contender, count};
use crate::world::{Acknowledged as _, at, chat, message, named, new_id, pair};

pub(crate) async fn a_repeated_message_is_answered_with_the_first_and_takes_no_sequence(storage: &Storage) {
    let (chat, chats) = (new_chat(storage).await, storage.chats());
    let [one, other] = chat.members.both();
    let first = append(storage, named(message(chat, one, "once", at(10)), "name")).await;
    let again = chats.append_message(named(message(chat, one, "once", at(20)), "name"));
    assert_eq!(again.await.answered(), AppendMessage::Replayed(first.clone()));
    assert_said(storage, chat, std::slice::from_ref(&first)).await;
    let second = say(storage, chat, other, "in between").await;
    assert_eq!(second.sequence, Sequence(2));
    // However late.
    let late = chats.append_message(named(message(chat, one, "once", at(9_000_000)), "name"));
    assert_eq!(late.await.answered(), AppendMessage::Replayed(first.clone()));
    assert_said(storage, chat, &[first, second]).await;
}

pub(crate) async fn a_name_used_for_another_text_is_refused_and_nothing_is_stored(storage: &Storage) {
    let (chat, chats) = (new_chat(storage).await, storage.chats());
    let sender_id = chat.members.higher();
    let first = append(storage, named(message(chat, sender_id, "text", at(10)), "name")).await;
    // Other texts, however alike.
    for text in ["Text", "text ", "other", "te\u{301}xt", "tex", "text\u{200b}"] {
        let outcome = chats.append_message(named(message(chat, sender_id, text, at(20)), "name"));
        assert_eq!(outcome.await.answered(), AppendMessage::KeyReused, "{text:?}");
        assert_said(storage, chat, std::slice::from_ref(&first)).await;
    }
    let next = say(storage, chat, sender_id, "next").await;
    assert_eq!(next.sequence, Sequence(2), "what is not stored takes no sequence");
}

pub(crate) async fn a_name_is_the_senders_own_in_this_chat(storage: &Storage) {
    let first = new_chat(storage).await;
    let [one, other] = first.members.both();
    let second = chat(pair(one, new_id()), at(1));
    storage.chats().insert_chat(second).await.answered();
    let by_one = append(storage, named(message(first, one, "by one", at(10)), "name")).await;
    let by_other = append(storage, named(message(first, other, "by the other", at(10)), "name")).await;
    let elsewhere = append(storage, named(message(second, one, "elsewhere", at(10)), "name")).await;
    assert_said(storage, first, &[by_one, by_other]).await;
    assert_said(storage, second, &[elsewhere]).await;
}

pub(crate) async fn names_are_told_apart_by_their_bytes(storage: &Storage) {
    let chat = new_chat(storage).await;
    let longest = "🦀".repeat(64);
    let names = [
        "name",
        "Name",
        "name ",
        " name",
        "nam\u{e9}",
        "name\u{301}",
        "na%e",
        "na_e",
        "ſame",
        "same",
        "\u{1}",
        "0",
        "00",
        "\u{feff}",
        "'",
        "\\",
        &longest,
        &longest[..252],
    ];
    let mut said = Vec::new();
    for name in names {
        said.push(append(storage, named(message(chat, chat.members.lower(), "same", at(10)), name)).await);
    }
    assert_said(storage, chat, &said).await;
    for (name, first) in names.into_iter().zip(&said) {
        let again = named(message(chat, chat.members.lower(), "same", at(20)), name);
        let outcome = storage.chats().append_message(again).await.answered();
        assert_eq!(outcome, AppendMessage::Replayed(first.clone()), "{name:?}");
    }
}

pub(crate) async fn messages_without_a_name_are_never_taken_for_one_another(storage: &Storage) {
    let chat = new_chat(storage).await;
    let mut said = Vec::new();
    for _ in 0..5 {
        said.push(say(storage, chat, chat.members.lower(), "again and again").await);
    }
    assert_said(storage, chat, &said).await;
}

pub(crate) async fn of_repeated_messages_at_once_exactly_one_is_stored(storage: &Storage) {
    let chat = new_chat(storage).await;
    let sender_id = chat.members.lower();
    let mut said = Vec::new();
    for round in 0..ROUNDS {
        let outcomes = at_once((0..CONTENDERS).map(|_| {
            let new = named(message(chat, sender_id, "once", at(10)), &format!("round {round}"));
            let chats = storage.chats();
            contender(async move { chats.append_message(new).await.answered() })
        }))
        .await;
        let stored = outcomes.iter().find_map(|outcome| match outcome {
            AppendMessage::Stored(message) => Some(message.clone()),
            _ => None,
        });
        let stored = stored.expect("one is stored");
        let replayed = AppendMessage::Replayed(stored.clone());
        assert_eq!(count(&outcomes, |outcome| *outcome == replayed), CONTENDERS - 1, "{outcomes:?}");
        said.push(stored);
        assert_said(storage, chat, &said).await;
    }
}

pub(crate) async fn of_texts_under_one_name_at_once_exactly_one_is_stored(storage: &Storage) {
    let chat = new_chat(storage).await;
    let sender_id = chat.members.higher();
    let mut said = Vec::new();
    for round in 0..ROUNDS {
        let outcomes = at_once((0..CONTENDERS).map(|index| {
            let text = format!("text {index}");
            let new = named(message(chat, sender_id, &text, at(10)), &format!("round {round}"));
            let chats = storage.chats();
            contender(async move { chats.append_message(new).await.answered() })
        }))
        .await;
        let refused = count(&outcomes, |outcome| *outcome == AppendMessage::KeyReused);
        assert_eq!(refused, CONTENDERS - 1, "{outcomes:?}");
        said.extend(outcomes.into_iter().filter_map(|outcome| match outcome {
            AppendMessage::Stored(message) => Some(message),
            _ => None,
        }));
        assert_said(storage, chat, &said).await;
    }
}

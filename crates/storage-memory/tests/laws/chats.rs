//! Chats and their messages.

use duologue_domain::chat::{
    AppendMessage, Chat, ChatStore, ChatWalk, InsertChat, Message, MessageRange, NewMessage, Sequence,
};
use duologue_domain::event::{ClaimedEvent, EventOutbox, Subject};
use duologue_domain::id::{ChatId, UserId};
use duologue_storage_memory::MemoryStorage;
use futures::executor::block_on;

use crate::fixtures::{CONTENDERS, ROUNDS, at, chat, count, message, new_id, race, send, stored_chat};

const ALL: MessageRange = MessageRange::OldestFirst { after: Sequence::ZERO };

fn named(name: &str, message: NewMessage) -> NewMessage {
    NewMessage { client_message_id: Some(name.parse().unwrap()), ..message }
}

async fn two_people_have_one_chat_however_many_make_it_at_once(store: &dyn ChatStore) {
    for _ in 0..ROUNDS {
        let (one, other): (UserId, UserId) = (new_id(), new_id());
        let chats: [_; CONTENDERS] = std::array::from_fn(|_| chat(one, other, 1));
        let outcomes = race(|contender| block_on(store.insert_chat(chats[contender])).unwrap());
        assert_eq!(count(&outcomes, &InsertChat::Inserted), 1);
        let winner = outcomes.iter().position(|outcome| *outcome == InsertChat::Inserted).unwrap();
        assert_eq!(count(&outcomes, &InsertChat::Exists(chats[winner])), outcomes.len() - 1);
        for (place, chat) in chats.iter().enumerate() {
            let stored = (place == winner).then_some(*chat);
            assert_eq!(store.find_direct_chat(chat.chat_id).await.unwrap(), stored);
            let found = store.find_chat(chat.chat_id).await.unwrap();
            assert_eq!(found, stored.map(|direct| Chat { direct, last_message: None }));
        }
        for user_id in [one, other] {
            let list = store.list_chats(user_id, ChatWalk::Begin { now: at(1) }, 9).await.unwrap();
            assert_eq!(list.chats.len(), 1);
        }
    }
}

async fn appends_at_once_are_numbered_without_holes_and_time_never_goes_back(store: &MemoryStorage) {
    let (chat, one, other) = stored_chat(store, 1).await;
    let answers = race(|contender| {
        let sender_id = if contender % 2 == 0 { one } else { other };
        (0..ROUNDS)
            .map(|round| {
                // Every sender's clock runs backwards.
                let new = message(chat.chat_id, sender_id, "hi", i64::try_from(1_000 - round).unwrap());
                match block_on(store.append_message(new.clone())).unwrap() {
                    AppendMessage::Stored(message) => (new, message),
                    other => panic!("{other:?}"),
                }
            })
            .collect::<Vec<_>>()
    });
    let mut answers = answers.concat();
    answers.sort_unstable_by_key(|(_, message)| message.sequence);
    let stored = store.list_messages(chat.chat_id, ALL, 9_999).await.unwrap();
    assert_eq!(answers.iter().map(|(_, message)| message.clone()).collect::<Vec<_>>(), stored);
    let sequences: Vec<_> = stored.iter().map(|message| message.sequence.0).collect();
    assert_eq!(sequences, (1..=i64::try_from(ROUNDS * CONTENDERS).unwrap()).collect::<Vec<_>>());
    assert!(stored.is_sorted_by_key(|message| message.create_time));
    assert!(answers.iter().all(|(new, message)| message.create_time >= new.send_time));

    let events = store.claim_events(9_999, at(1), at(2)).await.unwrap();
    assert_eq!(events.len(), stored.len());
    for (ClaimedEvent { event, .. }, (new, message)) in events.iter().zip(&answers) {
        assert_eq!(event.event_id, new.event_id);
        assert_eq!(event.subject, Subject::MessageReceived(chat.chat_id, message.message_id));
        assert_eq!((event.actor_id, event.occur_time), (message.sender_id, message.create_time));
        assert_eq!(Some(event.recipient_id), chat.members.other(message.sender_id));
    }
}

async fn a_retried_send_is_stored_once_however_many_at_once(store: &MemoryStorage) {
    for _ in 0..ROUNDS {
        let (chat, one, _) = stored_chat(store, 1).await;
        let outcomes = race(|_| {
            block_on(store.append_message(named("retry", message(chat.chat_id, one, "hi", 1)))).unwrap()
        });
        let stored = store.list_messages(chat.chat_id, ALL, 9).await.unwrap();
        assert_eq!(stored.len(), 1);
        assert_eq!(count(&outcomes, &AppendMessage::Stored(stored[0].clone())), 1);
        assert_eq!(count(&outcomes, &AppendMessage::Replayed(stored[0].clone())), outcomes.len() - 1);
    }
    assert_eq!(store.claim_events(9_999, at(1), at(2)).await.unwrap().len(), ROUNDS);
}

async fn of_different_texts_under_one_name_exactly_one_is_stored(store: &dyn ChatStore) {
    for _ in 0..ROUNDS {
        let (chat, one, _) = stored_chat(store, 1).await;
        let outcomes = race(|contender| {
            let new = message(chat.chat_id, one, &format!("text {contender}"), 1);
            block_on(store.append_message(named("same", new))).unwrap()
        });
        assert_eq!(count(&outcomes, &AppendMessage::KeyReused), outcomes.len() - 1);
        // What was refused took no sequence.
        assert_eq!(send(store, chat, 1).await.sequence, Sequence(2));
    }
}

async fn a_name_belongs_to_one_sender_in_one_chat(store: &MemoryStorage) {
    let (chat_of_two, one, other) = stored_chat(store, 1).await;
    let third = new_id();
    let chat_with_third = chat(one, third, 1);
    store.insert_chat(chat_with_third).await.unwrap();
    for (chat, sender_id) in [(chat_of_two, one), (chat_of_two, other), (chat_with_third, one)] {
        let new = named("name", message(chat.chat_id, sender_id, "hi", 5));
        let first = store.append_message(new.clone()).await.unwrap();
        let AppendMessage::Stored(first) = first else { panic!("{first:?}") };
        for _ in 0..3 {
            send(store, chat, 9).await;
        }
        let late = NewMessage { message_id: new_id(), event_id: new_id(), send_time: at(99), ..new };
        let again = store.append_message(late.clone()).await.unwrap();
        assert_eq!(again, AppendMessage::Replayed(first));
        let reused = NewMessage { text: "Hi".parse().unwrap(), ..late };
        assert_eq!(store.append_message(reused).await.unwrap(), AppendMessage::KeyReused);
    }
    assert_eq!(store.claim_events(99, at(1), at(2)).await.unwrap().len(), 12);
}

async fn nobody_but_a_member_stores_anything(store: &MemoryStorage) {
    let (chat, one, _) = stored_chat(store, 1).await;
    for (chat_id, sender_id) in [(chat.chat_id, new_id()), (new_id(), one)] {
        let outcome = store.append_message(message(chat_id, sender_id, "hi", 1)).await.unwrap();
        assert_eq!(outcome, AppendMessage::NotAMember);
        assert_eq!(store.list_messages(chat_id, ALL, 9).await.unwrap(), []);
    }
    assert_eq!(store.claim_events(9, at(1), at(2)).await.unwrap(), []);
    assert_eq!(send(store, chat, 1).await.sequence, Sequence(1));
}

async fn a_clock_that_goes_back_or_stands_still_is_followed_as_far_as_it_goes(store: &dyn ChatStore) {
    let (chat, ..) = stored_chat(store, 1).await;
    let mut times = Vec::new();
    for send_time in [50, 50, 40, 60, 10, 60, 61] {
        times.push(send(store, chat, send_time).await.create_time.unix_micros());
    }
    assert_eq!(times, [50, 50, 50, 60, 60, 60, 61]);
    let table = [(i64::MIN, 1), (0, 1), (50, 1), (51, 4), (60, 4), (61, 7), (62, 0), (i64::MAX, 0)];
    for (since, expected) in table {
        let found = store.find_first_sequence_since(chat.chat_id, at(since)).await.unwrap();
        assert_eq!(found, (expected > 0).then_some(Sequence(expected)), "since {since}");
    }
    let empty = stored_chat(store, 1).await.0;
    assert_eq!(store.find_first_sequence_since(empty.chat_id, at(0)).await.unwrap(), None);
    assert_eq!(store.find_first_sequence_since(new_id(), at(0)).await.unwrap(), None);
}

/// The sequences of a walk through a chat, page by page.
async fn walk(store: &dyn ChatStore, chat_id: ChatId, newest_first: bool, limit: usize) -> Vec<i64> {
    let (mut walked, mut last): (Vec<i64>, Option<Sequence>) = (Vec::new(), None);
    loop {
        let range = if newest_first {
            MessageRange::NewestFirst { before: last }
        } else {
            MessageRange::OldestFirst { after: last.unwrap_or_default() }
        };
        let page = store.list_messages(chat_id, range, limit).await.unwrap();
        assert!(page.len() <= limit);
        let Some(message) = page.last() else { return walked };
        last = Some(message.sequence);
        walked.extend(page.iter().map(|message: &Message| message.sequence.0));
    }
}

async fn messages_are_listed_both_ways_each_once(store: &dyn ChatStore) {
    let (chat, ..) = stored_chat(store, 1).await;
    assert_eq!(walk(store, chat.chat_id, true, 5).await, []);
    for length in 1..=7_usize {
        send(store, chat, 5).await;
        let upwards: Vec<_> = (1..=i64::try_from(length).unwrap()).collect();
        let downwards: Vec<_> = upwards.iter().rev().copied().collect();
        for limit in 1..=length + 1 {
            assert_eq!(walk(store, chat.chat_id, false, limit).await, upwards, "{limit} at once");
            assert_eq!(walk(store, chat.chat_id, true, limit).await, downwards, "{limit} at once");
        }
    }
    let outside = [
        MessageRange::NewestFirst { before: Some(Sequence(1)) },
        MessageRange::NewestFirst { before: Some(Sequence(i64::MIN)) },
        MessageRange::OldestFirst { after: Sequence(7) },
        MessageRange::OldestFirst { after: Sequence(i64::MAX) },
    ];
    for range in outside {
        assert_eq!(store.list_messages(chat.chat_id, range, 9).await.unwrap(), [], "{range:?}");
    }
    assert_eq!(store.list_messages(chat.chat_id, ALL, 0).await.unwrap(), []);
}

async fn a_chat_shows_its_newest_message_and_sequence(store: &dyn ChatStore) {
    let (said, silent) = (stored_chat(store, 1).await.0, stored_chat(store, 1).await.0);
    send(store, said, 5).await;
    let last = send(store, said, 5).await;
    let found = store.find_chat(said.chat_id).await.unwrap().unwrap();
    assert_eq!((found.last_sequence(), found.last_message), (Sequence(2), Some(last)));
    let asked = [said.chat_id, new_id(), silent.chat_id, said.chat_id];
    let mut newest = store.list_newest_sequences(&asked).await.unwrap();
    newest.sort_unstable();
    assert_eq!(newest, [(said.chat_id, Sequence(2)), (silent.chat_id, Sequence(0))]);
}

async fn everybody_writing_to_everybody_and_looking_on_ends(store: &dyn ChatStore) {
    let people: [UserId; 4] = std::array::from_fn(|_| new_id());
    let mut chats = Vec::new();
    for (place, one) in people.iter().enumerate() {
        for other in &people[..place] {
            let chat = chat(*one, *other, 1);
            store.insert_chat(chat).await.unwrap();
            chats.push(chat);
        }
    }
    let chat_ids: Vec<_> = chats.iter().map(|chat| chat.chat_id).collect();
    race(|contender| {
        for round in 0..ROUNDS * 10 {
            block_on(async {
                let chat = chats[(contender + round) % chats.len()];
                let sender_id = chat.members.both()[(contender + round / 7) % 2];
                store.append_message(message(chat.chat_id, sender_id, "hi", 1)).await.unwrap();
                let begin = ChatWalk::Begin { now: at(1) };
                let list = store.list_chats(people[(contender + round) % 4], begin, 9).await.unwrap();
                assert_eq!(list.chats.len(), 3);
                assert_eq!(store.list_newest_sequences(&chat_ids).await.unwrap().len(), chats.len());
            });
        }
    });
    let newest = store.list_newest_sequences(&chat_ids).await.unwrap();
    let sent: i64 = newest.iter().map(|(_, sequence)| sequence.0).sum();
    assert_eq!(sent, i64::try_from(ROUNDS * 10 * CONTENDERS).unwrap());
}

crate::laws! {
    two_people_have_one_chat_however_many_make_it_at_once,
    appends_at_once_are_numbered_without_holes_and_time_never_goes_back,
    a_retried_send_is_stored_once_however_many_at_once,
    of_different_texts_under_one_name_exactly_one_is_stored,
    a_name_belongs_to_one_sender_in_one_chat,
    nobody_but_a_member_stores_anything,
    a_clock_that_goes_back_or_stands_still_is_followed_as_far_as_it_goes,
    messages_are_listed_both_ways_each_once,
    a_chat_shows_its_newest_message_and_sequence,
    everybody_writing_to_everybody_and_looking_on_ends,
}

//! Every change with its event, no event without its change.

use duologue_domain::chat::AppendMessage;
use duologue_domain::event::Event;
use duologue_domain::social::{Answer, InsertRequest};

use super::deliver;
use crate::cancellation::at_every_await_point;
use crate::chat::{append, new_chat};
use crate::fixture::Storage;
use crate::race::{CONTENDERS, ROUNDS, at_once, contender};
use crate::world::{Acknowledged as _, at, message, named, new_id, number, request, settled, strangers};

/// When everything is delivered: later than all that cases do.
const LATER: i64 = 10_000_000;

pub(crate) async fn a_request_is_written_with_its_event_and_a_refused_one_without(storage: &Storage) {
    if !storage.has_social() {
        return;
    }
    let social = storage.social();
    let (asked, event) = request(new_id(), new_id(), at(7));
    social.insert_request(asked, event.clone()).await.answered();
    assert_eq!(deliver(storage, LATER).await, [event]);
    for (from, to) in [(asked.from, asked.to), (asked.to, asked.from)] {
        let (again, event) = request(from, to, at(8));
        assert_eq!(social.insert_request(again, event).await.answered(), InsertRequest::Pending(asked));
        assert_eq!(deliver(storage, LATER).await, []);
    }
    let accept = settled(asked, Answer::Accept, at(9));
    social.commit_answer(accept.clone()).await.answered();
    assert_eq!(deliver(storage, LATER).await, Vec::from_iter(accept.event));
    let (again, event) = request(asked.from, asked.to, at(10));
    assert_eq!(social.insert_request(again, event).await.answered(), InsertRequest::AlreadyFriends);
    assert_eq!(deliver(storage, LATER).await, []);
}

pub(crate) async fn an_answer_is_written_with_its_event_and_a_stale_one_without(storage: &Storage) {
    if !storage.has_social() {
        return;
    }
    let social = storage.social();
    for kind in [Answer::Accept, Answer::Decline, Answer::Cancel] {
        let (asked, event) = request(new_id(), new_id(), at(7));
        social.insert_request(asked, event.clone()).await.answered();
        let first = settled(asked, kind, at(8));
        social.commit_answer(first.clone()).await.answered();
        social.commit_answer(settled(asked, Answer::Accept, at(9))).await.answered();
        let expected: Vec<_> = [event].into_iter().chain(first.event).collect();
        assert_eq!(deliver(storage, LATER).await, expected, "{kind:?}");
    }
    let (unknown, _) = request(new_id(), new_id(), at(7));
    social.commit_answer(settled(unknown, Answer::Accept, at(8))).await.answered();
    assert_eq!(deliver(storage, LATER).await, []);
}

pub(crate) async fn a_message_is_written_with_its_event_for_the_other_and_a_refused_one_without(
    storage: &Storage,
) {
    if !storage.has_chats() {
        return;
    }
    let chat = new_chat(storage).await;
    let [one, other] = chat.members.both();
    for (sender_id, recipient_id) in [(one, other), (other, one)] {
        let new = named(message(chat, sender_id, "told", at(100)), "name");
        let stored = append(storage, new.clone()).await;
        let (_, event) = new.clone().stored(stored.sequence, stored.create_time, recipient_id);
        assert_eq!(deliver(storage, LATER).await, [event]);
        let again = named(message(chat, sender_id, "told", at(200)), "name");
        let refused = named(message(chat, sender_id, "else", at(200)), "name");
        for new in [again, refused, message(chat, new_id(), "strange", at(200))] {
            let outcome = storage.chats().append_message(new).await.answered();
            assert!(!matches!(outcome, AppendMessage::Stored(_)), "{outcome:?}");
            assert_eq!(deliver(storage, LATER).await, [], "{outcome:?}");
        }
    }
}

pub(crate) async fn a_race_writes_the_event_of_its_winner_only(storage: &Storage) {
    for round in 0..ROUNDS {
        if storage.has_social() {
            let [one, other] = strangers().both();
            let rivals: Vec<_> = (0..CONTENDERS)
                .map(
                    |index| {
                        if index % 2 == 0 { request(one, other, at(1)) } else { request(other, one, at(1)) }
                    },
                )
                .collect();
            let outcomes = at_once(rivals.iter().cloned().map(|(request, event)| {
                let social = storage.social();
                contender(async move { social.insert_request(request, event).await.answered() })
            }))
            .await;
            let winners = outcomes.into_iter().zip(rivals).filter(|(won, _)| *won == InsertRequest::Inserted);
            let expected: Vec<Event> = winners.map(|(_, (_, event))| event).collect();
            assert_eq!(deliver(storage, LATER).await, expected);
        }
        if storage.has_chats() {
            let chat = new_chat(storage).await;
            let outcomes = at_once((0..CONTENDERS).map(|_| {
                let new = named(message(chat, chat.members.lower(), "once", at(1)), &format!("{round}"));
                let chats = storage.chats();
                contender(async move {
                    let outcome = chats.append_message(new.clone()).await.answered();
                    matches!(outcome, AppendMessage::Stored(_)).then_some(new.event_id)
                })
            }))
            .await;
            assert_eq!(
                super::ids(&deliver(storage, LATER).await),
                outcomes.into_iter().flatten().collect::<Vec<_>>()
            );
        }
    }
}

pub(crate) async fn a_cancelled_request_or_answer_is_there_with_its_event_or_without_both(storage: &Storage) {
    if !storage.has_social() {
        return;
    }
    at_every_await_point(async |cancellation| {
        let social = storage.social();
        let [from, to] = strangers().both();
        let ((first, first_event), (again, again_event)) =
            (request(from, to, at(1)), request(from, to, at(2)));
        let cut = cancellation.cut(social.insert_request(first, first_event.clone())).await;
        let outcome = social.insert_request(again, again_event.clone()).await.answered();
        let (asked, event) =
            if outcome == InsertRequest::Inserted { (again, again_event) } else { (first, first_event) };
        assert_eq!(deliver(storage, LATER).await, [event]);
        let accept = settled(asked, Answer::Accept, at(3));
        let cut_answer = cancellation.cut(social.commit_answer(accept.clone())).await;
        social.commit_answer(accept.clone()).await.answered();
        assert_eq!(deliver(storage, LATER).await, Vec::from_iter(accept.event));
        cut.is_some() && cut_answer.is_some()
    })
    .await;
}

pub(crate) async fn a_cancelled_message_is_there_with_its_event_or_without_both(storage: &Storage) {
    if !storage.has_chats() {
        return;
    }
    let chat = new_chat(storage).await;
    at_every_await_point(async |cancellation| {
        let name = format!("{}", number());
        let [first, again] =
            [(); 2].map(|()| named(message(chat, chat.members.lower(), "cut", at(10)), &name));
        let cut = cancellation.cut(storage.chats().append_message(first.clone())).await;
        let outcome = storage.chats().append_message(again.clone()).await.answered();
        let event_id =
            if matches!(outcome, AppendMessage::Stored(_)) { again.event_id } else { first.event_id };
        assert_eq!(super::ids(&deliver(storage, LATER).await), [event_id]);
        cut.is_some()
    })
    .await;
}

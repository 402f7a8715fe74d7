//! What chats are, written down a second time: a list of chats, each with a list of messages.

use duologue_domain::Timestamp;
use duologue_domain::chat::{
    ActivityKey, AppendMessage, ChatWalk, DirectChat, InsertChat, Message, MessageRange, NewMessage, Sequence,
};
use duologue_domain::id::UserId;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

use super::history;
use crate::fixture::{MessageTime, Storage};
use crate::sequences::{agree, assert_sequences};
use crate::world::{Acknowledged as _, at, chat, named, new_id, pair, unnamed_message};

/// How many people a sequence is about; every two of them may chat.
const PEOPLE: usize = 3;

/// What somebody does; chats are named by the order in which they were stored.
#[derive(Debug, Clone)]
enum Act {
    Begin { one: usize, other: usize },
    Say { chat: usize, sender: usize, text: &'static str, name: Option<&'static str> },
    Read { chat: usize, range: Range, limit: usize },
    List { person: usize },
}

#[derive(Debug, Clone, Copy)]
enum Range {
    NewestFirst(Option<i64>),
    OldestFirst(i64),
    Since(i64),
}

struct Room {
    chat: DirectChat,
    said: Vec<Message>,
}

#[derive(Default)]
struct Model {
    rooms: Vec<Room>,
    /// Every list that somebody had, as of when.
    lists: Vec<(UserId, Timestamp)>,
}

pub(crate) async fn any_sequence_of_calls_agrees_with_the_model_of_chats(storage: &Storage) {
    let person = || 0..PEOPLE;
    let name = prop_oneof![2 => Just(None), 1 => Just(Some("a")), 1 => Just(Some("A"))];
    let text = prop_oneof![Just("text"), Just("Text")];
    let range = prop_oneof![
        any::<bool>().prop_map(|_| Range::NewestFirst(None)),
        (0..8_i64).prop_map(|before| Range::NewestFirst(Some(before))),
        (0..8_i64).prop_map(Range::OldestFirst),
        (0..25_i64).prop_map(Range::Since),
    ];
    let act = prop_oneof![
        2 => (person(), person()).prop_map(|(one, other)| Act::Begin { one, other }),
        6 => (person(), person(), text, name)
            .prop_map(|(chat, sender, text, name)| Act::Say { chat, sender, text, name }),
        3 => (person(), range, 1..6_usize).prop_map(|(chat, range, limit)| Act::Read { chat, range, limit }),
        1 => person().prop_map(|person| Act::List { person }),
    ];
    assert_sequences((act, 0..20_i64), &async |acts: &[_]| run(storage, acts).await);
}

async fn run(storage: &Storage, acts: &[(Act, i64)]) -> Result<(), String> {
    let people: Vec<UserId> = (0..PEOPLE).map(|_| new_id()).collect();
    let (chats, mut model) = (storage.chats(), Model::default());
    for (index, (act, time)) in acts.iter().enumerate() {
        let what = format!("{act:?}, call {index}");
        match act {
            Act::Begin { one, other } if one == other => {}
            Act::Begin { one, other } => {
                let new = chat(pair(people[*one], people[*other]), at(*time));
                agree(&what, chats.insert_chat(new).await.answered(), model.begin(new))?;
            }
            Act::Say { chat, sender, text, name } => {
                let chat_id = model.rooms.get(*chat).map_or_else(new_id, |room| room.chat.chat_id);
                let new = unnamed_message(chat_id, people[*sender], text, at(*time));
                let new = name.map_or(new.clone(), |name| named(new, name));
                let outcome = chats.append_message(new.clone()).await.answered();
                let answered_time = match &outcome {
                    AppendMessage::Stored(message) => message.create_time,
                    _ => at(*time),
                };
                let expected = model.say(new, answered_time, storage.message_time())?;
                agree(&what, outcome, expected)?;
            }
            Act::Read { chat, range, limit } => {
                let Some(room) = model.rooms.get(*chat) else { continue };
                read(storage, room, *range, *limit)
                    .await
                    .map_err(|difference| format!("{what}: {difference}"))?;
            }
            Act::List { person } => {
                let walk = ChatWalk::Begin { now: at(*time) };
                let list = chats.list_chats(people[*person], walk, 100).await.answered();
                let keys = list.chats.iter().map(|listed| listed.key).collect();
                agree(&what, keys, model.list(people[*person]))?;
                model.lists.push((people[*person], list.as_of));
            }
        }
    }
    for room in &model.rooms {
        agree("what was said", history(storage, room.chat.chat_id).await, room.said.clone())?;
    }
    Ok(())
}

/// Reads a part of a chat.
async fn read(storage: &Storage, room: &Room, range: Range, limit: usize) -> Result<(), String> {
    let (chats, chat_id) = (storage.chats(), room.chat.chat_id);
    let said = || room.said.iter().cloned();
    match range {
        Range::NewestFirst(before) => {
            let before = before.map(Sequence);
            let below = |message: &Message| before.is_none_or(|before| message.sequence < before);
            let expected: Vec<_> = said().rev().filter(below).take(limit).collect();
            let range = MessageRange::NewestFirst { before };
            agree("messages", chats.list_messages(chat_id, range, limit).await.answered(), expected)
        }
        Range::OldestFirst(after) => {
            let after = Sequence(after);
            let expected: Vec<_> = said().filter(|message| message.sequence > after).take(limit).collect();
            let range = MessageRange::OldestFirst { after };
            agree("messages", chats.list_messages(chat_id, range, limit).await.answered(), expected)
        }
        Range::Since(time) => {
            let first = said().find(|message| message.create_time >= at(time));
            let found = chats.find_first_sequence_since(chat_id, at(time)).await.answered();
            agree("the first since", found, first.map(|message| message.sequence))
        }
    }
}

impl Model {
    fn begin(&mut self, chat: DirectChat) -> InsertChat {
        if let Some(room) = self.rooms.iter().find(|room| room.chat.members == chat.members) {
            return InsertChat::Exists(room.chat);
        }
        self.rooms.push(Room { chat, said: Vec::new() });
        InsertChat::Inserted
    }

    /// `answered_time` is taken over where the promise leaves a choice, and held against the promise.
    fn say(
        &mut self,
        new: NewMessage,
        answered_time: Timestamp,
        source: MessageTime,
    ) -> Result<AppendMessage, String> {
        let room = self.rooms.iter_mut().find(|room| room.chat.chat_id == new.chat_id);
        let Some(room) = room else { return Ok(AppendMessage::NotAMember) };
        let Some(recipient_id) = room.chat.members.other(new.sender_id) else {
            return Ok(AppendMessage::NotAMember);
        };
        let same = |message: &&Message| {
            new.client_message_id.is_some()
                && (message.sender_id, &message.client_message_id) == (new.sender_id, &new.client_message_id)
        };
        if let Some(earlier) = room.said.iter().find(same) {
            let repeated = earlier.text == new.text;
            return Ok(if repeated {
                AppendMessage::Replayed(earlier.clone())
            } else {
                AppendMessage::KeyReused
            });
        }
        let members = room.chat.members.both();
        let floor =
            self.lists.iter().filter(|(user_id, _)| members.contains(user_id)).map(|(_, as_of)| *as_of).max();
        let previous = room.said.last().map_or(room.chat.create_time, |message| message.create_time);
        let exact = previous.max(new.send_time);
        let above_floor = floor.is_none_or(|floor| answered_time > floor);
        let expected =
            source == MessageTime::Own || floor.is_some_and(|floor| exact <= floor) || answered_time == exact;
        if !above_floor || !expected || answered_time < previous {
            return Err(format!("said at {answered_time:?} after {previous:?}, listed as of {floor:?}"));
        }
        let sequence = room.said.last().map_or(Sequence::ZERO, |message| message.sequence).next();
        let (message, _) = new.stored(sequence, answered_time, recipient_id);
        room.said.push(message.clone());
        Ok(AppendMessage::Stored(message))
    }

    fn list(&self, user_id: UserId) -> Vec<ActivityKey> {
        let theirs = self.rooms.iter().filter(|room| room.chat.members.other(user_id).is_some());
        let key = |room: &Room| {
            let time = room.said.last().map_or(room.chat.create_time, |message| message.create_time);
            ActivityKey { time, chat_id: room.chat.chat_id }
        };
        let mut keys: Vec<_> = theirs.map(key).collect();
        keys.sort_by_key(|key| std::cmp::Reverse(*key));
        keys
    }
}

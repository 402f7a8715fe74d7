//! A run: writers, readers, a bus and a poller, one step at a time, all chance from one seed.

use std::sync::Arc;

use duologue_domain::chat::{DirectChat, NewMessage};
use duologue_domain::id::{ChatId, EventId, Id, MessageId, UserId};
use duologue_domain::poller::Poller;
use duologue_domain::social::Pair;
use duologue_domain::time::Timestamp;
use duologue_domain::wakeup::{Topic, WakeUp};
use uuid::Uuid;

use super::bus::Bus;
use super::history::{History, Reader as ReaderHistory, Start, Stored};
use super::reader::{Reader, Sources, Task};
use super::shortcut::Variant;
use crate::support::chat_store::PlainChatStore;
use crate::support::schedule::Dice;
use crate::support::user;

/// Steps of a run before everything comes to rest.
const STEPS: usize = 160;

struct Simulation {
    dice: Dice,
    sources: Sources,
    poller: Poller,
    polling: Option<Task>,
    chats: Vec<DirectChat>,
    readers: Vec<Reader>,
    /// Messages that are sent and not yet committed.
    uncommitted: Vec<NewMessage>,
    messages: u128,
    clock_micros: i64,
}

/// Runs one seed, and tells what happened.
pub(super) fn run(variant: Variant, seed: u64) -> History {
    let mut simulation = Simulation::new(variant, seed);
    for _ in 0..STEPS {
        simulation.step();
    }
    simulation.rest();
    simulation.history()
}

impl Simulation {
    fn new(variant: Variant, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let store = Arc::new(PlainChatStore::default());
        let bus = Arc::new(Bus::new(Dice::new(dice.roll())));
        let poller = Poller::new(bus.hub.clone()).with_chats(store.clone());
        let sources = Sources { variant, store, bus, globals: Arc::default() };
        let chats: Vec<_> = (0..=dice.below(3)).map(|number| chat(number as u128)).collect();
        for chat in &chats {
            sources.store.0.behind(|state| state.insert(*chat));
        }
        let reader = |dice: &mut Dice| {
            let chat = dice.below(chats.len());
            Reader::new(chat, chats[chat].chat_id)
        };
        let readers = (0..=dice.below(4)).map(|_| reader(&mut dice)).collect();
        let clock_micros = 1_700_000_000_000_000;
        let (polling, uncommitted) = (None, Vec::new());
        Self { dice, sources, poller, polling, chats, readers, uncommitted, messages: 0, clock_micros }
    }

    fn step(&mut self) {
        match self.dice.below(100) {
            0..14 => self.send(),
            14..28 => self.commit(),
            28..38 => self.sources.bus.deliver(),
            38..42 => self.poll(),
            42..45 => self.on_reader(|_, reader| reader.task = None),
            45..50 => self.on_reader(|_, reader| reader.cancel()),
            50..54 => self.on_reader(|_, reader| reader.paused = !reader.paused),
            54..60 => self.on_reader(Self::resume),
            60..64 => self.clock_micros += i64::try_from(self.dice.below(900)).unwrap(),
            _ => {
                self.run_one();
            }
        }
    }

    fn on_reader(&mut self, action: impl FnOnce(&mut Self, &mut Reader)) {
        let picked = self.dice.below(self.readers.len());
        let mut reader = self.readers.swap_remove(picked);
        action(self, &mut reader);
        self.readers.push(reader);
    }

    /// Draws a message's global number, and may wake its readers too early.
    fn send(&mut self) {
        let chat = *self.dice.pick(&self.chats);
        self.messages += 1;
        let message_id = MessageId::from_uuid(Uuid::from_u128(self.messages));
        self.sources.globals.lock().insert(message_id, i64::try_from(self.messages).unwrap());
        self.uncommitted.push(NewMessage {
            message_id,
            event_id: EventId::from_uuid(Uuid::from_u128(self.messages)),
            chat_id: chat.chat_id,
            sender_id: *self.dice.pick(&chat.members.both()),
            text: "hello".parse().unwrap(),
            client_message_id: None,
            send_time: Timestamp::from_unix_micros(self.clock_micros),
        });
        if self.dice.chance(30) {
            let next = self.sources.newest(chat.chat_id) + 1;
            self.sources.bus.publish(Topic::Chat(chat.chat_id), next);
        }
    }

    /// Commits one of the messages that were sent, whichever.
    fn commit(&mut self) {
        if self.uncommitted.is_empty() {
            return;
        }
        let picked = self.dice.below(self.uncommitted.len());
        let message = self.uncommitted.swap_remove(picked);
        let chat_id = message.chat_id;
        self.sources.store.0.behind(|state| state.append(message));
        self.sources.bus.publish(Topic::Chat(chat_id), self.sources.newest(chat_id));
    }

    fn poll(&mut self) {
        if self.sources.variant != Variant::NoPoll && self.polling.as_ref().is_none_or(Task::has_ended) {
            let poller = self.poller.clone();
            self.polling = Some(Task::new(async move { poller.poll().await.unwrap() }));
        }
    }

    /// Opens a feed for a reader that has none: where it was, or anywhere if it was nowhere yet.
    fn resume(&mut self, reader: &mut Reader) {
        if reader.task.is_some() {
            return;
        }
        let (dice, sources) = (&mut self.dice, &self.sources);
        let named = |sequence: i64| {
            let index = usize::try_from(sequence - 1).ok()?;
            sources.store.0.behind(|state| {
                let message = state.chats[&reader.chat_id].messages.get(index)?;
                Some((message.message_id.uuid().as_u128(), message.create_time.unix_millis()))
            })
        };
        let (start, message_id) = match reader.last() {
            None => {
                let newest = sources.newest(reader.chat_id);
                let sequence = i64::try_from(dice.below(usize::try_from(newest).unwrap() + 1)).unwrap();
                let by_name = named(sequence).filter(|_| dice.chance(50)).map(|(id, _)| id);
                let since = self.clock_micros / 1_000 - i64::try_from(dice.below(5)).unwrap() + 1;
                *dice.pick(&[
                    (Start::Now, None),
                    (Start::After(sequence), by_name),
                    (Start::Since(since), None),
                ])
            }
            Some((last, id)) => {
                let (_, unix_millis) = named(last).unwrap();
                if sources.variant == Variant::ResumesByTime {
                    (Start::Since(unix_millis + 1), None)
                } else {
                    let after = Start::After(last);
                    *dice.pick(&[(after, Some(id)), (after, None), (Start::Since(unix_millis), None)])
                }
            }
        };
        reader.open(&self.sources, start, message_id);
    }

    /// Runs one of the tasks that were woken and are not paused; tells whether there was any.
    fn run_one(&mut self) -> bool {
        let ready = |reader: &Reader| !reader.paused && reader.task.as_ref().is_some_and(Task::is_woken);
        let mut candidates: Vec<Option<usize>> =
            (0..self.readers.len()).filter(|number| ready(&self.readers[*number])).map(Some).collect();
        if self.polling.as_ref().is_some_and(Task::is_woken) {
            candidates.push(None);
        }
        if candidates.is_empty() {
            return false;
        }
        let task = match *self.dice.pick(&candidates) {
            Some(number) => &mut self.readers[number].task,
            None => &mut self.polling,
        };
        if let Some(task) = task {
            task.run();
        }
        true
    }

    /// Everything is written, the bus is dead, everybody reads again: one poll must be enough for all.
    fn rest(&mut self) {
        while !self.uncommitted.is_empty() {
            self.commit();
        }
        self.sources.bus.die();
        for _ in 0..self.readers.len() {
            let mut reader = self.readers.remove(0);
            reader.paused = false;
            self.resume(&mut reader);
            self.readers.push(reader);
        }
        self.run_until_quiet();
        self.poll();
        self.run_until_quiet();
    }

    fn run_until_quiet(&mut self) {
        for _ in 0..10_000 {
            if !self.run_one() {
                return;
            }
        }
        panic!("the run does not come to rest: somebody spins");
    }

    fn history(&self) -> History {
        let stored = |chat: &DirectChat| {
            self.sources.store.0.behind(|state| {
                let messages = state.chats[&chat.chat_id].messages.iter();
                let stored = messages.map(|message| Stored {
                    id: message.message_id.uuid().as_u128(),
                    unix_millis: message.create_time.unix_millis(),
                });
                stored.collect()
            })
        };
        let reader = |reader: &Reader| ReaderHistory {
            chat: reader.chat,
            sessions: reader.sessions.iter().map(|session| session.borrow().clone()).collect(),
        };
        History {
            chats: self.chats.iter().map(stored).collect(),
            readers: self.readers.iter().map(reader).collect(),
        }
    }
}

fn chat(number: u128) -> DirectChat {
    let members: [UserId; 2] = [user(2 * number), user(2 * number + 1)];
    let members = Pair::of(members[0], members[1]).unwrap();
    let create_time = Timestamp::from_unix_micros(1_600_000_000_000_000);
    DirectChat { chat_id: ChatId::from_uuid(Uuid::from_u128(1_000 + number)), members, create_time }
}

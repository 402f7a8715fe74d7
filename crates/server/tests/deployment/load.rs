//! People who write and streams that follow, and what came of it.

use std::collections::BTreeMap;
use std::time::Duration;

use duologue_contract::chat::chat_service_client::ChatServiceClient;
use duologue_contract::chat::{
    GetChatRequest, ListMessagesRequest, Message, MessageOrder, SendMessageRequest,
};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tonic::transport::Channel;

use crate::check::{history_faults, stream_faults};
use crate::follow::{Bears, Client, FENCE, Followed};
use crate::people::{Person, connect};
use crate::processes::PATIENCE;

/// How long somebody takes to write.
const WRITING: Duration = Duration::from_millis(150);

/// Streams of one chat.
const STREAMS: usize = 4;

/// The client that was generated from the contract.
type Chats = ChatServiceClient<Channel>;

/// How much of everything, and where.
pub(crate) struct Plan<'a> {
    pub(crate) streams: usize,
    /// Where people register and open their chats.
    pub(crate) registers_at: &'a str,
    /// Where streams are opened, in turn.
    pub(crate) streams_at: Vec<&'a str>,
    /// Where messages are sent and read.
    pub(crate) calls_at: Vec<&'a str>,
    pub(crate) bears: Bears,
    /// How long a stream may take to the last word.
    pub(crate) at_most: Duration,
}

/// Load that runs.
pub(crate) struct Load {
    client: Client,
    chats: BTreeMap<String, [Person; 2]>,
    is_over: watch::Sender<bool>,
    is_told: watch::Sender<bool>,
    /// How many messages were acknowledged so far.
    count: watch::Sender<usize>,
    writers: JoinSet<Written>,
    streams: JoinSet<Followed>,
}

/// What somebody wrote.
#[derive(Default)]
struct Written {
    chat_id: String,
    acknowledged: Vec<Message>,
    repeated: usize,
    faults: Vec<String>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) faults: Vec<String>,
    pub(crate) messages: usize,
    pub(crate) delivered: usize,
    pub(crate) resumed: usize,
    pub(crate) repeated: usize,
}

impl Load {
    /// Registers people, opens chats and streams, and lets everybody write.
    pub(crate) async fn start(plan: Plan<'_>) -> Self {
        let channels = |addresses: &[&str]| -> Vec<Channel> {
            addresses.iter().map(|address| connect(address)).collect()
        };
        let client = Client { channels: channels(&plan.calls_at), bears: plan.bears };
        let (is_over, over) = watch::channel(false);
        let (is_told, told) = watch::channel(false);
        let mut load = Self {
            client,
            chats: BTreeMap::new(),
            is_over,
            is_told,
            count: watch::Sender::new(0),
            writers: JoinSet::new(),
            streams: JoinSet::new(),
        };
        let registers_at = connect(plan.registers_at);
        for first in (0..plan.streams).step_by(STREAMS) {
            let (people, chat_id) = Person::pair(&registers_at).await;
            for stream in first..plan.streams.min(first + STREAMS) {
                let mut addresses = plan.streams_at.clone();
                let turn = stream % addresses.len();
                addresses.rotate_left(turn);
                // A connection of each stream's own, so that none shares the fate of another.
                let client = Client { channels: channels(&addresses), bears: plan.bears };
                let reader = people[stream % 2].clone();
                load.streams.spawn(client.follow(reader, chat_id.clone(), told.clone(), plan.at_most));
            }
            for person in people.clone() {
                let (client, count) = (load.client.clone(), load.count.clone());
                load.writers.spawn(write(client, person, chat_id.clone(), over.clone(), count));
            }
            load.chats.insert(chat_id, people);
        }
        load
    }

    /// Waits until so many more messages are acknowledged.
    pub(crate) async fn goes_on(&self, messages: usize) {
        let mut count = self.count.subscribe();
        let enough = *count.borrow() + messages;
        let reached = tokio::time::timeout(PATIENCE, count.wait_for(|count| *count >= enough)).await;
        assert!(reached.is_ok(), "nobody writes any more");
    }

    /// Lets everybody have the last word, waits for the streams to tell it, and judges.
    pub(crate) async fn finish(mut self) -> Outcome {
        self.is_over.send_replace(true);
        let mut outcome = Outcome::default();
        let mut acknowledged: BTreeMap<String, Vec<Message>> = BTreeMap::new();
        while let Some(written) = self.writers.join_next().await {
            let written = written.unwrap();
            outcome.faults.extend(written.faults);
            outcome.repeated += written.repeated;
            acknowledged.entry(written.chat_id).or_default().extend(written.acknowledged);
        }
        let mut histories = BTreeMap::new();
        for (chat_id, [person, _]) in &self.chats {
            match self.fence(person, chat_id).await {
                Ok(history) => {
                    let acknowledged = acknowledged.remove(chat_id).unwrap_or_default();
                    outcome.faults.extend(history_faults(&history, &acknowledged));
                    outcome.messages += history.len();
                    histories.insert(chat_id.clone(), history);
                }
                Err(fault) => outcome.faults.push(fault),
            }
        }
        self.is_told.send_replace(true);
        while let Some(followed) = self.streams.join_next().await {
            let followed = followed.unwrap();
            outcome.faults.extend(followed.faults);
            outcome.resumed += followed.resumed;
            outcome.delivered += followed.messages.len();
            let history = histories.get(&followed.chat_id).map_or(&[][..], Vec::as_slice);
            outcome.faults.extend(stream_faults(&followed.messages, history));
        }
        outcome
    }

    /// Sends the last word, and reads all that was said.
    async fn fence(&self, person: &Person, chat_id: &str) -> Result<Vec<Message>, String> {
        let request = SendMessageRequest {
            chat_id: chat_id.to_owned(),
            text: FENCE.to_owned(),
            client_message_id: Some(FENCE.to_owned()),
        };
        self.client.call(async |mut chats| chats.send_message(person.calls(request.clone())).await).await?;
        let mut request = ListMessagesRequest {
            chat_id: chat_id.to_owned(),
            limit: 100,
            order: MessageOrder::OldestFirst.into(),
            cursor: None,
        };
        let mut history = Vec::new();
        loop {
            let list = async |mut chats: Chats| chats.list_messages(person.calls(request.clone())).await;
            let (page, _) = self.client.call(list).await?;
            history.extend(page.messages);
            match page.next_cursor {
                Some(cursor) => request.cursor = Some(cursor),
                None => return Ok(history),
            }
        }
    }
}

/// Writes until it is over; each message is read back.
async fn write(
    client: Client,
    person: Person,
    chat_id: String,
    is_over: watch::Receiver<bool>,
    count: watch::Sender<usize>,
) -> Written {
    let mut written = Written { chat_id: chat_id.clone(), ..Written::default() };
    for number in 0.. {
        if *is_over.borrow() {
            break;
        }
        let request = SendMessageRequest {
            chat_id: chat_id.clone(),
            text: format!("message {number}"),
            client_message_id: Some(number.to_string()),
        };
        let send = async |mut chats: Chats| chats.send_message(person.calls(request.clone())).await;
        let get = async |mut chats: Chats| {
            chats.get_chat(person.calls(GetChatRequest { chat_id: chat_id.clone() })).await
        };
        let sent = match client.call(send).await {
            Ok((message, repeated)) => {
                written.repeated += repeated;
                message
            }
            Err(fault) => {
                written.faults.push(fault);
                break;
            }
        };
        match client.call(get).await {
            Ok((chat, repeated)) => {
                written.repeated += repeated;
                if chat.last_sequence < sent.sequence {
                    written.faults.push(format!("{} is not there to be read", sent.sequence));
                }
            }
            Err(fault) => written.faults.push(fault),
        }
        written.acknowledged.push(sent);
        count.send_modify(|count| *count += 1);
        tokio::time::sleep(WRITING).await;
    }
    written
}

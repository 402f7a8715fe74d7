//! A client that calls again and resumes, as the contract tells it to.

use std::time::Duration;

use duologue_contract::chat::chat_service_client::ChatServiceClient;
use duologue_contract::chat::{Message, StreamMessagesRequest};
use duologue_contract::errors::reason_of;
use tokio::sync::watch;
use tonic::transport::Channel;
use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

use crate::people::Person;

/// The last message of a chat.
pub(crate) const FENCE: &str = "the last word";

/// How long a client waits before it calls again, where it is not told.
const PAUSE: Duration = Duration::from_millis(100);

/// What a client bears with.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bears {
    /// Whatever passes: connections that break, deadlines that pass, UNAVAILABLE.
    Crashes,
    /// UNAVAILABLE with the time to wait, as of a server that leaves in order.
    Drains,
}

impl Bears {
    /// How often a call is made at most.
    const fn attempts(self) -> usize {
        match self {
            Self::Crashes => 200,
            Self::Drains => 6,
        }
    }

    /// How long to wait before another attempt, if this failure allows one.
    fn pause(self, status: &Status) -> Option<Duration> {
        let told = status.get_details_retry_info().and_then(|info| info.retry_delay);
        match self {
            Self::Drains => told.filter(|_| status.code() == Code::Unavailable),
            Self::Crashes => {
                let is_of_the_way = reason_of(status).is_none()
                    || matches!(status.code(), Code::Unavailable | Code::DeadlineExceeded);
                is_of_the_way.then(|| told.unwrap_or(PAUSE).min(PAUSE))
            }
        }
    }
}

/// A client with one connection or several, which it uses in turn when one fails.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) channels: Vec<Channel>,
    pub(crate) bears: Bears,
}

impl Client {
    /// Calls until there is an answer, and tells how often in vain.
    pub(crate) async fn call<Out, Called>(
        &self,
        mut call: impl FnMut(ChatServiceClient<Channel>) -> Called,
    ) -> Result<(Out, usize), String>
    where
        Called: Future<Output = Result<Response<Out>, Status>>,
    {
        let mut failure = None;
        for attempt in 0..self.bears.attempts() {
            let channel = self.channels[attempt % self.channels.len()].clone();
            match call(ChatServiceClient::new(channel)).await {
                Ok(answer) => return Ok((answer.into_inner(), attempt)),
                Err(status) => match self.bears.pause(&status) {
                    Some(pause) => {
                        failure = Some(status);
                        tokio::time::sleep(pause).await;
                    }
                    None => return Err(format!("a call fails: {status:?}")),
                },
            }
        }
        Err(format!("a call is never answered: {failure:?}"))
    }

    /// Follows a chat from its beginning to its last word, and at most this long after `is_over`.
    pub(crate) async fn follow(
        self,
        person: Person,
        chat_id: String,
        mut is_over: watch::Receiver<bool>,
        at_most: Duration,
    ) -> Followed {
        let mut followed = Followed { chat_id, ..Followed::default() };
        let too_late = async {
            // Nobody there to tell is the end as well.
            let _ = is_over.wait_for(|is_over| *is_over).await;
            tokio::time::sleep(at_most).await;
        };
        tokio::select! {
            () = self.resume(&person, &mut followed) => {}
            () = too_late => {}
        }
        followed
    }

    async fn resume(&self, person: &Person, followed: &mut Followed) {
        for channel in self.channels.iter().cycle() {
            let last = followed.messages.last();
            let request = StreamMessagesRequest {
                chat_id: followed.chat_id.clone(),
                after_sequence: Some(last.map_or(0, |message| message.sequence)),
                after_message_id: last.map(|message| message.message_id.clone()),
                ..Default::default()
            };
            let opened =
                ChatServiceClient::new(channel.clone()).stream_messages(person.follows(request)).await;
            let mut end = opened.as_ref().err().cloned();
            if let Ok(opened) = opened {
                let mut messages = opened.into_inner();
                while end.is_none() {
                    match messages.message().await {
                        Ok(Some(message)) => {
                            let is_last = message.text == FENCE;
                            followed.messages.push(message);
                            if is_last {
                                return;
                            }
                        }
                        Ok(None) => end = Some(Status::ok("the stream ended without a word")),
                        Err(status) => end = Some(status),
                    }
                }
            }
            let end = end.unwrap_or_else(|| Status::ok("never"));
            let Some(pause) = self.bears.pause(&end) else {
                followed.faults.push(format!("the stream ends: {end:?}"));
                return;
            };
            followed.resumed += 1;
            tokio::time::sleep(pause).await;
        }
    }
}

/// What a stream came to.
#[derive(Default)]
pub(crate) struct Followed {
    pub(crate) chat_id: String,
    pub(crate) messages: Vec<Message>,
    pub(crate) resumed: usize,
    pub(crate) faults: Vec<String>,
}

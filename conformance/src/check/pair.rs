//! What must hold of a chat after two people have written to each other as fast as they could.

use std::collections::BTreeMap;
use std::time::Duration;

use duologue_contract::chat::Message;

use super::stream::{StreamFault, check_sequences};

/// What the sender of a message knows of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    /// It was acknowledged, as this.
    Acknowledged(Box<Message>),
    /// It was refused for good: it must not be there.
    Refused,
    /// No answer came, or one that does not say: it may be there once.
    Unknown,
}

/// A message that somebody sent. No other of its chat has the same text.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// Its text.
    pub text: String,
    /// When its call began.
    pub began: Duration,
    /// When its call ended.
    pub ended: Duration,
    /// What came of it.
    pub fate: Fate,
}

/// What is wrong with a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PairFault {
    /// It was acknowledged with this sequence and is not listed.
    Lost(i64),
    /// It is listed with this sequence and differs from what was acknowledged.
    Altered(i64),
    /// It is listed so many times.
    Repeated(String, usize),
    /// It is listed, and was refused or never sent.
    Unsaid(String),
    /// The first was acknowledged before the second was sent, and comes after it.
    Overtaken(i64, i64),
    /// The sequences of the list are not 1, 2, 3 …
    Listed(StreamFault),
    /// The sequences that one of the streams delivered are not 1, 2, 3 …
    Delivered(StreamFault),
    /// One of the streams delivered so many messages, which are not those that are listed.
    NotAsListed(usize, usize),
}

/// Everything that is wrong with a chat: what was sent, what is listed (oldest first), what each stream delivered.
#[must_use]
pub fn check_pair(sent: &[Sent], listed: &[Message], delivered: &[Vec<Message>]) -> Vec<PairFault> {
    let mut faults = Vec::new();
    let mut by_text: BTreeMap<&str, Vec<&Message>> = BTreeMap::new();
    for message in listed {
        by_text.entry(&message.text).or_default().push(message);
    }
    for message in sent {
        let found = by_text.remove(message.text.as_str()).unwrap_or_default();
        if found.len() > 1 {
            faults.push(PairFault::Repeated(message.text.clone(), found.len()));
        }
        match (&message.fate, found.first()) {
            (Fate::Acknowledged(acknowledged), None) => {
                faults.push(PairFault::Lost(acknowledged.sequence));
            }
            (Fate::Acknowledged(acknowledged), Some(found)) if **found != **acknowledged => {
                faults.push(PairFault::Altered(found.sequence));
            }
            (Fate::Refused, Some(_)) => faults.push(PairFault::Unsaid(message.text.clone())),
            _ => {}
        }
    }
    faults.extend(by_text.into_keys().map(|text| PairFault::Unsaid(text.to_owned())));
    faults.extend(overtaken(sent));
    let faults_of = |messages: &[Message]| {
        let sequences: Vec<_> = messages.iter().map(|message| message.sequence).collect();
        check_sequences(0, &sequences)
    };
    faults.extend(faults_of(listed).into_iter().map(PairFault::Listed));
    for messages in delivered {
        faults.extend(faults_of(messages).into_iter().map(PairFault::Delivered));
        if messages.as_slice() != listed {
            faults.push(PairFault::NotAsListed(messages.len(), listed.len()));
        }
    }
    faults
}

/// Messages that come after one which was sent only when they had been acknowledged.
fn overtaken(sent: &[Sent]) -> Vec<PairFault> {
    let mut begun: Vec<(Duration, Duration, i64)> = sent
        .iter()
        .filter_map(|message| match &message.fate {
            Fate::Acknowledged(acknowledged) => Some((message.began, message.ended, acknowledged.sequence)),
            Fate::Refused | Fate::Unknown => None,
        })
        .collect();
    let mut ended = begun.clone();
    begun.sort_by_key(|(began, ..)| *began);
    ended.sort_by_key(|(_, ended, _)| *ended);
    let (mut ended, mut greatest, mut faults) = (ended.into_iter().peekable(), 0, Vec::new());
    for (began, _, sequence) in begun {
        while let Some((_, _, earlier)) = ended.next_if(|(_, ended, _)| *ended < began) {
            greatest = greatest.max(earlier);
        }
        if greatest > sequence {
            faults.push(PairFault::Overtaken(greatest, sequence));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(sequence: i64) -> Message {
        Message { sequence, text: format!("text {sequence}"), ..Message::default() }
    }

    fn sent(sequence: i64) -> Sent {
        let at = Duration::from_secs(sequence.unsigned_abs());
        let fate = Fate::Acknowledged(Box::new(message(sequence)));
        Sent { text: format!("text {sequence}"), began: at, ended: at + Duration::from_millis(1), fate }
    }

    fn of_fate(fate: Fate) -> Sent {
        Sent { fate, ..sent(2) }
    }

    #[test]
    fn a_good_chat_has_no_fault() {
        let listed = [message(1), message(2)];
        assert_eq!(check_pair(&[sent(1), sent(2)], &listed, &[listed.to_vec()]), []);
        assert_eq!(check_pair(&[sent(1), of_fate(Fate::Unknown)], &listed, &[]), [], "it may be there");
        assert_eq!(check_pair(&[sent(1), of_fate(Fate::Unknown)], &listed[..1], &[]), [], "or not");
        assert_eq!(check_pair(&[sent(1), of_fate(Fate::Refused)], &listed[..1], &[]), []);
    }

    #[test]
    fn what_is_lost_repeated_altered_or_unsaid_is_named() {
        let listed = [message(1), message(2)];
        assert_eq!(check_pair(&[sent(1), sent(2)], &listed[..1], &[]), [PairFault::Lost(2)]);
        let other = Message { message_id: "other".to_owned(), ..message(2) };
        let altered = [message(1), other];
        assert_eq!(check_pair(&[sent(1), sent(2)], &altered, &[]), [PairFault::Altered(2)]);
        let again = [message(1), Message { sequence: 2, ..message(1) }];
        assert_eq!(check_pair(&[sent(1)], &again, &[]), [PairFault::Repeated("text 1".to_owned(), 2)]);
        let unsaid = [PairFault::Unsaid("text 2".to_owned())];
        assert_eq!(check_pair(&[sent(1), of_fate(Fate::Refused)], &listed, &[]), unsaid);
        assert_eq!(check_pair(&[sent(1)], &listed, &[]), unsaid);
    }

    #[test]
    fn gaps_disorder_and_overtaking_are_named() {
        let listed = [message(1), message(2)];
        let both = [sent(1), sent(2)];
        assert_eq!(
            check_pair(&both, &listed, &[vec![message(2)]]),
            [PairFault::Delivered(StreamFault::Gap(0, 2)), PairFault::NotAsListed(1, 2)]
        );
        assert_eq!(check_pair(&[sent(2)], &listed[1..], &[]), [PairFault::Listed(StreamFault::Gap(0, 2))]);
        let late = Sent { began: Duration::from_secs(9), ended: Duration::from_secs(9), ..sent(1) };
        assert_eq!(check_pair(&[late, sent(2)], &listed, &[]), [PairFault::Overtaken(2, 1)]);
    }
}

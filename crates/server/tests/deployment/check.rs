//! What is wrong with what came through.

use std::collections::BTreeMap;

use duologue_contract::chat::Message;

/// What is wrong with the messages that a stream delivered, of a chat that holds `history`.
pub(crate) fn stream_faults(delivered: &[Message], history: &[Message]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut last = 0;
    for message in delivered {
        let sequence = message.sequence;
        match sequence {
            _ if sequence == last + 1 => {}
            _ if sequence > last => faults.push(format!("{} to {} are skipped", last + 1, sequence - 1)),
            _ => faults.push(format!("{sequence} comes after {last}")),
        }
        last = sequence;
    }
    let newest = history.last().map_or(0, |message| message.sequence);
    if last < newest {
        faults.push(format!("{} to {newest} are missing", last + 1));
    }
    let by_sequence: BTreeMap<_, _> = history.iter().map(|message| (message.sequence, message)).collect();
    for message in delivered {
        if by_sequence.get(&message.sequence) != Some(&message) {
            faults.push(format!("{} is another message than in the chat", message.sequence));
        }
    }
    faults
}

/// What is wrong with a chat that holds `history`, of which these messages were acknowledged.
pub(crate) fn history_faults(history: &[Message], acknowledged: &[Message]) -> Vec<String> {
    let mut faults = Vec::new();
    for (expected, message) in (1..).zip(history) {
        if message.sequence != expected {
            faults.push(format!("at {expected} the chat holds {}", message.sequence));
        }
    }
    let mut by_client_id: BTreeMap<_, Vec<&Message>> = BTreeMap::new();
    for message in history {
        by_client_id.entry((&message.sender_id, &message.client_message_id)).or_default().push(message);
    }
    for message in acknowledged {
        let found = by_client_id.get(&(&message.sender_id, &message.client_message_id));
        match found.map(Vec::as_slice) {
            None => faults.push(format!("{} was acknowledged and is gone", message.sequence)),
            Some([only]) if *only == message => {}
            Some([_]) => faults.push(format!("{} was acknowledged otherwise", message.sequence)),
            Some(_) => faults.push(format!("{} is there more than once", message.sequence)),
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(sequences: &[i64]) -> Vec<Message> {
        let message = |sequence: &i64| Message {
            message_id: format!("id {sequence}"),
            sequence: *sequence,
            client_message_id: Some(sequence.to_string()),
            ..Default::default()
        };
        sequences.iter().map(message).collect()
    }

    #[test]
    fn a_stream_that_loses_repeats_or_reorders_is_found_out() {
        let history = messages(&[1, 2, 3]);
        assert_eq!(stream_faults(&history, &history), [""; 0]);
        assert_eq!(stream_faults(&messages(&[1, 3]), &history), ["2 to 2 are skipped"]);
        assert_eq!(stream_faults(&messages(&[1, 2]), &history), ["3 to 3 are missing"]);
        assert_eq!(stream_faults(&messages(&[1, 1, 2, 3]), &history), ["1 comes after 1"]);
        assert!(!stream_faults(&messages(&[2, 1, 3]), &history).is_empty());
        let mut other = messages(&[1, 2, 3]);
        other[1].message_id = "of another".to_owned();
        assert_eq!(stream_faults(&other, &history), ["2 is another message than in the chat"]);
    }

    #[test]
    fn a_message_that_is_gone_doubled_or_changed_is_found_out() {
        let history = messages(&[1, 2, 3]);
        assert_eq!(history_faults(&history, &history), [""; 0]);
        assert_eq!(history_faults(&history[..2], &history), ["3 was acknowledged and is gone"]);
        let mut doubled = messages(&[1, 2, 3]);
        doubled[2].client_message_id = Some("2".to_owned());
        assert_eq!(history_faults(&doubled, &history[1..2]), ["2 is there more than once"]);
        let mut changed = messages(&[1, 2, 3]);
        changed[2].text = "another".to_owned();
        assert_eq!(history_faults(&changed, &history), ["3 was acknowledged otherwise"]);
        assert!(!history_faults(&messages(&[1, 3]), &[]).is_empty());
    }
}

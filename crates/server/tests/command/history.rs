//! Holds a history against what was acknowledged.

use std::collections::HashMap;

use crate::server::field;

/// A message as it was acknowledged, or listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Acknowledged {
    pub(crate) message_id: String,
    pub(crate) name: String,
    pub(crate) sequence: i64,
}

impl Acknowledged {
    /// Reads a message in JSON.
    pub(crate) fn read(json: &str) -> Self {
        Self {
            message_id: field(json, "messageId").to_owned(),
            name: field(json, "clientMessageId").to_owned(),
            sequence: field(json, "sequence").parse().unwrap(),
        }
    }
}

/// What a history shows that should not be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Loss {
    /// A sequence is missing, or not where it belongs.
    Hole(i64),
    /// One client message id made two messages.
    Twice(String),
    /// An acknowledged message is gone, or another one.
    Lost(String),
    /// A retry was answered by another message than the first.
    AnsweredOtherwise(String),
}

/// Every acknowledged message is there once and as it was acknowledged, and the sequences are 1, 2, 3 ….
pub(crate) fn judge(
    acknowledged: &HashMap<String, Acknowledged>,
    history: &[Acknowledged],
) -> Result<(), Loss> {
    let mut found: HashMap<&str, &Acknowledged> = HashMap::new();
    for (message, expected) in history.iter().zip(1..) {
        if message.sequence != expected {
            return Err(Loss::Hole(expected));
        }
        if found.insert(&message.name, message).is_some() {
            return Err(Loss::Twice(message.name.clone()));
        }
    }
    for (name, message) in acknowledged {
        if found.get(name.as_str()) != Some(&message) {
            return Err(Loss::Lost(name.clone()));
        }
    }
    Ok(())
}

#[test]
fn the_judge_tells_good_histories_from_bad_ones() {
    let message = |name: &str, sequence| Acknowledged {
        message_id: format!("id of {name}"),
        name: name.to_owned(),
        sequence,
    };
    let (a, b, c) = (message("a", 1), message("b", 2), message("c", 3));
    let acknowledged: HashMap<_, _> = [&a, &c].map(|message| (message.name.clone(), message.clone())).into();
    let judged = |history: &[&Acknowledged]| {
        judge(&acknowledged, &history.iter().map(|message| (*message).clone()).collect::<Vec<_>>())
    };
    // A message that was stored and never acknowledged is no fault.
    assert_eq!(judged(&[&a, &b, &c]), Ok(()));
    assert_eq!(judged(&[&a, &c]), Err(Loss::Hole(2)));
    assert_eq!(judged(&[&a, &b]), Err(Loss::Lost("c".to_owned())));
    assert_eq!(judged(&[&a, &message("a", 2), &c]), Err(Loss::Twice("a".to_owned())));
    assert_eq!(judged(&[&a, &message("c", 2), &b]), Err(Loss::Hole(3)));
    assert_eq!(judged(&[&message("c", 1), &a]), Err(Loss::Hole(2)));
    assert_eq!(judged(&[&a, &message("c", 2)]), Err(Loss::Lost("c".to_owned())));
}

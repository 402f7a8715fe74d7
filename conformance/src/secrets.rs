//! What a run made that nobody may see again: passwords, tokens and e-mail addresses.

use std::collections::HashSet;
use std::fmt::Write as _;

use parking_lot::RwLock;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// Every secret of a run.
///
/// Each e-mail address and each ordinary password carries the run's marker, so that one look finds them all; tokens,
/// which the server makes, are looked up word by word.
#[derive(Debug)]
pub struct Secrets {
    marker: String,
    words: RwLock<HashSet<String>>,
}

impl Secrets {
    /// None yet; `marker` is part of every secret that the run makes up.
    #[must_use]
    pub fn new(marker: &str) -> Self {
        Self { marker: marker.to_owned(), words: RwLock::default() }
    }

    /// The text that e-mail addresses and passwords of this run contain.
    #[must_use]
    pub fn marker(&self) -> &str {
        &self.marker
    }

    /// Remembers a secret.
    pub fn keep(&self, secret: &str) {
        if secret.chars().count() >= 6 {
            self.words.write().insert(secret.to_owned());
        }
    }

    /// Whether the text shows a secret of this run.
    #[must_use]
    pub fn are_in(&self, text: &str) -> bool {
        let words = self.words.read();
        text.contains(&self.marker) || words.contains(text) || tokens(text).any(|word| words.contains(word))
    }

    /// The text with every secret replaced by a short hash of it.
    #[must_use]
    pub fn hidden(&self, text: &str) -> String {
        if self.words.read().contains(text) || text.contains(&self.marker) {
            return digest(text);
        }
        let words = self.words.read();
        let mut hidden = text.to_owned();
        for word in tokens(text).filter(|word| words.contains(*word)) {
            hidden = hidden.replace(word, &digest(word));
        }
        hidden
    }

    /// The value with every secret replaced by a short hash of it.
    #[must_use]
    pub fn hidden_in(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.hidden(&shortened(text))),
            Value::Array(values) => Value::Array(values.iter().map(|value| self.hidden_in(value)).collect()),
            Value::Object(fields) => {
                let field = |(name, value): (&String, &Value)| {
                    let is_secret =
                        ["password", "token", "email"].iter().any(|word| name.to_lowercase().contains(word));
                    let value = match value {
                        Value::String(text) if is_secret && !text.is_empty() => Value::String(digest(text)),
                        other => self.hidden_in(other),
                    };
                    (name.clone(), value)
                };
                Value::Object(fields.iter().map(field).collect())
            }
            other => other.clone(),
        }
    }
}

/// The runs of characters that a token is made of.
fn tokens(text: &str) -> impl Iterator<Item = &str> {
    let is_token = |letter: char| letter.is_ascii_alphanumeric() || "-._~+/=@".contains(letter);
    text.split(move |letter| !is_token(letter)).filter(|word| word.len() >= 6)
}

fn shortened(text: &str) -> String {
    let count = text.chars().count();
    if count <= 400 {
        return text.to_owned();
    }
    let start: String = text.chars().take(200).collect();
    format!("{start}… ({count} characters)")
}

/// `#` and eight hex digits that stand for a secret.
fn digest(text: &str) -> String {
    let hash = Sha256::digest(text.as_bytes());
    let mut short = "#".to_owned();
    for byte in hash.iter().take(4) {
        let _ = write!(short, "{byte:02x}");
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_token_is_found_within_a_sentence_and_hidden() {
        let secrets = Secrets::new("run1");
        secrets.keep("abc.def-ghi");
        assert!(secrets.are_in("The token abc.def-ghi is old."));
        assert!(!secrets.are_in("The token is old."));
        assert!(!secrets.hidden("The token abc.def-ghi is old.").contains("abc.def-ghi"));
    }

    #[test]
    fn whatever_carries_the_marker_is_a_secret() {
        assert!(Secrets::new("run1").are_in("ann@run1.example is taken"));
    }
}

//! Which keys there are and what they are for: the rule of rotation, and the file that remembers.

use std::time::Duration;

use duologue_domain::Timestamp;
use serde::{Deserialize, Serialize};

/// What is known of one key, all but the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRecord {
    /// Its name, the `kid` of the tokens it signs.
    pub key_id: String,
    /// When it was made, and published.
    pub publish_time: Timestamp,
    /// When it began to sign.
    pub sign_time: Option<Timestamp>,
    /// When the next one took its place.
    pub retire_time: Option<Timestamp>,
}

/// Where in its life a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Known to verifiers, signs nothing yet.
    Published,
    /// Signs.
    Signing,
    /// Signs no more; published while a token that it signed may be alive.
    Retired,
    /// No token that it signed is alive.
    Dead,
}

impl KeyRecord {
    /// A key that is published from now on.
    pub(super) fn new(key_id: String, now: Timestamp) -> Self {
        Self { key_id, publish_time: now, sign_time: None, retire_time: None }
    }

    /// Where in its life the key is, if its last token lives for `last_token` after it stopped signing.
    #[must_use]
    pub fn phase(&self, now: Timestamp, last_token: Duration) -> Phase {
        match (self.sign_time, self.retire_time) {
            (None, None) => Phase::Published,
            (Some(_), None) => Phase::Signing,
            (_, Some(retire_time)) if now < retire_time.plus(last_token) => Phase::Retired,
            (_, Some(_)) => Phase::Dead,
        }
    }
}

/// All keys: one that signs, the next one, and those that have signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) signing: KeyRecord,
    pub(super) next: KeyRecord,
    pub(super) retired: Vec<KeyRecord>,
}

impl Manifest {
    /// The first two keys.
    pub(super) fn first(signing: String, next: String, now: Timestamp) -> Self {
        let signing = KeyRecord { sign_time: Some(now), ..KeyRecord::new(signing, now) };
        Self { signing, next: KeyRecord::new(next, now), retired: Vec::new() }
    }

    /// How much longer the next key must be published before it may sign.
    pub(super) fn wait(&self, now: Timestamp, shortest_publication: Duration) -> Duration {
        shortest_publication.saturating_sub(now.since(self.next.publish_time))
    }

    /// The next key signs, the new one is published, the old one is retired, and dead ones are forgotten.
    pub(super) fn rotate(self, new: String, now: Timestamp, last_token: Duration) -> Self {
        let mut retired = self.retired;
        retired.retain(|key| key.phase(now, last_token) == Phase::Retired);
        retired.push(KeyRecord { retire_time: Some(now), ..self.signing });
        let signing = KeyRecord { sign_time: Some(now), ..self.next };
        Self { signing, next: KeyRecord::new(new, now), retired }
    }

    /// Every key: the one that signs first, then the next one, then the retired.
    pub(super) fn keys(&self) -> impl Iterator<Item = &KeyRecord> {
        [&self.signing, &self.next].into_iter().chain(&self.retired)
    }

    /// The bytes of the file.
    pub(super) fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let keys = self.keys().map(Line::from).collect();
        let mut bytes = serde_json::to_vec_pretty(&File { version: VERSION, keys })?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads the file; `None` if it is not one, or one without exactly one key that signs and exactly one next.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let file: File = serde_json::from_slice(bytes).ok()?;
        if file.version != VERSION {
            return None;
        }
        let (mut signing, mut next, mut retired) = (None, None, Vec::new());
        for key in file.keys.into_iter().map(KeyRecord::from) {
            let taken = match (key.sign_time, key.retire_time) {
                (None, None) => next.replace(key),
                (Some(_), None) => signing.replace(key),
                (_, Some(_)) => {
                    retired.push(key);
                    None
                }
            };
            if taken.is_some() {
                return None;
            }
        }
        Some(Self { signing: signing?, next: next?, retired })
    }
}

/// The version of the file's layout.
const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    keys: Vec<Line>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    key_id: String,
    publish_time_unix_micros: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sign_time_unix_micros: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    retire_time_unix_micros: Option<i64>,
}

impl From<&KeyRecord> for Line {
    fn from(key: &KeyRecord) -> Self {
        Self {
            key_id: key.key_id.clone(),
            publish_time_unix_micros: key.publish_time.unix_micros(),
            sign_time_unix_micros: key.sign_time.map(Timestamp::unix_micros),
            retire_time_unix_micros: key.retire_time.map(Timestamp::unix_micros),
        }
    }
}

impl From<Line> for KeyRecord {
    fn from(line: Line) -> Self {
        Self {
            key_id: line.key_id,
            publish_time: Timestamp::from_unix_micros(line.publish_time_unix_micros),
            sign_time: line.sign_time_unix_micros.map(Timestamp::from_unix_micros),
            retire_time: line.retire_time_unix_micros.map(Timestamp::from_unix_micros),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAST_TOKEN: Duration = Duration::from_mins(20);

    fn minute(minute: i64) -> Timestamp {
        Timestamp::from_unix_millis(minute * 60_000)
    }

    /// The keys `a` and `b`, then rotations at minute 60 (to `c`), 70 (to `d`) and 200 (to `e`).
    fn history() -> Vec<(i64, Manifest)> {
        let mut manifests = vec![(0, Manifest::first("a".to_owned(), "b".to_owned(), minute(0)))];
        for (at, new) in [(60, "c"), (70, "d"), (200, "e")] {
            let last = manifests.last().unwrap().1.clone();
            manifests.push((at, last.rotate(new.to_owned(), minute(at), LAST_TOKEN)));
        }
        manifests
    }

    #[test]
    fn a_key_is_published_then_signs_then_retires_then_dies() {
        let table = [
            (0, "a: Signing, b: Published"),
            (59, "a: Signing, b: Published"),
            (60, "b: Signing, c: Published, a: Retired"),
            (70, "c: Signing, d: Published, a: Retired, b: Retired"),
            (79, "c: Signing, d: Published, a: Retired, b: Retired"),
            (80, "c: Signing, d: Published, a: Dead, b: Retired"),
            (89, "c: Signing, d: Published, a: Dead, b: Retired"),
            (90, "c: Signing, d: Published, a: Dead, b: Dead"),
            (199, "c: Signing, d: Published, a: Dead, b: Dead"),
            (200, "d: Signing, e: Published, c: Retired"),
            (220, "d: Signing, e: Published, c: Dead"),
        ];
        let history = history();
        for (at, expected) in table {
            let (_, manifest) = history.iter().rfind(|(since, _)| *since <= at).unwrap();
            let phases: Vec<_> = manifest
                .keys()
                .map(|key| format!("{}: {:?}", key.key_id, key.phase(minute(at), LAST_TOKEN)))
                .collect();
            assert_eq!(phases.join(", "), expected, "minute {at}");
        }
    }

    #[test]
    fn a_key_dies_exactly_when_its_last_token_has_died() {
        let (_, manifest) = &history()[1];
        let (retired, end) = (&manifest.retired[0], minute(80).unix_micros());
        assert_eq!(retired.phase(Timestamp::from_unix_micros(end - 1), LAST_TOKEN), Phase::Retired);
        assert_eq!(retired.phase(Timestamp::from_unix_micros(end), LAST_TOKEN), Phase::Dead);
    }

    #[test]
    fn the_next_key_waits_until_it_has_been_published_long_enough() {
        let manifest = Manifest::first("a".to_owned(), "b".to_owned(), minute(10));
        for (at, wait) in [(9, 5), (10, 5), (12, 3), (15, 0), (99, 0)] {
            let found = manifest.wait(minute(at), Duration::from_mins(5));
            assert_eq!(found, Duration::from_mins(wait), "minute {at}");
        }
    }

    #[test]
    fn a_manifest_reads_as_it_was_written_and_nothing_else_reads() {
        for (_, manifest) in history() {
            assert_eq!(Manifest::from_bytes(&manifest.to_bytes().unwrap()), Some(manifest));
        }
        let good = r#"{"version":1,"keys":[{"key_id":"a","publish_time_unix_micros":0,"sign_time_unix_micros":0},
            {"key_id":"b","publish_time_unix_micros":0}]}"#;
        assert!(Manifest::from_bytes(good.as_bytes()).is_some());
        for (from, to) in [
            (r#""version":1"#, r#""version":2"#),
            (r#","sign_time_unix_micros":0"#, ""),
            (r#""key_id":"b","#, r#""key_id":"b","sign_time_unix_micros":1,"#),
            (r#""key_id":"b","#, r#""key_id":"b","retire_time_unix_micros":1,"#),
            (r#""key_id":"b","#, r#""key_id":"b","revoked":true,"#),
            (r#""key_id":"b","#, ""),
            ("]", r#",{"key_id":"c","publish_time_unix_micros":0}]"#),
            ("]", r#",{"key_id":"c","publish_time_unix_micros":0,"sign_time_unix_micros":0}]"#),
        ] {
            let text = good.replacen(from, to, 1);
            assert_ne!(text, good);
            assert_eq!(Manifest::from_bytes(text.as_bytes()), None, "{text}");
        }
    }
}

//! The keys that a verifier knows, and when it asks for them again.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use duologue_domain::Timestamp;
use duologue_domain::auth::{InvalidAccessToken, PublicKey};
use parking_lot::RwLock;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::{KeySource, VerifierSettings};

/// Keys of a source, remembered for a while if asking costs anything.
pub(super) struct KnownKeys {
    source: Arc<dyn KeySource>,
    refetch_interval: Duration,
    fresh_for: Duration,
    usable_for: Duration,
    state: RwLock<State>,
    /// Held by whoever asks, so that one question is asked at a time.
    asking: Mutex<()>,
}

#[derive(Default, Clone)]
struct State {
    /// What was told last, and when.
    told: Option<(Arc<[PublicKey]>, Timestamp)>,
    /// When the source was asked last, and whether it told.
    asked: Option<(Timestamp, Outcome)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Told,
    Failed,
}

/// What is known of a name.
enum Knowledge {
    /// The key, told not long ago.
    Fresh(PublicKey),
    /// The key, told long ago: usable, but time to ask again.
    Old(PublicKey),
    /// No such key was told.
    Unknown,
    /// Nothing was told that would still count.
    Nothing,
}

impl KnownKeys {
    pub(super) fn new(source: Arc<dyn KeySource>, settings: &VerifierSettings) -> Self {
        Self {
            source,
            refetch_interval: settings.refetch_interval,
            fresh_for: settings.keys_fresh_for,
            usable_for: settings.keys_usable_for,
            state: RwLock::default(),
            asking: Mutex::new(()),
        }
    }

    /// The published key of this name, if there is one.
    pub(super) async fn find(
        self: &Arc<Self>,
        key_id: &str,
        now: Timestamp,
    ) -> Result<Option<PublicKey>, InvalidAccessToken> {
        if let Some(keys) = self.source.at_hand() {
            return Ok(named(&keys, key_id));
        }
        match self.look_up(key_id, now) {
            Knowledge::Fresh(key) => Ok(Some(key)),
            Knowledge::Old(key) => {
                if self.is_due(now) && !self.is_asking() {
                    // Nobody waits for it; a failure is logged.
                    drop(self.ask(now));
                }
                Ok(Some(key))
            }
            Knowledge::Unknown | Knowledge::Nothing => {
                if self.is_due(now) || self.is_asking() {
                    self.ask(now).await.map_err(|_| InvalidAccessToken::KeysUnavailable)?;
                }
                match self.look_up(key_id, now) {
                    Knowledge::Fresh(key) | Knowledge::Old(key) => Ok(Some(key)),
                    Knowledge::Unknown if self.last_outcome() == Some(Outcome::Told) => Ok(None),
                    // It may be a new key that we could not learn of.
                    Knowledge::Unknown | Knowledge::Nothing => Err(InvalidAccessToken::KeysUnavailable),
                }
            }
        }
    }

    fn look_up(&self, key_id: &str, now: Timestamp) -> Knowledge {
        let state = self.state.read();
        let Some((keys, told_time)) = &state.told else { return Knowledge::Nothing };
        let age = now.since(*told_time);
        if age >= self.usable_for {
            return Knowledge::Nothing;
        }
        match named(keys, key_id) {
            Some(key) if age < self.fresh_for => Knowledge::Fresh(key),
            Some(key) => Knowledge::Old(key),
            None => Knowledge::Unknown,
        }
    }

    fn last_outcome(&self) -> Option<Outcome> {
        self.state.read().asked.map(|(_, outcome)| outcome)
    }

    /// Whether the source was not asked for a while; a clock that went far back counts as one.
    fn is_due(&self, now: Timestamp) -> bool {
        let asked = self.state.read().asked;
        asked.is_none_or(|(asked_time, _)| {
            now.since(asked_time).max(asked_time.since(now)) >= self.refetch_interval
        })
    }

    fn is_asking(&self) -> bool {
        self.asking.try_lock().is_err()
    }

    /// Asks the source, or waits for the answer that somebody else is waiting for.
    ///
    /// In a task of its own: a client that goes away meanwhile does not take the answer from the others.
    fn ask(self: &Arc<Self>, now: Timestamp) -> JoinHandle<()> {
        let known = Arc::clone(self);
        tokio::spawn(async move {
            let _asking = known.asking.lock().await;
            if !known.is_due(now) {
                return;
            }
            known.state.write().asked = Some((now, Outcome::Failed));
            match known.source.keys().await {
                Ok(keys) => {
                    *known.state.write() =
                        State { told: Some((keys, now)), asked: Some((now, Outcome::Told)) };
                }
                Err(error) => {
                    tracing::warn!(error = &error as &dyn Error, "the published keys cannot be had");
                }
            }
        })
    }
}

fn named(keys: &[PublicKey], key_id: &str) -> Option<PublicKey> {
    keys.iter().find(|key| key.key_id == key_id).cloned()
}

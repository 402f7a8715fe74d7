//! The wake-ups that wait to be sent: for each topic the highest position.

use std::collections::HashMap;

use duologue_domain::wakeup::Topic;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// How many topics can wait to be sent: a few megabytes.
pub const GATHERED: usize = 65_536;

/// Topics, and the highest position published of each.
pub(crate) type News = HashMap<Topic, i64>;

#[derive(Debug, Default)]
pub(crate) struct Gathered {
    state: Mutex<State>,
    some: Notify,
}

#[derive(Debug, Default)]
struct State {
    news: News,
    /// Nobody will take anything any more.
    closed: bool,
}

impl Gathered {
    /// Adds a wake-up; tells whether there was room.
    pub(crate) fn add(&self, topic: Topic, position: i64) -> bool {
        let mut state = self.state.lock();
        if state.closed {
            return true;
        }
        if let Some(highest) = state.news.get_mut(&topic) {
            *highest = position.max(*highest);
            return true;
        }
        if state.news.len() >= GATHERED {
            return false;
        }
        state.news.insert(topic, position);
        drop(state);
        self.some.notify_one();
        true
    }

    /// Takes all there is. Waits while there is nothing; gives `None` once that cannot change.
    pub(crate) async fn take(&self) -> Option<News> {
        loop {
            {
                let mut state = self.state.lock();
                if !state.news.is_empty() {
                    return Some(std::mem::take(&mut state.news));
                }
                if state.closed {
                    return None;
                }
            }
            self.some.notified().await;
        }
    }

    /// Takes nothing more in. What is there can still be taken.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.some.notify_one();
    }
}

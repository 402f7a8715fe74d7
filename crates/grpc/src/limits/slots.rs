//! How many streams each user has open.

use std::collections::HashMap;
use std::sync::Arc;

use duologue_contract::errors::Reason;
use duologue_domain::id::UserId;
use parking_lot::Mutex;

use crate::status::Refusal;

/// Counts the open streams of each user.
#[derive(Debug, Clone)]
pub(crate) struct Slots {
    open: Arc<Mutex<HashMap<UserId, usize>>>,
    limit: usize,
}

/// One open stream, counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Slots,
    user_id: UserId,
}

impl Slots {
    pub(crate) fn new(limit: usize) -> Self {
        Self { open: Arc::default(), limit }
    }

    /// Counts one more stream of the user, unless there are as many as may be.
    pub(crate) fn take(&self, user_id: UserId) -> Result<Slot, Refusal> {
        let mut open = self.open.lock();
        let count = open.get(&user_id).copied().unwrap_or(0);
        if count >= self.limit {
            let status = Reason::TooManyStreams.status("the user has too many streams open");
            return Err(Refusal::with(status));
        }
        open.insert(user_id, count + 1);
        Ok(Slot { slots: self.clone(), user_id })
    }

    /// How many streams are open, of all users.
    pub(crate) fn open(&self) -> usize {
        self.open.lock().values().sum()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.slots.open.lock();
        match open.get_mut(&self.user_id) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                open.remove(&self.user_id);
            }
        }
    }
}

//! State that changes in atomic operations, with a turn for everybody else before and after each.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use duologue_domain::StorageError;
use parking_lot::Mutex;

use super::schedule::yield_once;

/// How an operation fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing was done.
    Refused,
    /// It was done, and the answer was lost.
    AnswerLost,
}

/// Which operation fails, if any; shared by all stores of a test.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    operations: AtomicUsize,
    planned: Mutex<Option<(usize, Fault)>>,
}

impl Faults {
    /// Operation number `at` from now on, counted from zero, fails; those after it work again.
    pub(crate) fn plan(&self, at: usize, fault: Fault) {
        *self.planned.lock() = Some((self.operations() + at, fault));
    }

    /// How many operations there were.
    pub(crate) fn operations(&self) -> usize {
        self.operations.load(Ordering::Relaxed)
    }

    fn strike(&self) -> Option<Fault> {
        let number = self.operations.fetch_add(1, Ordering::Relaxed);
        let mut planned = self.planned.lock();
        planned.take_if(|(at, _)| *at == number).map(|(_, fault)| fault)
    }
}

/// The state of a store.
#[derive(Debug, Default)]
pub(crate) struct Table<S> {
    state: Mutex<S>,
    pub(crate) faults: Arc<Faults>,
}

impl<S: Default> Table<S> {
    pub(crate) fn with_faults(faults: &Arc<Faults>) -> Self {
        Self { state: Mutex::default(), faults: faults.clone() }
    }

    /// One atomic operation of the store.
    pub(crate) async fn atomically<T>(&self, operation: impl FnOnce(&mut S) -> T) -> Result<T, StorageError> {
        yield_once().await;
        let fault = self.faults.strike();
        if fault == Some(Fault::Refused) {
            return Err(StorageError::Unavailable("planned".into()));
        }
        let outcome = operation(&mut self.state.lock());
        yield_once().await;
        if fault == Some(Fault::AnswerLost) {
            return Err(StorageError::Unavailable("planned".into()));
        }
        Ok(outcome)
    }

    /// What a test does behind the back of the domain: at once, without a turn for anybody.
    pub(crate) fn behind<T>(&self, operation: impl FnOnce(&mut S) -> T) -> T {
        operation(&mut self.state.lock())
    }
}

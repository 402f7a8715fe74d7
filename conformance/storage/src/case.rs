//! A case: one promise, and how it is put to the test.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use futures::future::LocalBoxFuture;
use tokio::runtime::Builder;
use tokio::time::timeout;

use crate::fixture::{Fixture, Storage};

/// After this a case is stuck. Nothing else is measured by time.
const DEADLINE: Duration = Duration::from_mins(5);

/// Contenders have threads of their own; these are for what adapters do in the background.
const WORKERS: usize = 2;

/// One promise of a storage trait, and how it is put to the test.
#[derive(Clone, Copy)]
pub struct Case {
    context: &'static str,
    name: &'static str,
    run: for<'a> fn(&'a Storage) -> LocalBoxFuture<'a, ()>,
}

/// How an adapter broke a promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation(String);

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Case {
    pub(crate) const fn new(
        context: &'static str,
        name: &'static str,
        run: for<'a> fn(&'a Storage) -> LocalBoxFuture<'a, ()>,
    ) -> Self {
        Self { context, name, run }
    }

    /// The context that the promise belongs to.
    #[must_use]
    pub fn context(&self) -> &'static str {
        self.context
    }

    /// The promise, as a claim.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Puts the promise to the test, on a fresh storage and a runtime of its own.
    ///
    /// # Panics
    /// If the adapter breaks the promise, and inside an asynchronous runtime.
    pub fn prove(&self, fixture: &dyn Fixture) {
        let runtime = Builder::new_multi_thread()
            .worker_threads(WORKERS)
            .enable_all()
            .build()
            .expect("threads can be had");
        let proved = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async {
                let storage = fixture.create().await;
                timeout(DEADLINE, (self.run)(&storage)).await
            })
        }));
        // Whatever still runs is not waited for: it may have been what got stuck.
        runtime.shutdown_background();
        let proved = proved.unwrap_or_else(|panic| resume_unwind(panic));
        assert!(proved.is_ok(), "the case did not come to an end within {} s", DEADLINE.as_secs());
    }

    /// Puts the promise to the test, and tells how it was broken instead of panicking.
    pub fn verdict(&self, fixture: &dyn Fixture) -> Result<(), Violation> {
        catch_unwind(AssertUnwindSafe(|| self.prove(fixture))).map_err(|panic| Violation(message(&*panic)))
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}::{}", self.context, self.name)
    }
}

/// What a panic said.
fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("a panic without words").to_owned()
}

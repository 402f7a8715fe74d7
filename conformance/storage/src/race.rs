//! Races: contenders that leave a barrier together.

use std::cell::Cell;
use std::future::Future;
use std::hint::spin_loop;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use futures::future::{BoxFuture, FutureExt as _, join_all};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

/// Two miss half of the bugs in a round; beyond four nothing is gained.
pub(crate) const CONTENDERS: usize = 4;

/// How often a race is run: one run in which nothing happened proves little.
pub(crate) const ROUNDS: usize = 30;

/// How long to wait for the last contender before leaving without it.
const PATIENCE: usize = 100_000;

thread_local! {
    /// Whether the next race of the case on this thread is run in turns.
    static TURNS: Cell<bool> = const { Cell::new(true) };
}

/// Something that contends.
pub(crate) type Contender<T> = BoxFuture<'static, T>;

/// A contender, so that different ones fit into one list.
pub(crate) fn contender<T>(operation: impl Future<Output = T> + Send + 'static) -> Contender<T> {
    operation.boxed()
}

/// Runs all of them at once, and tells what they came to, in the order given.
///
/// Every other time they share a thread and take turns at every await point, which finds what is looked up before it
/// is locked; in between each has a thread of its own, which finds what is not locked at all.
pub(crate) async fn at_once<T: Send + 'static>(contenders: impl IntoIterator<Item = Contender<T>>) -> Vec<T> {
    if TURNS.replace(!TURNS.get()) { join_all(contenders).await } else { side_by_side(contenders).await }
}

/// Runs all of them at once, each on a thread of its own, and tells what they came to, in the order given.
pub(crate) async fn side_by_side<T: Send + 'static>(
    contenders: impl IntoIterator<Item = Contender<T>>,
) -> Vec<T> {
    let contenders: Vec<_> = contenders.into_iter().collect();
    let count = contenders.len();
    let (barrier, ready) = (Arc::new(Barrier::new(count)), Arc::new(AtomicUsize::new(0)));
    let running: Vec<_> = contenders
        .into_iter()
        .map(|contender| {
            let (barrier, ready, runtime) = (barrier.clone(), ready.clone(), Handle::current());
            spawn_blocking(move || {
                barrier.wait();
                // The barrier wakes one after the other: wait, busily, until all of them run.
                ready.fetch_add(1, Ordering::AcqRel);
                for _ in 0..PATIENCE {
                    if ready.load(Ordering::Acquire) == count {
                        break;
                    }
                    spin_loop();
                }
                runtime.block_on(contender)
            })
        })
        .collect();
    let mut outcomes = Vec::with_capacity(count);
    for contender in running {
        match contender.await {
            Ok(outcome) => outcomes.push(outcome),
            Err(stopped) => resume_unwind(stopped.into_panic()),
        }
    }
    outcomes
}

/// How many of the outcomes are of a kind.
pub(crate) fn count<T>(outcomes: &[T], is: impl Fn(&T) -> bool) -> usize {
    outcomes.iter().filter(|outcome| is(outcome)).count()
}

//! Races: contenders that leave a barrier together.

use std::future::Future;
use std::hint::spin_loop;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::{BoxFuture, FutureExt as _};
use tokio::sync::Barrier;

/// Two miss half of the bugs in a round; beyond four nothing is gained.
pub(crate) const CONTENDERS: usize = 4;

/// How often a race is run: one run in which nothing happened proves little.
pub(crate) const ROUNDS: usize = 30;

/// How long to wait for the last contender before leaving without it.
const PATIENCE: usize = 10_000;

/// Something that contends.
pub(crate) type Contender<T> = BoxFuture<'static, T>;

/// A contender, so that different ones fit into one list.
pub(crate) fn contender<T>(operation: impl Future<Output = T> + Send + 'static) -> Contender<T> {
    operation.boxed()
}

/// Runs all of them at once, and tells what they came to, in the order given.
pub(crate) async fn at_once<T: Send + 'static>(contenders: impl IntoIterator<Item = Contender<T>>) -> Vec<T> {
    let contenders: Vec<_> = contenders.into_iter().collect();
    let count = contenders.len();
    let (barrier, ready) = (Arc::new(Barrier::new(count)), Arc::new(AtomicUsize::new(0)));
    let running: Vec<_> = contenders
        .into_iter()
        .map(|contender| {
            let (barrier, ready) = (barrier.clone(), ready.clone());
            tokio::spawn(async move {
                barrier.wait().await;
                // The barrier wakes one after the other: wait, busily, until all of them run.
                ready.fetch_add(1, Ordering::AcqRel);
                for _ in 0..PATIENCE {
                    if ready.load(Ordering::Acquire) == count {
                        break;
                    }
                    spin_loop();
                }
                contender.await
            })
        })
        .collect();
    let mut outcomes = Vec::with_capacity(count);
    for contender in running {
        outcomes.push(contender.await.expect("a contender panicked"));
    }
    outcomes
}

/// How many of the outcomes are of a kind.
pub(crate) fn count<T>(outcomes: &[T], is: impl Fn(&T) -> bool) -> usize {
    outcomes.iter().filter(|outcome| is(outcome)).count()
}

//! Races: contenders that start together, again and again.

use std::sync::Arc;
use std::time::Instant;

use futures::future::BoxFuture;
use tokio::sync::Barrier;

use crate::check::linear::Operation;
use crate::door::{Call, Envelope};
use crate::world::{CallResult, World};

/// Two contenders miss half of the bugs in a round; beyond four nothing is gained.
pub const CONTENDERS: usize = 4;

/// Rounds of each race.
pub const ROUNDS: usize = 30;

/// A contender: a call in the making.
pub type Contender<T> = BoxFuture<'static, T>;

/// Starts all contenders from one barrier and answers, in their order, what each came to and when.
///
/// A contender that panicked or was cancelled is left out.
pub async fn race<T: Send + 'static>(contenders: Vec<Contender<T>>) -> Vec<Operation<T>> {
    let barrier = Arc::new(Barrier::new(contenders.len()));
    let mut running = Vec::new();
    for contender in contenders {
        let barrier = Arc::clone(&barrier);
        running.push(tokio::spawn(async move {
            barrier.wait().await;
            let began = Instant::now();
            let what = contender.await;
            Operation { began, ended: Instant::now(), what }
        }));
    }
    futures::future::join_all(running).await.into_iter().filter_map(Result::ok).collect()
}

impl World {
    /// Makes these calls at once and answers, in their order, what each came to and when.
    pub async fn race<T: Call>(&self, calls: Vec<(Envelope, T)>) -> Vec<Operation<CallResult<T::Reply>>> {
        let contender = |(envelope, request): (Envelope, T)| {
            let world = self.clone();
            Box::pin(async move { world.call(envelope, &request).await }) as Contender<_>
        };
        race(calls.into_iter().map(contender).collect()).await
    }
}

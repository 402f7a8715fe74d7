//! Futures that are dropped before they complete, as servers drop them when a client leaves.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// How often each operation is cancelled at each of its await points.
const ROUNDS: usize = 30;

/// When a future is dropped.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cancellation {
    /// After how many polls.
    polls: usize,
    moment: Moment,
}

#[derive(Debug, Clone, Copy)]
enum Moment {
    /// As soon as it waits, with whatever it waits for on its way.
    AtOnce,
    /// When what it waits for is there, and has not been taken.
    WhenWoken,
}

impl Cancellation {
    /// Polls the operation, and drops it when it is time. Tells what it came to, if it was quicker.
    pub(crate) async fn cut<T>(self, operation: impl Future<Output = T>) -> Option<T> {
        let mut operation = pin!(operation);
        let mut left = self.polls;
        poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(None);
            }
            left -= 1;
            match operation.as_mut().poll(context) {
                Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
                Poll::Pending if left == 0 && matches!(self.moment, Moment::AtOnce) => Poll::Ready(None),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

/// Makes attempts with an operation that is dropped after no poll, one, two … until an attempt says that its
/// operation completed; and all that many times over, because what waits where is different each time.
///
/// An adapter may finish in the background what it began. So an attempt does the operation again, which settles
/// what the first became, and only then looks.
pub(crate) async fn at_every_await_point(mut attempt: impl AsyncFnMut(Cancellation) -> bool) {
    for round in 0..ROUNDS {
        let moment = if round % 2 == 0 { Moment::AtOnce } else { Moment::WhenWoken };
        let mut polls = 0;
        while !attempt(Cancellation { polls, moment }).await {
            polls += 1;
        }
    }
}

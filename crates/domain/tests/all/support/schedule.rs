//! Chance from a seed, and futures polled in an order that it draws.

use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// Numbers that look random and follow from a seed (`SplitMix64`).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.roll() % bound as u64).unwrap()
    }

    pub(crate) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }
}

/// Lets everybody else have a turn.
pub(crate) async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

pub(crate) type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Runs futures at once, each step of one that chance picks, and returns their outcomes in the given order.
pub(crate) fn interleave<T>(dice: &mut Dice, mut futures: Vec<Boxed<'_, T>>) -> Vec<T> {
    let mut outcomes: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    let mut running: Vec<usize> = (0..futures.len()).collect();
    for _ in 0..100_000 {
        if running.is_empty() {
            return outcomes.into_iter().flatten().collect();
        }
        let turn = dice.below(running.len());
        let index = running[turn];
        if let Poll::Ready(outcome) = poll_once(futures[index].as_mut()) {
            outcomes[index] = Some(outcome);
            running.swap_remove(turn);
        }
    }
    panic!("futures that never end: {running:?}");
}

/// Polls a future once, whether it was woken or not.
pub(crate) fn poll_once<T>(future: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Poll<T> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Polls a future a number of times, then drops it: a crash, or a client that left.
pub(crate) fn drop_after<T>(polls: usize, future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    for _ in 0..polls {
        if let Poll::Ready(outcome) = poll_once(future.as_mut()) {
            return Some(outcome);
        }
    }
    None
}

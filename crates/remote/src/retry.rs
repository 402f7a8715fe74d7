//! Calls that are made again, and how often that may be.

use std::sync::Arc;
use std::time::Duration;

use tonic::Status;
use tower::retry::budget::{Budget as _, TpsBudget};

use crate::failure::Outcome;

/// How often a call is made at most.
const ATTEMPTS: usize = 3;

/// For how long a call counts towards the budget.
const MEMORY: Duration = Duration::from_secs(10);

/// Retries a second that are allowed however few calls there are.
const RESERVE: u32 = 10;

/// What share of calls may be made again.
const SHARE: f32 = 0.2;

/// Limits retries to a fifth of the calls, and ten a second: a service that is down is not buried under them.
#[derive(Debug, Clone)]
pub struct RetryBudget(Arc<TpsBudget>);

impl RetryBudget {
    /// A full budget. Clones share it.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(TpsBudget::new(MEMORY, RESERVE, SHARE)))
    }
}

impl Default for RetryBudget {
    fn default() -> Self {
        Self::new()
    }
}

/// Whether a call may be made again although it may have been carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeatable {
    /// It may: it reads, or a repetition changes nothing.
    Yes,
    /// It may only if nobody has heard of it.
    IfUnheard,
}

/// Calls until there is an answer, or another call could do harm, or the budget is spent.
pub(crate) async fn retry<Out, Called>(
    budget: &RetryBudget,
    repeatable: Repeatable,
    mut call: impl FnMut() -> Called,
) -> Result<Out, Status>
where
    Called: Future<Output = Result<Out, Status>>,
{
    budget.0.deposit();
    let mut attempt = 1;
    loop {
        let status = match call().await {
            Ok(out) => return Ok(out),
            Err(status) => status,
        };
        let outcome = Outcome::of(&status);
        let is_harmless = match outcome {
            Outcome::Answered | Outcome::TimedOut => false,
            Outcome::NotSent => true,
            Outcome::Lost => repeatable == Repeatable::Yes,
        };
        if !is_harmless || attempt == ATTEMPTS || !budget.0.withdraw() {
            return Err(outcome.status(status));
        }
        attempt += 1;
        metrics::counter!("duologue_remote_retries_total").increment(1);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use duologue_contract::errors::Reason;
    use tonic::{Code, ConnectError};

    use super::*;

    fn refused() -> Status {
        Status::from_error(Box::new(ConnectError("refused".into())))
    }

    async fn attempts(
        budget: &RetryBudget,
        repeatable: Repeatable,
        status: impl Fn() -> Status,
    ) -> (usize, Code) {
        let count = Cell::new(0);
        let outcome: Result<(), Status> = retry(budget, repeatable, || {
            count.set(count.get() + 1);
            let status = status();
            async move { Err(status) }
        })
        .await;
        (count.get(), outcome.expect_err("it always fails").code())
    }

    #[tokio::test]
    async fn only_what_can_do_no_harm_is_called_again() {
        let budget = RetryBudget::new();
        let lost = || Status::unknown("broken pipe");
        assert_eq!(attempts(&budget, Repeatable::Yes, lost).await, (3, Code::Unavailable));
        assert_eq!(attempts(&budget, Repeatable::IfUnheard, lost).await, (1, Code::Unavailable));
        assert_eq!(attempts(&budget, Repeatable::IfUnheard, refused).await, (3, Code::Unavailable));
        let answered = || Reason::StorageUnavailable.status("the storage is not available");
        assert_eq!(attempts(&budget, Repeatable::Yes, answered).await, (1, Code::Unavailable));
        let theirs = || Reason::InvalidField.status("bad");
        assert_eq!(attempts(&budget, Repeatable::Yes, theirs).await, (1, Code::InvalidArgument));
    }

    #[tokio::test(start_paused = true)]
    async fn a_spent_budget_ends_retries_and_fills_up_again() {
        let budget = RetryBudget::new();
        let mut calls = 0;
        for _ in 0..1_000 {
            calls += attempts(&budget, Repeatable::Yes, refused).await.0;
        }
        assert!((1_200..1_400).contains(&calls), "{calls} calls for 1,000: a fifth and the reserve");
        tokio::time::advance(Duration::from_secs(20)).await;
        assert_eq!(attempts(&budget, Repeatable::Yes, refused).await.0, 3);
    }
}

//! What a status says of the call: that the service answered, or that it did not.

use std::error::Error;
use std::time::Duration;

use duologue_contract::errors::{Reason, reason_of};
use tonic::{ConnectError, Status, TimeoutExpired};

/// How long a client is to wait before it calls a service again that did not answer.
const WAIT: Duration = Duration::from_secs(1);

/// What became of a call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The service answered, with an error of its own.
    Answered,
    /// The call never left: nobody has heard of it.
    NotSent,
    /// The call left, and no answer came: it may have been carried out.
    Lost,
    /// The time was over.
    TimedOut,
}

impl Outcome {
    pub(crate) fn of(status: &Status) -> Self {
        if reason_of(status).is_some() {
            return Self::Answered;
        }
        let mut source = status.source();
        while let Some(error) = source {
            if error.is::<TimeoutExpired>() {
                return Self::TimedOut;
            }
            let is_refused = error.is::<ConnectError>()
                || error.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled);
            if is_refused {
                return Self::NotSent;
            }
            source = error.source();
        }
        Self::Lost
    }

    /// The status for a client, in the contract's words.
    pub(crate) fn status(self, status: Status) -> Status {
        match self {
            Self::Answered => status,
            Self::TimedOut => Reason::DeadlineExceeded.status("the deadline passed"),
            Self::NotSent | Self::Lost => unavailable(&status),
        }
    }
}

/// What a client is told when no replica answers. What there was instead of an answer is logged.
pub(crate) fn unavailable(status: &Status) -> Status {
    tracing::warn!(error = status as &dyn Error, "a service does not answer");
    Reason::DependencyUnavailable
        .error("a service that is needed is not available")
        .retry_after(WAIT)
        .status()
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    #[test]
    fn an_error_with_a_reason_is_an_answer_and_nothing_else_is() {
        let answered = Reason::Internal.status("something went wrong on our side");
        assert_eq!(Outcome::of(&answered), Outcome::Answered);
        assert_eq!(Outcome::Answered.status(answered).code(), Code::Internal);

        let refused = Status::from_error(Box::new(ConnectError("refused".into())));
        assert_eq!(Outcome::of(&refused), Outcome::NotSent);
        let late = Status::from_error(Box::new(TimeoutExpired(())));
        assert_eq!(Outcome::of(&late), Outcome::TimedOut);
        assert_eq!(Outcome::TimedOut.status(late).code(), Code::DeadlineExceeded);
        let broken = Status::unknown("h2 protocol error: 10.0.0.7 went away");
        assert_eq!(Outcome::of(&broken), Outcome::Lost);
        let told = Outcome::Lost.status(broken);
        assert_eq!(told.code(), Code::Unavailable);
        assert_eq!(reason_of(&told), Some(Reason::DependencyUnavailable));
        assert!(!told.message().contains("10.0.0.7"));
    }
}

//! From a failure to a status: the one place where the domain's words become the wire's.

use std::collections::HashMap;
use std::time::Duration;

use duologue_contract::errors::{DOMAIN, Reason};
use duologue_domain::{Failure, Kind};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// What a client is told of our own faults: that there was one.
const OUR_FAULT: &str = "something went wrong on our side";

/// A call that was refused, with the status that says why.
///
/// Made from any [`Failure`] by `?`, so that a binding reads like the use case that it calls.
#[derive(Debug)]
pub(crate) struct Refusal(Box<Status>);

impl Refusal {
    pub(crate) fn with(status: Status) -> Self {
        Self(Box::new(status))
    }

    pub(crate) fn into_status(self) -> Status {
        *self.0
    }

    pub(crate) fn code(&self) -> Code {
        self.0.code()
    }

    /// A bug of ours. What it was is logged by whoever noticed it.
    pub(crate) fn internal() -> Self {
        Self::with(Reason::Internal.status(OUR_FAULT))
    }

    pub(crate) fn draining() -> Self {
        let wait = Duration::from_secs(1);
        Self::with(
            Reason::Draining.error("the server is leaving; another one answers").retry_after(wait).status(),
        )
    }

    pub(crate) fn deadline_exceeded() -> Self {
        Self::with(Reason::DeadlineExceeded.status("the deadline passed"))
    }
}

impl<F: Failure> From<F> for Refusal {
    fn from(failure: F) -> Self {
        Self::with(status_of(&failure))
    }
}

/// The status that tells a client of a failure.
///
/// It carries the reason, every field at fault and what helps to go on. What is our fault is logged with its whole
/// chain, and the client learns only that it was.
#[must_use]
pub fn status_of(failure: &dyn Failure) -> Status {
    let description = failure.describe();
    let mut details = ErrorDetails::new();
    let metadata: HashMap<String, String> =
        description.metadata.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    details.set_error_info(description.reason.as_str(), DOMAIN, metadata);
    for violation in description.violations {
        details.add_bad_request_violation(violation.field, violation.description);
    }
    if description.retry_after.is_some() {
        details.set_retry_info(description.retry_after);
    }
    let code = code(description.kind);
    let message = match description.kind {
        Kind::Internal => {
            tracing::error!(error = %Chain(failure), "a call failed by our fault");
            OUR_FAULT.to_owned()
        }
        Kind::Unavailable => {
            tracing::warn!(error = %Chain(failure), "a dependency is not available");
            failure.to_string()
        }
        _ => failure.to_string(),
    };
    Status::with_error_details(code, message, details)
}

const fn code(kind: Kind) -> Code {
    match kind {
        Kind::InvalidArgument => Code::InvalidArgument,
        Kind::Unauthenticated => Code::Unauthenticated,
        Kind::PermissionDenied => Code::PermissionDenied,
        Kind::NotFound => Code::NotFound,
        Kind::AlreadyExists => Code::AlreadyExists,
        Kind::ResourceExhausted => Code::ResourceExhausted,
        Kind::OutOfRange => Code::OutOfRange,
        Kind::DataLoss => Code::DataLoss,
        Kind::Unavailable => Code::Unavailable,
        Kind::Internal => Code::Internal,
    }
}

/// An error and everything that led to it.
struct Chain<'a>(&'a dyn Failure);

impl std::fmt::Display for Chain<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(formatter, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use duologue_contract::errors::reason_of;
    use duologue_domain::auth::HasherBusy;
    use duologue_domain::auth::error as auth;
    use duologue_domain::chat::error as chat;
    use duologue_domain::error::{FieldError, NotYours};
    use duologue_domain::id::{ChatId, InvalidId};
    use duologue_domain::notification::error as notification;
    use duologue_domain::page::InvalidCursor;
    use duologue_domain::social::error as social;
    use duologue_domain::user::error as user;
    use duologue_domain::{InvalidFields, StorageError};

    use super::*;

    /// The first reason that only the gateway gives.
    const FIRST_OF_REST: i32 = Reason::RouteUnknown as i32;

    #[test]
    fn domain_and_contract_spell_the_same_reasons() {
        for reason in duologue_domain::Reason::ALL {
            assert!(Reason::from_name(reason.as_str()).is_some(), "{reason} is not in the contract");
        }
        for reason in Reason::all().filter(|reason| (*reason as i32) < FIRST_OF_REST) {
            let known = duologue_domain::Reason::ALL.iter().any(|known| known.as_str() == reason.name());
            assert!(known, "{} is not in the domain", reason.name());
        }
    }

    fn failures() -> Vec<Box<dyn Failure>> {
        let id: ChatId = "0190a0b1-c2d3-7e4f-8a5b-6c7d8e9f0a1b".parse().expect("an id");
        let request: duologue_domain::id::RequestId =
            "0190a0b1-c2d3-7e4f-8a5b-6c7d8e9f0a1b".parse().expect("an id");
        vec![
            Box::new(StorageError::Unavailable("down".into())),
            Box::new(StorageError::Broken("secret detail".into())),
            Box::new(NotYours),
            Box::new(HasherBusy),
            Box::new(InvalidCursor),
            Box::new(InvalidFields::one("user_id", &InvalidId)),
            Box::new(auth::AuthenticateError::TokenInvalid),
            Box::new(auth::AuthenticateError::TokenExpired),
            Box::new(auth::AuthenticateError::SessionRevoked),
            Box::new(auth::AuthenticateError::KeysUnavailable),
            Box::new(auth::RegisterError::EmailTaken),
            Box::new(auth::LoginError::Refused),
            Box::new(auth::RefreshError::Refused),
            Box::new(auth::ChangePasswordError::Refused),
            Box::new(auth::LogoutError::Refused),
            Box::new(auth::RevokeSessionError::NotFound),
            Box::new(user::CreateProfileError::ProfileExists),
            Box::new(user::CreateProfileError::NicknameTaken),
            Box::new(user::UpdateProfileError::NotFound),
            Box::new(user::GetProfileError::NotFound),
            Box::new(social::SendFriendRequestError::ToOneself),
            Box::new(social::SendFriendRequestError::UnknownUser),
            Box::new(social::SendFriendRequestError::Pending(request)),
            Box::new(social::SendFriendRequestError::ReversePending(request)),
            Box::new(social::SendFriendRequestError::AlreadyFriends),
            Box::new(social::AnswerFriendRequestError::NotFound),
            Box::new(social::AnswerFriendRequestError::NotRecipient),
            Box::new(social::AnswerFriendRequestError::NotSender),
            Box::new(social::AnswerFriendRequestError::NotPending),
            Box::new(social::RemoveFriendError::NotFriends),
            Box::new(chat::CreateDirectChatError::WithOneself),
            Box::new(chat::CreateDirectChatError::UnknownParticipant),
            Box::new(chat::CreateDirectChatError::Exists(id)),
            Box::new(chat::CreateDirectChatError::PolicyRefused),
            Box::new(chat::GetChatError::NotFound),
            Box::new(chat::GetChatError::NotAMember),
            Box::new(chat::SendMessageError::ClientMessageIdReused),
            Box::new(chat::FeedError::OutOfRange),
            Box::new(chat::FeedError::HistoryLost),
            Box::new(notification::NamedNotificationError::NotYours),
        ]
    }

    #[test]
    fn the_kind_of_every_failure_is_the_code_that_the_contract_gives_its_reason() {
        for failure in failures() {
            let status = status_of(&*failure);
            let reason = reason_of(&status).expect("every status has a reason");
            assert_eq!(status.code(), reason.code(), "{failure:?}");
        }
    }

    #[test]
    fn a_status_tells_fields_metadata_and_waiting_time() {
        let status = status_of(&InvalidFields::one("user_id", &InvalidId));
        let violations =
            status.get_error_details().bad_request().map(|fields| fields.field_violations.clone());
        let violations = violations.expect("fields at fault");
        assert_eq!(violations.len(), 1);
        assert_eq!((violations[0].field.as_str(), InvalidId.reason().as_str()), ("user_id", "INVALID_FIELD"));
        let busy = status_of(&HasherBusy).get_error_details().retry_info().and_then(|info| info.retry_delay);
        assert_eq!(busy, Some(Duration::from_secs(1)));
        let id: ChatId = "0190a0b1-c2d3-7e4f-8a5b-6c7d8e9f0a1b".parse().expect("an id");
        let exists = status_of(&chat::CreateDirectChatError::Exists(id)).get_error_details();
        let metadata = exists.error_info().map(|info| info.metadata.clone()).expect("a reason");
        assert_eq!(metadata.get("chat_id"), Some(&id.to_string()));
    }

    #[test]
    fn what_is_our_fault_is_told_without_a_word_of_what_it_was() {
        let status = status_of(&StorageError::Broken("secret detail".into()));
        assert_eq!((status.code(), status.message()), (Code::Internal, OUR_FAULT));
        assert!(!format!("{status:?}").contains("secret"));
        let chain = Chain(&StorageError::Broken("secret detail".into())).to_string();
        assert_eq!(chain, "the storage is broken: secret detail");
    }
}

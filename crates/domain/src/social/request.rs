//! Friend requests: one transition function for accepting, declining and cancelling.

use uuid::Uuid;

use super::{Friendship, Pair};
use crate::id::{Id, RequestId, UserId};
use crate::page::{self, CursorKey};
use crate::time::Timestamp;

/// A request by one person to be friends with another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FriendRequest {
    /// Names the request.
    pub request_id: RequestId,
    /// Who asks.
    pub from: UserId,
    /// Who is asked; never the same person.
    pub to: UserId,
    /// What became of it.
    pub status: Status,
    /// When it was sent.
    pub create_time: Timestamp,
    /// When it was settled, or sent if it is pending.
    pub update_time: Timestamp,
}

/// What became of a friend request. `Pending` is the only state that can be left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// It waits for an answer.
    Pending,
    /// The recipient accepted.
    Accepted,
    /// The recipient declined.
    Declined,
    /// The sender took it back.
    Canceled,
}

/// What can be done with a pending request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The recipient accepts.
    Accept,
    /// The recipient declines.
    Decline,
    /// The sender takes it back.
    Cancel,
}

impl From<Answer> for Status {
    fn from(answer: Answer) -> Self {
        match answer {
            Answer::Accept => Self::Accepted,
            Answer::Decline => Self::Declined,
            Answer::Cancel => Self::Canceled,
        }
    }
}

/// What an answer leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// The request is settled now, and maybe two people are friends: commit both.
    Changed {
        /// The settled request.
        request: FriendRequest,
        /// The friendship that begins.
        new_friendship: Option<Friendship>,
    },
    /// The same answer was given before: nothing follows from it.
    Already(FriendRequest),
}

/// The answer is not possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CannotAnswer {
    /// Only the recipient accepts and declines.
    NotRecipient,
    /// Only the sender cancels.
    NotSender,
    /// It was settled otherwise.
    NotPending,
}

impl FriendRequest {
    /// Answers the request on behalf of `by`.
    ///
    /// The same answer twice changes nothing, so that it can safely be sent again.
    ///
    /// ```
    /// use duologue_domain::Timestamp;
    /// use duologue_domain::id::{Id, RequestId, UserId};
    /// use duologue_domain::social::{Answer, Answered, CannotAnswer, FriendRequest, Status};
    /// use uuid::Uuid;
    ///
    /// let [ada, bob] = [1, 2].map(|number| UserId::from_uuid(Uuid::from_u128(number)));
    /// let now = Timestamp::from_unix_millis(1_700_000_000_000);
    /// let request = FriendRequest {
    ///     request_id: RequestId::from_uuid(Uuid::from_u128(3)),
    ///     from: ada,
    ///     to: bob,
    ///     status: Status::Pending,
    ///     create_time: now,
    ///     update_time: now,
    /// };
    ///
    /// assert_eq!(request.answer(ada, Answer::Accept, now), Err(CannotAnswer::NotRecipient));
    ///
    /// let Ok(Answered::Changed { request, new_friendship }) = request.answer(bob, Answer::Accept, now) else {
    ///     panic!("a pending request can be accepted");
    /// };
    /// assert!(new_friendship.is_some());
    ///
    /// // Once more: the same request, and no second friendship.
    /// assert_eq!(request.answer(bob, Answer::Accept, now), Ok(Answered::Already(request)));
    /// assert_eq!(request.answer(bob, Answer::Decline, now), Err(CannotAnswer::NotPending));
    /// ```
    pub fn answer(self, by: UserId, answer: Answer, now: Timestamp) -> Result<Answered, CannotAnswer> {
        match answer {
            Answer::Accept | Answer::Decline if by != self.to => return Err(CannotAnswer::NotRecipient),
            Answer::Cancel if by != self.from => return Err(CannotAnswer::NotSender),
            _ => {}
        }
        match self.status {
            Status::Pending => {
                let update_time = now.max(self.create_time);
                let request = Self { status: answer.into(), update_time, ..self };
                let pair = Pair::of(self.from, self.to).ok().filter(|_| answer == Answer::Accept);
                let new_friendship = pair.map(|pair| Friendship { pair, create_time: update_time });
                Ok(Answered::Changed { request, new_friendship })
            }
            status if status == answer.into() => Ok(Answered::Already(self)),
            _ => Err(CannotAnswer::NotPending),
        }
    }
}

/// Orders friend requests: by time, ties by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RequestKey {
    /// When the request was sent.
    pub create_time: Timestamp,
    /// Which it is.
    pub request_id: RequestId,
}

impl From<&FriendRequest> for RequestKey {
    fn from(request: &FriendRequest) -> Self {
        Self { create_time: request.create_time, request_id: request.request_id }
    }
}

impl CursorKey for RequestKey {
    fn to_bytes(&self) -> Vec<u8> {
        page::timed_key_to_bytes(self.create_time, self.request_id.uuid())
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (create_time, uuid): (Timestamp, Uuid) = page::timed_key_from_bytes(bytes)?;
        Some(Self { create_time, request_id: RequestId::from_uuid(uuid) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUSES: [Status; 4] = [Status::Pending, Status::Accepted, Status::Declined, Status::Canceled];
    const ANSWERS: [Answer; 3] = [Answer::Accept, Answer::Decline, Answer::Cancel];

    fn user(number: u128) -> UserId {
        UserId::from_uuid(Uuid::from_u128(number))
    }

    fn request(status: Status) -> FriendRequest {
        FriendRequest {
            request_id: RequestId::from_uuid(Uuid::nil()),
            from: user(1),
            to: user(2),
            status,
            create_time: Timestamp::from_unix_millis(1),
            update_time: Timestamp::from_unix_millis(1),
        }
    }

    #[test]
    fn every_state_meets_every_answer_by_everybody() {
        let now = Timestamp::from_unix_millis(7);
        for status in STATUSES {
            for answer in ANSWERS {
                for by in [user(1), user(2), user(3)] {
                    let outcome = request(status).answer(by, answer, now);
                    let entitled = if answer == Answer::Cancel { user(1) } else { user(2) };
                    let expected = if by != entitled {
                        Err(if answer == Answer::Cancel {
                            CannotAnswer::NotSender
                        } else {
                            CannotAnswer::NotRecipient
                        })
                    } else if status == Status::Pending {
                        let pair = Pair::of(user(1), user(2)).unwrap();
                        Ok(Answered::Changed {
                            request: FriendRequest {
                                status: answer.into(),
                                update_time: now,
                                ..request(status)
                            },
                            new_friendship: (answer == Answer::Accept)
                                .then_some(Friendship { pair, create_time: now }),
                        })
                    } else if status == answer.into() {
                        Ok(Answered::Already(request(status)))
                    } else {
                        Err(CannotAnswer::NotPending)
                    };
                    assert_eq!(outcome, expected, "{answer:?} of {status:?} by {by}");
                }
            }
        }
    }

    #[test]
    fn an_answer_is_never_before_its_request() {
        let outcome =
            request(Status::Pending).answer(user(2), Answer::Decline, Timestamp::from_unix_millis(0));
        let Ok(Answered::Changed { request, .. }) = outcome else { panic!("{outcome:?}") };
        assert_eq!(request.update_time, request.create_time);
    }
}

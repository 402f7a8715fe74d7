//! What friendship is, written down a second time: as a list of requests and a list of friends.

use duologue_domain::Reason;
use duologue_domain::social::Status;

use super::PEOPLE;

/// A call by somebody; requests are named by the order in which they were sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Call {
    Send { from: usize, to: usize },
    Accept { by: usize, request: usize },
    Decline { by: usize, request: usize },
    Cancel { by: usize, request: usize },
    Remove { by: usize, friend: usize },
}

/// What a call answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Sent,
    Answered(Status),
    Removed,
    /// The reason, and the request that the refusal names.
    Refused(Reason, Option<usize>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ModelRequest {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) status: Status,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Model {
    pub(super) requests: Vec<ModelRequest>,
    /// Both ways, and the number of the call that began it.
    pub(super) friends: Vec<(usize, usize, usize)>,
    calls: usize,
}

impl Model {
    pub(super) fn are_friends(&self, one: usize, other: usize) -> bool {
        self.friends.iter().any(|(left, right, _)| (*left, *right) == (one, other))
    }

    pub(super) fn call(&mut self, call: Call) -> Outcome {
        self.calls += 1;
        match call {
            Call::Send { from, to } => self.send(from, to),
            Call::Accept { by, request } => self.answer(by, request, Status::Accepted),
            Call::Decline { by, request } => self.answer(by, request, Status::Declined),
            Call::Cancel { by, request } => self.answer(by, request, Status::Canceled),
            Call::Remove { by, friend } if self.are_friends(by, friend) => {
                self.friends.retain(|(left, right, _)| {
                    (*left, *right) != (by, friend) && (*left, *right) != (friend, by)
                });
                Outcome::Removed
            }
            Call::Remove { .. } => Outcome::Refused(Reason::NotFriends, None),
        }
    }

    fn send(&mut self, from: usize, to: usize) -> Outcome {
        if from == to {
            return Outcome::Refused(Reason::SelfRequest, None);
        }
        if to >= PEOPLE {
            return Outcome::Refused(Reason::UserNotFound, None);
        }
        for (number, request) in self.requests.iter().enumerate() {
            if request.status != Status::Pending {
                continue;
            }
            if (request.from, request.to) == (from, to) {
                return Outcome::Refused(Reason::FriendRequestPending, Some(number));
            }
            if (request.from, request.to) == (to, from) {
                return Outcome::Refused(Reason::ReverseRequestPending, Some(number));
            }
        }
        if self.are_friends(from, to) {
            return Outcome::Refused(Reason::AlreadyFriends, None);
        }
        self.requests.push(ModelRequest { from, to, status: Status::Pending });
        Outcome::Sent
    }

    fn answer(&mut self, by: usize, request: usize, status: Status) -> Outcome {
        let Some(request) = self.requests.get_mut(request) else {
            return Outcome::Refused(Reason::FriendRequestNotFound, None);
        };
        if status == Status::Canceled && by != request.from {
            return Outcome::Refused(Reason::NotSender, None);
        }
        if status != Status::Canceled && by != request.to {
            return Outcome::Refused(Reason::NotRecipient, None);
        }
        if request.status == Status::Pending {
            request.status = status;
            if status == Status::Accepted {
                let (from, to) = (request.from, request.to);
                self.friends.extend([(from, to, self.calls), (to, from, self.calls)]);
            }
            return Outcome::Answered(status);
        }
        if request.status == status {
            return Outcome::Answered(status);
        }
        Outcome::Refused(Reason::FriendRequestNotPending, None)
    }
}

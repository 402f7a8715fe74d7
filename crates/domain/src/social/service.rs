//! The use cases of friendship.

use std::sync::Arc;

use super::error::{AnswerFriendRequestError, RemoveFriendError, SendFriendRequestError};
use super::{
    Answer, Answered, CommitAnswer, Direction, FriendRequest, FriendshipKey, InsertRequest, Pair,
    RemoveFriendship, RequestKey, SettledRequest, SocialStore, Status,
};
use crate::auth::Caller;
use crate::environment::Environment;
use crate::event::{Event, Subject};
use crate::id::{RequestId, UserId};
use crate::page::{CursorSealer, ListError, Page, PageRequest, Scope};
use crate::user::UserDirectory;
use crate::wakeup::{Topic, WakeUp};

/// The use cases of friendship.
#[derive(Clone)]
pub struct Service {
    store: Arc<dyn SocialStore>,
    users: Arc<dyn UserDirectory>,
    wake_up: Arc<dyn WakeUp>,
    cursors: CursorSealer,
    environment: Environment,
}

impl Service {
    /// A service over a storage; `wake_up` hears of every event that is written.
    #[must_use]
    pub fn new(
        store: Arc<dyn SocialStore>,
        users: Arc<dyn UserDirectory>,
        wake_up: Arc<dyn WakeUp>,
        cursors: CursorSealer,
        environment: Environment,
    ) -> Self {
        Self { store, users, wake_up, cursors, environment }
    }

    /// Asks somebody to be friends.
    pub async fn send_friend_request(
        &self,
        caller: &Caller,
        to: UserId,
    ) -> Result<FriendRequest, SendFriendRequestError> {
        let from = caller.user_id;
        Pair::of(from, to).map_err(|_| SendFriendRequestError::ToOneself)?;
        if !self.users.user_exists(to).await? {
            return Err(SendFriendRequestError::UnknownUser);
        }
        let now = self.environment.now();
        let request_id = self.environment.new_id();
        let request = FriendRequest {
            request_id,
            from,
            to,
            status: Status::Pending,
            create_time: now,
            update_time: now,
        };
        let event = Event {
            event_id: self.environment.new_id(),
            recipient_id: to,
            actor_id: from,
            subject: Subject::FriendRequestReceived(request_id),
            occur_time: now,
        };
        match self.store.insert_request(request, event).await? {
            InsertRequest::Inserted => {
                self.wake_up.publish(Topic::Events, 1);
                Ok(request)
            }
            InsertRequest::Pending(pending) if pending.from == from => {
                Err(SendFriendRequestError::Pending(pending.request_id))
            }
            InsertRequest::Pending(pending) => {
                Err(SendFriendRequestError::ReversePending(pending.request_id))
            }
            InsertRequest::AlreadyFriends => Err(SendFriendRequestError::AlreadyFriends),
        }
    }

    /// Accepts, declines or cancels a friend request.
    ///
    /// A race is decided by the same rule as a sequence: whoever finds the request changed decides again.
    pub async fn answer_friend_request(
        &self,
        caller: &Caller,
        request_id: RequestId,
        answer: Answer,
    ) -> Result<FriendRequest, AnswerFriendRequestError> {
        loop {
            let request =
                self.store.find_request(request_id).await?.ok_or(AnswerFriendRequestError::NotFound)?;
            let now = self.environment.now();
            let (request, new_friendship) = match request.answer(caller.user_id, answer, now)? {
                Answered::Already(request) => return Ok(request),
                Answered::Changed { request, new_friendship } => (request, new_friendship),
            };
            let event = new_friendship.map(|_| Event {
                event_id: self.environment.new_id(),
                recipient_id: request.from,
                actor_id: request.to,
                subject: Subject::FriendRequestAccepted(request_id),
                occur_time: request.update_time,
            });
            let told = event.is_some();
            match self.store.commit_answer(SettledRequest { request, new_friendship, event }).await? {
                CommitAnswer::Committed => {
                    if told {
                        self.wake_up.publish(Topic::Events, 1);
                    }
                    return Ok(request);
                }
                CommitAnswer::Stale => {}
            }
        }
    }

    /// Ends the friendship of the caller with somebody, for both.
    pub async fn remove_friend(&self, caller: &Caller, friend_id: UserId) -> Result<(), RemoveFriendError> {
        let pair = Pair::of(caller.user_id, friend_id).map_err(|_| RemoveFriendError::NotFriends)?;
        match self.store.remove_friendship(pair).await? {
            RemoveFriendship::Removed => Ok(()),
            RemoveFriendship::NotFriends => Err(RemoveFriendError::NotFriends),
        }
    }

    /// Lists the caller's pending requests, newest first.
    pub async fn list_requests(
        &self,
        caller: &Caller,
        direction: Direction,
        request: &PageRequest,
    ) -> Result<Page<FriendRequest>, ListError> {
        let filter: &[u8] = match direction {
            Direction::Incoming => b"incoming",
            Direction::Outgoing => b"outgoing",
        };
        let scope = Scope { list: "ListRequests", caller: caller.user_id, filter };
        let before = self.cursors.position(scope, request)?;
        let requests =
            self.store.list_requests(caller.user_id, direction, before, request.size.and_one()).await?;
        Ok(self.cursors.page(scope, request.size, requests, |request| RequestKey::from(request)))
    }

    /// Lists the caller's friends, newest friendship first.
    pub async fn list_friends(
        &self,
        caller: &Caller,
        request: &PageRequest,
    ) -> Result<Page<UserId>, ListError> {
        let scope = Scope { list: "ListFriends", caller: caller.user_id, filter: &[] };
        let before: Option<FriendshipKey> = self.cursors.position(scope, request)?;
        let friends = self.store.list_friends(caller.user_id, before, request.size.and_one()).await?;
        Ok(self.cursors.page(scope, request.size, friends, |friend| *friend).map(|friend| friend.friend_id))
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Service").finish_non_exhaustive()
    }
}

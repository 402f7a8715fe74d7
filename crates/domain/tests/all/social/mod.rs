//! Friend requests and friendships: any sequence of calls, and any interleaving of calls.

mod concurrent;
mod model;
mod sequence;

use std::sync::Arc;

use duologue_domain::error::Failure;
use duologue_domain::id::{Id, RequestId, UserId};
use duologue_domain::page::PageRequest;
use duologue_domain::social::{Answer, Direction, FriendRequest, Service};
use duologue_domain::wakeup::LocalWakeUp;
use uuid::Uuid;

use crate::support::social_store::PlainSocialStore;
use crate::support::{Directory, ManualClock, caller, cursors, environment, user};
use model::{Call, Outcome};

/// Three who exist; whoever has a higher number does not.
const PEOPLE: usize = 3;

fn person(number: usize) -> UserId {
    user(100 + number as u128)
}

fn number_of(user_id: UserId) -> usize {
    usize::try_from(user_id.uuid().as_u128() - 100).unwrap()
}

/// A service over a plain store, called by people who are numbers.
struct World {
    store: Arc<PlainSocialStore>,
    clock: Arc<ManualClock>,
    service: Service,
}

impl World {
    fn new(seed: u64) -> Self {
        let (store, clock) = (Arc::new(PlainSocialStore::default()), ManualClock::new());
        let users = Directory::of((0..PEOPLE).map(person));
        let wake_up = Arc::new(LocalWakeUp::new());
        let service = Service::new(store.clone(), users, wake_up, cursors(), environment(&clock, seed));
        Self { store, clock, service }
    }

    /// Makes a call; `ids` are the requests sent so far, by which calls name them.
    async fn call(&self, call: Call, ids: &[RequestId]) -> (Outcome, Option<FriendRequest>) {
        let id = |request: usize| ids.get(request).copied().unwrap_or(RequestId::from_uuid(Uuid::nil()));
        let answer = async |by: usize, request: usize, answer: Answer| {
            self.service.answer_friend_request(&caller(person(by)), id(request), answer).await
        };
        let answered = match call {
            Call::Send { from, to } => {
                let sent = self.service.send_friend_request(&caller(person(from)), person(to)).await;
                return match sent {
                    Ok(request) => (Outcome::Sent, Some(request)),
                    Err(error) => {
                        let description = error.describe();
                        let named = description.metadata.iter().find(|(name, _)| *name == "request_id");
                        let named = named.map(|(_, id)| id.parse().unwrap());
                        let request = named.map(|named| ids.iter().position(|id| *id == named));
                        (Outcome::Refused(description.reason, request.flatten()), None)
                    }
                };
            }
            Call::Remove { by, friend } => {
                let removed = self.service.remove_friend(&caller(person(by)), person(friend)).await;
                return match removed {
                    Ok(()) => (Outcome::Removed, None),
                    Err(error) => (Outcome::Refused(error.describe().reason, None), None),
                };
            }
            Call::Accept { by, request } => answer(by, request, Answer::Accept).await,
            Call::Decline { by, request } => answer(by, request, Answer::Decline).await,
            Call::Cancel { by, request } => answer(by, request, Answer::Cancel).await,
        };
        match answered {
            Ok(request) => (Outcome::Answered(request.status), Some(request)),
            Err(error) => (Outcome::Refused(error.describe().reason, None), None),
        }
    }

    async fn requests(&self, of: usize, direction: Direction) -> Vec<FriendRequest> {
        self.service.list_requests(&caller(person(of)), direction, &PageRequest::FIRST).await.unwrap().items
    }

    async fn friends(&self, of: usize) -> Vec<usize> {
        let page = self.service.list_friends(&caller(person(of)), &PageRequest::FIRST).await.unwrap();
        page.items.into_iter().map(number_of).collect()
    }
}

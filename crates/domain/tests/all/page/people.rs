//! Lists of people and what they have to do with each other, each changed behind its service's back.

use std::sync::Arc;

use duologue_domain::auth::{Generation, Salt, Session};
use duologue_domain::id::{Id, RequestId, SessionId, UserId};
use duologue_domain::page::{Page, PageRequest};
use duologue_domain::social::{self, Direction, FriendRequest, Pair, Status};
use duologue_domain::time::{Clock, Timestamp};
use duologue_domain::user::{self, Profile, SearchPrefix};
use duologue_domain::wakeup::LocalWakeUp;
use futures::executor::block_on;

use super::lists::{Common, item, me, uuid};
use super::walk::List;
use crate::auth::world;
use crate::support::profile_store::PlainProfileStore;
use crate::support::social_store::PlainSocialStore;
use crate::support::{Directory, caller, cursors};

fn social_service(store: &Arc<PlainSocialStore>, common: &Common) -> social::Service {
    let (users, hub) = (Directory::of([]), Arc::new(LocalWakeUp::new()));
    social::Service::new(store.clone(), users, hub, cursors(), common.environment.clone())
}

pub(super) struct Friends(Common, Arc<PlainSocialStore>);

impl List for Friends {
    fn new() -> Self {
        Self(Common::new(), Arc::default())
    }

    fn insert(&mut self, item: usize) {
        let Some(time) = self.0.admit(item) else { return };
        let pair = Pair::of(me(), UserId::from_uuid(uuid(item))).unwrap();
        self.1.0.behind(|state| state.friendships.insert(pair, time));
    }

    fn remove(&mut self, item: usize) {
        self.0.dismiss(item);
        let pair = Pair::of(me(), UserId::from_uuid(uuid(item))).unwrap();
        self.1.0.behind(|state| state.friendships.remove(&pair));
    }

    fn existing(&self) -> Vec<usize> {
        self.0.newest_first()
    }

    fn page(&self, request: &PageRequest) -> Page<usize> {
        let service = social_service(&self.1, &self.0);
        block_on(service.list_friends(&caller(me()), request)).unwrap().map(|friend| item(friend.uuid()))
    }
}

pub(super) struct Requests(Common, Arc<PlainSocialStore>);

impl List for Requests {
    fn new() -> Self {
        Self(Common::new(), Arc::default())
    }

    fn insert(&mut self, item: usize) {
        let Some(time) = self.0.admit(item) else { return };
        let (request_id, from) = (RequestId::from_uuid(uuid(item)), UserId::from_uuid(uuid(item)));
        let status = Status::Pending;
        let request =
            FriendRequest { request_id, from, to: me(), status, create_time: time, update_time: time };
        self.1.0.behind(|state| state.requests.insert(request_id, request));
    }

    fn remove(&mut self, item: usize) {
        self.0.dismiss(item);
        self.1.0.behind(|state| {
            if let Some(request) = state.requests.get_mut(&RequestId::from_uuid(uuid(item))) {
                request.status = Status::Declined;
            }
        });
    }

    fn existing(&self) -> Vec<usize> {
        self.0.newest_first()
    }

    fn page(&self, request: &PageRequest) -> Page<usize> {
        let service = social_service(&self.1, &self.0);
        let page = block_on(service.list_requests(&caller(me()), Direction::Incoming, request)).unwrap();
        page.map(|request| item(request.request_id.uuid()))
    }
}

pub(super) struct Profiles(Common, Arc<PlainProfileStore>);

impl Profiles {
    /// One character more for every ten, so that some names begin others.
    fn nickname(item: usize) -> String {
        format!("a_{}{}", "z".repeat(item / 10), item % 10)
    }
}

impl List for Profiles {
    fn new() -> Self {
        let list = Self(Common::new(), Arc::default());
        for (number, nickname) in ["axe", "b_1"].into_iter().enumerate() {
            list.store(1_000 + number, nickname);
        }
        list
    }

    fn insert(&mut self, item: usize) {
        if self.0.admit(item).is_some() {
            self.store(item, &Self::nickname(item));
        }
    }

    fn remove(&mut self, item: usize) {
        self.0.dismiss(item);
        self.1.0.behind(|profiles| profiles.remove(&UserId::from_uuid(uuid(item))));
    }

    fn existing(&self) -> Vec<usize> {
        let mut items: Vec<_> = self.0.held.iter().map(|(_, item)| *item).collect();
        items.sort_by_key(|item| Self::nickname(*item).into_bytes());
        items
    }

    fn page(&self, request: &PageRequest) -> Page<usize> {
        let service = user::Service::new(self.1.clone(), cursors(), self.0.environment.clone());
        let prefix = SearchPrefix::parse("A_").unwrap();
        let page = block_on(service.search_by_nickname(&caller(me()), &prefix, request)).unwrap();
        page.map(|profile| item(profile.user_id.uuid()))
    }
}

impl Profiles {
    fn store(&self, item: usize, nickname: &str) {
        let (user_id, time) = (UserId::from_uuid(uuid(item)), self.0.clock.now());
        let nickname = nickname.parse().unwrap();
        let profile =
            Profile { user_id, nickname, bio: None, avatar_url: None, create_time: time, update_time: time };
        self.1.0.behind(|profiles| profiles.insert(user_id, profile));
    }
}

pub(super) struct Sessions(Common, world::World);

impl List for Sessions {
    fn new() -> Self {
        Self(Common::new(), world::World::new(3))
    }

    fn insert(&mut self, item: usize) {
        let Some(time) = self.0.admit(item) else { return };
        let session = Session {
            session_id: SessionId::from_uuid(uuid(item)),
            user_id: me(),
            salt: Salt([0; 16]),
            generation: Generation::FIRST,
            create_time: time,
            refresh_time: time,
            expire_time: Timestamp::MAX,
            end_time: None,
        };
        self.1.store.0.behind(|state| state.sessions.insert(session.session_id, session));
    }

    fn remove(&mut self, item: usize) {
        self.0.dismiss(item);
        self.1.store.0.behind(|state| state.sessions.remove(&SessionId::from_uuid(uuid(item))));
    }

    fn existing(&self) -> Vec<usize> {
        self.0.newest_first()
    }

    fn page(&self, request: &PageRequest) -> Page<usize> {
        let page = block_on(self.1.service.list_sessions(&caller(me()), request)).unwrap();
        page.map(|session| item(session.session_id.uuid()))
    }
}

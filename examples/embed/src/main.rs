//! What a team does that embeds the rules: friend requests by `duologue-domain`, over a store of its own.
//!
//! Run it with `cargo run -p duologue-example-embed`.

mod store;

use std::error::Error;
use std::sync::Arc;

use duologue_domain::auth::{Caller, Standing};
use duologue_domain::environment::Random;
use duologue_domain::error::{Failure, StorageError};
use duologue_domain::id::{SessionId, UserId};
use duologue_domain::page::{CursorSealer, PageRequest};
use duologue_domain::social::{Answer, Direction, Service};
use duologue_domain::time::Clock;
use duologue_domain::user::UserDirectory;
use duologue_domain::wakeup::LocalWakeUp;
use duologue_domain::{Environment, Timestamp};

use crate::store::HashMapStore;

/// Time and randomness come from whatever the embedding service has; these are the least that works.
struct Machine;

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        let since_epoch = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        Timestamp::from_unix_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }
}

impl Random for Machine {
    fn fill(&self, bytes: &mut [u8]) {
        use std::hash::{BuildHasher as _, RandomState};
        for byte in bytes {
            *byte = RandomState::new().hash_one(0).to_le_bytes()[0];
        }
    }
}

/// This service knows its users already: everybody exists.
struct Everybody;

#[async_trait::async_trait]
impl UserDirectory for Everybody {
    async fn user_exists(&self, _: UserId) -> Result<bool, StorageError> {
        Ok(true)
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    futures::executor::block_on(tell_the_story())
}

async fn tell_the_story() -> Result<(), Box<dyn Error>> {
    let environment = Environment::new(Arc::new(Machine), Arc::new(Machine));
    let cursors = CursorSealer::new(&environment.random_bytes());
    let wake_up = Arc::new(LocalWakeUp::new());
    let friends = Service::new(
        Arc::new(HashMapStore::default()),
        Arc::new(Everybody),
        wake_up,
        cursors,
        environment.clone(),
    );
    let person = || Caller {
        user_id: environment.new_id(),
        session_id: environment.new_id::<SessionId>(),
        expire_time: Timestamp::MAX,
        standing: Standing::Live,
    };
    let (ada, ben) = (person(), person());

    let request = friends.send_friend_request(&ada, ben.user_id).await?;
    println!("Ada asks Ben to be friends: {:?}", request.status);

    let waiting = friends.list_requests(&ben, Direction::Incoming, &PageRequest::FIRST).await?;
    println!("Ben has {} request waiting", waiting.items.len());

    let crossing = friends.send_friend_request(&ben, ada.user_id).await;
    println!(
        "Ben asks Ada as well: {}",
        crossing.err().map_or("OK", |error| error.describe().reason.as_str())
    );

    let refused = friends.answer_friend_request(&ada, request.request_id, Answer::Accept).await;
    println!(
        "Ada accepts her own request: {}",
        refused.err().map_or("OK", |error| error.describe().reason.as_str())
    );

    let accepted = friends.answer_friend_request(&ben, request.request_id, Answer::Accept).await?;
    println!("Ben accepts: {:?}", accepted.status);
    for (name, caller) in [("Ada", &ada), ("Ben", &ben)] {
        println!(
            "{name} has {} friend",
            friends.list_friends(caller, &PageRequest::FIRST).await?.items.len()
        );
    }

    friends.remove_friend(&ada, ben.user_id).await?;
    let again = friends.answer_friend_request(&ben, request.request_id, Answer::Accept).await?;
    let left = friends.list_friends(&ben, &PageRequest::FIRST).await?.items.len();
    println!(
        "Ada ends it; Ben's repeated accept answers {:?} and revives nothing: {left} friends",
        again.status
    );
    Ok(())
}

//! Friend requests and friendships.

mod pair;
mod request;
mod service;
mod store;

pub mod error;

pub use pair::{Pair, SamePerson};
pub use request::{Answer, Answered, CannotAnswer, FriendRequest, RequestKey, Status};
pub use service::Service;
pub use store::{
    CommitAnswer, Direction, Friendship, FriendshipDirectory, FriendshipKey, InsertRequest, RemoveFriendship,
    SettledRequest, SocialStore,
};

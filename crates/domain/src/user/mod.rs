//! Profiles, and how people find each other.

mod nickname;
mod profile;
mod search;
mod service;
mod store;
mod text;

pub mod error;

pub use nickname::{InvalidNickname, Nickname};
pub use profile::{Profile, ProfileChange};
pub use search::{InvalidSearchPrefix, SearchPrefix};
pub use service::{NewProfile, Service};
pub use store::{InsertProfile, ProfileStore, UpdateProfile, UserDirectory};
pub use text::{AvatarSchemes, AvatarUrl, Bio, InvalidAvatarUrl, InvalidBio};

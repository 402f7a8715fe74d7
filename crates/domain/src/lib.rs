//! The rules of one-to-one messaging, without a database, a network or a clock.
//!
//! One module for each bounded context of the contract: [`auth`], [`user`], [`social`], [`chat`] and
//! [`notification`]. Each holds its values (parsed once, valid from then on), its rules as pure functions, the
//! storage trait it needs, its use cases in a `Service`, and an error enum for each use case. What all of them
//! share stands beside: [`id`], [`time`], [`page`], [`error`], [`event`], [`wakeup`] and [`environment`].
//!
//! A rule **decides** and never does I/O; a storage trait **commits** in one atomic operation, whose outcome is
//! an enum that names every case.
//!
//! ```
//! use duologue_domain::user::Nickname;
//!
//! assert!("ada_1815".parse::<Nickname>().is_ok());
//! assert!("Ada".parse::<Nickname>().is_err());
//! ```

pub mod auth;
pub mod chat;
pub mod environment;
pub mod error;
pub mod event;
pub mod id;
mod mac;
pub mod notification;
pub mod page;
pub mod poller;
pub mod social;
mod text;
pub mod time;
pub mod user;
pub mod wakeup;

pub use environment::Environment;
pub use error::{Failure, InvalidFields, Kind, Reason, StorageError};
pub use time::Timestamp;

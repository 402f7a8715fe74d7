//! What happened to a user while they were away.

mod dispatcher;
mod feed;
mod record;
mod service;
mod store;

pub mod error;

pub use dispatcher::Dispatcher;
pub use feed::NotificationFeed;
pub use record::{Notification, Position};
pub use service::Service;
pub use store::{EventReceiver, Inbox, InsertNotification, NotificationRange, NotificationStore, ReadFilter};

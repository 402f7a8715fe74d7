//! Duologue's services in other processes: how they are reached, and the domain's ports in front of them.
//!
//! * [`Replicas`] carries calls to one service, whichever of its replicas answers: the one with the fewest calls that
//!   wait, and none that has just failed to answer.
//! * [`RemoteBridge`] is what a gateway calls: retries where a second call does no harm, a deadline for everybody, and
//!   UNAVAILABLE with a time to wait when nobody answers.
//! * [`Forward`] passes gRPC on as it is, for a gateway that has that door as well.
//! * [`RemoteUsers`], [`RemoteFriendships`], [`RemoteEndedSessions`], [`RemoteEvents`] and [`RemoteKeys`] are ports of
//!   the domain and the platform, served elsewhere. They show the identity of this service ([`ServiceIdentity`]).
//!
//! Only a service that does not answer counts as failed. Whatever it answers, to whatever a client sent, is an answer:
//! no client's errors ever make a replica rest, or spend the budget of retries.

mod bridge;
mod failure;
mod forward;
mod identity;
mod ports;
mod replicas;
mod retry;

pub use bridge::RemoteBridge;
pub use forward::Forward;
pub use identity::ServiceIdentity;
pub use ports::{RemoteEndedSessions, RemoteEvents, RemoteFriendships, RemoteKeys, RemoteUsers};
pub use replicas::{InvalidUrl, Replicas, endpoint};
pub use retry::RetryBudget;

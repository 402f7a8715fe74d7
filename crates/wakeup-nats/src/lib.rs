//! Wake-ups between replicas by core NATS: no stream, no storage, nothing to keep.
//!
//! ```
//! use duologue_domain::wakeup::LocalWakeUp;
//! use duologue_wakeup::Bus;
//! use duologue_wakeup_nats::{InvalidUrl, NatsCarrier};
//!
//! # fn open() -> Result<(), InvalidUrl> {
//! let carrier = NatsCarrier::new("nats://user:password@a.example:4222,b.example:4222")?;
//! let (bus, background) = Bus::new(LocalWakeUp::new(), carrier);
//! # drop((bus, background));
//! # Ok(())
//! # }
//! ```
//!
//! # How
//! * The servers of one cluster are named in one URL, by commas; the scheme and the credentials of the first are
//!   those of all. `tls://` demands TLS, with the certificates that the system trusts (`SSL_CERT_FILE` names others).
//! * Everything is below the subject `duologue.wakeup`; a user who may publish and subscribe `duologue.wakeup.>`
//!   is enough. Deployments that share a server hear each other's wake-ups, and find nobody to wake by them.
//! * A connection that is lost, or silent for some seconds, is replaced. A wake-up is sent only while there is one.

mod carrier;
mod listener;
mod url;

pub use carrier::NatsCarrier;
pub use url::InvalidUrl;

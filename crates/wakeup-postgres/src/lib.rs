//! Wake-ups between replicas by PostgreSQL's `LISTEN` and `NOTIFY`: several replicas, and nothing to run but the
//! database.
//!
//! ```
//! use duologue_domain::wakeup::LocalWakeUp;
//! use duologue_wakeup::Bus;
//! use duologue_wakeup_postgres::{InvalidUrl, PostgresCarrier};
//!
//! # fn open() -> Result<(), InvalidUrl> {
//! let carrier = PostgresCarrier::new("postgres://duologue@localhost/duologue")?;
//! let (bus, background) = Bus::new(LocalWakeUp::new(), carrier);
//! # drop((bus, background));
//! # Ok(())
//! # }
//! ```
//!
//! # How
//! * A notification is never sent in the transaction that it tells of: `NOTIFY` takes a lock that is global to the
//!   database and holds it until its commit is durable, which would let all sends wait for each other. It is a
//!   statement of its own, after the commit, on a connection of its own, whose commits wait for no disk.
//! * Replicas that are to wake each other are to use one database: a notification does not leave it. A pooler
//!   between them must not share sessions (`pool_mode = transaction` does): `LISTEN` belongs to one.
//! * A server that is gone, or hangs, is noticed within seconds: every step has a time limit, and the listening
//!   connection is asked for a sign of life every few seconds.

mod carrier;
mod listener;

pub use carrier::{InvalidUrl, PostgresCarrier};

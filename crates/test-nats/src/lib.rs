//! Gives a test a NATS server of its own, to be killed, paused and started again.
//!
//! The program `nats-server` is looked for in this order: `NATS_SERVER_BIN`, the `PATH`, where Debian puts it, and
//! where `cargo xtask unit` installs it, below `.tools` in the root of the workspace. Without any, the error says what
//! to do.
//!
//! ```no_run
//! # async fn test() -> Result<(), duologue_test_nats::Error> {
//! let mut server = duologue_test_nats::NatsServer::new(&[]).await?;
//! println!("{}", server.url());
//! server.pause()?;
//! server.resume()?;
//! server.kill_9()?;
//! server.start().await?;
//! # Ok(())
//! # }
//! ```

mod program;
mod server;

pub use program::{Error, program};
pub use server::NatsServer;

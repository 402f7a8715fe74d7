//! Gives every test a PostgreSQL database of its own, from wherever one is to be had.
//!
//! In this order:
//!
//! 1. `DATABASE_URL`: a server that is there, with the right to create databases;
//! 2. Docker, if the image is there: `DUOLOGUE_TEST_POSTGRES_IMAGE`, by default `postgres:15-alpine`;
//! 3. PostgreSQL's own programs: in `PG_BIN_DIR`, on the `PATH`, or where Debian puts them; never as root, but as
//!    `postgres` or `nobody`;
//! 4. Docker, which then has to fetch the image.
//!
//! Which way was chosen is printed once. Without any, the error says what to install. What 2, 3 and 4 start is shared by all test
//! processes, keeps nothing on disk longer than it must, and is gone a quarter of a minute after the last of them.
//! `DUOLOGUE_TEST_POSTGRES=url|docker|local` allows one way only.
//!
//! ```no_run
//! # async fn test() -> Result<(), duologue_test_postgres::Error> {
//! let database = duologue_test_postgres::database("a-name-for-the-schema", async |url| {
//!     // Migrate the template. Done once for each name, however many tests and processes there are.
//!     println!("{url}");
//!     Ok(())
//! })
//! .await?;
//! println!("{}", database.url());
//! # Ok(())
//! # }
//! ```

mod database;
mod docker;
mod local;
mod own;
mod provider;
mod shared;

pub use database::{TestDatabase, database};
pub use own::{OwnServer, Setting};
pub use provider::Error;

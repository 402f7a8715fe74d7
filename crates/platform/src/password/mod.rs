//! Password hashing with Argon2id, on few threads that own their memory.

mod hasher;
mod phc;
mod worker;

pub use hasher::{Argon2Hasher, HasherError, HasherSettings};

//! Judges histories: pure functions, each tried on stored good and bad ones.

pub mod linear;
pub mod pages;
pub mod pair;
pub mod stream;

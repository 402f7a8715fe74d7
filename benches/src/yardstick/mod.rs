//! What the product is held against: the least that could do the same.

pub mod by_hand;
pub mod pgbench;
pub mod sql;
pub mod statements;
pub mod tonic_alone;

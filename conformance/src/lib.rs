//! Says of any deployment whether it keeps Duologue's contract.
//!
//! A [`scenario::Scenario`] is written once and runs through gRPC and through REST. It sees the deployment only from
//! outside, by the contract ([`duologue_contract`]) and nothing else of ours. [`world::World`] is what a scenario works
//! with, [`runner`] runs a selection, [`report`] says what came of it.

pub mod check;
pub mod door;
pub mod hygiene;
pub mod load;
pub mod race;
pub mod random;
pub mod report;
pub mod runner;
pub mod scenario;
pub mod secrets;
pub mod tamper;
pub mod target;
pub mod world;

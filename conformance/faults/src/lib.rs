//! Planted faults around a whole server, and the proof that the conformance suite catches each.
//!
//! A check that cannot fail is a defect, so every scenario of the suite is named by at least one fault. A fault is a
//! decorator, never a switch inside the product: around a port ([`Composition::ports`]), around the services
//! ([`Composition::around`]), or around the HTTP of a door ([`Composition::rest_layer`]). `catalogue.tsv` says what
//! each fault is and which scenarios have to end in a violation; [`plants`] has the decorators; [`trial`] starts the
//! faulty server and runs the scenarios against it, through both doors.

pub mod assertions;
pub mod call;
pub mod catalogue;
pub mod composition;
pub mod plants;
mod ports;
mod restart;
pub mod server;
pub mod trial;
mod wiring;
mod woven;

pub use composition::Composition;
pub use ports::Ports;

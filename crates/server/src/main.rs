//! The `duologue` server binary.
fn main() {}

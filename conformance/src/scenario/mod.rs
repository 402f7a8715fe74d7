//! The scenarios, one module per family, and the catalogue that they have to equal.

mod auth;
mod authorization;
mod catalogue;
mod chat;
mod durability;
mod load;
mod notification;
mod paging;
mod registry;
mod rest;
mod social;
mod stream;
mod user;
mod wire;

pub use catalogue::{CatalogueRow, catalogue};
pub use registry::{Cell, Level, Run, Scenario};

/// Every scenario, family by family.
#[must_use]
pub fn all() -> Vec<Scenario> {
    [
        auth::scenarios(),
        user::scenarios(),
        social::scenarios(),
        authorization::scenarios(),
        paging::scenarios(),
        chat::scenarios(),
        stream::scenarios(),
        notification::scenarios(),
        rest::scenarios(),
        wire::scenarios(),
        durability::scenarios(),
        load::scenarios(),
    ]
    .concat()
}

/// Finds a scenario by its id.
#[must_use]
pub fn find(id: &str) -> Option<Scenario> {
    all().into_iter().find(|scenario| scenario.id == id)
}

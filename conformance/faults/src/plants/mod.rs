//! The decorators: one function for each fault, from a sound composition to a faulty one.

mod access;
mod accounts;
mod auth;
mod chat;
mod chats;
mod gateway;
mod notification;
mod paging;
mod profiles;
mod social;
mod stream;
mod tables;
mod tokens;
mod user;

use std::time::Duration;

use duologue_contract::Rpc;
use duologue_domain::id::UserId;

use crate::call::Call;
use crate::composition::Composition;
use crate::ports::Ports;

type Function = Box<dyn Fn(Composition) -> Composition + Send + Sync>;

/// A fault, planted once or in several places in turn.
pub struct Plant {
    /// Names the fault, as in the catalogue.
    pub id: &'static str,
    /// Each of these has to be caught; none if it is not planted yet.
    pub variants: Vec<Variant>,
    /// Why it is not planted, or not run.
    pub not_run: Option<&'static str>,
}

/// A fault in one place.
pub struct Variant {
    /// Which place, if there are several.
    pub name: String,
    function: Function,
}

impl Variant {
    /// The composition with the fault in it.
    #[must_use]
    pub fn plant(&self, composition: Composition) -> Composition {
        (self.function)(composition)
    }
}

impl Plant {
    pub(crate) fn new(
        id: &'static str,
        function: impl Fn(Composition) -> Composition + Send + Sync + 'static,
    ) -> Self {
        let variant = Variant { name: String::new(), function: Box::new(function) };
        Self { id, variants: vec![variant], not_run: None }
    }

    /// The fault in one RPC after the other.
    pub(crate) fn each(
        id: &'static str,
        rpcs: impl IntoIterator<Item = Rpc>,
        function: impl Fn(Composition, Rpc) -> Composition + Copy + Send + Sync + 'static,
    ) -> Self {
        let variant = |rpc: Rpc| Variant {
            name: format!("{rpc:?}"),
            function: Box::new(move |composition| function(composition, rpc)),
        };
        Self { id, variants: rpcs.into_iter().map(variant).collect(), not_run: None }
    }

    pub(crate) const fn not_run(id: &'static str, reason: &'static str) -> Self {
        Self { id, variants: Vec::new(), not_run: Some(reason) }
    }
}

/// Every fault.
#[must_use]
pub fn all() -> Vec<Plant> {
    [
        access::plants(),
        accounts::plants(),
        auth::plants(),
        chat::plants(),
        chats::plants(),
        gateway::plants(),
        notification::plants(),
        paging::plants(),
        profiles::plants(),
        social::plants(),
        stream::plants(),
        tokens::plants(),
        user::plants(),
        pending(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Compositions that differ from the product's in their making alone: every scenario must pass on each.
#[must_use]
pub fn harmless() -> Vec<Variant> {
    let variant = |name: &str, function| Variant { name: name.to_owned(), function };
    vec![
        variant("as the product composes it", Box::new(|composition| composition)),
        variant(
            "with nothing around the services",
            Box::new(|composition: Composition| {
                composition.around(|_, call, next| async move { next.call(call).await })
            }),
        ),
        variant(
            "with other tables of friendship",
            Box::new(|composition| tables::plant(composition, tables::Mistake::None)),
        ),
    ]
}

/// Finds a fault.
#[must_use]
pub fn find(id: &str) -> Option<Plant> {
    all().into_iter().find(|plant| plant.id == id)
}

/// What lies between a look and a write, so that others come in between.
async fn gap() {
    tokio::time::sleep(Duration::from_millis(3)).await;
}

/// The call as this user would make it.
fn as_user(ports: &Ports, call: Call, user_id: UserId) -> Call {
    call.with_token(&ports.token_of(user_id))
}

/// The faults that are not planted or not run yet, and why.
fn pending() -> Vec<Plant> {
    vec![Plant::not_run("matrix-hole", "it is a fault of the suite itself, not of a server")]
}

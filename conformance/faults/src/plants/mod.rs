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
mod wire;

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
    /// Each of these has to be caught; none if it is planted elsewhere.
    pub variants: Vec<Variant>,
    /// Where it is planted, if not in a server.
    pub elsewhere: Option<&'static str>,
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
        Self { id, variants: vec![variant], elsewhere: None }
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
        Self { id, variants: rpcs.into_iter().map(variant).collect(), elsewhere: None }
    }

    pub(crate) const fn elsewhere(id: &'static str, place: &'static str) -> Self {
        Self { id, variants: Vec::new(), elsewhere: Some(place) }
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
        wire::plants(),
        elsewhere(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A composition without any fault, made in one of the ways that faults are.
pub struct Harmless {
    /// How it is made.
    pub variant: Variant,
    /// What it is for; nothing for all that it can show.
    pub only: &'static [&'static str],
}

/// Compositions without any fault, made in the ways that faults are: what is named must pass on each.
#[must_use]
pub fn harmless() -> Vec<Harmless> {
    let harmless = |name: &str, only, function: Function| Harmless {
        variant: Variant { name: name.to_owned(), function },
        only,
    };
    let woven =
        |composition: Composition| composition.around(|_, call, next| async move { next.call(call).await });
    let tables = |composition| tables::plant(composition, tables::Mistake::None);
    vec![
        harmless("as the product composes it", &[], Box::new(|composition| composition)),
        harmless("with nothing around the services", &[], Box::new(woven)),
        harmless(
            "with other tables of friendship",
            &["social.", "page.", "notification.friend_request"],
            Box::new(tables),
        ),
        harmless("with a coarse clock", &["stream.gapless_across", "stream.since_"], Box::new(chats::coarse)),
        harmless("with two replicas", &["stream.over_replicas"], Box::new(wire::doubled)),
        harmless(
            "with access tokens that live for three seconds",
            &["auth.expired_token", "authz.expired_token", "stream.token_expiry"],
            Box::new(|composition| composition.with_access_seconds(3)),
        ),
        harmless("with an operator", &["durability."], Box::new(Composition::restartable)),
        harmless("with patience", &["stream.idle_survives"], Box::new(wire::patient)),
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

/// The faults that no server has, and where they are planted instead.
fn elsewhere() -> Vec<Plant> {
    vec![Plant::elsewhere("matrix-hole", "it is a fault of the suite, planted in a test beside the matrix")]
}

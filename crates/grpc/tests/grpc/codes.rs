//! Every RPC answers every code that it declares, with the reason that belongs to it.

mod auth;
mod chat;
mod notification;
mod social;
mod user;

use tonic::Status;
use tonic_types::StatusExt as _;

use crate::outcome::Seen;
use crate::world::{NOBODY, World};

fn nobody() -> String {
    NOBODY.to_owned()
}

fn metadata(status: &Status, name: &str) -> Option<String> {
    status.get_details_error_info()?.metadata.get(name).cloned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_rpc_answers_every_code_that_it_declares() {
    let world = World::start().await;
    let mut seen = Seen::default();
    auth::auth(&world, &mut seen).await;
    user::user(&world, &mut seen).await;
    social::social(&world, &mut seen).await;
    chat::chat(&world, &mut seen).await;
    notification::notification(&world, &mut seen).await;
    assert_eq!(seen.missing(), []);
    world.finish().await;
}

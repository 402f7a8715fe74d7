//! The server's side of [`super::process`].

use std::io::{Read as _, Write as _};

use duologue_contract::chat::ListMessagesRequest;
use duologue_wakeup_postgres::PostgresCarrier;

use super::process::{Kind, Sender, Told};
use crate::backend::Backend;
use crate::doors::Grpc;
use crate::load::many_chats;
use crate::seed::{chat_id, person};
use crate::world::World;
use crate::yardstick::tonic_alone::TonicAlone;

/// The chat whose history is listed, of the first sender.
pub(crate) const HISTORY: i64 = 1;

/// Messages in it.
pub(crate) const MESSAGES: i64 = 1_000;

/// Serves until standard input ends.
pub(crate) async fn serve(kind: Kind, url: Option<&str>, senders: usize) {
    let backend = match url {
        None => Backend::memory(),
        Some(url) => Backend::postgres(url).await,
    };
    let lanes = many_chats(&backend, senders).await;
    let history = backend.seed_chat(HISTORY, lanes[0].sender, person(1)).await;
    backend.seed_messages(history, MESSAGES).await;
    let world = match (kind, url) {
        (Kind::Waking, Some(url)) => {
            World::on_a_bus(backend, PostgresCarrier::new(url).expect("the URL of a PostgreSQL"))
        }
        _ => World::over(backend),
    };
    let told = lanes.iter().map(|lane| Sender {
        user_id: lane.sender.to_string(),
        token: world.token(lane.sender),
        chats: lane.chats.iter().map(ToString::to_string).collect(),
    });
    let senders = told.collect::<Vec<_>>();
    let listening = world.listen().await;
    let told = match kind {
        Kind::Duologue | Kind::Delivering | Kind::Waking => {
            if kind == Kind::Delivering {
                world.deliver_events();
            }
            Told { grpc: listening.grpc, rest: Some(listening.rest), senders }
        }
        Kind::Tonic => {
            let ours = Grpc::connect(listening.grpc, &senders[0].token).await;
            let message = ListMessagesRequest {
                chat_id: chat_id(HISTORY).to_string(),
                ..ListMessagesRequest::default()
            };
            let page = ours.chat().list_messages(ours.request(message)).await.expect("a page").into_inner();
            let alone = TonicAlone::new(world.stores.chats.clone(), &lanes, page);
            Told { grpc: alone.listen().await, rest: None, senders }
        }
    };
    let line = serde_json::to_string(&told).expect("JSON");
    writeln!(std::io::stdout(), "{line}").expect("somebody who listens");
    let end = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
    end.await.expect("a thread").expect("the end of the input");
}

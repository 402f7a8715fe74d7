//! What is measured: a function for each set of lines.

mod lists;
mod pages;
mod requests;
mod sends;
mod streams;

use std::pin::Pin;

use super::picture::Series;
use super::round::Plan;
use super::row::Row;
use crate::backend::DurableServer;

/// What the functions share.
pub(crate) struct Context {
    pub(crate) plan: Plan,
    pub(crate) is_quick: bool,
    /// Started when it is first asked for.
    server: Option<DurableServer>,
    /// For the picture: cost against depth, and against length.
    pub(crate) by_depth: Vec<Series>,
    pub(crate) by_length: Vec<Series>,
}

impl Context {
    pub(crate) fn new(plan: Plan, is_quick: bool) -> Self {
        Self { plan, is_quick, server: None, by_depth: Vec::new(), by_length: Vec::new() }
    }

    /// The durable server of this run.
    pub(crate) async fn server(&mut self) -> &mut DurableServer {
        if self.server.is_none() {
            self.server = Some(DurableServer::start().await);
        }
        self.server.as_mut().expect("it was started")
    }

    /// A number that is smaller for a first look.
    pub(crate) fn pick<T>(&self, full: T, quick: T) -> T {
        if self.is_quick { quick } else { full }
    }
}

/// Measures some lines.
type Measure = for<'a> fn(&'a mut Context) -> Pin<Box<dyn Future<Output = Vec<Row>> + 'a>>;

/// All sets of lines, by name.
pub(crate) const ALL: [(&str, Measure); 10] = [
    ("sends-storage", |context| Box::pin(sends::storage(context))),
    ("sends-grpc", |context| Box::pin(sends::grpc(context))),
    ("sends-rest", |context| Box::pin(sends::rest(context))),
    ("wake-up-bus", |context| Box::pin(sends::on_a_bus(context))),
    ("pages-postgres", |context| Box::pin(pages::postgres(context))),
    ("pages-memory", |context| Box::pin(pages::memory(context))),
    ("pages-rest", |context| Box::pin(requests::rest(context))),
    ("pages-grpc", |context| Box::pin(requests::grpc(context))),
    ("chat-list", |context| Box::pin(lists::chats(context))),
    ("idle-streams", |context| Box::pin(streams::idle(context))),
];

//! A call on its way to a service, whichever RPC it is of, and what came of it.

use std::any::Any;
use std::sync::Arc;

use duologue_conformance::door::Door;
use duologue_contract::Rpc;
use duologue_contract::errors::Reason;
use duologue_grpc::Services;
use futures::stream::BoxStream;
use tonic::metadata::MetadataMap;
use tonic::{Extensions, Request, Response, Status};

use crate::woven;

/// A stream of messages.
pub type Messages<T> = BoxStream<'static, Result<T, Status>>;

type Boxed = Box<dyn Any + Send + Sync>;

/// A call on its way to a service.
pub struct Call {
    /// What is called.
    pub rpc: Rpc,
    /// The door that it came through.
    pub door: Door,
    /// What stands beside the message.
    pub metadata: MetadataMap,
    extensions: Extensions,
    message: Boxed,
    copy: fn(&Boxed) -> Option<Boxed>,
}

fn copy<T: Clone + Send + Sync + 'static>(message: &Boxed) -> Option<Boxed> {
    let message = message.downcast_ref::<T>()?.clone();
    Some(Box::new(message))
}

impl Call {
    pub(crate) fn new<T: Clone + Send + Sync + 'static>(rpc: Rpc, door: Door, request: Request<T>) -> Self {
        let (metadata, extensions, message) = request.into_parts();
        Self { rpc, door, metadata, extensions, message: Box::new(message), copy: copy::<T> }
    }

    pub(crate) fn into_request<T: 'static>(self) -> Result<Request<T>, Status> {
        let message = self.message.downcast::<T>().map_err(|_| misplaced())?;
        Ok(Request::from_parts(self.metadata, self.extensions, *message))
    }

    /// The message, if it is of this type.
    #[must_use]
    pub fn message<T: 'static>(&self) -> Option<&T> {
        self.message.downcast_ref()
    }

    /// The message, to be changed, if it is of this type.
    pub fn message_mut<T: 'static>(&mut self) -> Option<&mut T> {
        self.message.downcast_mut()
    }

    /// The same call once more.
    #[must_use]
    pub fn again(&self) -> Option<Self> {
        Some(Self {
            rpc: self.rpc,
            door: self.door,
            metadata: self.metadata.clone(),
            extensions: self.extensions.clone(),
            message: (self.copy)(&self.message)?,
            copy: self.copy,
        })
    }

    /// A call of another RPC by the same caller.
    #[must_use]
    pub fn other<T: Clone + Send + Sync + 'static>(&self, rpc: Rpc, message: T) -> Self {
        Self {
            rpc,
            door: self.door,
            metadata: self.metadata.clone(),
            extensions: self.extensions.clone(),
            message: Box::new(message),
            copy: copy::<T>,
        }
    }

    /// The same call with another access token.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        if let Ok(value) = format!("Bearer {token}").parse() {
            self.metadata.insert("authorization", value);
        }
        self
    }

    /// The access token.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.metadata.get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")
    }
}

/// What came of a call: a message, or a stream of them.
pub struct Answer {
    metadata: MetadataMap,
    message: Box<dyn Any + Send>,
}

impl Answer {
    /// An answer of one message.
    #[must_use]
    pub fn of<T: Send + 'static>(message: T) -> Self {
        Self { metadata: MetadataMap::new(), message: Box::new(message) }
    }

    /// An answer of many messages.
    #[must_use]
    pub fn stream<T: Send + 'static>(messages: Messages<T>) -> Self {
        Self::of(messages)
    }

    pub(crate) fn from_response<T: Send + 'static>(response: Response<T>) -> Self {
        let (metadata, message, _) = response.into_parts();
        Self { metadata, message: Box::new(message) }
    }

    pub(crate) fn into_response<T: 'static>(self) -> Result<Response<T>, Status> {
        let message = self.message.downcast::<T>().map_err(|_| misplaced())?;
        Ok(Response::from_parts(self.metadata, *message, Extensions::default()))
    }

    /// The message, to be changed, if it is of this type.
    pub fn message_mut<T: 'static>(&mut self) -> Option<&mut T> {
        self.message.downcast_mut()
    }

    /// The answer with its stream put through `change`.
    #[must_use]
    pub fn map_stream<T: Send + 'static>(self, change: impl FnOnce(Messages<T>) -> Messages<T>) -> Self {
        let Self { metadata, message } = self;
        match message.downcast::<Messages<T>>() {
            Ok(messages) => Self { metadata, message: Box::new(change(*messages)) },
            Err(message) => Self { metadata, message },
        }
    }
}

/// What a service answers.
pub type Answered = Result<Answer, Status>;

/// The services behind a fault.
#[derive(Clone)]
pub struct Next(pub(crate) Arc<Services>);

impl Next {
    /// Calls whatever RPC the call is of.
    pub async fn call(&self, call: Call) -> Answered {
        woven::reach(&self.0, call).await
    }
}

fn misplaced() -> Status {
    Reason::Internal.status("A planted fault mistook one message for another.")
}

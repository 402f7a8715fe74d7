//! The subscription.

use async_nats::{Client, Subscriber};
use async_trait::async_trait;
use bytes::Bytes;
use duologue_wakeup::{CarrierError, Listener};
use futures::StreamExt as _;
use tokio::sync::watch;
use uuid::Uuid;

use crate::carrier::{NotConnected, SUBJECT};

/// Receives until the connection is lost; the client's own reconnecting would hide that.
pub(crate) struct NatsListener {
    subscriber: Subscriber,
    losses: watch::Receiver<u64>,
}

impl NatsListener {
    /// Subscribes; once this has answered, the server knows.
    pub(crate) async fn open(client: &Client, losses: watch::Receiver<u64>) -> Result<Self, CarrierError> {
        let subscriber = client.subscribe(SUBJECT).await?;
        // The server does what a connection asks for in order: this message comes back after the subscription stands.
        let ready = format!("duologue.wakeup.ready.{}", Uuid::new_v4().simple());
        let mut answer = client.subscribe(ready.clone()).await?;
        client.publish(ready, Bytes::new()).await?;
        answer.next().await.ok_or(NotConnected)?;
        Ok(Self { subscriber, losses })
    }
}

#[async_trait]
impl Listener for NatsListener {
    async fn next(&mut self) -> Result<Bytes, CarrierError> {
        tokio::select! {
            message = self.subscriber.next() => Ok(message.ok_or(NotConnected)?.payload),
            _ = self.losses.changed() => Err(NotConnected.into()),
        }
    }
}

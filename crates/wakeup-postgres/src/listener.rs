//! The listening connection.

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use duologue_wakeup::{CarrierError, Listener};
use sqlx::postgres::{PgConnectOptions, PgListener, PgNotification, PgPoolOptions};

use crate::carrier::{CHANNEL, PATIENCE, TimedOut};

/// A connection that was silent for this long is asked for a sign of life.
const SILENCE: Duration = Duration::from_secs(2);

/// The connection is gone.
#[derive(Debug, thiserror::Error)]
#[error("the PostgreSQL server closed the listening connection")]
struct Lost;

/// Receives notifications until the connection is lost; the driver's own reconnecting would hide that.
pub(crate) struct PostgresListener {
    listener: PgListener,
}

impl PostgresListener {
    pub(crate) async fn open(options: PgConnectOptions) -> Result<Self, sqlx::Error> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            // Whoever opens has a limit of their own, which comes first.
            .acquire_timeout(2 * PATIENCE)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(options);
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.eager_reconnect(false);
        listener.listen(CHANNEL).await?;
        Ok(Self { listener })
    }

    async fn give_sign_of_life(&mut self) -> Result<(), CarrierError> {
        // Notifications that come meanwhile are kept for the next turn.
        let answer = tokio::time::timeout(PATIENCE, sqlx::query("SELECT 1").execute(&mut self.listener));
        answer.await.map_err(|_| TimedOut)??;
        Ok(())
    }
}

#[async_trait]
impl Listener for PostgresListener {
    async fn next(&mut self) -> Result<Bytes, CarrierError> {
        loop {
            match tokio::time::timeout(SILENCE, self.listener.try_recv()).await {
                Ok(notification) => return Ok(payload(&notification?.ok_or(Lost)?)),
                Err(_) => self.give_sign_of_life().await?,
            }
        }
    }
}

/// The bytes that were sent; of what nobody but a stranger can have sent, what is there.
fn payload(notification: &PgNotification) -> Bytes {
    let text = notification.payload();
    STANDARD_NO_PAD.decode(text).unwrap_or_else(|_| text.as_bytes().to_vec()).into()
}

//! Sends notifications, and opens the listening connection.

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use duologue_wakeup::{Carrier, CarrierError, Listener};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, PgConnection};
use tokio::sync::Mutex;

use crate::listener::PostgresListener;

/// The channel of all notifications.
pub(crate) const CHANNEL: &str = "duologue_wakeup";

/// How long one step may take: to connect, to send, to listen, to give a sign of life.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);

/// How long to rest after a notification, so that more gathers for the next.
///
/// A notification costs about what a send costs, on the server and on every replica.
const REST: Duration = Duration::from_millis(5);

/// The URL is none of a PostgreSQL. No text says more of it, for it holds a password.
#[derive(Debug, thiserror::Error)]
#[error("this is no URL of a PostgreSQL database: postgres://user@host:port/database is one")]
pub struct InvalidUrl(#[source] Option<sqlx::Error>);

/// A step took too long.
#[derive(Debug, thiserror::Error)]
#[error("the PostgreSQL server did not answer in time")]
pub(crate) struct TimedOut;

/// Takes wake-ups from replica to replica by notifications.
pub struct PostgresCarrier {
    options: PgConnectOptions,
    /// What the last notification was sent on, if it was taken.
    connection: Mutex<Option<PgConnection>>,
}

impl PostgresCarrier {
    /// A carrier over the database at this URL. Nothing is connected yet.
    pub fn new(url: &str) -> Result<Self, InvalidUrl> {
        // The driver itself would take any scheme.
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(InvalidUrl(None));
        }
        let options: PgConnectOptions = url.parse().map_err(|error| InvalidUrl(Some(error)))?;
        let millis = PATIENCE.as_millis().to_string();
        let options = options.application_name("duologue-wakeup").disable_statement_logging().options([
            // A wake-up that a crash loses is one that nobody waits for any more.
            ("synchronous_commit", "off"),
            ("statement_timeout", &millis),
            ("lock_timeout", &millis),
        ]);
        Ok(Self { options, connection: Mutex::new(None) })
    }

    async fn notify(&self, text: &str) -> Result<(), sqlx::Error> {
        let mut kept = self.connection.lock().await;
        // Not kept while it is used: whatever goes wrong, or is given up, the next one connects anew.
        let mut connection = match kept.take() {
            Some(connection) => connection,
            None => self.options.connect().await?,
        };
        sqlx::query("SELECT pg_notify($1, $2)").bind(CHANNEL).bind(text).execute(&mut connection).await?;
        *kept = Some(connection);
        Ok(())
    }
}

#[async_trait]
impl Carrier for PostgresCarrier {
    fn name(&self) -> &'static str {
        "postgres"
    }

    fn rest(&self) -> Duration {
        REST
    }

    async fn publish(&self, payload: Bytes) -> Result<(), CarrierError> {
        let text = STANDARD_NO_PAD.encode(payload);
        // Giving up loses a hint at most; the connection goes with it.
        tokio::time::timeout(PATIENCE, self.notify(&text)).await.map_err(|_| TimedOut)??;
        Ok(())
    }

    async fn listen(&self) -> Result<Box<dyn Listener>, CarrierError> {
        let listener = tokio::time::timeout(PATIENCE, PostgresListener::open(self.options.clone()));
        Ok(Box::new(listener.await.map_err(|_| TimedOut)??))
    }
}

impl std::fmt::Debug for PostgresCarrier {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("PostgresCarrier").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use duologue_wakeup::PAYLOAD_LIMIT;

    use super::*;

    #[test]
    fn only_urls_of_a_postgresql_are_taken() {
        for url in ["postgres://u:p@h:5/d", "postgresql://h", "postgres://h/?host=/run/pg"] {
            PostgresCarrier::new(url).unwrap();
        }
        for url in ["", "nats://h", "u:hunter2@h", "postgres://u:hunter2@h:port/d"] {
            let error = PostgresCarrier::new(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
        }
    }

    #[test]
    fn the_largest_payload_fits_into_a_notification() {
        assert!(STANDARD_NO_PAD.encode(vec![0xff; PAYLOAD_LIMIT]).len() < 8_000);
    }
}

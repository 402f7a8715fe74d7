//! What takes payloads from one process to the others.

use std::error::Error;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

/// Why a carrier did not do what it was asked for. It is logged, never shown to a client, and holds no password.
pub type CarrierError = Box<dyn Error + Send + Sync>;

/// Takes payloads of up to [`PAYLOAD_LIMIT`](crate::PAYLOAD_LIMIT) bytes to every process that listens.
///
/// It may lose them, repeat them, delay them and reorder them.
#[async_trait]
pub trait Carrier: Send + Sync + 'static {
    /// One word for logs and metrics.
    fn name(&self) -> &'static str;

    /// How long to rest after a batch, so that more gathers for the next. None by default.
    fn rest(&self) -> Duration {
        Duration::ZERO
    }

    /// Sends a payload.
    ///
    /// Ends within seconds whatever the other side does: nothing else is sent until then. Dropping the future must
    /// leave a carrier that works.
    async fn publish(&self, payload: Bytes) -> Result<(), CarrierError>;

    /// Opens the receiving side: what is published anywhere once this has answered is received.
    ///
    /// Ends within seconds.
    async fn listen(&self) -> Result<Box<dyn Listener>, CarrierError>;
}

/// The receiving side of a carrier.
#[async_trait]
pub trait Listener: Send {
    /// Waits for the next payload, whoever sent it; this process's own may be among them.
    ///
    /// An error means that something may be missed from now on: the listener is dropped, and a new one opened. It
    /// comes within seconds of the connection's death, a silent one included.
    async fn next(&mut self) -> Result<Bytes, CarrierError>;
}

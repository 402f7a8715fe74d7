//! One client for both directions.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, ConnectOptions, Event};
use async_trait::async_trait;
use bytes::Bytes;
use duologue_wakeup::{Carrier, CarrierError, Listener};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use tokio::sync::{OnceCell, watch};

use crate::listener::NatsListener;
use crate::url::{InvalidUrl, Servers};

/// What all wake-ups are published to.
pub(crate) const SUBJECT: &str = "duologue.wakeup.news";

/// How long one step may take: to connect, to send, to listen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(3);

/// A server that was silent for this long is asked for a sign of life; after three without, the connection is given up.
const SILENCE: Duration = Duration::from_secs(2);

/// The longest wait between two attempts to connect.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// A step took too long.
#[derive(Debug, thiserror::Error)]
#[error("the NATS server did not answer in time")]
pub(crate) struct TimedOut;

/// There is no connection at present.
#[derive(Debug, thiserror::Error)]
#[error("no NATS server is connected")]
pub(crate) struct NotConnected;

/// Takes wake-ups from replica to replica by core NATS.
pub struct NatsCarrier {
    servers: Servers,
    client: OnceCell<Client>,
    /// How often the connection was lost.
    losses: Arc<watch::Sender<u64>>,
}

impl NatsCarrier {
    /// A carrier over these servers. Nothing is connected yet.
    pub fn new(url: &str) -> Result<Self, InvalidUrl> {
        let losses = Arc::new(watch::Sender::new(0));
        Ok(Self { servers: Servers::parse(url)?, client: OnceCell::new(), losses })
    }

    /// The client, which connects, and connects again, by itself and for ever.
    async fn client(&self) -> Result<&Client, CarrierError> {
        self.client.get_or_try_init(|| self.start()).await
    }

    async fn start(&self) -> Result<Client, CarrierError> {
        let losses = self.losses.clone();
        let mut options = ConnectOptions::new()
            .name("duologue-wakeup")
            .retry_on_initial_connect()
            .connection_timeout(PATIENCE)
            .ping_interval(SILENCE)
            .reconnect_delay_callback(|attempt| {
                let doubled = u32::try_from(attempt.min(8)).unwrap_or(8);
                (Duration::from_millis(10) * 2_u32.pow(doubled)).min(LONGEST_WAIT)
            })
            .event_callback(move |event| {
                if matches!(event, Event::Disconnected | Event::Closed) {
                    losses.send_modify(|losses| *losses += 1);
                }
                std::future::ready(())
            });
        if let Some(credentials) = self.servers.credentials.clone() {
            options = options.user_and_password(credentials.user, credentials.password);
        }
        if self.servers.addresses.iter().any(async_nats::ServerAddr::tls_required) {
            options = options.tls_client_config(trusting_the_system()?);
        }
        Ok(options.connect(&self.servers.addresses[..]).await?)
    }

    async fn send(&self, payload: Bytes) -> Result<(), CarrierError> {
        let client = self.connected().await?;
        client.publish(SUBJECT, payload).await?;
        Ok(client.flush().await?)
    }

    /// The client while it has a connection; otherwise it would keep what it is given until it has.
    async fn connected(&self) -> Result<&Client, CarrierError> {
        let client = self.client().await?;
        if client.connection_state() == State::Connected { Ok(client) } else { Err(NotConnected.into()) }
    }
}

/// TLS by aws-lc-rs, whichever providers are compiled in besides.
fn trusting_the_system() -> Result<ClientConfig, CarrierError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

#[async_trait]
impl Carrier for NatsCarrier {
    fn name(&self) -> &'static str {
        "nats"
    }

    async fn publish(&self, payload: Bytes) -> Result<(), CarrierError> {
        tokio::time::timeout(PATIENCE, self.send(payload)).await.map_err(|_| TimedOut)?
    }

    async fn listen(&self) -> Result<Box<dyn Listener>, CarrierError> {
        let losses = self.losses.subscribe();
        let client = self.connected().await?;
        let listener = tokio::time::timeout(PATIENCE, NatsListener::open(client, losses));
        Ok(Box::new(listener.await.map_err(|_| TimedOut)??))
    }
}

impl fmt::Debug for NatsCarrier {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("NatsCarrier").finish_non_exhaustive()
    }
}

//! The work behind a bus: sends what has gathered, and receives.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use duologue_domain::wakeup::WakeUp as _;

use crate::back_off::BackOff;
use crate::bus::Shared;
use crate::carrier::{Carrier, CarrierError};
use crate::codec;
use crate::gathered::News;
use crate::measure::{Dropped, Measure};

/// How long the last batch may take once the work is to stop.
const FAREWELL: Duration = Duration::from_secs(1);

/// The work behind a bus, to be run once. Dropping it, or its future, ends it at once.
#[must_use = "nothing leaves the process and nothing comes in unless this runs"]
pub struct Background {
    shared: Arc<Shared>,
    carrier: Box<dyn Carrier>,
}

impl Background {
    pub(crate) fn new(shared: Arc<Shared>, carrier: Box<dyn Carrier>) -> Self {
        Self { shared, carrier }
    }

    /// Sends and receives until `stop`; then sends what has gathered, and returns within a second.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) {
        let mut sending = pin!(self.send());
        tokio::select! {
            () = stop => {}
            () = &mut sending => {}
            () = self.receive() => {}
        }
        self.shared.gathered.close();
        tokio::time::timeout(FAREWELL, sending).await.ok();
    }

    /// Sends one batch after the other until the bus is closed and empty.
    async fn send(&self) {
        let (mut back_off, mut failing) = (BackOff::new(), false);
        while let Some(news) = self.shared.gathered.take().await {
            match self.send_batch(news).await {
                Ok(()) => {
                    if std::mem::take(&mut failing) {
                        tracing::info!(bus = self.carrier.name(), "wake-ups reach the bus again");
                    }
                    back_off.reset();
                    let rest = self.carrier.rest();
                    if !rest.is_zero() {
                        tokio::time::sleep(rest).await;
                    }
                }
                Err(error) => {
                    if !std::mem::replace(&mut failing, true) {
                        let bus = self.carrier.name();
                        tracing::warn!(
                            bus,
                            error = &*error as &dyn std::error::Error,
                            "wake-ups do not reach the bus"
                        );
                    }
                    back_off.rest().await;
                }
            }
        }
    }

    /// Sends a batch. After a failure the rest of it is dropped.
    async fn send_batch(&self, news: News) -> Result<(), CarrierError> {
        let mut left = news.len();
        for (payload, wake_ups) in codec::encode(self.shared.sender, news) {
            if let Err(error) = self.carrier.publish(payload).await {
                self.shared.measure.dropped(left, Dropped::Refused);
                return Err(error);
            }
            self.shared.measure.published(wake_ups);
            left -= wake_ups;
        }
        Ok(())
    }

    /// Receives for ever, over as many connections as it takes.
    async fn receive(&self) {
        let (mut back_off, mut failing) = (BackOff::new(), false);
        loop {
            let error = match self.carrier.listen().await {
                Ok(mut listener) => {
                    if std::mem::take(&mut failing) {
                        tracing::info!(bus = self.carrier.name(), "wake-ups come from the bus again");
                    }
                    back_off.reset();
                    let _connected = Connected::new(self.shared.measure);
                    self.shared.connections.send_modify(|connections| *connections += 1);
                    loop {
                        match listener.next().await {
                            Ok(payload) => self.deliver(&payload),
                            Err(error) => break error,
                        }
                    }
                }
                Err(error) => error,
            };
            if !std::mem::replace(&mut failing, true) {
                let bus = self.carrier.name();
                tracing::warn!(
                    bus,
                    error = &*error as &dyn std::error::Error,
                    "no wake-ups come from the bus"
                );
            }
            back_off.rest().await;
        }
    }

    /// Wakes this process, and nobody else.
    fn deliver(&self, payload: &[u8]) {
        match codec::decode(payload) {
            Ok(payload) if payload.sender == self.shared.sender => {}
            Ok(payload) => {
                self.shared.measure.received(payload.news.len());
                for (topic, position) in payload.news {
                    self.shared.hub.publish(topic, position);
                }
            }
            Err(why) => self.shared.measure.ignored(why),
        }
    }
}

impl Drop for Background {
    /// Nobody will take what is gathered.
    fn drop(&mut self) {
        self.shared.gathered.close();
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Background").field("bus", &self.carrier.name()).finish_non_exhaustive()
    }
}

/// The gauge is up while this lives, and down however it ends.
struct Connected(Measure);

impl Connected {
    fn new(measure: Measure) -> Self {
        measure.connected(true);
        Self(measure)
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.connected(false);
    }
}

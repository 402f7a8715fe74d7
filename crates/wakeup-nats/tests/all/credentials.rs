//! Users, passwords, and that no log has them.

use std::io::Write;
use std::sync::{Arc, Mutex};

use duologue_domain::wakeup::{Topic, WakeUp as _};
use duologue_test_nats::NatsServer;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::harness::{carrier, publish_until_woken};
use crate::replica::{Replica, id};

/// Everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// One thread, so that the log of this thread has everything.
#[tokio::test]
async fn the_password_opens_the_server_and_is_in_no_log() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_max_level(LevelFilter::TRACE).with_writer(log.clone());
    let _logging = tracing::subscriber::set_default(subscriber.finish());
    let mut server = NatsServer::new(&["--user", "replica", "--pass", "hunter/2"]).await.unwrap();
    let url = |password: &str| format!("nats://replica:{password}@{}", server.address());
    let (right, wrong) = (url("hunter%2F2"), url("hunter%2F3"));
    let (a, b) = (Replica::listening(carrier(&right)).await, Replica::listening(carrier(&right)).await);
    let stranger = Replica::start(carrier(&wrong));
    let topic = Topic::Chat(id());
    let (mut there, mut outside) = (b.bus.subscribe(topic), stranger.bus.subscribe(topic));
    publish_until_woken(&a, topic, &mut there).await;
    server.kill_9().unwrap();
    server.start().await.unwrap();
    b.connected(2).await;
    publish_until_woken(&a, topic, &mut there).await;
    // The stranger is refused, and tries again, but hears nothing.
    while !log.text().contains("authorization violation") {
        tokio::task::yield_now().await;
    }
    assert!(!crate::replica::is_woken(&mut outside));
    let text = log.text();
    assert!(text.contains("async_nats"), "the client's own log is in it");
    assert!(!text.contains("hunter"), "{text}");
}

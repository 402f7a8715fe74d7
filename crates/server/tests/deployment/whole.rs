//! The deployment of `examples/deployment.sh`: a process for each role, two of them chats, and two gateways.

use std::sync::Arc;

use duologue_test_nats::NatsServer;
use duologue_test_postgres::TestDatabase;
use tempfile::TempDir;

use crate::processes::{Process, free_ports};
use crate::proxy::Proxy;
use crate::server::run;

/// A running deployment; gone when dropped.
pub(crate) struct Deployment {
    pub(crate) auth: Process,
    pub(crate) user: Process,
    pub(crate) notification: Process,
    pub(crate) social: Process,
    pub(crate) chats: [Process; 2],
    /// The second knows the second chat replica alone.
    pub(crate) gateways: [Process; 2],
    pub(crate) nats: NatsServer,
    /// Between each chat replica and NATS.
    pub(crate) links: [Proxy; 2],
    _database: TestDatabase,
}

impl Deployment {
    /// Starts a deployment, every process with these arguments besides.
    pub(crate) async fn start(arguments: &[&str]) -> Self {
        Self::start_over(None, arguments).await
    }

    /// The same, over a bus elsewhere in place of NATS and the links, if one is given.
    pub(crate) async fn start_over(far_bus: Option<&str>, arguments: &[&str]) -> Self {
        let (nats, database) = (NatsServer::new(&[]).await.unwrap(), fresh_database().await);
        let links = [Proxy::start(nats.address()).await, Proxy::start(nats.address()).await];
        let directory = Arc::new(TempDir::new().unwrap());
        let keys = run(&directory, &["keys", "create", "--keys", "keys"]);
        assert!(keys.status.success(), "{keys:?}");
        let port = free_ports(10);
        let url = |offset: u16| format!("http://127.0.0.1:{}", port + offset);
        let start = |name: &str, place: u16, wakeup: &str, asks: &[String]| {
            let own = ["--storage", &database.url(), "--wakeup", wakeup, "--keys", "keys", "--log", "warn"];
            let mut all: Vec<String> = own.iter().chain(arguments).map(|text| (*text).to_owned()).collect();
            all.extend_from_slice(asks);
            let role = name.split('-').next().unwrap_or(name);
            Process::start(&directory, (name, role), (port + place, port + place + 2), &all)
        };
        let bus = far_bus.map_or_else(|| nats.url(), str::to_owned);
        let auth = start("auth", 0, &bus, &[]);
        let mut asks = vec![format!("--auth-url={}", url(0))];
        let user = start("user", 1, &bus, &asks);
        let notification = start("notification", 2, &bus, &asks);
        asks.extend([format!("--user-url={}", url(1)), format!("--notification-url={}", url(2))]);
        let social = start("social", 3, &bus, &asks);
        let near = links.each_ref().map(|link| format!("nats://{}", link.address));
        let [first, second] = near.map(|near| far_bus.map_or(near, str::to_owned));
        let chats = [start("chat-1", 4, &first, &asks), start("chat-2", 5, &second, &asks)];
        asks.push(format!("--social-url={}", url(3)));
        let gateway = |name, place, chats: String| {
            let asks = [&asks[..], &[format!("--chat-url={chats}")]].concat();
            start(name, place, &bus, &asks)
        };
        let gateways =
            [gateway("gateway-1", 6, format!("{},{}", url(4), url(5))), gateway("gateway-2", 7, url(5))];
        Self { auth, user, notification, social, chats, gateways, nats, links, _database: database }
    }
}

/// A database of the newest schema.
pub(crate) async fn fresh_database() -> TestDatabase {
    let prepare = async |url: String| Ok(duologue_storage_postgres::migrate(&url).await?);
    duologue_test_postgres::database(&duologue_storage_postgres::checksum(), prepare).await.unwrap()
}

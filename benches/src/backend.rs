//! Where what is measured is stored.

use std::sync::Arc;

use duologue_domain::chat::ChatStore;
use duologue_domain::event::EventOutbox;
use duologue_domain::notification::NotificationStore;
use duologue_domain::social::SocialStore;
use duologue_domain::user::ProfileStore;
use duologue_storage_memory::MemoryStorage;
use duologue_storage_postgres::{Options, PostgresStorage, checksum, migrate};
use duologue_test_postgres::{Error, OwnServer, TestDatabase, database};
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, PgPool};

/// Settings of a server that measures: durable, and as large as one that means it.
const SETTINGS: [(&str, &str); 4] = [
    ("shared_buffers", "512MB"),
    ("max_wal_size", "8GB"),
    ("checkpoint_timeout", "30min"),
    ("synchronous_commit", "on"),
];

/// A storage, and what else is known of it.
#[derive(Clone)]
pub enum Backend {
    /// In memory.
    Memory(MemoryStorage),
    /// On PostgreSQL.
    Postgres(Postgres),
}

/// A storage on PostgreSQL, and the way past it.
#[derive(Clone)]
pub struct Postgres {
    /// The adapter.
    pub storage: PostgresStorage,
    /// Connections of the bare driver, as many as the adapter has.
    pub pool: PgPool,
    /// Where the database is.
    pub url: String,
    /// Keeps a database of our own for as long as it is used.
    _database: Option<Arc<TestDatabase>>,
}

/// Every store of a storage.
pub struct Stores {
    /// Chats and messages.
    pub chats: Arc<dyn ChatStore>,
    /// Friendships.
    pub social: Arc<dyn SocialStore>,
    /// Profiles.
    pub profiles: Arc<dyn ProfileStore>,
    /// Notifications.
    pub notifications: Arc<dyn NotificationStore>,
    /// Events on their way to them.
    pub outboxes: Vec<Arc<dyn EventOutbox>>,
}

impl Backend {
    /// An empty storage in memory.
    #[must_use]
    pub fn memory() -> Self {
        Self::Memory(MemoryStorage::new())
    }

    /// The storage in a database, which is migrated first.
    ///
    /// # Panics
    /// If it cannot be opened.
    pub async fn postgres(url: &str) -> Self {
        migrate(url).await.expect("the database can be migrated");
        Self::open(url.to_owned(), None).await
    }

    /// A storage in a careless database of its own, for what only has to be right; none where there is no PostgreSQL.
    ///
    /// # Panics
    /// If there is one, and it cannot be used.
    pub async fn careless_postgres() -> Option<Self> {
        match database(&checksum(), async |url| Ok(migrate(&url).await?)).await {
            Ok(database) => Some(Self::open(database.url(), Some(Arc::new(database))).await),
            Err(Error::Nowhere) => None,
            Err(error) => panic!("no database: {error}"),
        }
    }

    async fn open(url: String, database: Option<Arc<TestDatabase>>) -> Self {
        let options = Options::default();
        let pool = PgPoolOptions::new()
            .max_connections(options.max_connections)
            .test_before_acquire(false)
            .connect(&url)
            .await
            .expect("the database takes connections");
        let storage = PostgresStorage::connect(&url, options).await.expect("the storage opens");
        Self::Postgres(Postgres { storage, pool, url, _database: database })
    }

    /// What it is called in the names of benchmarks.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Memory(_) => "memory",
            Self::Postgres(_) => "postgres",
        }
    }

    /// Its stores.
    #[must_use]
    pub fn stores(&self) -> Stores {
        match self {
            Self::Memory(storage) => Stores::of(storage, storage.outboxes()),
            Self::Postgres(postgres) => Stores::of(&postgres.storage, postgres.storage.outboxes()),
        }
    }

    /// The way past the adapter, on PostgreSQL.
    #[must_use]
    pub fn as_postgres(&self) -> Option<&Postgres> {
        match self {
            Self::Memory(_) => None,
            Self::Postgres(postgres) => Some(postgres),
        }
    }
}

impl Stores {
    fn of<S>(storage: &S, outboxes: Vec<Arc<dyn EventOutbox>>) -> Self
    where
        S: ChatStore + SocialStore + ProfileStore + NotificationStore + Clone + 'static,
    {
        let shared = Arc::new(storage.clone());
        Self {
            chats: shared.clone(),
            social: shared.clone(),
            profiles: shared.clone(),
            notifications: shared,
            outboxes,
        }
    }
}

/// A durable PostgreSQL of our own, with a database for whoever asks.
pub struct DurableServer {
    server: OwnServer,
    databases: u32,
}

impl DurableServer {
    /// Starts it, with `fsync` on.
    ///
    /// # Panics
    /// If PostgreSQL's programs are not installed.
    pub async fn start() -> Self {
        let server = OwnServer::new(&SETTINGS).await.expect("PostgreSQL's programs are installed");
        Self { server, databases: 0 }
    }

    /// The URL of a new, empty database.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn database(&mut self) -> String {
        self.databases += 1;
        let name = format!("benches_{}", self.databases);
        let mut connection =
            PgConnection::connect(&self.server.url("postgres")).await.expect("the server takes connections");
        let create = format!("CREATE DATABASE {name}");
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await.expect("a new database");
        self.server.url(&name)
    }

    /// A storage in a new database.
    pub async fn backend(&mut self) -> Backend {
        let url = self.database().await;
        Backend::postgres(&url).await
    }
}

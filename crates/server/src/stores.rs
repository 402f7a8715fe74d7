//! The stores, whichever adapter is behind them.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use duologue_domain::StorageError;
use duologue_domain::auth::{AccountStore, SessionStore};
use duologue_domain::chat::ChatStore;
use duologue_domain::event::EventOutbox;
use duologue_domain::notification::NotificationStore;
use duologue_domain::social::SocialStore;
use duologue_domain::user::ProfileStore;
use duologue_storage_memory::MemoryStorage;
use duologue_storage_postgres::{Options, PostgresStorage};

use crate::config::{Config, Storage};
use crate::roles::Role;
use crate::settings::Profile;

/// Answers whether a storage does.
#[async_trait]
pub(crate) trait Health: Send + Sync {
    /// Asks the storage now.
    async fn ask(&self) -> Result<(), StorageError>;
}

/// The outbox of a role.
#[derive(Clone)]
pub(crate) struct NamedOutbox {
    /// The role that writes to it.
    pub(crate) role: Role,
    pub(crate) outbox: Arc<dyn EventOutbox>,
}

/// Every store, whichever adapter is behind it.
pub(crate) struct Stores {
    pub(crate) accounts: Arc<dyn AccountStore>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) profiles: Arc<dyn ProfileStore>,
    pub(crate) social: Arc<dyn SocialStore>,
    pub(crate) chats: Arc<dyn ChatStore>,
    pub(crate) notifications: Arc<dyn NotificationStore>,
    pub(crate) outboxes: Vec<NamedOutbox>,
    pub(crate) health: Arc<dyn Health>,
}

impl Stores {
    /// Opens the storage that the configuration names.
    pub(crate) async fn open(config: &Config) -> anyhow::Result<Self> {
        match &config.storage {
            // A gateway keeps nothing.
            _ if !config.roles.have_services() => {
                let storage = MemoryStorage::new();
                Ok(Self::of(&storage, storage.outboxes()))
            }
            Storage::Memory => {
                let storage = MemoryStorage::new();
                Ok(Self::of(&storage, storage.outboxes()))
            }
            Storage::Postgres { url, migrate } => {
                let name = || format!("storage: {:?}", config.storage);
                if *migrate {
                    duologue_storage_postgres::migrate(url).await.with_context(name)?;
                }
                let storage = PostgresStorage::connect(url, Options::default()).await.with_context(name)?;
                let durability = storage.durability().await.with_context(name)?;
                if config.profile == Profile::Production {
                    ensure!(
                        durability.is_complete(),
                        "production: the database forgets what it acknowledged when power fails: {durability:?}"
                    );
                }
                Ok(Self::of(&storage, storage.outboxes()))
            }
        }
    }

    fn of<S>(storage: &S, outboxes: Vec<Arc<dyn EventOutbox>>) -> Self
    where
        S: AccountStore
            + SessionStore
            + ProfileStore
            + SocialStore
            + ChatStore
            + NotificationStore
            + Health
            + Clone
            + 'static,
    {
        let shared = Arc::new(storage.clone());
        Self {
            accounts: shared.clone(),
            sessions: shared.clone(),
            profiles: shared.clone(),
            social: shared.clone(),
            chats: shared.clone(),
            notifications: shared.clone(),
            // In the order that every adapter gives them in.
            outboxes: [Role::Social, Role::Chat]
                .into_iter()
                .zip(outboxes)
                .map(|(role, outbox)| NamedOutbox { role, outbox })
                .collect(),
            health: shared,
        }
    }
}

#[async_trait]
impl Health for MemoryStorage {
    async fn ask(&self) -> Result<(), StorageError> {
        Ok(())
    }
}

#[async_trait]
impl Health for PostgresStorage {
    async fn ask(&self) -> Result<(), StorageError> {
        self.ping().await
    }
}

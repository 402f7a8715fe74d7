//! The roles that other processes have, and the connections to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use duologue_contract::auth::auth_service_server::AuthServiceServer;
use duologue_contract::bridge::{
    AuthRemote, Bridges, ChatRemote, NotificationRemote, SocialRemote, UserRemote,
};
use duologue_contract::chat::chat_service_server::ChatServiceServer;
use duologue_contract::notification::notification_service_server::NotificationServiceServer;
use duologue_contract::social::social_service_server::SocialServiceServer;
use duologue_contract::user::user_service_server::UserServiceServer;
use duologue_domain::Environment;
use duologue_domain::auth::EndedSessions;
use duologue_domain::notification::EventReceiver;
use duologue_domain::social::FriendshipDirectory;
use duologue_domain::user::UserDirectory;
use duologue_platform::keys::SharedSecrets;
use duologue_platform::token::{KeySource, ServiceTokens};
use duologue_remote::{
    Forward, RemoteBridge, RemoteEndedSessions, RemoteEvents, RemoteFriendships, RemoteKeys, RemoteUsers,
    Replicas, RetryBudget, ServiceIdentity, endpoint,
};
use duologue_tls::Connector;
use tonic::transport::Channel;

use crate::config::Config;
use crate::roles::Role;

/// How much longer than the service a gateway waits, so that the service's own answer arrives first.
const GRACE: std::time::Duration = std::time::Duration::from_millis(500);

/// Connections to each replica: eight times the streams that its listener takes on one (1,024) may be open through this
/// process.
const CONNECTIONS: usize = 8;

/// The roles that other processes have.
pub(crate) struct Elsewhere {
    connections: BTreeMap<Role, Replicas>,
    identity: ServiceIdentity,
    longest: std::time::Duration,
}

impl Elsewhere {
    /// Connections to every role that the configuration says is elsewhere; none is opened before it is needed.
    pub(crate) fn new(
        config: &Config,
        secrets: &SharedSecrets,
        environment: Environment,
        connector: &Connector,
    ) -> anyhow::Result<Self> {
        let connect = |(role, urls): (&Role, &Vec<String>)| {
            let replica = |url: &String| -> anyhow::Result<Vec<Channel>> {
                let endpoint = endpoint(url)?;
                Ok((0..CONNECTIONS)
                    .map(|_| endpoint.connect_with_connector_lazy(connector.clone()))
                    .collect())
            };
            let replicas: Vec<_> = urls
                .iter()
                .map(replica)
                .collect::<anyhow::Result<_>>()
                .with_context(|| format!("{}-url", role.name()))?;
            Ok((*role, Replicas::new(replicas)))
        };
        let identity = ServiceIdentity::new(
            &config.roles.to_string(),
            ServiceTokens::new(secrets.services()),
            environment,
            RetryBudget::new(),
        );
        Ok(Self {
            connections: config.elsewhere.iter().map(connect).collect::<anyhow::Result<_>>()?,
            identity,
            longest: config.deadline.saturating_add(GRACE),
        })
    }

    fn connection(&self, role: Role) -> anyhow::Result<(Replicas, ServiceIdentity)> {
        let connection =
            self.connections.get(&role).with_context(|| format!("{} is nowhere", role.name()))?;
        Ok((connection.clone(), self.identity.clone()))
    }

    pub(crate) fn keys(&self) -> anyhow::Result<Arc<dyn KeySource>> {
        let (connection, identity) = self.connection(Role::Auth)?;
        Ok(Arc::new(RemoteKeys::new(connection, identity)))
    }

    pub(crate) fn ended_sessions(&self) -> anyhow::Result<Arc<dyn EndedSessions>> {
        let (connection, identity) = self.connection(Role::Auth)?;
        Ok(Arc::new(RemoteEndedSessions::new(connection, identity)))
    }

    pub(crate) fn users(&self) -> anyhow::Result<Arc<dyn UserDirectory>> {
        let (connection, identity) = self.connection(Role::User)?;
        Ok(Arc::new(RemoteUsers::new(connection, identity)))
    }

    pub(crate) fn friendships(&self) -> anyhow::Result<Arc<dyn FriendshipDirectory>> {
        let (connection, identity) = self.connection(Role::Social)?;
        Ok(Arc::new(RemoteFriendships::new(connection, identity)))
    }

    pub(crate) fn events(&self) -> anyhow::Result<Arc<dyn EventReceiver>> {
        let (connection, identity) = self.connection(Role::Notification)?;
        Ok(Arc::new(RemoteEvents::new(connection, identity)))
    }

    /// Bridges to every service that is elsewhere.
    pub(crate) fn bridges(&self) -> Bridges {
        let mut bridges = Bridges::new();
        macro_rules! reach {
            ($($role:ident: $remote:ident),*) => {$(
                if let Some(connection) = self.connections.get(&Role::$role) {
                    let bridge = $remote::new(connection.clone());
                    bridges = bridges.with(RemoteBridge::new(bridge, self.identity.clone(), self.longest));
                }
            )*};
        }
        reach!(
            Auth: AuthRemote,
            User: UserRemote,
            Social: SocialRemote,
            Chat: ChatRemote,
            Notification: NotificationRemote
        );
        bridges
    }

    /// What passes gRPC on to every service that is elsewhere.
    pub(crate) fn forwards(&self) -> duologue_grpc::Elsewhere {
        let mut forwards = duologue_grpc::Elsewhere::default();
        macro_rules! reach {
            ($($role:ident: $server:ident),*) => {$(
                if let Some(connection) = self.connections.get(&Role::$role) {
                    forwards.add(Forward::<$server<()>, _>::new(connection.clone(), self.identity.clone()));
                }
            )*};
        }
        reach!(
            Auth: AuthServiceServer,
            User: UserServiceServer,
            Social: SocialServiceServer,
            Chat: ChatServiceServer,
            Notification: NotificationServiceServer
        );
        forwards
    }
}

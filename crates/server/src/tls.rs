//! TLS of every listener and of the connections to other roles.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use duologue_tls::{
    ClientCertificates, ClientFiles, ClientTls, ConnectSettings, Connector, IdentityFiles, Security,
    ServerFiles, ServerTls,
};
use tokio::task::JoinSet;

use crate::settings::ClientCertificate;

/// How often the files are looked at: a certificate that was renewed is in use so soon.
const LOOK: Duration = Duration::from_secs(5);

/// How long a connection to another role may take to come about.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where the PEM files are, and what clients of gRPC have to show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct TlsConfig {
    /// This process's certificate and key, for its listeners, and to show to other roles.
    pub(crate) identity: Option<IdentityFiles>,
    /// The authorities that vouch for other roles, and for clients that show certificates.
    pub(crate) authorities: Option<PathBuf>,
    /// What clients of gRPC have to show. REST is for everybody.
    pub(crate) clients: ClientCertificate,
}

/// TLS of this process.
pub(crate) struct Tls {
    pub(crate) grpc: Security,
    /// For REST and metrics.
    pub(crate) public: Security,
    /// Connects to other roles.
    pub(crate) connector: Connector,
    servers: Vec<ServerTls>,
    client: Option<ClientTls>,
}

impl Tls {
    /// Reads the files.
    pub(crate) fn open(config: &TlsConfig) -> anyhow::Result<Self> {
        let TlsConfig { identity, authorities, clients } = config.clone();
        let mut servers = Vec::new();
        let (mut grpc, mut public) = (Security::Plaintext, Security::Plaintext);
        if let Some(identity) = &identity {
            let open =
                |clients| ServerTls::open(ServerFiles { identity: identity.clone(), clients }).context("TLS");
            let of_clients = match (clients, authorities.clone()) {
                (ClientCertificate::Required, Some(file)) => ClientCertificates::Required(file),
                (ClientCertificate::Optional, Some(file)) => ClientCertificates::Optional(file),
                (ClientCertificate::Ignored, _) | (_, None) => ClientCertificates::Ignored,
            };
            servers = vec![open(of_clients)?, open(ClientCertificates::Ignored)?];
            grpc = Security::Tls(servers[0].clone());
            public = Security::Tls(servers[1].clone());
        }
        let connector = Connector::new(&ConnectSettings { patience: PATIENCE, ..ConnectSettings::default() });
        // Without authorities of its own a process trusts what the system trusts, if it ever connects by TLS.
        let client = ClientTls::open(ClientFiles { identity, authorities: authorities.clone() });
        let client = if authorities.is_some() { Some(client.context("TLS")?) } else { client.ok() };
        let connector = match &client {
            Some(client) => connector.with_tls(client.clone()),
            None => connector,
        };
        Ok(Self { grpc, public, connector, servers, client })
    }

    /// Keeps looking at the files, and takes what is new for new connections.
    pub(crate) fn keep_current(self, tasks: &mut JoinSet<()>) {
        for server in self.servers {
            tasks.spawn(async move { match server.keep_current(LOOK).await {} });
        }
        if let Some(client) = self.client {
            tasks.spawn(async move { match client.keep_current(LOOK).await {} });
        }
    }
}

//! Authorities, servers and clients.

use std::convert::Infallible;
use std::error::Error;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use duologue_listener::{Acceptor, Ends, ListenerConfig};
use duologue_tls::{
    ClientCertificates, ClientFiles, ClientTls, ConnectSettings, Connector, IdentityFiles, PeerIdentity,
    Security, ServerFiles, ServerTls,
};
use http::{Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};
use tower::{Service as _, ServiceExt as _};

/// Longer than anything here takes: what hangs fails.
const WATCHDOG: Duration = Duration::from_mins(1);

/// What is awaited must come.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(WATCHDOG, future).await.unwrap_or_else(|_| panic!("this takes for ever"))
}

/// Somebody who vouches for others.
pub(crate) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// The authority's own certificate.
    pub(crate) file: PathBuf,
}

/// A directory with an authority and a server's identity of its making.
pub(crate) struct World {
    pub(crate) directory: TempDir,
    pub(crate) authority: Authority,
    /// For 127.0.0.1 and `localhost`.
    pub(crate) server: IdentityFiles,
}

impl World {
    pub(crate) fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let authority = Authority::new(directory.path(), "authority");
        let server = authority.identity(directory.path(), "server", &["127.0.0.1", "localhost"]);
        Self { directory, authority, server }
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn server_tls(&self, clients: ClientCertificates) -> ServerTls {
        ServerTls::open(ServerFiles { identity: self.server.clone(), clients }).unwrap()
    }

    /// A client that trusts the authority.
    pub(crate) fn client(&self, identity: Option<IdentityFiles>) -> ClientTls {
        ClientTls::open(ClientFiles { identity, authorities: Some(self.authority.file.clone()) }).unwrap()
    }
}

impl Authority {
    pub(crate) fn new(directory: &Path, name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let file = directory.join(format!("{name}.pem"));
        fs::write(&file, issuer.pem()).unwrap();
        Self { issuer, file }
    }

    pub(crate) fn identity(&self, directory: &Path, name: &str, names: &[&str]) -> IdentityFiles {
        let files = IdentityFiles {
            certificate_chain: directory.join(format!("{name}.pem")),
            private_key: directory.join(format!("{name}.key")),
        };
        self.issue(&files, names);
        files
    }

    /// Writes a new certificate with a new key over whatever the files held.
    pub(crate) fn issue(&self, files: &IdentityFiles, names: &[&str]) {
        self.issue_with(files, names, |_| ());
    }

    pub(crate) fn issue_with(
        &self,
        files: &IdentityFiles,
        names: &[&str],
        change: impl FnOnce(&mut CertificateParams),
    ) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        fs::write(&files.certificate_chain, certificate.pem()).unwrap();
        fs::write(&files.private_key, key.serialize_pem()).unwrap();
    }
}

/// A server that says whom it talks to.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    served: Arc<AtomicUsize>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Server {
    pub(crate) async fn start(tls: &ServerTls) -> Self {
        Self::start_with(Security::Tls(tls.clone()), ListenerConfig::development("test"), WATCHDOG).await
    }

    pub(crate) async fn start_with<A: Acceptor>(
        acceptor: A,
        config: ListenerConfig,
        hard_deadline: Duration,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let served = Arc::new(AtomicUsize::new(0));
        let counter = served.clone();
        let service = tower::service_fn(move |request| {
            counter.fetch_add(1, Ordering::SeqCst);
            std::future::ready(Ok::<_, Infallible>(answer(&request)))
        });
        let stopped = async {
            let _ = stopped.await;
        };
        let task = tokio::spawn(duologue_listener::serve(
            listener,
            acceptor,
            service,
            config,
            stopped,
            hard_deadline,
        ));
        Self { address, served, stop, task }
    }

    /// How many requests were served.
    pub(crate) fn served(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }

    pub(crate) fn https(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Tells the server to stop, and waits until it has.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        within(self.task).await.unwrap();
    }
}

fn answer(request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let ends = request.extensions().get::<Ends>().unwrap();
    let names = match request.extensions().get::<PeerIdentity>() {
        Some(peer) => peer.names().join(" "),
        None => "nobody".to_owned(),
    };
    Response::builder()
        .header("peer", ends.peer.to_string())
        .header("names", names)
        .header("version", format!("{:?}", request.version()))
        .body(Full::default())
        .unwrap()
}

/// What a server said of one request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// The client's own address: another one is another connection.
    pub(crate) peer: String,
    pub(crate) names: String,
    pub(crate) version: String,
}

/// A channel as the server's clients have it.
pub(crate) fn channel(tls: &ClientTls, uri: String) -> Channel {
    let connector = Connector::new(&ConnectSettings::default()).with_tls(tls.clone());
    Endpoint::from_shared(uri).unwrap().connect_with_connector_lazy(connector)
}

/// Asks on a channel.
pub(crate) async fn ask(channel: &mut Channel) -> Result<Said, tonic::transport::Error> {
    let request = Request::get("/").body(tonic::body::Body::empty()).unwrap();
    let response = within(channel.ready()).await?.call(request);
    let response = within(response).await?;
    let header = |name| response.headers().get(name).unwrap().to_str().unwrap().to_owned();
    Ok(Said { peer: header("peer"), names: header("names"), version: header("version") })
}

/// What the TLS library says beneath an error.
pub(crate) fn tls_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a rustls::Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = inner.map(|inner| inner as &(dyn Error + 'static)).or_else(|| error.source());
    }
    None
}

/// TLS that negotiates no protocol.
pub(crate) fn acceptor_without_protocols(identity: &IdentityFiles) -> tokio_rustls::TlsAcceptor {
    let chain = CertificateDer::from_pem_file(&identity.certificate_chain).unwrap();
    let key = PrivateKeyDer::from_pem_file(&identity.private_key).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![chain], key)
        .unwrap();
    Arc::new(config).into()
}

//! Two roles that speak to each other by mutual TLS, and a client that has to show a certificate as well.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use duologue_contract::auth::RegisterRequest;
use duologue_contract::auth::auth_service_client::AuthServiceClient;
use duologue_tls::{ClientFiles, ClientTls, ConnectSettings, Connector, IdentityFiles};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tonic::Status;
use tonic::transport::Endpoint;

use crate::people::connect;
use crate::processes::{Process, free_ports};

/// Writes an authority, and a certificate of its for 127.0.0.1.
fn certificates(directory: &Path) -> (PathBuf, IdentityFiles) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let write = |name: &str, text: String| {
        let file = directory.join(name);
        std::fs::write(&file, text).unwrap();
        file
    };
    let identity = IdentityFiles {
        certificate_chain: write("certificate.pem", certificate.pem()),
        private_key: write("key.pem", key.serialize_pem()),
    };
    (write("authority.pem", authority.pem()), identity)
}

/// Registers somebody over TLS, with or without a certificate to show.
async fn register(
    address: &str,
    authority: &Path,
    identity: Option<IdentityFiles>,
) -> Result<String, Status> {
    let tls = ClientTls::open(ClientFiles { identity, authorities: Some(authority.to_owned()) }).unwrap();
    let connector = Connector::new(&ConnectSettings::default()).with_tls(tls);
    let endpoint = Endpoint::from_shared(format!("https://{address}")).unwrap();
    register_by(AuthServiceClient::new(endpoint.connect_with_connector_lazy(connector))).await
}

async fn register_by(mut auth: AuthServiceClient<tonic::transport::Channel>) -> Result<String, Status> {
    let email = format!("{}@example.org", uuid::Uuid::new_v4());
    let request = RegisterRequest { email, password: "a long enough one".to_owned() };
    Ok(auth.register(request).await?.into_inner().user_id)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn roles_and_clients_know_each_other_by_their_certificates() {
    let directory = Arc::new(TempDir::new().unwrap());
    let (authority, identity) = certificates(directory.path());
    let port = free_ports(4);
    let file = |path: &Path| path.display().to_string();
    let tls = [
        format!("--tls-certificate={}", file(&identity.certificate_chain)),
        format!("--tls-key={}", file(&identity.private_key)),
        format!("--tls-authorities={}", file(&authority)),
        "--tls-clients=required".to_owned(),
        "--keys=keys".to_owned(),
    ];
    let auth = Process::start(&directory, ("auth", "auth"), (port, port), &tls);
    let everything = ["auth", "user", "social", "chat", "notification"];
    let asks = everything.map(|role| format!("--{role}-url=https://{}", auth.grpc));
    let arguments = [&tls[..], &asks[..]].concat();
    let gateway = Process::start(&directory, ("gateway", "gateway"), (port + 1, port + 2), &arguments);

    // Through the gateway, which shows its own certificate to Auth.
    assert!(register(&gateway.grpc, &authority, Some(identity.clone())).await.is_ok());
    for process in [&auth, &gateway] {
        assert!(register(&process.grpc, &authority, None).await.is_err(), "without a certificate");
        assert!(register_by(AuthServiceClient::new(connect(&process.grpc))).await.is_err(), "without TLS");
    }
    assert!(register(&auth.grpc, &authority, Some(identity)).await.is_ok());
}

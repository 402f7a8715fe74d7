//! A deployment behind TLS: reached when its authority is believed, and not otherwise.

#![expect(clippy::expect_used, reason = "the helpers of these tests are tests as well")]

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

mod running;
mod small_auth;

use running::{command, exhausted, last_line, told};

/// An authority of a test's own, and where its certificate is.
struct Authority {
    file: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut parameters = CertificateParams::new(Vec::new()).expect("parameters");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = parameters.self_signed(&key).expect("a certificate");
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.pem"));
        std::fs::write(&file, certificate.pem()).expect("it is written");
        Self { file, issuer: Issuer::new(parameters, key) }
    }

    fn path(&self) -> &str {
        self.file.to_str().expect("a path of letters")
    }

    /// Speaks TLS for an address that does not.
    async fn terminate(&self, plain: &str) -> String {
        let key = KeyPair::generate().expect("a key");
        let parameters = CertificateParams::new(vec!["localhost".to_owned()]).expect("parameters");
        let certificate = parameters.signed_by(&key, &self.issuer).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(certificate)], key)
            .expect("a certificate for the key");
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let plain = plain.trim_start_matches("http://").to_owned();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, plain) = (acceptor.clone(), plain.clone());
                tokio::spawn(async move {
                    let mut outside = acceptor.accept(stream).await?;
                    let mut inside = TcpStream::connect(plain).await?;
                    tokio::io::copy_bidirectional(&mut outside, &mut inside).await
                });
            }
        });
        format!("https://localhost:{port}")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_of_a_believed_authority_is_judged() {
    let authority = Authority::new("believed");
    let grpc = authority.terminate(&small_auth::serve().await.expect("it listens")).await;
    let line = ["run", "--grpc", &grpc, "--only", "auth.register_login", "--ca", authority.path()];
    let held = command(&line, &[]).await;
    assert_eq!(held.status.code(), Some(0), "{}", told(&held));
    assert_eq!(last_line(&held), "1 passed, 0 failed, 0 skipped");

    // It answers, though nothing but that it is exhausted.
    let rest = authority.terminate(&exhausted().await).await;
    let line = ["run", "--rest", &rest, "--only", "auth.register_login", "--ca", authority.path()];
    let broken = command(&line, &[]).await;
    assert_eq!(broken.status.code(), Some(2), "{}", told(&broken));
    let again = format!("again: duologue-conformance run --rest {rest} --ca {}", authority.path());
    assert!(told(&broken).contains(&again), "{}", told(&broken));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_of_another_authority_is_not_reached() {
    let (known, unknown) = (Authority::new("known"), Authority::new("unknown"));
    let grpc = unknown.terminate(&small_auth::serve().await.expect("it listens")).await;
    let rest = unknown.terminate(&exhausted().await).await;
    for door in [["--grpc", &grpc], ["--rest", &rest]] {
        for ca in [&["--ca", known.path()][..], &[]] {
            let line = [&["run", "--only", "auth.register_login"], &door[..], ca].concat();
            let output = command(&line, &[]).await;
            assert_eq!(output.status.code(), Some(69), "{line:?}: {}", told(&output));
        }
    }
}

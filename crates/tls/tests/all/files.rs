//! What is said of files that are not what they should be.

use std::fs;
use std::path::Path;

use duologue_tls::{
    ClientCertificates, ClientFiles, ClientTls, Fault, IdentityFiles, InvalidTls, ServerFiles, ServerTls,
};

use crate::support::World;

/// Stands in every broken file, and must stand in no error.
const SECRET: &str = "hunter2!";

/// What stands in the file, and what is expected of it.
type Case = (String, fn(&Fault) -> bool);

fn section(kind: &str, body: &str) -> String {
    format!("{SECRET}\n-----BEGIN {kind}-----\n{body}\n-----END {kind}-----\n")
}

/// Opens both ends with `content` in `file`; both must name the file and the fault, and not say what is in it.
fn refuse(world: &World, file: &Path, (content, expected): &Case) {
    let before = fs::read(file).unwrap();
    fs::write(file, content).unwrap();
    let authorities = world.authority.file.clone();
    let clients = ClientCertificates::Required(authorities.clone());
    let server = ServerTls::open(ServerFiles { identity: world.server.clone(), clients }).unwrap_err();
    let client = ClientFiles { identity: Some(world.server.clone()), authorities: Some(authorities) };
    for error in [server, ClientTls::open(client).unwrap_err()] {
        let text = format!("{error} {error:?}");
        assert!(!text.contains(SECRET), "{text}");
        let InvalidTls::File { file: named, fault } = error else { panic!("{text}") };
        assert_eq!(named, file, "{content}");
        assert!(expected(&fault), "{content}: {text}");
    }
    fs::write(file, before).unwrap();
}

fn broken_certificates() -> Vec<Case> {
    vec![
        (SECRET.to_owned(), |fault| matches!(fault, Fault::NoCertificate)),
        (String::new(), |fault| matches!(fault, Fault::NoCertificate)),
        (section("PRIVATE KEY", "AAAA"), |fault| matches!(fault, Fault::NoCertificate)),
        (section("CERTIFICATE", SECRET), |fault| matches!(fault, Fault::Malformed)),
        (format!("-----BEGIN CERTIFICATE-----\n{SECRET}"), |fault| matches!(fault, Fault::Malformed)),
        (format!("-----BEGIN {SECRET}\n"), |fault| matches!(fault, Fault::Malformed)),
        (section("CERTIFICATE", "AAAA"), |fault| matches!(fault, Fault::Certificate)),
    ]
}

#[test]
fn a_broken_certificate_is_named_and_not_shown() {
    let world = World::new();
    for case in broken_certificates() {
        refuse(&world, &world.server.certificate_chain, &case);
    }
}

#[test]
fn a_broken_authority_is_named_and_not_shown() {
    let world = World::new();
    for case in broken_certificates() {
        refuse(&world, &world.authority.file, &case);
    }
}

#[test]
fn a_broken_key_is_named_and_not_shown() {
    let world = World::new();
    let cases: [Case; 7] = [
        (SECRET.to_owned(), |fault| matches!(fault, Fault::NoKey)),
        (section("CERTIFICATE", "AAAA"), |fault| matches!(fault, Fault::NoKey)),
        (section("ENCRYPTED PRIVATE KEY", "AAAA"), |fault| matches!(fault, Fault::NoKey)),
        (section("PRIVATE KEY", SECRET), |fault| matches!(fault, Fault::Malformed)),
        (format!("-----BEGIN PRIVATE KEY-----\n{SECRET}"), |fault| matches!(fault, Fault::Malformed)),
        (section("PRIVATE KEY", "AAAA"), |fault| matches!(fault, Fault::Key)),
        (section("EC PRIVATE KEY", "AAAA"), |fault| matches!(fault, Fault::Key)),
    ];
    for case in cases {
        refuse(&world, &world.server.private_key, &case);
    }
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let world = World::new();
    let other = world.authority.identity(world.path(), "other", &["other"]);
    let key = fs::read_to_string(other.private_key).unwrap();
    refuse(&world, &world.server.private_key, &(key, |fault| matches!(fault, Fault::Mismatch(_))));
}

#[test]
fn a_missing_file_is_named() {
    let world = World::new();
    let missing = world.path().join("missing.pem");
    let chain = IdentityFiles { certificate_chain: missing.clone(), ..world.server.clone() };
    let key = IdentityFiles { private_key: missing.clone(), ..world.server.clone() };
    for identity in [chain, key] {
        let files = ServerFiles { identity, clients: ClientCertificates::Ignored };
        assert_missing(&ServerTls::open(files).unwrap_err(), &missing);
    }
    for clients in [ClientCertificates::Required, ClientCertificates::Optional] {
        let files = ServerFiles { identity: world.server.clone(), clients: clients(missing.clone()) };
        assert_missing(&ServerTls::open(files).unwrap_err(), &missing);
    }
    let files = ClientFiles { identity: None, authorities: Some(missing.clone()) };
    assert_missing(&ClientTls::open(files).unwrap_err(), &missing);
}

fn assert_missing(error: &InvalidTls, missing: &Path) {
    let InvalidTls::File { file, fault: Fault::Unreadable(reason) } = error else { panic!("{error}") };
    assert_eq!((file.as_path(), reason.kind()), (missing, std::io::ErrorKind::NotFound));
    assert!(error.to_string().contains("missing.pem cannot be read"), "{error}");
}

#[test]
fn certificate_and_key_may_share_a_file() {
    let world = World::new();
    let IdentityFiles { certificate_chain, private_key } = &world.server;
    let both = fs::read_to_string(private_key).unwrap() + &fs::read_to_string(certificate_chain).unwrap();
    let file = world.path().join("both.pem");
    fs::write(&file, both).unwrap();
    let identity = IdentityFiles { certificate_chain: file.clone(), private_key: file };
    ServerTls::open(ServerFiles { identity, clients: ClientCertificates::Ignored }).unwrap();
}

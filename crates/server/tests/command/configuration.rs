//! Settings in layers, and what a profile refuses.

use tempfile::TempDir;

use crate::server::{Server, duologue, refusal, run};

#[test]
fn production_refuses_what_forgets() {
    let directory = TempDir::new().unwrap();
    let output = run(&directory, &["serve", "--profile=production", "--keys=keys", "--plaintext"]);
    assert!(refusal(&output).contains("memory forgets at exit"), "{output:?}");
}

#[test]
fn production_refuses_to_make_keys_of_its_own() {
    let directory = TempDir::new().unwrap();
    let output = run(&directory, &["serve", "--profile=production"]);
    assert!(refusal(&output).contains("--keys must name a directory"), "{output:?}");
}

#[test]
fn listening_beyond_loopback_takes_a_word_for_plaintext() {
    let directory = TempDir::new().unwrap();
    for flag in ["--rest-listen=0.0.0.0:0", "--grpc-listen=[::]:0"] {
        let output = run(&directory, &["serve", flag]);
        assert!(refusal(&output).contains("beyond loopback"), "{output:?}");
    }
}

#[test]
fn a_role_says_where_what_it_asks_is() {
    let directory = TempDir::new().unwrap();
    for (arguments, expected) in [
        (&["--roles=user"][..], "--auth-url must say where auth is"),
        (&["--roles=gateway,auth,user,social,chat"], "--notification-url must say where notification is"),
        (&["--roles=user", "--auth-url=127.0.0.1:1"], "is not the address of a service"),
        (&["--roles=user", "--auth-url=http://auth.example:1"], "beyond loopback and not encrypted"),
        (&["--wakeup=postgres"], "only where it is the storage"),
        (&["--wakeup=carrier-pigeon"], "say `local`, `postgres`, or the URL of a NATS server"),
        (&["--tls-key=key.pem"], "--tls-certificate and --tls-key belong together"),
        (&["--tls-clients=required"], "--tls-authorities must say who vouches for them"),
        (&["--tls-certificate=missing.pem", "--tls-key=missing.pem"], "missing.pem"),
    ] {
        let output = run(&directory, &[&["serve"], arguments].concat());
        assert!(refusal(&output).contains(expected), "{output:?}");
    }
}

#[test]
fn an_address_may_have_as_many_connections_as_the_operator_says() {
    let server = Server::start(&["--connections-per-address=2"]);
    let held: Vec<_> = (0..2).map(|_| std::net::TcpStream::connect(&server.rest).unwrap()).collect();
    // The third is accepted by the system and closed by the listener: it reads its end.
    let refused = crate::server::try_http(&server.rest, "GET /healthz", "", "");
    assert!(refused.map_or(true, |answer| answer.is_empty()), "a connection too many was served");
    drop(held);
}

#[test]
fn a_list_in_the_environment_has_commas_between_its_items() {
    let server = Server::start_by(|command| {
        command.env("DUOLOGUE_ROLES", "gateway, auth,user,social,chat,notification");
        command.env("DUOLOGUE_TRUSTED_PROXIES", "10.0.0.0/8,::1");
    });
    let log = server.log();
    assert!(log.contains("\"10.0.0.0/8\"") && log.contains("\"::1\""), "{log}");
    assert!(log.contains("roles: gateway,auth,user,social,chat,notification"), "{log}");
}

#[test]
fn a_setting_that_does_not_exist_is_an_error_wherever_it_is_said() {
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("file.toml"), "rest_listens = \"127.0.0.1:0\"").unwrap();
    let output = run(&directory, &["serve", "--config=file.toml"]);
    assert!(refusal(&output).contains("rest_listens"), "{output:?}");
    let output = run(&directory, &["serve", "--rest-listens=127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let output = run(&directory, &["serve", "--config=missing.toml"]);
    assert!(refusal(&output).contains("missing.toml"), "{output:?}");
}

#[test]
fn a_value_out_of_range_is_an_error() {
    let directory = TempDir::new().unwrap();
    let output = run(&directory, &["serve", "--storage=tape"]);
    assert!(refusal(&output).contains("storage"), "{output:?}");
    let output = duologue(&directory).arg("serve").env("DUOLOGUE_REST_LISTEN", "nowhere").output().unwrap();
    assert!(refusal(&output).contains("REST_LISTEN"), "{output:?}");
}

#[test]
fn flags_win_over_variables_and_variables_over_the_file() {
    let files = TempDir::new().unwrap();
    let file = files.path().join("settings.toml");
    std::fs::write(&file, "token_issuer = \"file\"\ntoken_audience = \"file\"\nlog = \"info,file=info\"")
        .unwrap();
    let server = Server::start_by(|command| {
        command.arg("--config").arg(&file).arg("--token-issuer=flag");
        command.env("DUOLOGUE_TOKEN_ISSUER", "variable").env("DUOLOGUE_TOKEN_AUDIENCE", "variable");
    });
    let log = server.log();
    for line in ["token_issuer: \"flag\"", "token_audience: \"variable\"", "log: \"info,file=info\""] {
        assert!(log.contains(line), "no {line} in {log}");
    }
}

#[test]
fn a_port_in_use_is_said_so() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let directory = TempDir::new().unwrap();
    let any = "127.0.0.1:0";
    let output = run(
        &directory,
        &["serve", "--rest-listen", &address.to_string(), "--grpc-listen", any, "--metrics-listen", any],
    );
    assert!(refusal(&output).contains("cannot be listened on"), "{output:?}");
}

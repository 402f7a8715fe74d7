//! `duologue keys`.

use tempfile::TempDir;

use crate::server::{Server, field, http, refusal, run};

fn listed(directory: &TempDir, arguments: &[&str]) -> Vec<(String, String)> {
    let output = run(directory, arguments);
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let pair = |line: &str| line.split_once("  ").map(|(id, phase)| (id.to_owned(), phase.to_owned()));
    text.lines().map(|line| pair(line).unwrap()).collect()
}

#[test]
fn a_key_signs_only_after_it_was_published() {
    let directory = TempDir::new().unwrap();
    let made = listed(&directory, &["keys", "create", "--keys=keys"]);
    assert_eq!(made.iter().map(|(_, phase)| phase.as_str()).collect::<Vec<_>>(), ["Signing", "Published"]);
    assert_eq!(listed(&directory, &["keys", "show", "--keys=keys"]), made);

    // The next key is too young for verifiers to know it.
    let output = run(&directory, &["keys", "rotate", "--keys=keys"]);
    assert!(!refusal(&output).is_empty());
    assert_eq!(listed(&directory, &["keys", "show", "--keys=keys"]), made);

    let rotated = listed(&directory, &["keys", "rotate", "--force", "--keys=keys"]);
    let phase = |id: &str| rotated.iter().find(|(other, _)| other == id).map(|(_, phase)| phase.as_str());
    assert_eq!((phase(&made[0].0), phase(&made[1].0)), (Some("Retired"), Some("Signing")));
    assert_eq!(rotated.len(), 3);
}

#[test]
fn keys_that_are_missing_are_not_made_by_looking_at_them() {
    let directory = TempDir::new().unwrap();
    for verb in ["show", "rotate"] {
        assert!(refusal(&run(&directory, &["keys", verb, "--keys=keys"])).contains("keys"));
    }
    assert!(!directory.path().join("keys").exists());
}

#[test]
fn a_running_server_signs_with_the_rotated_key_and_old_tokens_live_on() {
    let server = Server::start(&["--keys=keys"]);
    let register = |name: &str| {
        let body = format!(r#"{{"email":"{name}@example.org","password":"a long enough one"}}"#);
        http(&server.rest, "POST /v1/register", "", &body)
    };
    let key_of = |answer: &str| {
        let token = field(answer, "accessToken").to_owned();
        (token.split('.').next().unwrap().to_owned(), token)
    };
    let (old_header, old_token) = key_of(&register("before"));
    run(server.directory(), &["keys", "rotate", "--force", "--keys=keys"]);
    // The server reads its keys again every few seconds; each registration asks once more.
    let mut number = 0;
    loop {
        number += 1;
        if key_of(&register(&format!("after{number}"))).0 != old_header {
            break;
        }
    }
    let answer =
        http(&server.rest, "GET /v1/sessions", &format!("authorization: Bearer {old_token}\r\n"), "");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

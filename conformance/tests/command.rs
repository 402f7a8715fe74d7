//! The command as a script meets it: exit codes, the last line, options from everywhere.

#![expect(clippy::expect_used, reason = "the helpers of these tests are tests as well")]

use std::path::Path;

use tokio::net::TcpListener;

mod running;
mod small_auth;

use running::{command, exhausted, last_line, told};

#[tokio::test(flavor = "multi_thread")]
async fn what_holds_ends_with_0_and_what_does_not_with_1() {
    let grpc = small_auth::serve().await.expect("it listens");
    let held = command(&["run", "--grpc", &grpc, "--only", "auth.register_login"], &[]).await;
    assert_eq!(held.status.code(), Some(0), "{}", told(&held));
    assert_eq!(last_line(&held), "1 passed, 0 failed, 0 skipped");

    let bug = "auth.login_unknown_email_same_answer";
    let violated = command(&["run", "--grpc", &grpc, "--only", bug, "--seed", "7"], &[]).await;
    assert_eq!(violated.status.code(), Some(1), "{}", told(&violated));
    assert_eq!(last_line(&violated), "0 passed, 1 failed, 0 skipped");
    let again = format!("again: duologue-conformance run --grpc {grpc} --only {bug} --seed 7");
    assert!(told(&violated).contains(&again), "{}", told(&violated));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_but_skips_ends_with_2() {
    let grpc = small_auth::serve().await.expect("it listens");
    let skipped =
        command(&["run", "--grpc", &grpc, "--only", "user.create_and_get,social.accept"], &[]).await;
    assert_eq!(skipped.status.code(), Some(2), "{}", told(&skipped));
    assert_eq!(last_line(&skipped), "0 passed, 0 failed, 2 skipped");
    let load = command(&["load", "--grpc", &grpc], &[]).await;
    assert_eq!(load.status.code(), Some(2), "{}", told(&load));
    assert_eq!(last_line(&load), "0 passed, 0 failed, 1 skipped");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_verdict_ends_with_2() {
    let rest = exhausted().await;
    let broken = command(&["run", "--rest", &rest, "--only", "auth.register_login"], &[]).await;
    assert_eq!(broken.status.code(), Some(2), "{}", told(&broken));
    assert!(told(&broken).contains("BROKEN auth.register_login@rest"), "{}", told(&broken));
    assert_eq!(last_line(&broken), "0 passed, 1 failed, 0 skipped");
    let load = command(&["load", "--rest", &rest, "--pairs", "1", "--seconds", "1"], &[]).await;
    assert_eq!(load.status.code(), Some(2), "{}", told(&load));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_selection_of_nothing_and_a_wrong_line_end_with_64() {
    for arguments in [
        &["run", "--only", "auth", "--skip", "auth"][..],
        &["run", "--only", "auth.no_such"],
        &["run", "--no-such-option"],
        &["run", "--grpc", "https://127.0.0.1:1", "--ca", "/no/such/file"],
        &["run", "--grpc", "https://127.0.0.1:1", "--ca", "Cargo.toml"],
        &["run", "--grpc", "http://127.0.0.1:1", "--ca", "Cargo.toml"],
        &["run", "--rest", "http://192.0.2.1:80"],
        &["load", "--rest", "http://192.0.2.1:80"],
        &["load", "--pairs", "500", "--rate", "500"],
        &["run", "--config", "/no/such/file"],
        &["run", "--json", "/no/such/directory/report.json"],
        &["explain", "auth.no_such"],
    ] {
        let output = command(arguments, &[]).await;
        assert_eq!(output.status.code(), Some(64), "{arguments:?}: {}", told(&output));
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_that_nobody_answers_at_ends_with_69() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    for arguments in
        [["run", "--grpc", &address], ["quick", "--rest", &address], ["load", "--rest", &address]]
    {
        let output = command(&arguments, &[]).await;
        assert_eq!(output.status.code(), Some(69), "{arguments:?}: {}", told(&output));
    }
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_fault_of_the_deployment_ends_with_70() {
    let grpc = small_auth::serve().await.expect("it listens");
    let arguments = ["run", "--grpc", &grpc, "--only", "auth.register_login", "--json", "/dev/full"];
    let output = command(&arguments, &[]).await;
    assert_eq!(output.status.code(), Some(70), "{}", told(&output));
}

#[tokio::test(flavor = "multi_thread")]
async fn options_win_over_the_environment_and_that_over_the_file() {
    let grpc = small_auth::serve().await.expect("it listens");
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = directory.join("options.toml");
    let json = directory.join("report.json");
    let text = format!("grpc = \"{grpc}\"\nseed = 1\nonly = [\"auth.refresh_rotates\"]\njson = {json:?}\n");
    std::fs::write(&file, text).expect("it is written");
    let file = file.to_string_lossy();
    let environment = [("DUOLOGUE_CONFORMANCE_SEED", "2"), ("DUOLOGUE_CONFORMANCE_CONFIG", &*file)];
    let seed = |json: &Path| -> u64 {
        let report = std::fs::read_to_string(json).expect("a report");
        let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
        assert_eq!(report["scenarios"][0]["id"], "auth.refresh_rotates");
        report["seed"].as_u64().expect("a seed")
    };
    for (arguments, environment, expected) in [
        (&["run", "--config", &*file][..], &environment[..0], 1),
        (&["run"], &environment[..], 2),
        (&["run", "--seed", "3"], &environment[..], 3),
    ] {
        let output = command(arguments, environment).await;
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
        assert_eq!(seed(&json), expected);
    }
}

//! The command, run to its end, and a door that says nothing but no.

use std::process::{Command, Output};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Runs the command in an environment of its own.
pub(crate) async fn command(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_duologue-conformance"));
    let inherited = std::env::vars().filter(|(name, _)| name.starts_with("DUOLOGUE_CONFORMANCE_"));
    for (name, _) in inherited {
        command.env_remove(name);
    }
    command.args(arguments).envs(environment.iter().copied());
    tokio::task::spawn_blocking(move || command.output()).await.expect("no panic").expect("it starts")
}

pub(crate) fn last_line(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).lines().last().unwrap_or_default().to_owned()
}

pub(crate) fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A REST door that answers every request with `RESOURCE_EXHAUSTED`.
pub(crate) async fn exhausted() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let body = r#"{"code":8,"message":"Later.","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMITED","domain":"duologue"},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1s"}]}"#;
    let reply = format!(
        "HTTP/1.1 429 Too Many Requests\r\ncontent-type: application/json\r\nretry-after: 1\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 16 * 1_024];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(reply.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    format!("http://{address}")
}

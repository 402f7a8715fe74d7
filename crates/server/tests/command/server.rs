//! A server of a test's own, and the commands beside it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use tempfile::TempDir;

/// The binary, in a directory of its own, with nothing in the environment that could configure it.
pub(crate) fn duologue(directory: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_duologue"));
    command.current_dir(directory.path()).stdin(Stdio::null());
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DUOLOGUE_")) {
        command.env_remove(name);
    }
    command
}

/// Runs a command to its end.
pub(crate) fn run(directory: &TempDir, arguments: &[&str]) -> Output {
    duologue(directory).args(arguments).output().unwrap()
}

/// What a command said that must fail, on standard error.
pub(crate) fn refusal(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A running server; killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) rest: String,
    pub(crate) grpc: String,
    pub(crate) metrics: String,
    /// Present until the server is killed for another one to take its place.
    directory: Option<TempDir>,
}

impl Server {
    /// Starts a server on free ports, and waits until it listens.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_by(|command| {
            command.args(arguments);
        })
    }

    /// The same, of a command that is changed before.
    pub(crate) fn start_by(change: impl FnOnce(&mut Command)) -> Self {
        Self::start_in(None, change)
    }

    /// The same, in the directory of a server that was there before.
    pub(crate) fn start_in(directory: Option<TempDir>, change: impl FnOnce(&mut Command)) -> Self {
        let directory = directory.unwrap_or_else(|| TempDir::new().unwrap());
        let mut command = duologue(&directory);
        command.args(["serve", "--rest-listen=127.0.0.1:0", "--grpc-listen=127.0.0.1:0"]);
        command.arg("--metrics-listen=127.0.0.1:0");
        change(&mut command);
        let log = directory.path().join("log");
        let log = std::fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut address = |name: &str| {
            let line = lines.next().expect("the server ended before it listened").unwrap();
            line.strip_prefix(name).and_then(|rest| rest.strip_prefix(" http://")).unwrap().to_owned()
        };
        let (grpc, metrics, rest) = (address("grpc"), address("metrics"), address("rest"));
        let metrics = metrics.trim_end_matches("/metrics").to_owned();
        Self { child, rest, grpc, metrics, directory: Some(directory) }
    }

    /// Where the server keeps what it keeps.
    pub(crate) fn directory(&self) -> &TempDir {
        self.directory.as_ref().unwrap()
    }

    /// What the server logged so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory().path().join("log")).unwrap()
    }

    /// Kills the server as a crash would, and gives what it left behind.
    pub(crate) fn kill_9(mut self) -> TempDir {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.directory.take().unwrap()
    }

    /// Two people register and open a chat: the access token of one, and the chat's id.
    pub(crate) fn talk(&self) -> (String, String) {
        let registered = ["ada", "ben"].map(|name| {
            let body = format!(r#"{{"email":"{name}@example.org","password":"a long enough one"}}"#);
            let answer = http(&self.rest, "POST /v1/register", "", &body);
            let token = field(&answer, "accessToken").to_owned();
            let profile = format!(r#"{{"nickname":"{name}"}}"#);
            http(&self.rest, "POST /v1/profile", &format!("authorization: Bearer {token}\r\n"), &profile);
            (token, field(&answer, "userId").to_owned())
        });
        let [(token, _), (_, ben)] = registered;
        let body = format!(r#"{{"participantId":"{ben}"}}"#);
        let chat = http(&self.rest, "POST /v1/chats", &format!("authorization: Bearer {token}\r\n"), &body);
        (token, field(&chat, "chatId").to_owned())
    }

    /// Asks the server to stop, as an operator's tools do.
    pub(crate) fn terminate(&self) {
        let status = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(status.success());
    }

    /// Waits for the server to end by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail where the server has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends one HTTP/1.1 request and reads the answer to its end: status, headers and body in one text.
pub(crate) fn http(address: &str, request: &str, headers: &str, body: &str) -> String {
    try_http(address, request, headers, body).unwrap()
}

/// The same of a server that may not be there.
pub(crate) fn try_http(address: &str, request: &str, headers: &str, body: &str) -> std::io::Result<String> {
    let mut socket = TcpStream::connect(address)?;
    let length = body.len();
    write!(
        socket,
        "{request} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n{headers}\r\n{body}"
    )?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    Ok(answer)
}

/// The text of a field in JSON.
pub(crate) fn field<'a>(json: &'a str, name: &str) -> &'a str {
    let (_, rest) =
        json.split_once(&format!("\"{name}\":\"")).unwrap_or_else(|| panic!("no {name} in {json}"));
    rest.split('"').next().unwrap()
}

//! A connection that can be cut so that neither end is told.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

/// Stands between a process and what it connects to.
pub(crate) struct Proxy {
    /// Host and port to connect to.
    pub(crate) address: String,
    is_cut: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Passes on what comes to `target`, and back.
    pub(crate) async fn start(target: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (is_cut, cut) = watch::channel(false);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                connections.spawn(pass_on(client, target.clone(), cut.clone()));
                while connections.try_join_next().is_some() {}
            }
        });
        Self { address, is_cut, task }
    }

    /// From now on nothing passes, and nobody is told: as a network that drops every packet.
    pub(crate) fn cut(&self) {
        self.is_cut.send_replace(true);
    }

    /// What was held back passes, and what comes after it.
    pub(crate) fn heal(&self) {
        self.is_cut.send_replace(false);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass_on(client: TcpStream, target: String, mut cut: watch::Receiver<bool>) {
    // What cannot be reached does not answer either.
    if cut.wait_for(|is_cut| !is_cut).await.is_err() {
        return;
    }
    // The client learns by the end of its connection that nobody is there.
    let Ok(server) = TcpStream::connect(target).await else { return };
    let ((client_reads, client_writes), (server_reads, server_writes)) =
        (client.into_split(), server.into_split());
    tokio::select! {
        () = pump(client_reads, server_writes, cut.clone()) => {}
        () = pump(server_reads, client_writes, cut) => {}
    }
}

/// Passes on until either end is gone; while the connection is cut, holds back what came.
async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut cut: watch::Receiver<bool>) {
    let mut buffer = vec![0; 16 * 1_024];
    while let Ok(length) = from.read(&mut buffer).await {
        let passes = cut.wait_for(|is_cut| !is_cut).await.is_ok();
        if !passes || length == 0 || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

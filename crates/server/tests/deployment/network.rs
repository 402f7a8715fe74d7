//! NATS on a network of its own, and that network cut off.

use std::io::Read as _;
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::follow::Bears;
use crate::load::{Load, Outcome, Plan};
use crate::processes::PATIENCE;
use crate::whole::Deployment;

/// A network namespace with one link to this machine; gone when dropped.
struct Network {
    name: String,
    /// The end of the link inside.
    far_end: String,
    /// The address of that end.
    address: String,
}

impl Network {
    /// Makes a network; none where the system does not allow it.
    fn new() -> Option<Self> {
        let number = std::process::id();
        let (name, near_end, far_end) =
            (format!("duologue-{number}"), format!("dn{number}"), format!("df{number}"));
        let subnet = format!("10.{}.{}", 200 + number / 256 % 50, number % 256);
        let network = Self { name, far_end, address: format!("{subnet}.2") };
        let (name, far_end) = (network.name.as_str(), network.far_end.as_str());
        let is_made = ip(&["netns", "add", name])
            && ip(&["link", "add", &near_end, "type", "veth", "peer", "name", far_end, "netns", name])
            && ip(&["address", "add", &format!("{subnet}.1/30"), "dev", &near_end])
            && ip(&["link", "set", &near_end, "up"])
            && network.inside(&["address", "add", &format!("{subnet}.2/30"), "dev", far_end])
            && network.inside(&["link", "set", far_end, "up"]);
        is_made.then_some(network)
    }

    fn inside(&self, arguments: &[&str]) -> bool {
        ip(&[&["-netns", &self.name], arguments].concat())
    }

    /// From now on no packet crosses, and nobody is told.
    fn cut_off(&self) {
        assert!(self.inside(&["link", "set", &self.far_end, "down"]));
    }

    /// Packets cross again.
    fn heal(&self) {
        assert!(self.inside(&["link", "set", &self.far_end, "up"]));
    }

    /// Starts NATS inside, and waits until it greets.
    fn nats(&self) -> Nats {
        let program = duologue_test_nats::program().unwrap();
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program);
        command.args(["--addr", &self.address, "--port", "4222"]).current_dir("/");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let nats = Nats { child: command.spawn().unwrap(), url: format!("nats://{}:4222", self.address) };
        let begin = Instant::now();
        let greets = || {
            let mut greeting = [0; 4];
            let stream = TcpStream::connect((self.address.as_str(), 4222));
            stream
                .and_then(|mut stream| stream.read_exact(&mut greeting))
                .is_ok_and(|()| &greeting == b"INFO")
        };
        while !greets() {
            assert!(begin.elapsed() < PATIENCE, "NATS does not answer on its network");
            std::thread::sleep(Duration::from_millis(10));
        }
        nats
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        // The link goes with it.
        ip(&["netns", "delete", &self.name]);
    }
}

/// NATS on a network of its own; killed when dropped.
struct Nats {
    child: Child,
    url: String,
}

impl Drop for Nats {
    fn drop(&mut self) {
        // Both fail where it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether the command of that name did what it was told.
fn ip(arguments: &[&str]) -> bool {
    let mut command = Command::new("ip");
    command.args(arguments).stdin(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Writes at one replica and follows at both, while the network of the bus is cut off again and again.
async fn cut_off_under_load(deployment: &Deployment, network: &Network, at_most: Duration) -> Outcome {
    let [first, second] = &deployment.chats;
    let load = Load::start(Plan {
        streams: 8,
        registers_at: &deployment.gateways[0].grpc,
        streams_at: vec![&first.grpc, &second.grpc],
        calls_at: vec![&first.grpc],
        bears: Bears::Crashes,
        at_most,
    });
    let load = load.await;
    for _ in 0..3 {
        network.cut_off();
        load.goes_on(20).await;
        network.heal();
        load.goes_on(20).await;
    }
    network.cut_off();
    load.goes_on(20).await;
    load.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_network_that_is_cut_off_costs_no_stream_a_message_and_without_the_poller_it_does() {
    let Some(network) = Network::new() else {
        println!("no network namespaces here: left out");
        return;
    };
    let nats = network.nats();
    let deployment = Deployment::start_over(Some(&nats.url), &[]).await;
    let outcome = cut_off_under_load(&deployment, &network, PATIENCE).await;
    assert!(outcome.faults.is_empty(), "{}", outcome.faults.join("\n"));
    assert!(outcome.messages > 100, "nothing was written");
    drop(deployment);

    network.heal();
    let deployment = Deployment::start_over(Some(&nats.url), &["--poll-milliseconds", "0"]).await;
    let outcome = cut_off_under_load(&deployment, &network, Duration::from_secs(8)).await;
    assert!(!outcome.faults.is_empty(), "without bus and poller nothing was missing");
}

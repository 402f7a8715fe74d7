//! The deployment keeps the contract, through both gateways and both doors.

use std::collections::BTreeMap;
use std::process::Command;

use duologue_conformance::runner::{self, Verdict};
use duologue_conformance::scenario;
use duologue_conformance::target::{Capability, Target};
use duologue_conformance::world::Session;
use duologue_test_nats::NatsServer;

use crate::processes::free_ports;
use crate::whole::{Deployment, fresh_database};
use crate::{is_long, seed};

/// Scenarios that run side by side.
const AT_ONCE: usize = 6;

#[tokio::test(flavor = "multi_thread")]
async fn a_deployment_of_many_processes_keeps_the_whole_contract() {
    let deployment = Deployment::start(&[]).await;
    let gateways = &deployment.gateways;
    let addresses = |address: fn(&crate::processes::Process) -> &String| {
        gateways.each_ref().map(address).map(Clone::clone)
    };
    let mut target = Target::new(&addresses(|gateway| &gateway.grpc), &addresses(|gateway| &gateway.rest));
    if is_long() {
        target.declare(Capability::Slow, "");
    }
    let doors = target.doors();
    let jobs =
        scenario::all().into_iter().flat_map(|scenario| doors.iter().map(move |door| (scenario, *door)));
    let session = Session::new(target, seed());
    let mut totals: BTreeMap<Verdict, usize> = BTreeMap::new();
    let mut skips: BTreeMap<String, usize> = BTreeMap::new();
    let mut faults = Vec::new();
    let mut over_replicas = Vec::new();
    for report in runner::run(&session, jobs.collect(), AT_ONCE, |_| ()).await {
        *totals.entry(report.verdict).or_default() += 1;
        if matches!(report.verdict, Verdict::Fail | Verdict::Broken) {
            let (name, verdict) = (report.name(), report.verdict.name());
            faults.push(format!("{name}: {verdict}: {}\n{}", report.sentence, report.reason));
        }
        if report.verdict == Verdict::Skip {
            *skips.entry(report.reason.clone()).or_default() += 1;
        }
        if report.id == "stream.over_replicas" {
            over_replicas.push(report.verdict);
        }
    }
    for (verdict, count) in totals {
        println!("{}: {count}", verdict.name());
    }
    for (reason, count) in skips {
        println!("  {count} skipped: {reason}");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert_eq!(over_replicas, [Verdict::Pass; 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_example_starts_a_deployment_that_walks_through_the_tour() {
    let (nats, database) = (NatsServer::new(&[]).await.unwrap(), fresh_database().await);
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let mut command = Command::new("bash");
    command.args(["examples/deployment.sh", &database.url(), &nats.url(), "bash", "-euc"]);
    command.arg("curl -fsS $REST/readyz; curl -fsS $REST_2/readyz; examples/tour.sh --at $REST");
    command.env("DUOLOGUE", env!("CARGO_BIN_EXE_duologue")).env("DUOLOGUE_PORTS", free_ports(12).to_string());
    let output = tokio::task::block_in_place(|| command.current_dir(root).output()).unwrap();
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("tour: ") && told.contains(" 0 failed"), "{told}");
}

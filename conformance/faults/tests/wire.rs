//! Whatever is spoilt between a sound server and the suite is caught.

use duologue_conformance::runner::Verdict;
use duologue_conformance::tamper;
use duologue_conformance_faults::server::Deployment;
use duologue_conformance_faults::trial::sound;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_fault_on_the_wire_is_caught() -> anyhow::Result<()> {
    let deployment = Deployment::start(sound()?).await?;
    let faults = tamper::all();
    let wrong = tamper::without_fault(&deployment.target, 7, &faults).await.map_err(anyhow::Error::msg)?;
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let mut missed = Vec::new();
    for fault in &faults {
        let met = tamper::meet(&deployment.target, 7, fault).await.map_err(anyhow::Error::msg)?;
        if met.verdict != Verdict::Pass {
            missed.push(format!("{}:\n  {}", met.fault, met.told.join("\n  ")));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
    Ok(())
}

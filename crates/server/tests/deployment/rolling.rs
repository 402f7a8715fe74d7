//! Replicas are replaced one after the other, and nobody who calls again notices.

use crate::follow::Bears;
use crate::is_long;
use crate::load::{Load, Outcome, Plan};
use crate::processes::PATIENCE;
use crate::whole::Deployment;

/// What is written between two restarts, by ten people.
const MESSAGES: usize = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_rolling_restart_fails_no_operation() {
    let mut deployment = Deployment::start(&["--drain-seconds", "5"]).await;
    let turns = if is_long() { 10 } else { 3 };
    let gateway = deployment.gateways[0].grpc.clone();
    let load = Load::start(Plan {
        streams: 20,
        registers_at: &gateway,
        streams_at: vec![&gateway],
        calls_at: vec![&gateway],
        bears: Bears::Drains,
        at_most: PATIENCE,
    })
    .await;
    for _ in 0..turns {
        for which in 0..2 {
            let replica = &mut deployment.chats[which];
            replica.terminate();
            let status = replica.ended().await;
            assert_eq!(status.code(), Some(0), "{}", replica.log());
            replica.start_again();
            // Everybody is back at work, some of them at this replica, before the next one leaves.
            load.goes_on(MESSAGES).await;
        }
    }
    let Outcome { faults, messages, delivered, resumed, repeated } = load.finish().await;
    println!(
        "{turns} rolling restarts: {delivered} deliveries of {messages} messages, {resumed} resumptions, \
         {repeated} repeated calls"
    );
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(resumed > 0, "nothing happened to any stream");
}

//! Whatever happens to NATS, to a chat replica or between them: no stream loses, repeats or reorders a message.

use std::time::{Duration, Instant};

use duologue_conformance::random::Random;

use crate::follow::Bears;
use crate::load::{Load, Outcome, Plan};
use crate::processes::PATIENCE;
use crate::whole::Deployment;
use crate::{is_long, seed};

/// Something that goes wrong, and for how long is chance.
#[derive(Debug, Clone, Copy)]
enum Trouble {
    NatsDies,
    NatsHangs,
    ReplicaDies(usize),
    ReplicaHangs(usize),
    LinkIsCut(usize),
    BothLinksAreCut,
}

impl Trouble {
    const ALL: [Self; 9] = [
        Self::NatsDies,
        Self::NatsHangs,
        Self::ReplicaDies(0),
        Self::ReplicaDies(1),
        Self::ReplicaHangs(0),
        Self::ReplicaHangs(1),
        Self::LinkIsCut(0),
        Self::LinkIsCut(1),
        Self::BothLinksAreCut,
    ];

    /// Lets it happen, and mends it after a while.
    async fn happen(self, deployment: &mut Deployment, random: &Random) {
        let a_while = tokio::time::sleep(between(random, 300, 2_000));
        match self {
            Self::NatsDies => {
                deployment.nats.kill_9().unwrap();
                a_while.await;
                deployment.nats.start().await.unwrap();
            }
            Self::NatsHangs => {
                deployment.nats.pause().unwrap();
                a_while.await;
                deployment.nats.resume().unwrap();
            }
            Self::ReplicaDies(which) => {
                deployment.chats[which].kill_9();
                a_while.await;
                deployment.chats[which].start_again();
            }
            Self::ReplicaHangs(which) => {
                deployment.chats[which].pause();
                a_while.await;
                deployment.chats[which].resume();
            }
            Self::LinkIsCut(which) => {
                deployment.links[which].cut();
                a_while.await;
                deployment.links[which].heal();
            }
            Self::BothLinksAreCut => {
                deployment.links.iter().for_each(crate::proxy::Proxy::cut);
                a_while.await;
                deployment.links.iter().for_each(crate::proxy::Proxy::heal);
            }
        }
    }
}

fn between(random: &Random, from_ms: usize, to_ms: usize) -> Duration {
    Duration::from_millis(u64::try_from(from_ms + random.below(to_ms - from_ms)).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_trouble_makes_a_stream_lose_repeat_or_reorder_a_message() {
    let mut deployment = Deployment::start(&[]).await;
    let (streams, at_least) = if is_long() { (100, Duration::from_mins(1)) } else { (20, Duration::ZERO) };
    let random = Random::new(seed(), "chaos");
    let load = {
        let [first, second] = &deployment.chats;
        let [both, one] = &deployment.gateways;
        Load::start(Plan {
            streams,
            registers_at: &both.grpc,
            streams_at: vec![&first.grpc, &second.grpc, &both.grpc, &one.grpc],
            calls_at: vec![&both.grpc, &one.grpc],
            bears: Bears::Crashes,
            at_most: PATIENCE,
        })
        .await
    };
    let begin = Instant::now();
    let mut happened = 0;
    // Every trouble at least once, in another order each time.
    while happened == 0 || begin.elapsed() < at_least {
        let mut troubles = Trouble::ALL.to_vec();
        while !troubles.is_empty() {
            let trouble = troubles.swap_remove(random.below(troubles.len()));
            println!("{:>6} ms: {trouble:?}", begin.elapsed().as_millis());
            trouble.happen(&mut deployment, &random).await;
            happened += 1;
            tokio::time::sleep(between(&random, 100, 1_000)).await;
        }
    }
    let lasted = begin.elapsed();
    let outcome = load.finish().await;
    let Outcome { faults, messages, delivered, resumed, repeated } = outcome;
    println!(
        "{happened} troubles in {lasted:?}: {streams} streams delivered {delivered} of {messages} messages, \
         resumed {resumed} times; {repeated} calls were repeated"
    );
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(resumed > 0 && repeated > 0, "nothing happened to anybody");
}

/// How the bus is lost.
#[derive(Clone, Copy)]
enum Loss {
    NatsIsGone,
    LinkIsCut,
}

/// Writes at one replica and follows at the other, while nothing is heard between them; gives what the check finds.
async fn unheard(loss: Loss, poll_milliseconds: &str, at_most: Duration) -> Outcome {
    let mut deployment = Deployment::start(&["--poll-milliseconds", poll_milliseconds]).await;
    match loss {
        Loss::NatsIsGone => deployment.nats.kill_9().unwrap(),
        Loss::LinkIsCut => deployment.links[1].cut(),
    }
    let load = Load::start(Plan {
        streams: 4,
        registers_at: &deployment.gateways[0].grpc,
        streams_at: vec![&deployment.chats[1].grpc],
        calls_at: vec![&deployment.chats[0].grpc],
        bears: Bears::Crashes,
        at_most,
    });
    let load = load.await;
    load.goes_on(10).await;
    load.finish().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_a_bus_the_poller_delivers_everything() {
    for loss in [Loss::NatsIsGone, Loss::LinkIsCut] {
        let outcome = unheard(loss, "2000", PATIENCE).await;
        assert!(outcome.faults.is_empty(), "{:?}", outcome.faults);
        assert!(outcome.messages > 4, "nothing was written");
    }
}

/// What proves that the check finds a loss: the same without the poller, waiting several times as long as it takes.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_a_bus_and_without_the_poller_messages_are_found_missing() {
    for loss in [Loss::NatsIsGone, Loss::LinkIsCut] {
        let outcome = unheard(loss, "0", Duration::from_secs(8)).await;
        assert!(outcome.messages > 4, "nothing was written");
        let missing = outcome.faults.iter().filter(|fault| fault.ends_with("are missing")).count();
        assert_eq!(missing, 4, "every stream misses what was said: {:?}", outcome.faults);
    }
}

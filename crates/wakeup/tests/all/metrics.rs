//! What the metrics tell.

use duologue_domain::wakeup::{Topic, WakeUp as _};
use duologue_wakeup::GATHERED;
use metrics_exporter_prometheus::PrometheusBuilder;

use crate::ether::{Condition, Ether};
use crate::replica::{Replica, id};

#[tokio::test(start_paused = true)]
async fn everything_that_happens_to_wake_ups_is_counted() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let metrics = recorder.handle();
    let told = |line: &str| {
        let page = metrics.render();
        assert!(page.lines().any(|one| one == line), "{line} is not in\n{page}");
    };
    let _recording = metrics::set_default_local_recorder(&recorder);
    let ether = Ether::new();
    let (a, b) = (Replica::listening(ether.clone()).await, Replica::listening(ether.clone()).await);
    told("duologue_wakeup_bus_connected{bus=\"ether\"} 1");

    let topic = Topic::Chat(id());
    let mut there = b.bus.subscribe(topic);
    a.bus.publish(topic, 1);
    there.changed().await;
    told("duologue_wakeups_published_total{bus=\"ether\"} 1");
    told("duologue_wakeups_received_total{bus=\"ether\"} 1");

    ether.inject(b"garbage");
    ether.inject(b"dwu\x09");
    there.mark_seen();
    a.bus.publish(topic, 2);
    there.changed().await;
    // Both replicas were given both.
    told("duologue_wakeup_payloads_ignored_total{bus=\"ether\",reason=\"malformed\"} 2");
    told("duologue_wakeup_payloads_ignored_total{bus=\"ether\",reason=\"version\"} 2");

    ether.become_(Condition::Blocked);
    a.bus.publish(topic, 3);
    ether.called(3).await;
    for _ in 0..GATHERED + 5 {
        a.bus.publish(Topic::Chat(id()), 1);
    }
    told("duologue_wakeups_dropped_total{bus=\"ether\",reason=\"full\"} 5");

    ether.become_(Condition::Dead);
    // The listeners have noticed once they are told of the end, and nobody is connected.
    a.stop().await;
    b.stop().await;
    told("duologue_wakeup_bus_connected{bus=\"ether\"} 0");
    // The one that was under way, and all that had gathered.
    told(&format!("duologue_wakeups_dropped_total{{bus=\"ether\",reason=\"refused\"}} {}", GATHERED + 1));
}

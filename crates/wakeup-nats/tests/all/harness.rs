//! Replicas on one server.

use std::time::Duration;

use duologue_domain::wakeup::{Subscription, Topic, WakeUp as _};
use duologue_wakeup_nats::NatsCarrier;

use crate::replica::Replica;

pub(crate) fn carrier(url: &str) -> NatsCarrier {
    NatsCarrier::new(url).unwrap()
}

/// Two replicas that listen.
pub(crate) async fn pair(url: &str) -> (Replica, Replica) {
    (Replica::listening(carrier(url)).await, Replica::listening(carrier(url)).await)
}

/// Publishes ever higher positions until the subscription is woken.
pub(crate) async fn publish_until_woken(replica: &Replica, topic: Topic, there: &mut Subscription) {
    there.mark_seen();
    let publish = async {
        for position in 1_000_000.. {
            replica.bus.publish(topic, position);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::select! {
        () = publish => {}
        () = there.changed() => {}
    }
}

//! Servers, and ways to trouble them.

use std::process::Command;
use std::time::Duration;

use duologue_domain::wakeup::{Subscription, Topic, WakeUp as _};
use duologue_test_postgres::{OwnServer, TestDatabase, database};
use duologue_wakeup_postgres::PostgresCarrier;
use sqlx::{Connection as _, PgConnection};

use crate::replica::Replica;

pub(crate) async fn empty_database() -> TestDatabase {
    database("wakeup", async |_| Ok(())).await.unwrap()
}

pub(crate) fn carrier(url: &str) -> PostgresCarrier {
    PostgresCarrier::new(url).unwrap()
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

/// Every process of a server, stopped in its tracks; they go on when this is dropped.
pub(crate) struct Paused {
    processes: Vec<String>,
}

impl Paused {
    pub(crate) async fn of(server: &OwnServer) -> Self {
        let mut connection = PgConnection::connect(&server.url("postgres")).await.unwrap();
        let postmaster: String =
            sqlx::query_scalar("SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)")
                .fetch_one(&mut connection)
                .await
                .unwrap();
        let others: Vec<i32> =
            sqlx::query_scalar("SELECT pid FROM pg_stat_activity").fetch_all(&mut connection).await.unwrap();
        let processes = std::iter::once(postmaster).chain(others.iter().map(i32::to_string)).collect();
        let paused = Self { processes };
        assert!(paused.signal("-STOP"));
        paused
    }

    fn signal(&self, signal: &str) -> bool {
        Command::new("kill").arg(signal).args(&self.processes).status().unwrap().success()
    }
}

impl Drop for Paused {
    fn drop(&mut self) {
        self.signal("-CONT");
    }
}

//! The adapter's statement for one message by `pgbench`.

use std::path::PathBuf;
use std::time::Duration;

use sqlx::PgPool;
use tokio::process::Command;

use super::statements;
use crate::seed::TEXT;

/// Chats that each client writes to, if not all of them to one.
const CHATS: usize = 8;

/// Which chats the clients of pgbench write to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chats {
    /// Each client to eight of its own, as a sender of ours does: nobody waits for another's lock.
    Own,
    /// All clients to one.
    One,
}

/// Where its chats begin: nobody else writes to them.
const PREPARE: &str = "
    CREATE SCHEMA IF NOT EXISTS pgbench;
    CREATE OR REPLACE FUNCTION pgbench.id(kind text, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS
    $$ SELECT ('0190ffff-0000-7000-8' || kind || '00-' || lpad(to_hex(n), 12, '0'))::uuid $$;
    INSERT INTO chat.chats (chat_id, lower_id, higher_id, create_time, last_sequence, last_activity)
    SELECT pgbench.id('a', n), pgbench.id('b', n), pgbench.id('c', n), 1, 0, 1 FROM generate_series(1, 256) AS n
    ON CONFLICT DO NOTHING";

/// `pgbench` on a database.
pub struct Pgbench {
    program: PathBuf,
    url: String,
}

impl Pgbench {
    /// Prepares the database for it; none where it is not installed.
    ///
    /// # Panics
    /// If the database refuses.
    pub async fn prepare(pool: &PgPool, url: &str) -> Option<Self> {
        sqlx::raw_sql(PREPARE).execute(pool).await.expect("chats of its own");
        Some(Self { program: program()?, url: url.to_owned() })
    }

    /// Transactions a second of so many clients, 32 at most.
    ///
    /// # Panics
    /// If it fails.
    pub async fn rate(&self, clients: usize, chats: Chats, lasting: Duration) -> f64 {
        let script = std::env::temp_dir().join(format!("duologue-pgbench-{}.sql", std::process::id()));
        std::fs::write(&script, send(chats)).expect("a script");
        let output = Command::new(&self.program)
            .args(["--no-vacuum", "--protocol=prepared", "--jobs=2"])
            .arg(format!("--client={clients}"))
            .arg(format!("--time={}", lasting.as_secs().max(1)))
            .arg(format!("--file={}", script.display()))
            .arg(&self.url)
            .output()
            .await
            .expect("pgbench runs");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        assert!(said.contains("number of failed transactions: 0 "), "{said}");
        let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.unwrap_or_else(|| panic!("pgbench tells no rate: {said}"))
    }
}

/// The script: the adapter's statement with pgbench's own numbers for its parameters.
fn send(chats: Chats) -> String {
    let values = [
        ("$1", "pgbench.id('a', :chat)"),
        ("$2", "pgbench.id('b', :chat)"),
        ("$3", "gen_random_uuid()"),
        ("$4", "gen_random_uuid()"),
        ("$5", &format!("'{TEXT}'")),
        ("$6", "NULL::text"),
        ("$7", "NULL::bigint"),
    ];
    let mut statement = statements::append_one().to_owned();
    for (parameter, value) in values {
        statement = statement.replace(parameter, value);
    }
    let chat = match chats {
        Chats::Own => format!(":client_id * {CHATS} + random(1, {CHATS})"),
        Chats::One => "1".to_owned(),
    };
    format!("\\set chat {chat}\n{statement};\n")
}

/// Where it is installed.
fn program() -> Option<PathBuf> {
    let named = std::env::var_os("PG_BIN_DIR").map(PathBuf::from).into_iter();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let debian = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = debian.map(|version| version.path().join("bin"));
    named.chain(on_path).chain(debian).map(|place| place.join("pgbench")).find(|program| program.is_file())
}

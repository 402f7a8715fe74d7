//! How the database answers each list: from an index, at a cost that grows with the page and with nothing else.
//!
//! Shown on filled tables, by the plan for these values and by the plan for any values: a prepared statement may come to
//! use either.

use duologue_test_postgres::{TestDatabase, database};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::{auth, chat, checksum, migrate, notification, outbox, social, user};

/// The user who has a lot of everything, the chat that has a lot of messages, and the greatest key.
const WHALE: &str = "'00000000-0000-0000-0000-000000000001'::uuid";
const LONG: &str = "'00000000-0000-0000-0000-000000000002'::uuid";
const LAST: &str = "'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid";
const ALL: &str = "9223372036854775807";

/// How many messages the long chat has, and how many of the rest the whale.
const MESSAGES: i64 = 300_000;
const MANY: i64 = 20_000;

const FILL: &str = "
    CREATE FUNCTION pg_temp.name(number bigint) RETURNS uuid LANGUAGE sql AS $$ SELECT md5(number::text)::uuid $$;

    INSERT INTO auth.sessions (session_id, user_id, salt, generation, create_time, refresh_time, expire_time, end_time)
    SELECT pg_temp.name(n), CASE WHEN n % 2 = 0 THEN $whale ELSE pg_temp.name(n % 500) END, decode(repeat('00', 16), 'hex'),
           0, n, n, 1000000000, CASE WHEN n % 3 = 0 THEN n END FROM generate_series(1, $many) AS n;

    INSERT INTO profile.profiles (user_id, nickname, create_time, update_time)
    SELECT pg_temp.name(n), 'name' || n, n, n FROM generate_series(1, $many) AS n;

    INSERT INTO social.friend_requests (request_id, from_id, to_id, create_time, update_time, status, binding)
    SELECT pg_temp.name(n), CASE WHEN n % 2 = 0 THEN $whale ELSE pg_temp.name(-n) END,
           CASE WHEN n % 2 = 0 THEN pg_temp.name(-n) ELSE $whale END, n, n,
           CASE WHEN n % 5 = 0 THEN 3 ELSE 1 END, n % 5 <> 0 FROM generate_series(1, $many) AS n;

    INSERT INTO social.friendships (user_id, friend_id, create_time)
    SELECT CASE WHEN n % 2 = 0 THEN $whale ELSE pg_temp.name(n % 500) END, pg_temp.name(n), n
    FROM generate_series(1000, $many) AS n;

    INSERT INTO chat.chats (chat_id, lower_id, higher_id, create_time, last_sequence, last_activity)
    SELECT $long, '00000000-0000-0000-0000-000000000000', $whale, 1, $messages, $messages
    UNION ALL
    SELECT pg_temp.name(n), CASE WHEN n % 4 = 0 THEN $whale ELSE '00000000-0000-0000-0000-000000000003' END,
           pg_temp.name(-n), n, 20, n + 20 FROM generate_series(1, $many) AS n;

    INSERT INTO chat.activities (user_id, chat_id, time)
    SELECT lower_id, chat_id, last_activity FROM chat.chats UNION ALL SELECT higher_id, chat_id, last_activity FROM chat.chats;

    INSERT INTO chat.behind (user_id, chat_id)
    SELECT higher_id, chat_id FROM chat.chats WHERE higher_id <> $whale
    UNION ALL (SELECT $whale, chat_id FROM chat.chats WHERE lower_id = $whale LIMIT 50);

    INSERT INTO chat.messages (chat_id, sequence, message_id, sender_id, create_time, text, client_message_id)
    SELECT $long, n, pg_temp.name(n), $whale, n, 'hello hello hello', CASE WHEN n % 10 = 0 THEN n::text END
    FROM generate_series(1, $messages) AS n
    UNION ALL
    SELECT pg_temp.name(n), s, pg_temp.name(n * 20 + s), $whale, n + s, 'hello', NULL
    FROM generate_series(1, $many) AS n, generate_series(1, 20) AS s WHERE n % 4 = 0;

    INSERT INTO chat.outbox (event_id, recipient_id, actor_id, chat_id, message_id, occur_time, lease_end, parked)
    SELECT pg_temp.name(n), $whale, $whale, $long, $long, n, CASE WHEN n < 100 THEN 1000 END,
           n BETWEEN 100 AND $many / 2 FROM generate_series(1, $many) AS n;

    INSERT INTO social.outbox (event_id, recipient_id, actor_id, request_id, kind, occur_time, lease_end, parked)
    SELECT pg_temp.name(n), $whale, $whale, $long, 1, n, CASE WHEN n < 100 THEN 1000 END,
           n BETWEEN 100 AND $many / 2 FROM generate_series(1, $many) AS n;

    INSERT INTO notification.inboxes (user_id, newest, read)
    SELECT $whale, $many, $many / 2 UNION ALL SELECT pg_temp.name(n), 1, 0 FROM generate_series(1, $many) AS n;

    INSERT INTO notification.notifications (user_id, position, event_id, actor_id, request_id, occur_time, kind)
    SELECT $whale, n, pg_temp.name(n), $long, $long, n, 1 FROM generate_series(1, $many) AS n
    UNION ALL SELECT pg_temp.name(n), 1, pg_temp.name(n), $long, $long, n, 1 FROM generate_series(1, $many) AS n;
    ";

/// What begins a walk, as the adapter says it.
const BEGIN_WALK: &str = "SELECT * FROM chat.begin_walk($1, $2, $3, $4)";

struct Filled {
    _database: TestDatabase,
    connection: PgConnection,
}

/// Done once for all tests.
async fn fill(url: &str) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    migrate(url).await?;
    let mut connection = PgConnection::connect(url).await?;
    let fill = FILL
        .replace("$whale", WHALE)
        .replace("$long", LONG)
        .replace("$messages", &MESSAGES.to_string())
        .replace("$many", &MANY.to_string());
    sqlx::raw_sql(AssertSqlSafe(fill)).execute(&mut connection).await?;
    sqlx::raw_sql("VACUUM ANALYZE").execute(&mut connection).await?;
    Ok(connection.close().await?)
}

/// What a statement did: its plan, and how many pages it touched.
struct Cost {
    plan: String,
    pages: i64,
}

impl Filled {
    async fn new() -> Self {
        let database =
            database(&format!("filled {}", checksum()), async |url| fill(&url).await).await.unwrap();
        let connection = PgConnection::connect(&database.url()).await.unwrap();
        Self { _database: database, connection }
    }

    /// Executes a statement with these values, planned for them and planned for any; the costlier of both.
    async fn cost(&mut self, statement: &str, values: &[&str]) -> Cost {
        let mut worst = Cost { plan: String::new(), pages: -1 };
        for mode in ["force_custom_plan", "force_generic_plan"] {
            let prepare =
                format!("SET plan_cache_mode = {mode}; DEALLOCATE ALL; PREPARE list AS {statement}");
            sqlx::raw_sql(AssertSqlSafe(prepare)).execute(&mut self.connection).await.unwrap();
            let explain = format!("EXPLAIN (ANALYZE, BUFFERS) EXECUTE list ({})", values.join(", "));
            // Once before, for what is read once only: catalogs, and the plans within functions.
            for _ in 0..2 {
                let rows = sqlx::raw_sql(AssertSqlSafe(explain.clone()))
                    .fetch_all(&mut self.connection)
                    .await
                    .unwrap();
                let lines: Vec<String> = rows.iter().map(|row| sqlx::Row::get(row, 0)).collect();
                let pages = lines.iter().find(|line| line.contains("Buffers:")).map_or(0, |line| pages(line));
                let plan = format!("{mode}\n{}", lines.join("\n"));
                if lines.is_empty() || pages >= worst.pages || worst.plan.starts_with(mode) {
                    worst = Cost { plan, pages };
                }
            }
        }
        worst
    }
}

fn pages(line: &str) -> i64 {
    line.split(' ')
        .filter_map(|part| part.strip_prefix("hit=").or_else(|| part.strip_prefix("read=")))
        .map(|number| number.parse::<i64>().unwrap())
        .sum()
}

#[tokio::test]
async fn every_list_is_served_by_an_index_in_its_order() {
    let mut filled = Filled::new().await;
    let deep = "150000";
    let lists: &[(&str, &str, &[&str])] = &[
        ("sessions", auth::LIST_SESSIONS, &[WHALE, "5", ALL, LAST, "51"]),
        ("sessions, deep", auth::LIST_SESSIONS, &[WHALE, "5", "9000", LAST, "51"]),
        ("search", user::LIST_PROFILES_BY_PREFIX, &["'name1'", "'name1\u{7f}'", "''", "51"]),
        ("search, deep", user::LIST_PROFILES_BY_PREFIX, &["'name1'", "'name1\u{7f}'", "'name15'", "51"]),
        ("incoming requests", social::LIST_INCOMING, &[WHALE, ALL, LAST, "51"]),
        ("incoming requests, deep", social::LIST_INCOMING, &[WHALE, "9000", LAST, "51"]),
        ("outgoing requests", social::LIST_OUTGOING, &[WHALE, ALL, LAST, "51"]),
        ("friends", social::LIST_FRIENDS, &[WHALE, ALL, LAST, "51"]),
        ("friends, deep", social::LIST_FRIENDS, &[WHALE, "9000", LAST, "51"]),
        ("newest messages", chat::LIST_NEWEST_FIRST, &[LONG, ALL, "51"]),
        ("newest messages, deep", chat::LIST_NEWEST_FIRST, &[LONG, deep, "51"]),
        ("oldest messages", chat::LIST_OLDEST_FIRST, &[LONG, "0", "51"]),
        ("oldest messages, deep", chat::LIST_OLDEST_FIRST, &[LONG, deep, "51"]),
        ("notifications", notification::LIST_NEWEST_FIRST, &[WHALE, ALL, "false", "51"]),
        ("unread notifications, deep", notification::LIST_NEWEST_FIRST, &[WHALE, "9000", "true", "51"]),
        ("notifications, upwards", notification::LIST_OLDEST_FIRST, &[WHALE, "9000", "false", "51"]),
        ("unread notifications, upwards", notification::LIST_OLDEST_FIRST, &[WHALE, "0", "true", "51"]),
    ];
    for (name, statement, values) in lists {
        let cost = filled.cost(statement, values).await;
        assert!(!cost.plan.contains("Seq Scan"), "{name}: {}", cost.plan);
        assert!(!cost.plan.contains("Sort"), "{name}: {}", cost.plan);
        assert!(cost.pages <= 180, "{name} touches {} pages: {}", cost.pages, cost.plan);
    }
}

#[tokio::test]
async fn the_farthest_page_of_a_chat_costs_what_the_first_one_costs() {
    let mut filled = Filled::new().await;
    let first = filled.cost(chat::LIST_NEWEST_FIRST, &[LONG, ALL, "101"]).await;
    for edge in [MESSAGES / 2, 102] {
        let far = filled.cost(chat::LIST_NEWEST_FIRST, &[LONG, &edge.to_string(), "101"]).await;
        assert!(far.pages <= first.pages + 3, "{} against {}: {}", far.pages, first.pages, far.plan);
    }
}

#[tokio::test]
async fn the_start_of_a_moment_is_found_in_few_pages() {
    let mut filled = Filled::new().await;
    for since in [0, 1, MESSAGES / 3, MESSAGES, MESSAGES + 1] {
        let cost = filled.cost(chat::FIRST_SEQUENCE_SINCE, &[LONG, &since.to_string()]).await;
        assert!(cost.pages <= 100, "{} pages: {}", cost.pages, cost.plan);
    }
}

#[tokio::test]
async fn a_walk_reads_a_page_of_the_walkers_chats_and_one_message_of_each() {
    let mut filled = Filled::new().await;
    for edge in ["19000", "10000", "100"] {
        let cost = filled.cost(chat::CONTINUE_WALK, &[WHALE, ALL, edge, LAST, "51"]).await;
        assert!(!cost.plan.contains("Seq Scan on chats"), "{}", cost.plan);
        assert!(!cost.plan.contains("Seq Scan on activities"), "{}", cost.plan);
        assert!(!cost.plan.contains("Seq Scan on messages"), "{}", cost.plan);
        // Of the whale's 5,001 chats a page is read, each with its last message, and the 50 that have fallen behind.
        assert!(cost.pages <= 900, "{} pages: {}", cost.pages, cost.plan);
    }
    let begun = filled.cost(BEGIN_WALK, &[WHALE, ALL, "false", "51"]).await;
    assert!(begun.pages <= 900, "{} pages: {}", begun.pages, begun.plan);
    let few = filled.cost(chat::CONTINUE_WALK, &[LONG, ALL, "10000", LAST, "51"]).await;
    assert!(!few.plan.contains("Seq Scan"), "{}", few.plan);
    assert!(few.pages <= 30, "{} pages: {}", few.pages, few.plan);
}

#[tokio::test]
async fn claiming_events_and_sending_touch_few_pages() {
    let mut filled = Filled::new().await;
    for claim in [outbox::CLAIM_CHAT, outbox::CLAIM_SOCIAL] {
        let cost = filled.cost(claim, &["20", "5", "6"]).await;
        assert!(!cost.plan.contains("Seq Scan on outbox"), "{}", cost.plan);
        // Past the 99 that were claimed before and what each look claims itself, and none of those that are parked.
        let (_, passed) = cost.plan.split_once("Rows Removed by Filter: ").unwrap();
        let passed: usize = passed.split_whitespace().next().unwrap().parse().unwrap();
        assert!(passed < 300, "{passed} passed: {}", cost.plan);
        assert!(cost.pages <= 600, "{} pages: {}", cost.pages, cost.plan);
    }
    let name = |number: u32| format!("'00000000-0000-4000-8000-{number:012}'::uuid");
    let mut number = 0;
    let mut fresh = || {
        number += 1;
        name(number)
    };
    sqlx::raw_sql("BEGIN").execute(&mut filled.connection).await.unwrap();
    for statement in [chat::APPEND_ONE, chat::APPEND_MANY] {
        let values: [String; 7] = if statement == chat::APPEND_ONE {
            [
                LONG.into(),
                WHALE.into(),
                fresh(),
                "gen_random_uuid()".into(),
                "'x'".into(),
                "gen_random_uuid()::text".into(),
                "NULL".into(),
            ]
        } else {
            let two = |text: &str, kind: &str| format!("ARRAY[{text}, {text}]::{kind}[]");
            [
                two(LONG, "uuid"),
                two(WHALE, "uuid"),
                two("gen_random_uuid()", "uuid"),
                two("gen_random_uuid()", "uuid"),
                two("'x'", "text"),
                two("gen_random_uuid()::text", "text"),
                two("NULL", "bigint"),
            ]
        };
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let cost = filled.cost(statement, &values).await;
        for table in ["chats", "messages", "walks", "outbox"] {
            assert!(!cost.plan.contains(&format!("Seq Scan on {table}")), "{}", cost.plan);
        }
        assert!(cost.pages <= 150, "{} pages: {}", cost.pages, cost.plan);
    }
}

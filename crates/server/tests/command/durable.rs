//! A server on PostgreSQL: what it refuses to open, and what outlives it.

use duologue_test_postgres::OwnServer;
use sqlx::{Connection as _, PgConnection};
use tempfile::TempDir;

use crate::server::{Server, http, refusal, run};

/// The body of an answer.
fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or(answer, |(_, body)| body)
}

#[tokio::test]
async fn a_server_that_was_killed_and_started_again_answers_as_before() {
    let database = OwnServer::new(&[]).await.unwrap();
    let url = database.url("postgres");
    let start = |directory| {
        Server::start_in(directory, |command| {
            command.args(["--storage", &url]);
        })
    };
    let server = start(None);
    let (token, chat_id) = server.talk();
    let authorization = format!("authorization: Bearer {token}\r\n");
    for text in ["one", "two", "three"] {
        let message = format!(r#"{{"text":"{text}"}}"#);
        let answer =
            http(&server.rest, &format!("POST /v1/chats/{chat_id}/message"), &authorization, &message);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let look = |server: &Server| {
        let paths = [
            "/v1/users/by-nickname/ada",
            "/v1/users/search?query=be",
            "/v1/sessions",
            "/v1/chats",
            &format!("/v1/chats/{chat_id}"),
            &format!("/v1/chats/{chat_id}/messages?limit=2"),
        ];
        paths.map(|path| {
            let answer = http(&server.rest, &format!("GET {path}"), &authorization, "");
            assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
            body(&answer).to_owned()
        })
    };
    let before = look(&server);
    let server = start(Some(server.kill_9()));
    assert_eq!(look(&server), before);
    let login = r#"{"email":"ben@example.org","password":"a long enough one"}"#;
    assert!(http(&server.rest, "POST /v1/login", "", login).starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_server_without_its_database_is_not_ready_and_says_unavailable() {
    let mut database = OwnServer::new(&[]).await.unwrap();
    let url = database.url("postgres");
    let server = Server::start(&["--storage", &url]);
    let (token, _) = server.talk();
    assert!(http(&server.rest, "GET /readyz", "", "").starts_with("HTTP/1.1 200"));
    database.kill_9().unwrap();
    // The last processes of the database may take a moment to notice.
    while http(&server.rest, "GET /readyz", "", "").starts_with("HTTP/1.1 200") {}
    let answer = http(&server.rest, "GET /readyz", "", "");
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    // It lives all the same: only what needs the database fails, and says that a retry may help.
    assert!(http(&server.rest, "GET /healthz", "", "").starts_with("HTTP/1.1 200"));
    let answer = http(&server.rest, "GET /v1/chats", &format!("authorization: Bearer {token}\r\n"), "");
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("STORAGE_UNAVAILABLE"), "{answer}");
    assert!(answer.contains("retry-after"), "{answer}");
    database.start().await.unwrap();
    while !http(&server.rest, "GET /readyz", "", "").starts_with("HTTP/1.1 200") {}
}

#[tokio::test]
async fn an_event_that_always_fails_is_parked_where_operators_see_it_and_delivered_once_released() {
    let database = OwnServer::new(&[]).await.unwrap();
    let url = database.url("postgres");
    let server = Server::start(&["--storage", &url]);
    let (token, chat_id) = server.talk();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("ALTER TABLE notification.notifications ADD CONSTRAINT poison CHECK (kind <> 3)")
        .execute(&mut connection)
        .await
        .unwrap();
    let authorization = format!("authorization: Bearer {token}\r\n");
    let send = format!("POST /v1/chats/{chat_id}/message");
    let answer = http(&server.rest, &send, &authorization, r#"{"text":"words between two"}"#);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let told = |state: &str, count: u8| {
        let line = format!("duologue_outbox_events{{context=\"chat\",state=\"{state}\"}} {count}\n");
        while !http(&server.metrics, "GET /metrics", "", "").contains(&line) {}
    };
    told("waiting", 1);
    // Its last attempt, which would come in eight minutes.
    let last = "UPDATE chat.outbox SET deferrals = 9, lease_end = NULL WHERE deferrals > 0";
    while sqlx::raw_sql(last).execute(&mut connection).await.unwrap().rows_affected() == 0 {}
    told("parked", 1);
    told("waiting", 0);
    let event_id: uuid::Uuid =
        sqlx::query_scalar("SELECT event_id FROM chat.outbox").fetch_one(&mut connection).await.unwrap();
    let log = server.log();
    let parked = log.lines().find(|line| line.contains("is parked")).unwrap_or_else(|| panic!("{log}"));
    assert!(parked.contains("ERROR") && parked.contains(&event_id.to_string()), "{parked}");
    assert!(!log.contains("words between two"), "{log}");
    // The cause is removed, and the event released as the schema says.
    let release = "ALTER TABLE notification.notifications DROP CONSTRAINT poison;
        UPDATE chat.outbox SET parked = false, deferrals = 0, lease_end = NULL WHERE parked";
    sqlx::raw_sql(release).execute(&mut connection).await.unwrap();
    told("parked", 0);
    let delivered = "SELECT count(*) FROM notification.notifications WHERE kind = 3";
    while sqlx::query_scalar::<_, i64>(delivered).fetch_one(&mut connection).await.unwrap() == 0 {}
}

#[tokio::test]
async fn a_database_that_cannot_serve_is_refused_in_words() {
    let database = OwnServer::new(&[("synchronous_commit", "off")]).await.unwrap();
    let directory = TempDir::new().unwrap();
    let serve = |url: &str, more: &[&str]| {
        let any = "127.0.0.1:0";
        let place =
            ["serve", "--rest-listen", any, "--grpc-listen", any, "--metrics-listen", any, "--storage", url];
        refusal(&run(&directory, &[&place, more].concat()))
    };
    let nowhere = serve("postgres://ada:hidden@127.0.0.1:1/duologue", &[]);
    assert!(nowhere.contains("cannot be reached") && !nowhere.contains("hidden"), "{nowhere}");
    let missing = serve(&database.url("missing"), &[]);
    assert!(missing.contains("no such database"), "{missing}");
    let empty = serve(&database.url("postgres"), &["--migrate=false"]);
    assert!(empty.contains("migrate it first"), "{empty}");

    let migrated = run(&directory, &["migrate", "--storage", &database.url("postgres")]);
    assert!(migrated.status.success(), "{migrated:?}");
    assert!(run(&directory, &["keys", "create", "--keys=keys"]).status.success());
    let production = ["--profile=production", "--plaintext", "--keys=keys"];
    let forgetful = serve(&database.url("postgres"), &production);
    assert!(forgetful.contains("forgets what it acknowledged"), "{forgetful}");
}

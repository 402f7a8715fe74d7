//! Opening and migrating databases, good and bad ones.

use duologue_domain::chat::ChatStore;
use duologue_domain::error::StorageError;
use duologue_storage_postgres::{OpenError, Options, PostgresStorage, SCHEMA_VERSION, migrate};
use duologue_test_postgres::{TestDatabase, database};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::harness::{CONTENDERS, empty_database, id, race, with};

async fn bare() -> TestDatabase {
    database("bare", async |_| Ok(())).await.unwrap()
}

async fn execute(database: &TestDatabase, statement: &str) {
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
}

async fn refusal(url: &str) -> OpenError {
    let options = Options { acquire_timeout: std::time::Duration::from_secs(2), ..Options::default() };
    PostgresStorage::connect(url, options).await.map(drop).unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_start_at_once_migrate_once() {
    let database = bare().await;
    assert!(matches!(refusal(&database.url()).await, OpenError::NotMigrated));
    let results = race(CONTENDERS, |_| {
        let url = database.url();
        async move { migrate(&url).await }
    })
    .await;
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    let storage = PostgresStorage::connect(&database.url(), Options::default()).await.unwrap();
    storage.ping().await.unwrap();
    migrate(&database.url()).await.unwrap();
}

#[tokio::test]
async fn the_schema_of_the_next_release_serves_and_that_of_the_one_after_it_does_not() {
    let database = empty_database().await;
    let release = |version: i64| {
        format!(
            "INSERT INTO duologue.migrations (version, description, success, checksum, execution_time)
             VALUES ({version}, 'later', true, '\\x00', 0)"
        )
    };
    execute(&database, &release(SCHEMA_VERSION + 1)).await;
    PostgresStorage::connect(&database.url(), Options::default()).await.unwrap();
    migrate(&database.url()).await.unwrap();
    execute(&database, &release(SCHEMA_VERSION + 2)).await;
    let found = SCHEMA_VERSION + 2;
    assert!(matches!(refusal(&database.url()).await, OpenError::Newer { found: it } if it == found));
    assert!(matches!(migrate(&database.url()).await, Err(OpenError::Newer { found: it }) if it == found));
}

#[tokio::test]
async fn a_database_of_something_else_is_left_alone() {
    let foreign = bare().await;
    execute(&foreign, "CREATE SCHEMA auth; CREATE TABLE auth.users (id int)").await;
    assert!(matches!(refusal(&foreign.url()).await, OpenError::Foreign));
    assert!(matches!(migrate(&foreign.url()).await, Err(OpenError::Foreign)));
    let edited = empty_database().await;
    execute(&edited, "UPDATE duologue.migrations SET checksum = '\\x00'").await;
    assert!(matches!(refusal(&edited.url()).await, OpenError::Foreign));
    assert!(matches!(migrate(&edited.url()).await, Err(OpenError::Foreign)));
}

#[tokio::test]
async fn what_cannot_be_opened_says_why_and_never_the_password() {
    let good = empty_database().await.url();
    let (before, _) = good.rsplit_once('/').unwrap();
    let table = [
        ("postgres://u:secret@127.0.0.1:1/d".to_owned(), "cannot be reached"),
        ("postgres://u:secret@nowhere.invalid/d".to_owned(), "cannot be reached"),
        ("mysql://u:secret@h/d".to_owned(), "no URL"),
        ("postgres://u:secret@h:port/d".to_owned(), "no URL"),
        (format!("{before}/no_such_database"), "no such database"),
        (format!("{before}/no_such_database").replace("postgres@", "nobody:secret@"), "refuses the user"),
    ];
    for (url, expected) in table {
        for error in [refusal(&url).await, migrate(&url).await.unwrap_err()] {
            let chain = format!("{error} {error:?}");
            assert!(error.to_string().contains(expected), "{url}: {chain}");
            assert!(!chain.contains("secret"), "{chain}");
        }
    }
}

#[tokio::test]
async fn limits_are_the_databases_own() {
    let options = Options { lock_timeout: std::time::Duration::from_millis(50), ..Options::default() };
    let fixture = with(options).await;
    let mut holder = PgConnection::connect(&fixture.database.url()).await.unwrap();
    sqlx::raw_sql("BEGIN; LOCK TABLE chat.chats").execute(&mut holder).await.unwrap();
    let refused = fixture.storage.find_chat(id()).await;
    assert!(matches!(refused, Err(StorageError::Unavailable(_))), "{refused:?}");
    sqlx::raw_sql("ROLLBACK").execute(&mut holder).await.unwrap();
    assert_eq!(fixture.storage.find_chat(id()).await.unwrap(), None);
}

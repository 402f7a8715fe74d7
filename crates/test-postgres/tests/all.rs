//! The provider itself.

use duologue_test_postgres::{OwnServer, database};
use sqlx::{Connection, Executor, PgConnection};

#[tokio::test]
async fn every_database_is_a_copy_of_its_template_and_of_nothing_else() {
    let prepare = async |url: String| {
        let mut connection = PgConnection::connect(&url).await?;
        connection.execute("CREATE TABLE things (id int); INSERT INTO things VALUES (1)").await?;
        connection.close().await?;
        Ok(())
    };
    for _ in 0..2 {
        let database = database("provider-test", prepare).await.unwrap();
        let mut connection = PgConnection::connect(&database.url()).await.unwrap();
        connection.execute("INSERT INTO things VALUES (2)").await.unwrap();
        let count: i64 =
            sqlx::query_scalar("SELECT count(*) FROM things").fetch_one(&mut connection).await.unwrap();
        assert_eq!(count, 2);
    }
}

#[tokio::test]
async fn an_own_server_keeps_what_was_committed_before_it_was_killed() {
    let mut server = OwnServer::new(&[]).await.unwrap();
    let mut connection = PgConnection::connect(&server.url("postgres")).await.unwrap();
    let fsync: String = sqlx::query_scalar("SHOW fsync").fetch_one(&mut connection).await.unwrap();
    assert_eq!(fsync, "on");
    connection.execute("CREATE TABLE things (id int); INSERT INTO things VALUES (1)").await.unwrap();
    for _ in 0..2 {
        server.kill_9().unwrap();
        server.start().await.unwrap();
    }
    let mut connection = PgConnection::connect(&server.url("postgres")).await.unwrap();
    let count: i64 =
        sqlx::query_scalar("SELECT count(*) FROM things").fetch_one(&mut connection).await.unwrap();
    assert_eq!(count, 1);
}

use super::*;
use std::os::unix::fs::PermissionsExt as _;

async fn query(options: &PgConnectOptions, sql: &'static str) -> sqlx::Result<i64> {
    let mut connection = PgConnection::connect_with(options).await?;
    let answer = sqlx::query_scalar(sql).fetch_one(&mut connection).await;
    connection.close().await?;
    answer
}

const COUNT: &str = "SELECT count(*) FROM kept";

/// A directory that the server's own user can reach when the tests run as root.
fn data_dir() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

#[tokio::test]
async fn data_survives_a_stop_and_a_crash() {
    let dir = data_dir();
    let server = EmbeddedPostgres::start(dir.path()).await.unwrap();
    let options = server.connect_options();
    let fsync: String = {
        let mut connection = PgConnection::connect_with(&options).await.unwrap();
        sqlx::raw_sql("CREATE TABLE kept (x int); INSERT INTO kept VALUES (1)")
            .execute(&mut connection)
            .await
            .unwrap();
        sqlx::query_scalar("SHOW fsync")
            .fetch_one(&mut connection)
            .await
            .unwrap()
    };
    assert_eq!(fsync, "on");
    let socket_dir = server.place.socket_dir.clone();
    let mode = fs::metadata(&socket_dir).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
    server.stop().await;
    assert!(query(&options, COUNT).await.is_err());

    // Killed at once: what it leaves behind does not keep the next from starting.
    let mut server = EmbeddedPostgres::start(dir.path()).await.unwrap();
    let added = "WITH added AS (INSERT INTO kept VALUES (2) RETURNING 1) SELECT count(*) FROM added";
    assert_eq!(query(&options, added).await.unwrap(), 1);
    let pid = Pid::from_raw(server.child.id().unwrap().cast_signed());
    kill(pid, Signal::SIGKILL).unwrap();
    server.exited().await.unwrap();
    assert!(server.place.cluster.join("postmaster.pid").exists());
    drop(server);
    let server = EmbeddedPostgres::start(dir.path()).await.unwrap();
    assert_eq!(query(&options, COUNT).await.unwrap(), 2);
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_outlived_its_aggregator_is_replaced() {
    let dir = data_dir();
    let orphan = EmbeddedPostgres::start(dir.path()).await.unwrap();
    let orphan_pid = orphan.child.id().unwrap();
    // As when the aggregator is killed: the lock is gone, the server stays.
    let EmbeddedPostgres {
        mut child,
        _ownership: ownership,
        ..
    } = orphan;
    drop(ownership);
    let reaped = tokio::spawn(async move { child.wait().await });
    let server = EmbeddedPostgres::start(dir.path()).await.unwrap();
    assert_ne!(server.child.id().unwrap(), orphan_pid);
    assert!(reaped.await.unwrap().unwrap().success());
    assert_eq!(
        query(&server.connect_options(), "SELECT 7::int8").await.unwrap(),
        7
    );
    server.stop().await;
}

#[tokio::test]
async fn a_directory_in_use_is_refused_and_can_be_shared_by_commands() {
    let dir = data_dir();
    assert!(EmbeddedPostgres::beside(dir.path()).unwrap().is_none());
    let server = EmbeddedPostgres::start(dir.path()).await.unwrap();
    let error = EmbeddedPostgres::start(dir.path()).await.unwrap_err();
    assert!(error.contains("another aggregator"), "{error}");
    assert!(!error.contains('\n'));
    let beside = EmbeddedPostgres::beside(dir.path()).unwrap().unwrap();
    assert_eq!(query(&beside, "SELECT 7::int8").await.unwrap(), 7);
    server.stop().await;
}

#[tokio::test]
async fn a_long_path_gets_a_short_socket() {
    let dir = data_dir();
    let long = dir.path().join("d".repeat(80)).join("e".repeat(80));
    let server = EmbeddedPostgres::start(&long).await.unwrap();
    assert_eq!(
        query(&server.connect_options(), "SELECT 7::int8").await.unwrap(),
        7
    );
    let socket_dir = server.place.socket_dir.clone();
    server.stop().await;
    fs::remove_dir_all(socket_dir).unwrap();
}

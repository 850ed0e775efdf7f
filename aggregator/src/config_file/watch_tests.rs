use super::ConfigWatch;
use crate::{http::test_server::TestServer, state::AppState};
use sqlx::PgPool;
use std::{
    path::{Path, PathBuf},
    process::{self, Command},
    time::{Duration, Instant},
};

/// Longer than it takes to look at the file again, also on a machine that is busy.
const LONG: Duration = Duration::from_secs(30);

fn write(directory: &Path, text: &str) -> PathBuf {
    let (path, unfinished) = (directory.join("edgewatch.yml"), directory.join("new"));
    std::fs::write(&unfinished, text).unwrap();
    std::fs::rename(&unfinished, &path).unwrap();
    path
}

fn retention(days: u32) -> String {
    format!("settings: {{ result_retention_days: {days} }}\n")
}

async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LONG, "not within {LONG:?}: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How often the file was applied, or refused.
fn read(state: &AppState, kind: &str) -> u64 {
    let text = state.metrics.encode().unwrap();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix(&format!("edgewatch_config_reloads_total{{kind=\"{kind}\"}} ")));
    line.map_or(0, |number| number.parse().unwrap())
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn a_file_is_followed_and_what_is_refused_leaves_the_old_one_in_force(pool: PgPool) {
    let server = TestServer::new(pool);
    let state = &server.state;
    let directory = tempfile::tempdir().unwrap();
    let days = || state.settings().result_retention_days;
    let path = write(directory.path(), &retention(30));
    let watch = ConfigWatch::start(&path, state).await.unwrap();
    assert_eq!(days(), 30);
    let following = tokio::spawn(watch.run(state.clone()));

    write(directory.path(), &retention(31));
    eventually("a change is applied", || days() == 31).await;
    assert_eq!((read(state, "applied"), read(state, "refused")), (2, 0));

    write(
        directory.path(),
        &format!("{}monitors: [{{ name: a }}]\n", retention(32)),
    );
    eventually("a mistake is refused", || read(state, "refused") == 1).await;
    assert_eq!(days(), 31);

    // Somebody who asks is told again, although nothing is new.
    hang_up();
    eventually("a signal has the file read", || read(state, "refused") == 2).await;
    assert_eq!(days(), 31);

    write(directory.path(), &retention(33));
    eventually("what is repaired is applied", || days() == 33).await;
    let applied = read(state, "applied");
    hang_up();
    eventually("a signal has it applied again", || {
        read(state, "applied") == applied + 1
    })
    .await;
    assert_eq!((days(), read(state, "refused")), (33, 2));

    state.stopping.send_replace(true);
    following.await.unwrap();
}

/// `SIGHUP` to this process, which handles it since the file is followed.
fn hang_up() {
    let sent = Command::new("sh")
        .args(["-c", &format!("kill -HUP {}", process::id())])
        .status();
    assert!(sent.unwrap().success());
}

#[sqlx::test(migrator = "crate::store::migrate::PLAIN")]
async fn nothing_begins_with_a_file_that_is_refused(pool: PgPool) {
    let server = TestServer::new(pool);
    let directory = tempfile::tempdir().unwrap();
    let path = write(directory.path(), "settings: { result_retention_days: 0 }\n");
    let refused = ConfigWatch::start(&path, &server.state).await.unwrap_err();
    assert!(refused.contains("line 1, column 36"), "{refused}");
}

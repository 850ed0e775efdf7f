//! Runs a command with `DATABASE_URL` set to a private PostgreSQL that lives as long as the command: what
//! `#[sqlx::test]` makes its databases on. One server a run, so that two runs on one machine do not meet.

use edgewatch_aggregator::embedded_postgres::EmbeddedPostgres;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};
use std::{os::unix::fs::PermissionsExt as _, process::ExitCode};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let Some(command) = arguments.next() else {
        eprintln!("usage: with-postgres COMMAND [ARGUMENT…]");
        return ExitCode::from(2);
    };
    match run(&command, arguments.collect()).await {
        Ok(code) => code,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

async fn run(command: &std::ffi::OsStr, arguments: Vec<std::ffi::OsString>) -> Result<ExitCode, String> {
    // Where this runs as root the server runs as another user, who must be able to get here.
    let directory = tempfile::Builder::new()
        .prefix("edgewatch-tests-")
        .permissions(std::fs::Permissions::from_mode(0o755))
        .tempdir()
        .map_err(|error| format!("no temporary directory: {error}"))?;
    let postgres = EmbeddedPostgres::start(directory.path()).await?;
    let options = postgres.connect_options();

    // Nobody misses these databases after a crash, and creating one a test is mostly waiting for the disk.
    let mut connection = options.connect().await.map_err(|error| error.to_string())?;
    for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
        let statement = sqlx::AssertSqlSafe(format!("ALTER SYSTEM SET {setting} = off"));
        connection
            .execute(statement)
            .await
            .map_err(|error| error.to_string())?;
    }
    connection
        .execute("SELECT pg_reload_conf()")
        .await
        .map_err(|error| error.to_string())?;
    connection.close().await.map_err(|error| error.to_string())?;

    let status = tokio::process::Command::new(command)
        .args(arguments)
        .env("DATABASE_URL", options.to_url_lossy().as_str())
        .status()
        .await
        .map_err(|error| format!("{} cannot be started: {error}", command.to_string_lossy()));
    postgres.stop().await;
    let code = status?
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(1);
    Ok(ExitCode::from(code))
}

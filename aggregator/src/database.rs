//! The database that a command works on: somebody else's by URL, or the embedded one.

use crate::{config::DatabaseArgs, embedded_postgres::EmbeddedPostgres, store::migrate::migrate};
use sqlx::{
    Connection as _, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use std::{process::ExitStatus, str::FromStr as _, time::Duration};

/// Connections to the database of one process.
const MAX_CONNECTIONS: u32 = 20;
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);
/// A connection that was idle this long may have been lost unnoticed.
const PING_AFTER: Duration = Duration::from_secs(1);

/// A database that is ready for use, and the server behind it if it is ours.
#[derive(Debug)]
pub struct Database {
    /// The pool.
    pub pool: PgPool,
    server: Option<EmbeddedPostgres>,
}

impl Database {
    /// Connects (starting the embedded server where there is no URL) and brings the schema up to date.
    ///
    /// # Errors
    /// In one line, without the URL's password.
    pub async fn open(args: &DatabaseArgs) -> Result<Self, String> {
        Self::open_as(args, None).await
    }

    /// The same for a command that may run beside an aggregator: it uses the embedded server that is running.
    ///
    /// # Errors
    /// See [`Database::open`].
    pub async fn open_beside(args: &DatabaseArgs) -> Result<Self, String> {
        let running = match &args.database_url {
            Some(_) => None,
            None => EmbeddedPostgres::beside(&args.data_dir)?,
        };
        Self::open_as(args, running).await
    }

    async fn open_as(args: &DatabaseArgs, running: Option<PgConnectOptions>) -> Result<Self, String> {
        let (options, server) = if let Some(url) = &args.database_url {
            let options =
                PgConnectOptions::from_str(url).map_err(|error| format!("DATABASE_URL: {error}"))?;
            (options, None)
        } else if let Some(running) = running {
            (running, None)
        } else {
            let server = EmbeddedPostgres::start(&args.data_dir).await?;
            (server.connect_options(), Some(server))
        };
        let pool = PgPoolOptions::new()
            .max_connections(MAX_CONNECTIONS)
            .acquire_timeout(ACQUIRE_TIMEOUT)
            // One that was in use a moment ago is not asked first whether it is still there.
            .test_before_acquire(false)
            .before_acquire(|connection, metadata| {
                Box::pin(async move { Ok(metadata.idle_for < PING_AFTER || connection.ping().await.is_ok()) })
            })
            .connect_lazy_with(
                options
                    .application_name("edgewatch")
                    // Queries over many partitions look expensive to the planner, which then compiles for seconds what
                    // runs for milliseconds.
                    .options([("jit", "off")]),
            );
        let database = Self { pool, server };
        match migrate(&database.pool).await {
            Ok(storage) => {
                tracing::info!(?storage, embedded = database.server.is_some(), "database ready");
                Ok(database)
            }
            Err(error) => {
                database.close().await;
                Err(format!("the database cannot be prepared: {error}"))
            }
        }
    }

    /// Closes the connections, then stops the server if it is ours.
    pub async fn close(self) {
        self.pool.close().await;
        if let Some(server) = self.server {
            server.stop().await;
        }
    }

    /// Waits for the embedded server to end by itself; for ever where the database is somebody else's.
    pub async fn lost(&mut self) -> std::io::Result<ExitStatus> {
        match &mut self.server {
            Some(server) => server.exited().await,
            None => std::future::pending().await,
        }
    }
}

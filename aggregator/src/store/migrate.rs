//! The migrations: `common`, and `plain` or `timescale`, chosen once by what the server offers.

use sqlx::{
    Connection as _, PgConnection, PgPool,
    migrate::{MigrateError, Migrator},
};
use std::sync::LazyLock;

static COMMON: Migrator = sqlx::migrate!("../migrations/common");
static PLAIN_ONLY: Migrator = sqlx::migrate!("../migrations/plain");
static TIMESCALE_ONLY: Migrator = sqlx::migrate!("../migrations/timescale");

/// Everything that a plain PostgreSQL gets; what tests run on.
pub static PLAIN: LazyLock<Migrator> = LazyLock::new(|| with_common(&PLAIN_ONLY));

/// Everything that TimescaleDB gets.
pub static TIMESCALE: LazyLock<Migrator> = LazyLock::new(|| with_common(&TIMESCALE_ONLY));

fn with_common(own: &Migrator) -> Migrator {
    Migrator::with_migrations(COMMON.iter().chain(own.iter()).cloned().collect())
}

/// Which storage a database uses for results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Native partitions.
    Plain,
    /// A TimescaleDB hypertable.
    Timescale,
}

impl Storage {
    fn as_str(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Timescale => "timescale",
        }
    }
}

/// Brings a database to this build's schema, and says which storage it uses. Several replicas may start at once: they
/// take turns.
///
/// # Errors
/// When the database cannot be reached, a migration fails, or one that was applied has changed since.
pub async fn migrate(pool: &PgPool) -> Result<Storage, MigrateError> {
    // A connection of its own: the lock is the session's, and must end with it whatever happens.
    let mut connection = PgConnection::connect_with(&pool.connect_options()).await?;
    // The number is arbitrary and ours alone; sqlx's own lock does not cover the choice of the storage.
    sqlx::query("SELECT pg_advisory_lock(7268734501)")
        .execute(&mut connection)
        .await?;
    let storage = choose(&mut connection).await?;
    let migrator = match storage {
        Storage::Plain => &PLAIN,
        Storage::Timescale => &TIMESCALE,
    };
    migrator.run(&mut connection).await?;
    sqlx::query("INSERT INTO installation (storage) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(storage.as_str())
        .execute(&mut connection)
        .await?;
    connection.close().await?;
    Ok(storage)
}

/// What was chosen at the first start, else what the server offers: TimescaleDB only where it is preloaded and licensed
/// for what we use of it, since `CREATE EXTENSION` without the preload kills the connection.
async fn choose(connection: &mut PgConnection) -> sqlx::Result<Storage> {
    let exists: bool = sqlx::query_scalar("SELECT to_regclass('installation') IS NOT NULL")
        .fetch_one(&mut *connection)
        .await?;
    if exists {
        let recorded: Option<String> = sqlx::query_scalar("SELECT storage FROM installation")
            .fetch_optional(&mut *connection)
            .await?;
        if let Some(recorded) = recorded {
            return Ok(if recorded == Storage::Timescale.as_str() {
                Storage::Timescale
            } else {
                Storage::Plain
            });
        }
    }
    let offered: bool = sqlx::query_scalar(
        "SELECT current_setting('shared_preload_libraries') ~ '\\mtimescaledb\\M'
            AND current_setting('timescaledb.license', true) IS NOT DISTINCT FROM 'timescale'",
    )
    .fetch_one(connection)
    .await?;
    Ok(if offered {
        Storage::Timescale
    } else {
        Storage::Plain
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[sqlx::test(migrations = false)]
    async fn an_empty_database_is_migrated_once_and_again_without_effect(pool: PgPool) {
        let (a, b) = tokio::join!(migrate(&pool), migrate(&pool));
        assert_eq!((a.unwrap(), b.unwrap()), (Storage::Plain, Storage::Plain));
        let storage: String = sqlx::query_scalar("SELECT storage FROM installation")
            .fetch_one(&pool)
            .await
            .unwrap();
        assert_eq!(storage, "plain");
    }

    #[test]
    fn the_two_storages_have_the_same_numbers_and_names() {
        let names = |migrator: &Migrator| -> Vec<_> {
            migrator
                .iter()
                .map(|m| (m.version, m.description.to_string()))
                .collect()
        };
        assert_eq!(names(&PLAIN), names(&TIMESCALE));
    }
}

//! The core's storage in the region object's database.
//!
//! The object's key-value interface can only list keys together with their values; a table can list keys alone, and the
//! outbox of an aggregator that is away for hours is larger than a worker's memory.

use edgewatch_core::platform::StorageError;
use worker::{SqlStorage, SqlStorageValue, State, Storage};

/// One table of records.
pub struct ObjectStorage {
    records: SqlStorage,
    object: Storage,
}

impl ObjectStorage {
    /// Opens the object's database and makes the table if it is new.
    pub fn open(state: &State) -> Result<Self, StorageError> {
        let object = state.storage();
        let storage = Self {
            records: object.sql(),
            object,
        };
        storage.run(
            "CREATE TABLE IF NOT EXISTS record (key TEXT PRIMARY KEY, value BLOB NOT NULL)",
            vec![],
        )?;
        Ok(storage)
    }

    /// See [`edgewatch_core::platform::Storage::get`].
    pub fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StorageError> {
        match self
            .run("SELECT value FROM record WHERE key = ?", vec![key.into()])?
            .pop()
        {
            Some(SqlStorageValue::Blob(value)) => Ok(Some(value)),
            Some(_) => Err(StorageError(format!("the record `{key}` is not binary"))),
            None => Ok(None),
        }
    }

    /// See [`edgewatch_core::platform::Storage::put`].
    pub fn put(&self, key: &str, value: &[u8]) -> Result<(), StorageError> {
        self.run(
            "INSERT INTO record (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            vec![key.into(), value.to_vec().into()],
        )
        .map(|_| ())
    }

    /// See [`edgewatch_core::platform::Storage::delete`].
    pub fn delete(&self, key: &str) -> Result<(), StorageError> {
        self.run("DELETE FROM record WHERE key = ?", vec![key.into()])
            .map(|_| ())
    }

    /// See [`edgewatch_core::platform::Storage::list`].
    pub fn list(&self, prefix: &str) -> Result<Vec<String>, StorageError> {
        // A range instead of a pattern: it is answered from the index without touching the values.
        let keys = self.run(
            "SELECT key FROM record WHERE key >= ? AND key < ?",
            vec![prefix.into(), format!("{prefix}{}", char::MAX).into()],
        )?;
        Ok(keys
            .into_iter()
            .filter_map(|key| match key {
                SqlStorageValue::String(key) => Some(key),
                _ => None,
            })
            .collect())
    }

    /// Waits until everything written is on the disk.
    ///
    /// The platform holds back whatever leaves the object until then (its output gate). A connection that is dialled
    /// before waits for the disk, and a check would count that as the target's time.
    pub async fn settle(&self) -> Result<(), StorageError> {
        let settled = self.object.sync().await;
        settled.map_err(|error| StorageError(error.to_string()))
    }

    /// Runs a statement and returns the first column of its rows.
    fn run(
        &self,
        statement: &str,
        bindings: Vec<SqlStorageValue>,
    ) -> Result<Vec<SqlStorageValue>, StorageError> {
        let failed = |error: worker::Error| StorageError(error.to_string());
        let cursor = self.records.exec(statement, bindings).map_err(failed)?;
        cursor
            .raw()
            .map(|row| row.map(|mut columns| columns.swap_remove(0)).map_err(failed))
            .collect()
    }
}

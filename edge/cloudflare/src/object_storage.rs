//! The core's storage in the region object's database.
//!
//! The object's key-value interface can only list keys together with their values; a table can list keys alone, and the
//! outbox of an aggregator that is away for hours is larger than a worker's memory.

use edgewatch_core::platform::StorageError;
use worker::{SqlStorage, SqlStorageValue, State};

/// One table of records.
pub struct ObjectStorage(SqlStorage);

impl ObjectStorage {
    /// Opens the object's database and makes the table if it is new.
    pub fn open(state: &State) -> Result<Self, StorageError> {
        let storage = Self(state.storage().sql());
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

    /// Runs a statement and returns the first column of its rows.
    fn run(
        &self,
        statement: &str,
        bindings: Vec<SqlStorageValue>,
    ) -> Result<Vec<SqlStorageValue>, StorageError> {
        let failed = |error: worker::Error| StorageError(error.to_string());
        let cursor = self.0.exec(statement, bindings).map_err(failed)?;
        cursor
            .raw()
            .map(|row| row.map(|mut columns| columns.swap_remove(0)).map_err(failed))
            .collect()
    }
}

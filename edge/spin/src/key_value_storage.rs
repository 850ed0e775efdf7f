//! The core's storage in the application's default key-value store.

use edgewatch_core::platform::StorageError;
use spin_sdk::key_value::{Error, Store};

/// An open store.
pub struct KeyValueStorage {
    store: Store,
}

impl KeyValueStorage {
    /// Opens the default store.
    pub async fn open() -> Result<Self, StorageError> {
        let store = Store::open_default().await.map_err(|error| failed(&error))?;
        Ok(Self { store })
    }

    /// See [`edgewatch_core::platform::Storage::get`].
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StorageError> {
        self.store.get(key).await.map_err(|error| failed(&error))
    }

    /// See [`edgewatch_core::platform::Storage::put`].
    pub async fn put(&self, key: &str, value: &[u8]) -> Result<(), StorageError> {
        self.store.set(key, value).await.map_err(|error| failed(&error))
    }

    /// See [`edgewatch_core::platform::Storage::delete`].
    pub async fn delete(&self, key: &str) -> Result<(), StorageError> {
        self.store.delete(key).await.map_err(|error| failed(&error))
    }

    /// See [`edgewatch_core::platform::Storage::list`]. The platform lists all keys or none; there are some hundred.
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>, StorageError> {
        let keys = self.store.get_keys().await.collect().await;
        let mut keys = keys.map_err(|error| failed(&error))?;
        keys.retain(|key| key.starts_with(prefix));
        Ok(keys)
    }
}

fn failed(error: &Error) -> StorageError {
    let text = error.to_string();
    StorageError(text.lines().next().unwrap_or_default().to_owned())
}

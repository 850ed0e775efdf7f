//! The core's storage in a directory: one file a key.
//!
//! A value is written to a file of its own, flushed to the disk, and renamed into place, and then the directory is flushed:
//! whatever moment the machine stops at, a key has its old value or its new one, whole. One process at a time may have
//! a directory; another one is refused.

use edgewatch_core::platform::StorageError;
use std::{
    fmt::Write as _,
    fs::{self, DirBuilder, File, OpenOptions, TryLockError},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    thread,
    time::Duration,
};
use tokio::task::spawn_blocking;

/// Where the records lie below the state directory.
const RECORDS: &str = "records";

/// The file whose lock says that a process has the directory.
const LOCK: &str = "lock";

/// How often the lock is asked for, and how long after each time.
const TRIES: u32 = 5;
const TRY_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// What names of files being written begin with. No encoded key begins so.
const UNFINISHED: char = '.';

/// Whether a value must be on the disk before the call returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Durability {
    /// Also when the power fails.
    PowerCut,
    /// When the process dies; after a power cut the key may have the value before.
    Crash,
}

/// Records in one directory; clones share it.
#[derive(Clone, Debug)]
pub struct DirectoryStorage(Arc<Directory>);

#[derive(Debug)]
struct Directory {
    records: PathBuf,
    /// Held as long as the storage is.
    _lock: File,
}

/// Takes the lock. It is asked for again a few times: an agent that has just ended may have been starting a program, which
/// holds all that is open for a moment.
fn take(lock: &File) -> Result<(), TryLockError> {
    for _ in 1..TRIES {
        match lock.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(TRY_AGAIN_AFTER),
            decided => return decided,
        }
    }
    lock.try_lock()
}

impl DirectoryStorage {
    /// Opens the storage in a state directory, which is made for its owner alone if it is missing.
    ///
    /// # Errors
    /// When the directory cannot be used, or another process has it; in one line.
    pub fn open(state_dir: &Path) -> Result<Self, String> {
        let failed = |error: io::Error| {
            format!(
                "the state directory {} cannot be used: {error}",
                state_dir.display()
            )
        };
        let records = state_dir.join(RECORDS);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&records)
            .map_err(failed)?;
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(state_dir.join(LOCK))
            .map_err(failed)?;
        take(&lock).map_err(|error| match error {
            TryLockError::WouldBlock => format!(
                "the state directory {} is in use by another agent: give each its own",
                state_dir.display()
            ),
            TryLockError::Error(error) => failed(error),
        })?;
        for entry in fs::read_dir(&records).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                fs::remove_file(entry.path()).map_err(failed)?;
            }
        }
        Ok(Self(Arc::new(Directory { records, _lock: lock })))
    }

    /// See [`edgewatch_core::platform::Storage::get`].
    pub async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StorageError> {
        let path = self.path(key);
        in_background(key, move || match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        })
        .await
    }

    /// See [`edgewatch_core::platform::Storage::put`]. The value outlives a power cut.
    pub async fn put(&self, key: &str, value: &[u8]) -> Result<(), StorageError> {
        self.write(key, value, Durability::PowerCut).await
    }

    /// Sets the value of a key without waiting for the disk: the value outlives the process, however that ends, but after
    /// a power cut the key may have the value before.
    pub async fn note(&self, key: &str, value: &[u8]) -> Result<(), StorageError> {
        self.write(key, value, Durability::Crash).await
    }

    async fn write(&self, key: &str, value: &[u8], durability: Durability) -> Result<(), StorageError> {
        let (directory, name, value) = (Arc::clone(&self.0), encode(key), value.to_owned());
        in_background(key, move || directory.write(&name, &value, durability)).await
    }

    /// See [`edgewatch_core::platform::Storage::delete`].
    pub async fn delete(&self, key: &str) -> Result<(), StorageError> {
        let path = self.path(key);
        in_background(key, move || match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        })
        .await
    }

    /// See [`edgewatch_core::platform::Storage::list`].
    pub async fn list(&self, prefix: &str) -> Result<Vec<String>, StorageError> {
        let (directory, wanted) = (Arc::clone(&self.0), prefix.to_owned());
        in_background(prefix, move || {
            let mut keys = Vec::new();
            for entry in fs::read_dir(&directory.records)? {
                let key = entry?.file_name().to_str().and_then(decode);
                keys.extend(key.filter(|key| key.starts_with(&wanted)));
            }
            Ok(keys)
        })
        .await
    }

    fn path(&self, key: &str) -> PathBuf {
        self.0.records.join(encode(key))
    }
}

impl Directory {
    fn write(&self, name: &str, value: &[u8], durability: Durability) -> io::Result<()> {
        // Two writes of one key never overlap: each key has one writer.
        let unfinished = self.records.join(format!("{UNFINISHED}{name}"));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(value)?;
        if durability == Durability::PowerCut {
            file.sync_data()?;
        }
        drop(file);
        fs::rename(&unfinished, self.records.join(name))?;
        if durability == Durability::PowerCut {
            File::open(&self.records)?.sync_all()?;
        }
        Ok(())
    }
}

/// Runs what waits for the disk beside the tasks that must not wait for it.
async fn in_background<T: Send + 'static>(
    key: &str,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, StorageError> {
    match spawn_blocking(work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(StorageError(format!("{key}: {error}"))),
        Err(error) => Err(StorageError(format!("{key}: {error}"))),
    }
}

/// The name of a key's file: what is not a letter, a digit, `-` or `_` as `%` and two hexadecimal digits.
fn encode(key: &str) -> String {
    let mut name = String::with_capacity(key.len() + 8);
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') {
            name.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(name, "%{byte:02X}");
        }
    }
    name
}

/// The key of a file's name; `None` if no key has that name.
fn decode(name: &str) -> Option<String> {
    let mut key = Vec::with_capacity(name.len());
    let mut rest = name.bytes();
    while let Some(byte) = rest.next() {
        key.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    let key = String::from_utf8(key).ok()?;
    (encode(&key) == name).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[tokio::test]
    async fn a_value_is_there_again_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("state");
        let storage = DirectoryStorage::open(&state).unwrap();
        storage.put("outbox/1/2", b"one").await.unwrap();
        storage.put("outbox/1/2", b"two").await.unwrap();
        storage.note("round", b"3").await.unwrap();
        drop(storage);

        let storage = DirectoryStorage::open(&state).unwrap();
        assert_eq!(storage.get("outbox/1/2").await.unwrap().unwrap(), b"two");
        assert_eq!(storage.get("round").await.unwrap().unwrap(), b"3");
        assert_eq!(storage.get("outbox/1/3").await.unwrap(), None);
        assert_eq!(storage.list("outbox/").await.unwrap(), ["outbox/1/2"]);
        storage.delete("outbox/1/2").await.unwrap();
        storage.delete("outbox/1/2").await.unwrap();
        assert_eq!(storage.list("").await.unwrap(), ["round"]);
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&state), 0o700);
        assert_eq!(mode(&state.join("records/round")), 0o600);
    }

    #[tokio::test]
    async fn a_write_that_was_cut_off_leaves_the_value_before() {
        let directory = tempfile::tempdir().unwrap();
        let storage = DirectoryStorage::open(directory.path()).unwrap();
        storage.put("chain", b"whole").await.unwrap();
        let unfinished = directory.path().join("records/.chain");
        fs::write(&unfinished, b"ha").unwrap();
        assert_eq!(storage.list("").await.unwrap(), ["chain"]);
        drop(storage);
        let storage = DirectoryStorage::open(directory.path()).unwrap();
        assert_eq!(storage.get("chain").await.unwrap().unwrap(), b"whole");
        assert!(!unfinished.exists());
    }

    #[test]
    fn two_agents_do_not_share_a_directory() {
        let directory = tempfile::tempdir().unwrap();
        let first = DirectoryStorage::open(directory.path()).unwrap();
        let refused = DirectoryStorage::open(directory.path()).unwrap_err();
        assert!(refused.contains("in use by another agent"), "{refused}");
        drop(first);
        DirectoryStorage::open(directory.path()).unwrap();
    }

    #[test]
    fn any_key_has_a_name_of_its_own() {
        for key in [
            "a",
            "a/b",
            "../../etc/passwd",
            ".",
            "%2F",
            "ä",
            "",
            "a.b",
            "A-b_c",
        ] {
            let name = encode(key);
            assert_eq!(decode(&name).as_deref(), Some(key));
            assert!(!name.contains('/') && !name.starts_with('.'), "{name}");
        }
        for foreign in [".chain", "lost+found", "%2f", "%", "%4"] {
            assert_eq!(decode(foreign), None, "{foreign}");
        }
    }
}

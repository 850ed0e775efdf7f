//! A key-value store in a directory: one file for each key, named by the key's hexadecimal digits.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The longest key; its name must be one of a file.
const MAX_KEY_BYTES: usize = 120;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The store.
#[derive(Clone)]
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    /// Opens it and makes the directory if there is none.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub fn open(path: &Path) -> io::Result<Self> {
        fs::create_dir_all(path)?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// The value of a key.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn get(&self, key: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.file(key)?) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sets the value of a key, wholly or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn set(&self, key: &str, value: &[u8]) -> io::Result<()> {
        let file = self.file(key)?;
        let new = file.with_extension("new");
        fs::write(&new, value)?;
        fs::rename(new, file)
    }

    /// Removes a key, if it is there.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn delete(&self, key: &str) -> io::Result<()> {
        match fs::remove_file(self.file(key)?) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// All keys.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn keys(&self) -> io::Result<Vec<String>> {
        let mut keys = Vec::new();
        for entry in fs::read_dir(&self.path)? {
            keys.extend(entry?.file_name().to_str().and_then(key_of));
        }
        Ok(keys)
    }

    fn file(&self, key: &str) -> io::Result<PathBuf> {
        if key.len() > MAX_KEY_BYTES {
            return Err(io::Error::other(format!(
                "a key is longer than {MAX_KEY_BYTES} bytes"
            )));
        }
        let mut name = "key-".to_owned();
        for byte in key.bytes() {
            name.push(char::from(DIGITS[usize::from(byte >> 4)]));
            name.push(char::from(DIGITS[usize::from(byte & 15)]));
        }
        Ok(self.path.join(name))
    }
}

fn key_of(file: &str) -> Option<String> {
    let digits = file.strip_prefix("key-")?;
    let bytes: Option<Vec<u8>> = (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok())
        .collect();
    String::from_utf8(bytes?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_any_kind_come_back_as_they_were() {
        let path = std::env::temp_dir().join(format!("edgewatch-key-value-{}", std::process::id()));
        let store = Directory::open(&path).unwrap();
        for key in ["outbox/000000000001/1700000000000", "chain", "", "../x"] {
            assert_eq!(store.get(key).unwrap(), None);
            store.set(key, key.as_bytes()).unwrap();
            assert_eq!(store.get(key).unwrap().as_deref(), Some(key.as_bytes()));
        }
        store.delete("chain").unwrap();
        store.delete("chain").unwrap();
        let mut keys = store.keys().unwrap();
        keys.sort();
        assert_eq!(keys, ["", "../x", "outbox/000000000001/1700000000000"]);
        assert!(store.set(&"k".repeat(121), b"").is_err());
        fs::remove_dir_all(path).unwrap();
    }
}

//! Finding PostgreSQL's programs on the machine.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

/// The oldest major version that the schema runs on.
const OLDEST: u32 = 15;

const HOW_TO_INSTALL: &str = "install PostgreSQL 15 or newer (Debian, Ubuntu: `apt-get install postgresql`; Fedora: \
     `dnf install postgresql-server`; macOS: `brew install postgresql@17`), or set DATABASE_URL";

/// The programs of one version.
#[derive(Debug)]
pub(super) struct Binaries {
    pub(super) postgres: PathBuf,
    pub(super) initdb: PathBuf,
}

impl Binaries {
    /// The newest version, or the very one that a cluster was made with.
    pub(super) fn find(cluster_version: Option<u32>) -> Result<Self, String> {
        let mut found: Vec<(u32, PathBuf)> = directories()
            .into_iter()
            .filter_map(|dir| Some((major_version(&dir)?, dir)))
            .filter(|&(major, _)| cluster_version.map_or(major >= OLDEST, |version| version == major))
            .collect();
        // Stable: of one version the first place found wins.
        found.sort_by_key(|&(major, _)| std::cmp::Reverse(major));
        let (_, dir) = found.into_iter().next().ok_or_else(|| match cluster_version {
            None => format!("no PostgreSQL is installed on this machine: {HOW_TO_INSTALL}"),
            Some(version) => format!(
                "the database was made with PostgreSQL {version}, which is not installed: install version {version} again"
            ),
        })?;
        Ok(Self {
            postgres: dir.join("postgres"),
            initdb: dir.join("initdb"),
        })
    }
}

/// Where distributions put the server's programs; most do not have them on PATH.
fn directories() -> Vec<PathBuf> {
    const PARENTS: [(&str, &str); 5] = [
        ("/usr/lib/postgresql", "bin"),
        ("/usr", "bin"),
        ("/usr/libexec", ""),
        ("/opt/homebrew/opt", "bin"),
        ("/usr/local/opt", "bin"),
    ];
    let on_path = env::var_os("PATH").unwrap_or_default();
    let mut directories: Vec<PathBuf> = env::split_paths(&on_path).collect();
    for (parent, sub) in PARENTS {
        let Ok(entries) = Path::new(parent).read_dir() else {
            continue;
        };
        directories.extend(entries.flatten().map(|entry| entry.path().join(sub)));
    }
    directories.retain(|dir| dir.join("postgres").is_file() && dir.join("initdb").is_file());
    directories
}

/// From `postgres (PostgreSQL) 15.14 (Debian 15.14-1)`.
fn major_version(dir: &Path) -> Option<u32> {
    let output = Command::new(dir.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    parse_version(&String::from_utf8_lossy(&output.stdout))
}

fn parse_version(text: &str) -> Option<u32> {
    let version = text.split_once(") ")?.1;
    version.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!(
            parse_version("postgres (PostgreSQL) 15.14 (Debian 15.14-1)\n"),
            Some(15)
        );
        assert_eq!(parse_version("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(parse_version("something else"), None);
    }

    #[test]
    fn a_cluster_of_a_missing_version_is_told_in_one_line() {
        let error = Binaries::find(Some(9)).unwrap_err();
        assert!(error.contains("install version 9"), "{error}");
        assert!(!error.contains('\n'));
    }
}

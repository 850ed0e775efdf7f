//! Where the embedded server keeps its things, whose they are, and what an earlier run left there.

use nix::{
    errno::Errno,
    sys::signal::{Signal, kill},
    unistd::{Pid, User, geteuid},
};
use sha2::{Digest as _, Sha256};
use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, chown},
    path::{Path, PathBuf},
    time::Duration,
};

/// Names the socket; no TCP port is opened.
pub(super) const PORT: u16 = 5432;

/// The longest path of a Unix socket that every system takes.
const MAX_SOCKET_PATH: usize = 103;

/// How long a server that outlived its aggregator may take to stop.
const ORPHAN_TIMEOUT: Duration = Duration::from_mins(1);

/// The directories and the user of an embedded server.
#[derive(Debug)]
pub(super) struct Place {
    /// Holds all the rest; mode 0700.
    pub(super) home: PathBuf,
    pub(super) cluster: PathBuf,
    pub(super) socket_dir: PathBuf,
    pub(super) log: PathBuf,
    /// Whom the server runs as; `None`: as we do.
    pub(super) user: Option<User>,
}

impl Place {
    /// The place of a data directory, made if it is missing.
    pub(super) fn of(data_dir: &Path) -> Result<Self, String> {
        let fault =
            |path: &Path, error: &io::Error| format!("the data directory {}: {error}", path.display());
        fs::create_dir_all(data_dir).map_err(|error| fault(data_dir, &error))?;
        let data_dir = data_dir.canonicalize().map_err(|error| fault(data_dir, &error))?;
        let user = if geteuid().is_root() {
            Some(unprivileged_user()?)
        } else {
            None
        };
        let mut home = data_dir.join("postgres");
        if let Some(user) = user.as_ref().filter(|user| !reaches(user, &data_dir)) {
            // Such as below /root. The data must not be lost from sight: say where it is.
            home = Path::new("/var/lib/edgewatch").join(short_name(&data_dir));
            tracing::warn!(
                path = %home.display(), user = user.name,
                "the user of the embedded PostgreSQL cannot reach the data directory: the database is kept elsewhere"
            );
        }
        let mut socket_dir = home.join("run");
        if socket_dir.as_os_str().len() + "/.s.PGSQL.5432".len() > MAX_SOCKET_PATH {
            socket_dir = std::env::temp_dir().join(format!("edgewatch-{}", short_name(&data_dir)));
        }
        let place = Self {
            cluster: home.join("cluster"),
            log: home.join("server.log"),
            home,
            socket_dir,
            user,
        };
        for dir in [&place.home, &place.socket_dir] {
            place.make_private_dir(dir).map_err(|error| fault(dir, &error))?;
        }
        Ok(place)
    }

    /// Takes the place for this process as long as the file is open.
    pub(super) fn own(&self) -> Result<File, String> {
        self.try_own()?.ok_or_else(|| {
            format!(
                "another aggregator uses the database in {}: stop it, or choose another EDGEWATCH_DATA_DIR",
                self.home.display()
            )
        })
    }

    /// Whether another process has taken the place.
    pub(super) fn is_owned(&self) -> Result<bool, String> {
        Ok(self.try_own()?.is_none())
    }

    fn try_own(&self) -> Result<Option<File>, String> {
        let path = self.home.join("lock");
        let fault = |error: io::Error| format!("the lock {}: {error}", path.display());
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(fault)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(fs::TryLockError::WouldBlock) => Ok(None),
            Err(fs::TryLockError::Error(error)) => Err(fault(error)),
        }
    }

    /// The major version that the cluster was made with; `None` before the first start.
    pub(super) fn cluster_version(&self) -> Result<Option<u32>, String> {
        let path = self.cluster.join("PG_VERSION");
        match fs::read_to_string(&path) {
            Ok(text) => text
                .trim()
                .parse()
                .map(Some)
                .map_err(|_| format!("{} does not hold a version", path.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }

    /// Clears up after an aggregator that was killed: stops the server that it left running, and removes the files that
    /// a killed server leaves. The caller owns the place, so nobody else is at work here.
    pub(super) async fn recover(&self) -> Result<(), String> {
        let pid_file = self.cluster.join("postmaster.pid");
        let Ok(text) = fs::read_to_string(&pid_file) else {
            return Ok(());
        };
        // Line 1 is the process, line 5 the socket's directory.
        let mut lines = text.lines();
        let pid = lines
            .next()
            .and_then(|line| line.trim().parse().ok())
            .map(Pid::from_raw);
        let socket_dir = lines.nth(3).unwrap_or_default();
        if let Some(pid) = pid.filter(|&pid| self.is_server(pid)) {
            if Path::new(socket_dir) != self.socket_dir {
                return Err(format!(
                    "another program runs a PostgreSQL server (process {pid}) on {}: stop it first",
                    self.cluster.display()
                ));
            }
            tracing::warn!(
                pid = pid.as_raw(),
                "stopping the PostgreSQL that an earlier run left behind"
            );
            self.stop_orphan(pid).await?;
        }
        let socket = self.socket_dir.join(format!(".s.PGSQL.{PORT}"));
        for path in [&pid_file, &socket, &socket.with_extension("5432.lock")] {
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(format!("{} cannot be removed: {error}", path.display()));
                }
                _ => {}
            }
        }
        Ok(())
    }

    async fn stop_orphan(&self, pid: Pid) -> Result<(), String> {
        let stop = |signal| match kill(pid, signal) {
            Ok(()) | Err(Errno::ESRCH) => Ok(()),
            Err(error) => Err(format!(
                "the PostgreSQL of an earlier run (process {pid}) cannot be stopped: {error}"
            )),
        };
        stop(Signal::SIGINT)?;
        let deadline = tokio::time::Instant::now() + ORPHAN_TIMEOUT;
        while self.is_server(pid) {
            if tokio::time::Instant::now() > deadline {
                return Err(format!(
                    "the PostgreSQL of an earlier run (process {pid}) does not stop"
                ));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Whether the process is a server of this cluster. A number alone proves nothing: it may be another's by now.
    fn is_server(&self, pid: Pid) -> bool {
        let proc = PathBuf::from(format!("/proc/{pid}"));
        if !Path::new("/proc/self").exists() {
            // Without /proc: whether there is such a process at all.
            return !matches!(kill(pid, None), Err(Errno::ESRCH));
        }
        // PostgreSQL works in its data directory. A zombie has no directory any more.
        fs::read_link(proc.join("cwd")).is_ok_and(|cwd| cwd == self.cluster)
    }

    fn make_private_dir(&self, dir: &Path) -> io::Result<()> {
        if let Some(parent) = dir.parent() {
            fs::create_dir_all(parent)?;
        }
        match DirBuilder::new().mode(0o700).create(dir) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            other => other?,
        }
        let found = fs::symlink_metadata(dir)?;
        let owner = self.user.as_ref().map_or_else(geteuid, |user| user.uid).as_raw();
        // In a shared directory somebody else may have been there first.
        if !found.is_dir() || (found.uid() != owner && found.uid() != geteuid().as_raw()) {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "it belongs to somebody else",
            ));
        }
        fs::set_permissions(dir, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        match &self.user {
            Some(user) => chown(dir, Some(user.uid.as_raw()), Some(user.gid.as_raw())),
            None => Ok(()),
        }
    }
}

fn unprivileged_user() -> Result<User, String> {
    ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| User::from_name(name).ok().flatten())
        .ok_or_else(|| {
            "PostgreSQL does not run as root, and there is neither a user `postgres` nor `nobody`: run as another user, \
             or set DATABASE_URL"
                .to_owned()
        })
}

/// Whether a user can pass through every directory of a path.
fn reaches(user: &User, path: &Path) -> bool {
    path.ancestors().all(|dir| {
        fs::metadata(dir).is_ok_and(|found| {
            let needed = match () {
                () if found.uid() == user.uid.as_raw() => 0o100,
                () if found.gid() == user.gid.as_raw() => 0o010,
                () => 0o001,
            };
            found.mode() & needed != 0
        })
    })
}

fn short_name(path: &Path) -> String {
    hex::encode(&Sha256::digest(path.as_os_str().as_encoded_bytes())[..6])
}

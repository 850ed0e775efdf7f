//! Scripts: programs that the agent's own configuration names. A check can only choose among them by name.
//!
//! A script runs without a shell, with an environment of its own, in a process group of its own that is killed when the
//! check's time is over or the script has ended, and within limits that the kernel keeps.

use edgewatch_core::platform::{ScriptError, ScriptOutput};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    path::PathBuf,
    process::{ExitStatus, Stdio},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, Command},
};

/// The longest line of output that is taken, in bytes.
const MAX_LINE_BYTES: usize = 1024;
/// Where programs are looked for that a script calls by name.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The scripts of an agent, by the name that a check gives. None, unless the configuration says otherwise: then the agent
/// does not have the capability `script`.
pub type Scripts = BTreeMap<String, ScriptConfig>;

/// One script. Has no `Debug`: its environment may hold secrets.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptConfig {
    /// The program, an absolute path.
    pub program: PathBuf,
    /// Its arguments.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// Whether a check may add arguments after these. Whoever may write monitors then chooses them.
    #[serde(default)]
    pub allow_arguments: bool,
    /// Environment variables beside `PATH` and `LANG`: the script sees no others.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// The directory that it runs in; `/` by default.
    #[serde(default)]
    pub directory: Option<PathBuf>,
    /// Seconds of processor time for each of its processes.
    #[serde(default = "default_cpu_s")]
    pub cpu_s: u64,
    /// MiB of memory (address space) for each of its processes; 0 sets no limit.
    #[serde(default = "default_memory_mb")]
    pub memory_mb: u64,
    /// Files that each of its processes may have open.
    #[serde(default = "default_open_files")]
    pub open_files: u64,
    /// MiB of the largest file that it may write.
    #[serde(default = "default_file_mb")]
    pub file_mb: u64,
}

fn default_cpu_s() -> u64 {
    60
}

fn default_memory_mb() -> u64 {
    1024
}

fn default_open_files() -> u64 {
    256
}

fn default_file_mb() -> u64 {
    16
}

/// What keeps scripts from being run as they are configured.
///
/// # Errors
/// The first fault, in one line that names the script.
pub fn check_scripts(scripts: &Scripts) -> Result<(), String> {
    for (name, script) in scripts {
        let program = script.program.display();
        if !edgewatch_core::check::is_script_name(name) {
            return Err(format!(
                "the script `{name}`: use letters, digits, `-`, `_` and `.` in its name"
            ));
        }
        if !script.program.is_absolute() {
            return Err(format!("the script {name}: {program} must be an absolute path"));
        }
        if !script.program.is_file() {
            return Err(format!("the script {name}: there is no program {program}"));
        }
        if script.cpu_s == 0 || script.open_files < 8 {
            return Err(format!(
                "the script {name}: cpu_s must be 1 or more, open_files 8 or more"
            ));
        }
    }
    Ok(())
}

/// Runs a script to its end; dropping the future ends the script.
///
/// # Errors
/// When it is not configured, takes no arguments, or cannot be started.
pub async fn run(scripts: &Scripts, name: &str, arguments: &[String]) -> Result<ScriptOutput, ScriptError> {
    let Some(script) = scripts.get(name) else {
        return Err(ScriptError(format!(
            "this agent's configuration names no script `{name}`"
        )));
    };
    if !arguments.is_empty() && !script.allow_arguments {
        return Err(ScriptError(format!(
            "this agent's configuration does not allow the script {name} further arguments"
        )));
    }
    let mut running = Running::start(script, arguments)
        .map_err(|error| ScriptError(format!("the script {name} cannot be started: {error}")))?;
    let (stdout, stderr) = (running.child.stdout.take(), running.child.stderr.take());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let exit = {
        let mut read =
            std::pin::pin!(async { tokio::join!(take_head(stdout, &mut out), take_head(stderr, &mut err)) });
        // What it left running may hold its output open: its own end is the end.
        tokio::select! {
            biased;
            _ = &mut read => running.child.wait().await,
            exit = running.child.wait() => {
                running.kill_group();
                read.await;
                exit
            }
        }
    };
    let exit: ExitStatus = exit.map_err(|error| ScriptError(format!("the script {name}: {error}")))?;
    running.kill_group();
    let line = first_line(&out).or_else(|| first_line(&err)).unwrap_or_default();
    Ok(ScriptOutput {
        exit_code: exit.code(),
        line,
    })
}

/// A script's process and its group, which ends with this.
struct Running {
    child: Child,
    group: Option<Pid>,
}

impl Running {
    fn start(script: &ScriptConfig, arguments: &[String]) -> std::io::Result<Self> {
        let mut command = Command::new(&script.program);
        command
            .args(&script.arguments)
            .args(arguments)
            .env_clear()
            .env("PATH", PATH)
            .env("LANG", "C.UTF-8")
            .envs(&script.environment)
            .current_dir(script.directory.as_deref().unwrap_or("/".as_ref()))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        let child = command.spawn()?;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok());
        let running = Self {
            child,
            group: pid.map(Pid::from_raw),
        };
        if let Some(pid) = pid {
            limit(pid, script)?;
        }
        Ok(running)
    }

    /// Once: when the group has ended, its number may become another's.
    fn kill_group(&mut self) {
        if let Some(group) = self.group.take() {
            // That it has ended already is what is wanted.
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill_group();
    }
}

/// Sets the limits of a process that has just begun; all that it starts inherit them.
#[cfg(target_os = "linux")]
fn limit(pid: i32, script: &ScriptConfig) -> std::io::Result<()> {
    use rustix::{
        io::Errno,
        process::{Pid, Resource, Rlimit, prlimit},
    };
    const MIB: u64 = 1 << 20;
    let Some(pid) = Pid::from_raw(pid) else {
        return Ok(());
    };
    let memory = (script.memory_mb > 0).then(|| (Resource::As, script.memory_mb.saturating_mul(MIB)));
    let limits = [
        (Resource::Core, 0),
        (Resource::Cpu, script.cpu_s),
        (Resource::Nofile, script.open_files),
        (Resource::Fsize, script.file_mb.saturating_mul(MIB)),
    ];
    for (resource, most) in limits.into_iter().chain(memory) {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        match prlimit(Some(pid), resource, limit) {
            // A process that has ended needs no limits.
            Ok(_) | Err(Errno::SRCH) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn limit(_pid: i32, _script: &ScriptConfig) -> std::io::Result<()> {
    Ok(())
}

/// Keeps the beginning and lets the rest go by, so that the script does not wait for a reader.
async fn take_head(pipe: Option<impl AsyncRead + Unpin>, head: &mut Vec<u8>) {
    let Some(mut pipe) = pipe else { return };
    let mut buffer = [0; 4096];
    // A broken pipe is an end like any other.
    while let Ok(length @ 1..) = pipe.read(&mut buffer).await {
        let room = (4 * MAX_LINE_BYTES).saturating_sub(head.len());
        head.extend_from_slice(&buffer[..length.min(room)]);
    }
}

/// The first line that says something.
fn first_line(output: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(output);
    let line = text.lines().map(str::trim).find(|line| !line.is_empty())?;
    let line = line.replace(char::is_control, "\u{fffd}");
    Some(line[..line.floor_char_boundary(MAX_LINE_BYTES)].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_says_something_is_taken_within_its_bound() {
        assert_eq!(
            first_line(b"\n  ok \x1b[1m\nmore"),
            Some("ok \u{fffd}[1m".to_owned())
        );
        assert_eq!(first_line(b" \n\n"), None);
        assert_eq!(
            first_line("ü".repeat(2000).as_bytes()).unwrap().len(),
            MAX_LINE_BYTES
        );
    }
}

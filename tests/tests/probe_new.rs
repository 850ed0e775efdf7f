//! `edgewatch probe new` as an administrator uses it: the printed commands are run as they are, and the probes arrive.
#![allow(clippy::expect_used, missing_docs)]

use edgewatch_protocol::enrolment::ProbeStatus;
use edgewatch_tests::system::{
    Aggregator, Api, Directory, PATIENCE, Process, binary, eventually, repository, require_worker,
};
use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use serde_json::Value;
use std::{
    fs::{self, File},
    os::unix::{
        fs::{PermissionsExt as _, symlink},
        process::CommandExt as _,
    },
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

const ADMIN: (&str, &str) = ("admin@example.org", "correct horse battery staple");

/// A running `edgewatch probe new`.
struct ProbeNew {
    child: Child,
    directory: PathBuf,
}

fn command(server: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary("edgewatch"));
    command
        .env_clear()
        .args(["probe", "new", "--server", server])
        .args(arguments)
        .env("EDGEWATCH_ADMIN_EMAIL", ADMIN.0)
        .env("EDGEWATCH_ADMIN_PASSWORD", ADMIN.1)
        .stdin(Stdio::null());
    command
}

impl ProbeNew {
    fn start(aggregator: &Aggregator, arguments: &[&str], directory: &Path) -> Self {
        let file = |name: &str| File::create(directory.join(name)).expect("a file");
        let child = command(&aggregator.origin(), arguments)
            .stdout(file("commands.sh"))
            .stderr(file("told.txt"))
            .spawn()
            .expect("the command runs");
        Self {
            child,
            directory: directory.to_owned(),
        }
    }

    fn told(&self) -> String {
        fs::read_to_string(self.directory.join("told.txt")).expect("what was told")
    }

    async fn until_told(&self, part: &str, patience: Duration) {
        eventually(&format!("`{part}` is told"), patience, async || {
            let told = self.told();
            if told.contains(part) { Ok(()) } else { Err(told) }
        })
        .await;
    }

    /// Runs the printed commands, as whoever pastes them into a shell: in a clone, with the binaries built. `make` only
    /// builds what is built.
    async fn run_commands(&self) -> Deployed {
        self.until_told("waiting for", PATIENCE).await;
        let commands = fs::read_to_string(self.directory.join("commands.sh")).expect("the commands");
        let programs = self.directory.join("programs");
        fs::create_dir_all(&programs).expect("a directory");
        let make = programs.join("make");
        fs::write(&make, "#!/bin/sh\n").expect("a program");
        fs::set_permissions(&make, fs::Permissions::from_mode(0o755)).expect("a program");
        symlink(repository().join("edge"), self.directory.join("edge")).expect("the clone's sources");
        let built = binary("edgewatch-agent");
        let built = built.parent().expect("a directory").display();
        let path = std::env::var("PATH").expect("a PATH");
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-e", "-c", &commands])
            .current_dir(&self.directory)
            .env("PATH", format!("{}:{built}:{path}", programs.display()));
        shell.process_group(0);
        Deployed(Process::start("deployment", &mut shell, &self.directory))
    }

    async fn end(&mut self) {
        self.until_told("are at work", PATIENCE * 4).await;
        let status = self.child.wait().expect("the command ends");
        assert!(status.success(), "{status}: {}", self.told());
    }
}

impl Drop for ProbeNew {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A shell and all that it has started, which ends together.
struct Deployed(Process);

impl Drop for Deployed {
    fn drop(&mut self) {
        // An error means that they have ended already.
        let _ = killpg(Pid::from_raw(self.0.id().cast_signed()), Signal::SIGTERM);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_arrives_pending_and_is_at_work_once_it_is_approved() {
    let directory = Directory::new();
    let aggregator = Aggregator::start(directory.path()).await;
    let api = Api::sign_in(&aggregator).await;
    let arguments = ["--host", "agent", "--regions", "office", "--local"];
    let mut new = ProbeNew::start(&aggregator, &arguments, directory.path());
    let _agent = new.run_commands().await;

    new.until_told("enrolled, pending", PATIENCE).await;
    let probe = &api.probes().await[0];
    assert_eq!(
        (probe.status, probe.host.as_str()),
        (ProbeStatus::Pending, "agent")
    );
    assert!(new.told().contains(&probe.fingerprint), "{}", new.told());
    let path = format!("/api/v1/probes/{}/approve", probe.fingerprint);
    let _: Value = api.post(&path, &Value::Null).await;
    new.end().await;
    assert!(new.told().contains("the region office is new"), "{}", new.told());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_objects_that_share_a_region_on_workerd_arrive_each_for_itself() {
    require_worker();
    let directory = Directory::new();
    let aggregator = Aggregator::start(directory.path()).await;
    let api = Api::sign_in(&aggregator).await;
    let arguments = [
        "--host",
        "cloudflare",
        "--regions",
        "weur*2,oslo=weur",
        "--approve",
        "--local",
    ];
    let mut new = ProbeNew::start(&aggregator, &arguments, directory.path());
    let _worker = new.run_commands().await;
    new.end().await;
    let told = new.told();
    assert!(told.contains("all 3 are at work"), "{told}");

    let commands = fs::read_to_string(directory.path().join("commands.sh")).expect("the commands");
    let probes = api.probes().await;
    assert_eq!(probes.len(), 3);
    for probe in &probes {
        assert_eq!(probe.status, ProbeStatus::Approved);
        // The fingerprints were foretold.
        assert!(
            commands.contains(&format!("fingerprint {}", probe.fingerprint)),
            "{commands}"
        );
        assert!(
            told.contains(&format!("{}  at work", probe.fingerprint)),
            "{told}"
        );
    }
}

fn refusal(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.lines().count() == 1 && output.stdout.is_empty(), "{said}");
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_prepared_is_told_in_a_line() {
    let directory = Directory::new();
    let aggregator = Aggregator::start(directory.path()).await;
    let office = ["--host", "agent", "--regions", "office", "--no-wait"];
    let refused = |server: &str, arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = command(server, arguments);
        refusal(
            &command
                .envs(environment.iter().copied())
                .output()
                .expect("it runs"),
        )
    };
    let origin = aggregator.origin();
    for (said, wanted) in [
        (
            refused(&origin, &office, &[("EDGEWATCH_ADMIN_PASSWORD", "another horse")]),
            "signing in: ",
        ),
        (refused("http://127.0.0.1:1", &office, &[]), "cannot be reached"),
        (refused("status.example.org", &office, &[]), "is not a URL"),
        (
            refused(&origin, &["--host", "agent", "--regions", "Office"], &[]),
            "is not a region name",
        ),
        (
            refused(&origin, &["--host", "cloudflare", "--regions", "weur"], &[]),
            "Cloudflare cannot reach",
        ),
        (
            refused(&origin, &[&office[..], &["--valid-hours", "0"]].concat(), &[]),
            "--valid-hours is 0, use 1 to 720",
        ),
        (
            refused(
                &origin,
                &["--host", "agent", "--regions", "push", "--no-wait"],
                &[],
            ),
            "push",
        ),
    ] {
        assert!(said.contains(wanted), "{said}");
        assert!(
            !said.contains(ADMIN.1) && !said.contains("another horse"),
            "{said}"
        );
    }
    let mut anonymous = command(&origin, &office);
    let said = refusal(
        &anonymous
            .env_remove("EDGEWATCH_ADMIN_EMAIL")
            .output()
            .expect("it runs"),
    );
    assert!(said.contains("EDGEWATCH_ADMIN_EMAIL"), "{said}");

    let printed = command(&origin, &office).output().expect("it runs");
    assert!(printed.status.success());
    let printed = String::from_utf8_lossy(&printed.stdout).into_owned();
    assert!(
        printed.contains("\nEDGEWATCH_REGION=office\n")
            && printed.contains("\nEDGEWATCH_ENROLMENT_TOKEN=ewe_")
    );
}

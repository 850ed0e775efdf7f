use super::*;
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Command, Output},
};

const SECRETS: Secrets<'_> = Secrets {
    enrolment_token: "ewe_a-token",
};

fn url(text: &str) -> Url {
    Url::parse(text).unwrap()
}

fn plan(host: Host, is_local: bool, regions: &str) -> Deployment {
    Deployment::plan(
        host,
        is_local,
        regions,
        &url("https://status.example.org/a&b"),
        None,
    )
    .unwrap()
}

/// Runs the commands in a directory where each program tells what it was called with and given.
fn run(commands: &str, programs: &[&str], directory: &Path) -> Output {
    let bin = directory.join("bin");
    fs::create_dir_all(&bin).unwrap();
    for program in programs {
        let path = bin.join(program);
        let body = format!(
            "#!/bin/sh\necho \"{program} $*\"\n[ {program} = npx ] && cat && echo\nenv | grep -E '^(SPIN|EDGEWATCH)_' | sort\nexit 0\n"
        );
        fs::write(&path, body).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let mut shell = Command::new("/bin/sh");
    shell.args(["-e", "-c", commands]).env_clear().env("PATH", path);
    shell.current_dir(directory).output().unwrap()
}

fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn the_commands_for_cloudflare_configure_and_deploy_the_worker() {
    let directory = tempfile::tempdir().unwrap();
    let configuration = directory.path().join("wrangler.toml");
    fs::copy(
        concat!(env!("CARGO_MANIFEST_DIR"), "/../wrangler.toml"),
        &configuration,
    )
    .unwrap();
    let deployment = plan(Host::Cloudflare, false, "weur*2, frankfurt=weur");
    let said = said(&run(
        &deployment.commands(&SECRETS),
        &["npx", "make"],
        directory.path(),
    ));

    let lines: Vec<_> = said.lines().collect();
    let Unit::Worker { seed, .. } = &deployment.units[0] else {
        panic!()
    };
    let put = |name: &str| format!("npx --yes wrangler@4 secret put {name}");
    assert_eq!(
        lines,
        [
            &put("EDGEWATCH_PROBE_SEED"),
            seed,
            &put("EDGEWATCH_ENROLMENT_TOKEN"),
            SECRETS.enrolment_token,
            "make deploy-cloudflare"
        ]
    );
    let configured = fs::read_to_string(configuration).unwrap();
    assert!(configured.contains("\nEDGEWATCH_AGGREGATOR_URL = \"https://status.example.org/a&b\"\n"));
    assert!(configured.contains("\nEDGEWATCH_REGIONS = \"weur*2,frankfurt=weur\"\n"));

    // The worker derives these very keys.
    let key = derive_shard_key(seed, &"weur".parse().unwrap(), 1).unwrap();
    let second = deployment.probes().nth(1).unwrap();
    assert_eq!(second.1, Some(Fingerprint::of(&key.verifying_key())));
    assert_eq!(deployment.regions().len(), 2);
    assert_eq!(
        (deployment.probes_per_region(), deployment.count().as_str()),
        (2, "3 probes")
    );
}

#[test]
fn the_commands_for_spin_and_the_agent_hand_everything_over() {
    let directory = tempfile::tempdir().unwrap();
    let spin = plan(Host::Spin, false, "tokyo,paris*2");
    let said_by_spin = said(&run(&spin.commands(&SECRETS), &["make"], directory.path()));
    assert_eq!(said_by_spin.matches("make deploy-spin").count(), 3);
    assert_eq!(said_by_spin.matches("SPIN_VARIABLE_REGION=paris\n").count(), 2);
    assert_eq!(
        said_by_spin
            .matches("SPIN_VARIABLE_ENROLMENT_TOKEN=ewe_a-token\n")
            .count(),
        3
    );
    let seeds = said_by_spin
        .lines()
        .filter(|line| line.starts_with("SPIN_VARIABLE_PROBE_SEED="));
    assert_eq!(
        seeds.collect::<std::collections::HashSet<_>>().len(),
        3,
        "each has a key of its own"
    );

    let local = plan(Host::Agent, true, "office*2");
    let said_by_agent = said(&run(
        &local.commands(&SECRETS),
        &["edgewatch-agent"],
        directory.path(),
    ));
    for wanted in [
        "EDGEWATCH_AGGREGATOR_URL=https://status.example.org/a&b\n",
        "EDGEWATCH_STATE_DIR=.data/agent-office-1\n",
        "EDGEWATCH_STATE_DIR=.data/agent-office-2\n",
    ] {
        assert!(said_by_agent.contains(wanted), "{wanted}: {said_by_agent}");
    }
    // What goes to /etc is not run here.
    let installed = plan(Host::Agent, false, "office").commands(&SECRETS);
    assert!(installed.contains("EDGEWATCH_REGION=office\n") && installed.contains("edgewatch-agent.service"));
    let files = [
        "deploy/agent/edgewatch-agent.service",
        "edge/cloudflare/local/run.mjs",
        "wrangler.toml",
    ];
    for file in files {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
        assert!(path.is_file(), "the commands name {file}");
    }
}

#[test]
fn what_cannot_be_deployed_is_refused_in_a_line() {
    let refused = |host, regions, aggregator, seed: Option<&str>| {
        Deployment::plan(
            host,
            false,
            regions,
            &url(aggregator),
            seed.map(ToOwned::to_owned),
        )
        .unwrap_err()
    };
    let public = "https://status.example.org";
    for (error, wanted) in [
        (
            refused(Host::Cloudflare, "office", public, None),
            "--regions: `office` is no location hint",
        ),
        (
            refused(Host::Agent, "Office", public, None),
            "--regions: `Office` is not a region name",
        ),
        (
            refused(Host::Agent, "office,office", public, None),
            "--regions: `office` stands there twice",
        ),
        (
            refused(Host::Spin, "office*0", public, None),
            "--regions: `office*0` does not say",
        ),
        (
            refused(Host::Spin, " ,", public, None),
            "--regions: names no region",
        ),
        (
            refused(Host::Cloudflare, "weur", public, Some("short")),
            "EDGEWATCH_PROBE_SEED: ",
        ),
        (
            refused(Host::Cloudflare, "weur", "http://127.0.0.1:8080", None),
            "Cloudflare cannot reach",
        ),
        (
            refused(Host::Cloudflare, "weur", "http://localhost:8080", None),
            "Cloudflare cannot reach",
        ),
        (
            refused(Host::Cloudflare, "weur", "http://[fd00::1]/", None),
            "Cloudflare cannot reach",
        ),
    ] {
        assert!(error.starts_with(wanted) && !error.contains('\n'), "{error}");
    }
    assert!(Deployment::plan(Host::Cloudflare, true, "weur", &url("http://127.0.0.1/"), None).is_ok());
}

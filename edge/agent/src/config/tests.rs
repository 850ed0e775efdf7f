use super::*;
use std::{collections::HashMap, os::unix::fs::PermissionsExt as _};

const SEED: &str = "0123456789abcdef0123456789abcdef";

fn read(file: &str, environment: &[(&str, &str)]) -> Result<AgentConfig, String> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("agent.yml");
    fs::write(&path, file).unwrap();
    let variables: HashMap<_, _> = environment.iter().copied().collect();
    AgentConfig::read(Some(&path), |name| variables.get(name).map(ToString::to_string))
}

fn fault(file: &str, environment: &[(&str, &str)]) -> String {
    let fault = read(file, environment)
        .and_then(|config| config.check().map(drop))
        .unwrap_err();
    assert_eq!(fault.lines().count(), 1, "{fault}");
    fault
}

#[test]
fn the_environment_wins_over_the_file() {
    let file = format!(
        "region: office\naggregator_url: https://a.example\nseed: {SEED}\nmax_concurrent: 5\noutbox_mib: 6\nlog: debug\n"
    );
    let config = read(
        &file,
        &[
            ("EDGEWATCH_REGION", "lab"),
            ("EDGEWATCH_MAX_CONCURRENT", "7"),
            ("EDGEWATCH_OUTBOX_MIB", "8"),
            ("EDGEWATCH_LOG", ""),
        ],
    )
    .unwrap();
    assert_eq!(config.log(), "debug");
    let checked = config.check().unwrap();
    assert_eq!(checked.region.as_str(), "lab");
    assert_eq!((checked.max_concurrent, checked.outbox_mib), (7, 8));
    assert_eq!(checked.state_dir, Path::new(DEFAULT_STATE_DIR));
    assert_eq!(checked.seed.as_deref(), Some(SEED));
}

#[test]
fn a_secret_may_come_from_a_file_that_the_environment_names() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("seed");
    fs::write(&path, format!("{SEED}\n")).unwrap();
    let least = "region: office\naggregator_url: https://a.example\n";
    let variable = [("EDGEWATCH_PROBE_SEED_FILE", path.to_str().unwrap())];
    let checked = read(
        &format!("{least}seed: another seed, which is long enough too\n"),
        &variable,
    )
    .unwrap()
    .check()
    .unwrap();
    assert_eq!(checked.seed.as_deref(), Some(SEED));
    fs::write(&path, "\n").unwrap();
    assert!(fault(least, &variable).contains("is empty"));
}

#[test]
fn what_is_wrong_is_named() {
    let least = "region: office\naggregator_url: https://a.example\n";
    for (file, wanted) in [
        ("", "EDGEWATCH_REGION"),
        ("region: office\n", "EDGEWATCH_AGGREGATOR_URL"),
        ("region: Not A Region\n", "EDGEWATCH_REGION"),
        ("region: office\naggregator_url: ftp://a.example\n", "http://"),
        ("region: office\nregoin: lab\n", "regoin"),
        ("region: [\n", "agent.yml"),
        (&format!("{least}max_concurrent: 0\n"), "EDGEWATCH_MAX_CONCURRENT"),
        (&format!("{least}outbox_mib: 0\n"), "EDGEWATCH_OUTBOX_MIB"),
        (&format!("{least}outbox_mib: 16385\n"), "from 1 to 16384"),
        (
            &format!("{least}extra_roots: /does/not/exist\n"),
            "EDGEWATCH_EXTRA_ROOTS",
        ),
        (
            &format!("{least}seed: {SEED}\nseed_file: /etc/seed\n"),
            "leave one out",
        ),
    ] {
        let fault = fault(file, &[]);
        assert!(fault.contains(wanted), "{wanted}: {fault}");
    }
    let short = fault(&format!("{least}seed: sesame\n"), &[]);
    assert!(
        short.contains("openssl rand") && !short.contains("sesame"),
        "{short}"
    );
    let number = fault(least, &[("EDGEWATCH_MAX_CONCURRENT", "many")]);
    assert!(number.contains("`many`"), "{number}");
}

#[tokio::test]
async fn without_a_seed_the_first_start_makes_one_that_stays() {
    let directory = tempfile::tempdir().unwrap();
    let state_dir = directory.path().join("state");
    let config = AgentConfig {
        region: Some("office".to_owned()),
        aggregator_url: Some("http://127.0.0.1:1".to_owned()),
        state_dir: Some(state_dir.clone()),
        ..AgentConfig::default()
    };
    assert_eq!(config.check().unwrap().fingerprint().unwrap(), None);
    drop(config.check().unwrap().into_agent().unwrap());
    let first = config.check().unwrap().fingerprint().unwrap().unwrap();
    drop(config.check().unwrap().into_agent().unwrap());
    assert_eq!(config.check().unwrap().fingerprint().unwrap().unwrap(), first);
    let mode = fs::metadata(state_dir.join(SEED_FILE))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
}

const DOCUMENT: &str = include_str!("../../../../docs/agent.md");
const EXAMPLE: &str = include_str!("../../../../deploy/agent/edgewatch-agent.example.yml");

#[test]
fn the_example_is_valid_and_has_every_setting() {
    AgentConfig::parse(EXAMPLE).unwrap().check().unwrap();
    // What is commented out is an example, too: a line `# name: value`.
    let mut names = Vec::new();
    let mut all = String::new();
    for line in EXAMPLE.lines() {
        let line = line.strip_prefix("# ").unwrap_or(line);
        if line == "scripts:" {
            break;
        }
        let Some((name, _)) = line.split_once(": ").filter(|(name, _)| !name.contains(' ')) else {
            continue;
        };
        names.push(name);
        all.push_str(line);
        all.push('\n');
    }
    assert_eq!(names.len(), 9, "{names:?}");
    assert!(AgentConfig::parse(&all).is_ok(), "{all}");
}

#[test]
fn every_setting_is_documented_with_its_default() {
    let rows: HashMap<_, _> = DOCUMENT
        .lines()
        .filter_map(|line| {
            let cells: Vec<_> = line
                .strip_prefix("| `EDGEWATCH_")?
                .split('|')
                .map(str::trim)
                .collect();
            Some((
                cells[1].trim_matches('`'),
                cells[2].trim_matches('`').replace(',', ""),
            ))
        })
        .collect();
    for (key, default) in [
        ("region", "required"),
        ("aggregator_url", "required"),
        ("enrolment_token", ""),
        ("enrolment_token_file", ""),
        ("seed", ""),
        ("seed_file", ""),
        ("state_dir", DEFAULT_STATE_DIR),
        ("max_concurrent", &DEFAULT_MAX_CONCURRENT.to_string()),
        ("outbox_mib", &DEFAULT_OUTBOX_MIB.to_string()),
        ("extra_roots", ""),
        ("log", &DEFAULT_LOG.replace(',', "")),
    ] {
        assert_eq!(rows.get(key).map(String::as_str), Some(default), "{key}");
        // The file takes the key, whatever it thinks of the value.
        let read = AgentConfig::parse(&format!("{key}: '1'\n"));
        assert!(
            read.is_ok() || ["max_concurrent", "outbox_mib"].contains(&key),
            "{key}"
        );
    }
    assert_eq!(rows.len(), 11);
}

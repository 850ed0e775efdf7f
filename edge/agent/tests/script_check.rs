//! The script check: real programs, in real process groups.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::missing_panics_doc)]

use edgewatch_agent::{
    NativePlatform, run_check,
    script::{ScriptConfig, Scripts, check_scripts},
};
use edgewatch_core::platform::Platform as _;
use edgewatch_protocol::{
    check::Check,
    facts::{Facts, ReplyFacts},
    observation::{Outcome, Sight},
    reason::Reason,
};
use serde_json::{Value, json};
use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, time::Duration};
use tempfile::TempDir;

struct Machine {
    directory: TempDir,
    scripts: Scripts,
}

impl Machine {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            scripts: Scripts::new(),
        }
    }

    fn with(mut self, name: &str, text: &str, more: Value) -> Self {
        let program = self.directory.path().join(name);
        fs::write(&program, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let mut config = json!({"program": program});
        if let (Value::Object(config), Value::Object(more)) = (&mut config, more) {
            config.extend(more);
        }
        let config: ScriptConfig = serde_json::from_value(config).unwrap();
        self.scripts.insert(name.to_owned(), config);
        check_scripts(&self.scripts).unwrap();
        self
    }

    async fn see(&self, check: Value) -> Sight {
        let mut whole = json!({"type": "script"});
        if let (Value::Object(whole), Value::Object(check)) = (&mut whole, check) {
            whole.extend(check);
        }
        let check: Check = serde_json::from_value(whole).unwrap();
        let platform = NativePlatform::unrestricted().with_scripts(self.scripts.clone());
        run_check(&check, 1000, &platform).await
    }
}

fn facts(sight: &Sight) -> &ReplyFacts {
    match &sight.facts {
        Some(Facts::Reply(facts)) => facts,
        other => panic!("{other:?} in {sight:?}"),
    }
}

fn down(reason: Reason) -> Outcome {
    Outcome::Down { reason, phase: None }
}

#[tokio::test]
async fn the_exit_code_and_the_first_line_are_seen() {
    let machine = Machine::new()
        .with("good", "echo 'disk 40 % full'; echo more", json!({}))
        .with("warning", "echo 'disk 85 % full'; exit 1", json!({}))
        .with("bad", "echo >&2 'no disk'; exit 3", json!({}))
        .with("killed", "kill -9 $$", json!({}));
    let sight = machine.see(json!({"script": "good"})).await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert_eq!(
        (&*facts(&sight).text, facts(&sight).exit_code),
        ("disk 40 % full", Some(0))
    );
    let sight = machine.see(json!({"script": "warning"})).await;
    let reason = Reason::ScriptFailed;
    assert_eq!(sight.outcome, Outcome::Degraded { reason });
    let sight = machine.see(json!({"script": "bad"})).await;
    assert_eq!(sight.outcome, down(reason));
    assert_eq!(
        sight.message.unwrap(),
        "the script ended with exit code 3: no disk"
    );
    let sight = machine.see(json!({"script": "killed"})).await;
    assert_eq!((sight.outcome, facts(&sight).exit_code), (down(reason), None));
    let asked = json!([{"on": "reply", "is": "matches", "value": "^disk [1-3]. %"}]);
    let sight = machine.see(json!({"script": "good", "assertions": asked})).await;
    assert_eq!(sight.outcome, down(Reason::AssertionFailed));
}

#[tokio::test]
async fn only_what_the_configuration_names_is_run() {
    let machine = Machine::new()
        .with("fixed", "echo \"$# $1\"", json!({"arguments": ["a b; c"]}))
        .with(
            "open",
            "echo \"$# $2\"",
            json!({"arguments": ["one"], "allow_arguments": true}),
        );
    let reason = Reason::Unsupported;
    for check in [
        json!({"script": "other"}),
        json!({"script": "fixed", "arguments": ["x"]}),
    ] {
        let sight = machine.see(check.clone()).await;
        assert_eq!(sight.outcome, Outcome::Unmeasured { reason }, "{check}");
    }
    let sight = machine.see(json!({"script": "fixed"})).await;
    assert_eq!(facts(&sight).text, "1 a b; c");
    // No shell looks at it.
    let sight = machine
        .see(json!({"script": "open", "arguments": ["$(id) `id`; id"]}))
        .await;
    assert_eq!(facts(&sight).text, "2 $(id) `id`; id");
    let none = NativePlatform::unrestricted();
    assert!(!none.capabilities().contains(&"script".to_owned()));
    let some = none.with_scripts(machine.scripts.clone());
    assert!(some.capabilities().contains(&"script".to_owned()));
}

#[tokio::test]
async fn the_environment_is_the_configurations() {
    let environment = json!({"environment": {"TOKEN": "t"}});
    let machine = Machine::new().with(
        "env",
        "/usr/bin/env | /usr/bin/sort | /usr/bin/tr '\\n' ' '; pwd",
        environment,
    );
    let sight = machine.see(json!({"script": "env"})).await;
    let text = &facts(&sight).text;
    let names: Vec<_> = text
        .split(' ')
        .filter_map(|pair| Some(pair.split_once('=')?.0))
        .collect();
    assert!(names.contains(&"TOKEN") && names.contains(&"PATH"), "{text}");
    // What the shell itself sets is not ours.
    let inherited = |name: &&&str| !["TOKEN", "PATH", "LANG", "PWD", "OLDPWD", "SHLVL", "_"].contains(name);
    assert_eq!(names.iter().find(inherited), None, "{text}");
    assert!(text.ends_with(" /"), "{text}");
}

fn is_alive(pid_file: &Path) -> bool {
    let pid = fs::read_to_string(pid_file).unwrap();
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    // A zombie waits for init and does nothing any more.
    stat.is_ok_and(|stat| !stat.contains(") Z "))
}

async fn ends(pid_file: &Path) -> bool {
    for _ in 0..100 {
        if !is_alive(pid_file) {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}

#[tokio::test]
async fn a_script_that_takes_too_long_is_killed_with_all_that_it_started() {
    let machine = Machine::new().with(
        "slow",
        "/bin/sleep 60 & echo $! > \"$1\"; echo $$ > \"$2\"; wait",
        json!({"allow_arguments": true}),
    );
    let files = ["child", "parent"].map(|name| machine.directory.path().join(name));
    let sight = machine.see(json!({"script": "slow", "arguments": files})).await;
    assert_eq!(sight.outcome, down(Reason::Timeout));
    for file in &files {
        assert!(ends(file).await, "{}", file.display());
    }
}

#[tokio::test]
async fn what_a_script_leaves_behind_ends_with_it() {
    let machine = Machine::new().with(
        "leaving",
        "/bin/sleep 60 & echo $! > \"$1\"; echo done",
        json!({"allow_arguments": true}),
    );
    let file = machine.directory.path().join("child");
    let sight = machine
        .see(json!({"script": "leaving", "arguments": [file]}))
        .await;
    assert_eq!(sight.outcome, Outcome::Up, "{sight:?}");
    assert_eq!(facts(&sight).text, "done");
    assert!(ends(&file).await);
}

#[tokio::test]
async fn a_script_has_its_limits() {
    let machine = Machine::new()
        .with(
            "loud",
            "/usr/bin/yes x | /usr/bin/head -c 5000000; echo",
            json!({}),
        )
        .with("long", "/usr/bin/printf '%05000d' 1", json!({}))
        .with(
            "limits",
            "/bin/sleep 0.1; ulimit -n; ulimit -c",
            json!({"open_files": 77}),
        )
        .with("burning", "while :; do :; done", json!({"cpu_s": 1}));
    // Output that nobody wants does not stop it.
    let sight = machine.see(json!({"script": "loud"})).await;
    assert_eq!((sight.outcome, &*facts(&sight).text), (Outcome::Up, "x"));
    let sight = machine.see(json!({"script": "long"})).await;
    assert_eq!(facts(&sight).bytes, 1024);
    let sight = machine.see(json!({"script": "limits"})).await;
    if cfg!(target_os = "linux") {
        assert_eq!(facts(&sight).text, "77");
        let check: Check = serde_json::from_value(json!({"type": "script", "script": "burning"})).unwrap();
        let platform = NativePlatform::unrestricted().with_scripts(machine.scripts.clone());
        let sight = run_check(&check, 20_000, &platform).await;
        assert_eq!(sight.outcome, down(Reason::ScriptFailed), "{sight:?}");
    }
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    let refusal = |name: &str, config: Value| {
        let config = serde_json::from_value(config).unwrap();
        check_scripts(&Scripts::from([(name.to_owned(), config)])).unwrap_err()
    };
    assert!(refusal("a", json!({"program": "bin/true"})).contains("absolute path"));
    assert!(refusal("a", json!({"program": "/nowhere/at/all"})).contains("no program"));
    assert!(refusal("a b", json!({"program": "/bin/sh"})).contains("in its name"));
    assert!(refusal("a", json!({"program": "/bin/sh", "cpu_s": 0})).contains("cpu_s"));
    assert!(serde_json::from_value::<ScriptConfig>(json!({"program": "/bin/sh", "shell": true})).is_err());
}

use super::*;
use edgewatch_protocol::check::Check;

fn parse(text: &str) -> Result<ConfigFile, Vec<String>> {
    let variables = HashMap::from([("TOKEN".to_owned(), "hunter2".to_owned())]);
    ConfigFile::parse(text, &variables).map_err(|faults| faults.iter().map(Fault::to_string).collect())
}

fn faults(text: &str) -> Vec<String> {
    parse(text).unwrap_err()
}

#[test]
fn a_file_says_settings_regions_and_monitors() {
    let file = parse(
        "settings:\n  public_url: https://status.example.org\n  result_retention_days: 90\n\
         regions:\n  - name: weur\n    label: Western Europe\n\
         monitors:\n  - name: Shop\n    check: { type: http, url: 'https://shop.example.org' }\n    regions: [weur]\n",
    )
    .unwrap();
    assert_eq!(file.settings.result_retention_days, 90);
    assert_eq!(file.regions[0].label, "Western Europe");
    assert_eq!(file.monitors[0].interval_s, 60);
    for empty in ["", "\n# nothing yet\n"] {
        assert_eq!(parse(empty).unwrap(), ConfigFile::default());
    }
}

#[test]
fn secrets_come_from_the_environment() {
    let text = |token: &str| {
        format!(
            "monitors:\n  - name: a\n    check:\n      type: http\n      url: https://a.example\n\
             \x20     auth:\n        scheme: bearer\n        token: {token}\n"
        )
    };
    let file = parse(&text("${TOKEN}")).unwrap();
    let Check::Http(check) = &file.monitors[0].check else {
        panic!("not http")
    };
    assert_eq!(
        check.auth,
        Some(edgewatch_protocol::check::HttpAuth::Bearer {
            token: "hunter2".to_owned()
        })
    );
    // Quotes make no difference.
    assert_eq!(parse(&text("'${TOKEN}'")).unwrap(), file);
    let missing = faults(&text("${ABSENT}"));
    assert!(missing[0].starts_with("line 8, column 16"), "{missing:?}");
    assert!(missing[0].contains("ABSENT"), "{missing:?}");
}

#[test]
fn every_fault_is_told_with_its_place() {
    for (text, place, what) in [
        ("settings:\n  retention: 3\n", "line 2, column 14", "retention"),
        ("monitors:\n  - name: a\n   check: x\n", "line 3", ""),
        (
            "settings:\n  result_retention_days: 0\n",
            "line 2, column 26",
            "1 to 3650",
        ),
        (
            "settings:\n  result_retention_days: many\n",
            "line 2, column 26",
            "",
        ),
        (
            "regions:\n  - name: weur\n  - name: weur\n",
            "line 3, column 11",
            "another region",
        ),
        ("regions:\n  - name: We ur\n", "line 2, column", "region name"),
        (
            "monitors:\n  - name: a\n    check: { type: http, url: ftp://a }\n",
            "line 3, column 31",
            "monitors[0].check.url",
        ),
        (
            "monitors:\n  - name: a\n    check:\n      type: http\n      url: https://a.example\n      timeout: 3\n",
            "line 6, column 16",
            "monitors[0].check.timeout: there is no such field",
        ),
        (
            "monitors:\n  - name: a\n    check: { type: smtp, url: https://a.example }\n",
            "line 3, column",
            "check",
        ),
        (
            "monitors:\n  - name: a\n    check:\n      type: http\n      url: 7\n",
            "line 5, column 12",
            "monitors[0].check.url: invalid type",
        ),
        (
            "monitors:\n  - name: a\n    check:\n      type: http\n      url: https://a.example\n      assertions:\n\
             \x20       - { on: status, allowed: '2xx' }\n",
            "line 7, column 34",
            "`2xx` is not a set of statuses",
        ),
        (
            "monitors:\n  - name: a\n    interval_s: '${TOKEN}'\n    check: { type: http, url: https://a.example }\n",
            "line 3, column 17",
            "invalid type: string \"${TOKEN}\"",
        ),
        (
            "monitors:\n  - name: a\n    regions: [nowhere]\n    check: { type: http, url: https://a.example }\n",
            "line 3, column 15",
            "nowhere",
        ),
    ] {
        let faults = faults(text);
        assert!(faults[0].starts_with(place), "{text}{faults:?}");
        assert!(faults[0].contains(what), "{text}{faults:?}");
        assert!(!faults[0].contains('\n'));
    }
}

#[test]
fn witnesses_are_named_by_their_key_or_with_an_address_to_ask() {
    let key = |name: &str| {
        let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]).verifying_key();
        edgewatch_proof::note::VerifierKey::new(name, edgewatch_proof::note::SignatureKind::Cosignature, key)
            .unwrap()
    };
    let (posts, asked) = (key("posts.example"), key("asked.example"));
    let text = |url: &str| {
        format!(
            "settings:\n  log:\n    witnesses:\n      - {posts}\n      - key: {asked}\n        url: {url}\n"
        )
    };
    let log = parse(&text("https://asked.example/w1")).unwrap().settings.log;
    assert_eq!(log.witness_keys(), [posts.clone(), asked.clone()]);
    let url = "https://asked.example/w1".parse().unwrap();
    assert_eq!(log.asked_witnesses(), [(asked.clone(), url)]);
    for (text, wanted) in [
        (text("ftp://asked.example"), "http:// or https://"),
        (text("https://asked.example\n        port: 3"), "`{ key, url }`"),
        (
            text("https://asked.example").replace("asked.example+", "posts.example+"),
            "verifier key",
        ),
    ] {
        let faults = faults(&text);
        assert!(faults[0].contains(wanted), "{text}{faults:?}");
    }
}

#[test]
fn several_faults_are_told_at_once() {
    let faults = faults(
        "monitors:\n  - name: ''\n    check: { type: http, url: https://a.example }\n\
         \x20 - name: b\n    interval_s: 15\n    check: { type: http, url: https://a.example }\n",
    );
    assert_eq!(faults.len(), 2, "{faults:?}");
}

#[test]
fn defaults_that_are_spelled_out_are_no_faults() {
    parse(
        "monitors:\n  - name: a\n    check:\n      type: http\n      url: https://a.example\n      headers: []\n\
         \x20     body: null\n      assertions:\n        - { on: status, allowed: '200', severity: down }\n",
    )
    .unwrap();
}

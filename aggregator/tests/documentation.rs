//! `docs/configuration.md` and `edgewatch.example.yml` say what the code does, and `docs/cost.md` calculates rightly.

#![allow(clippy::unwrap_used)]

use clap::{Args as _, Command};
use edgewatch_aggregator::{config::ServeArgs, config_file::ConfigFile, settings::Settings};
use edgewatch_client::{monitor::MonitorSettings, region::RegionSettings};
use edgewatch_protocol::{
    assertion::{Assertion, Subject, TextCondition},
    check::{
        Check, Header, HttpAuth, HttpCheck,
        http::{BodyFormat, HttpVersion, Proxy},
        shared::{ClientCertificate, IpVersion},
    },
};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

const DOCUMENT: &str = include_str!("../../docs/configuration.md");
const EXAMPLE: &str = include_str!("../../edgewatch.example.yml");
const COST: &str = include_str!("../../docs/cost.md");
const DEMO: &str = include_str!("../../tests/demo.yml");

/// The rows of the table below a heading: first cell without its backticks, and the second.
fn table(heading: &str) -> BTreeMap<&'static str, &'static str> {
    let section = DOCUMENT.split_once(&format!("\n{heading}\n")).unwrap().1;
    let section = section.split("\n#").next().unwrap();
    let rows = section.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split('|');
        Some((cells.next()?.trim().trim_end_matches('`'), cells.next()?.trim()))
    });
    rows.filter(|(name, _)| *name != "on").collect()
}

/// The fields of a value with everything in it, and their defaults as the document writes them.
fn fields(full: &impl Serialize, defaults: &impl Serialize) -> BTreeMap<String, String> {
    let full = serde_json::to_value(full).unwrap();
    let defaults = serde_json::to_value(defaults).unwrap();
    let written = |name: &str| match &defaults[name] {
        Value::Null => String::new(),
        Value::Array(items) if items.is_empty() => String::new(),
        Value::String(text) if text.is_empty() => String::new(),
        Value::String(text) => format!("`{text}`"),
        Value::Object(members) => {
            let set = members.iter().filter(|(_, value)| !value.is_null());
            let set: Vec<_> = set.map(|(name, value)| format!("{name}: {value}")).collect();
            if set.is_empty() {
                String::new()
            } else {
                format!("`{{ {} }}`", set.join(", "))
            }
        }
        other => format!("`{other}`"),
    };
    let fields = full.as_object().unwrap().keys();
    fields.map(|name| (name.clone(), written(name))).collect()
}

fn assert_documented(heading: &str, mut fields: BTreeMap<String, String>, apart: &[(&str, &str)]) {
    for (name, default) in apart {
        fields.insert((*name).to_owned(), (*default).to_owned());
    }
    let documented = table(heading);
    let fields: BTreeMap<_, _> = fields
        .iter()
        .map(|(name, default)| (name.as_str(), default.as_str()))
        .collect();
    assert_eq!(documented, fields, "{heading}");
}

fn full_check() -> HttpCheck {
    let mut check = HttpCheck::get("https://a.example/");
    check.headers.push(Header {
        name: "a".to_owned(),
        value: "b".to_owned(),
    });
    check.body = Some("c".to_owned());
    check.auth = Some(HttpAuth::Bearer {
        token: "d".to_owned(),
    });
    check.body_format = BodyFormat::Json;
    check.cookies = true;
    check.http_version = HttpVersion::Http2;
    check.ip_version = IpVersion::V6;
    check.proxy = Some(Proxy {
        url: "http://proxy.example:3128".to_owned(),
        username: None,
        password: None,
    });
    check.client_certificate = Some(ClientCertificate {
        certificate_pem: "e".to_owned(),
        key_pem: "f".to_owned(),
    });
    check.assertions.push(Assertion {
        subject: Subject::Latency { max_ms: 1 },
        severity: edgewatch_protocol::assertion::Severity::Down,
    });
    check
}

#[test]
fn every_field_is_documented_with_its_default() {
    let settings = Settings::default();
    assert_documented("### `settings`", fields(&settings, &settings), &[]);

    let region: RegionSettings = serde_json::from_value(json!({"name": "weur"})).unwrap();
    assert_documented("### `regions`", fields(&region, &region), &[("name", "required")]);

    let monitor: MonitorSettings =
        serde_json::from_value(json!({"name": "a", "check": {"type": "http", "url": "https://a.example/"}}))
            .unwrap();
    let apart = [("name", "required"), ("check", "required"), ("regions", "all")];
    assert_documented("### `monitors`", fields(&monitor, &monitor), &apart);

    // What is at its default is not written.
    let apart = [
        ("type", "required"),
        ("url", "required"),
        ("body_format", "`text`"),
        ("cookies", "`false`"),
        ("http_version", "`auto`"),
        ("ip_version", "`any`"),
    ];
    let (full, least) = (Check::Http(full_check()), Check::Http(HttpCheck::get("")));
    assert_documented("### `check` with `type: http`", fields(&full, &least), &apart);
}

#[test]
fn every_assertion_is_documented() {
    let condition = || TextCondition::Equal("x".to_owned());
    let name = || "n".to_owned();
    let all = [
        Subject::Status {
            allowed: "200".parse().unwrap(),
        },
        Subject::Header {
            name: name(),
            condition: condition(),
        },
        Subject::Body {
            condition: condition(),
        },
        Subject::JsonPath {
            path: name(),
            condition: condition(),
        },
        Subject::Latency { max_ms: 1 },
        Subject::CertificateDays { min_days: 1 },
    ];
    let documented = table("### `assertions`");
    assert_eq!(documented.len(), all.len());
    for subject in all {
        let json = serde_json::to_value(&subject).unwrap();
        let mut fields: Vec<_> = json
            .as_object()
            .unwrap()
            .keys()
            .filter(|key| *key != "on")
            .collect();
        let row = documented[json["on"].as_str().unwrap()];
        let mut written: Vec<_> = row.split(", ").map(|field| field.trim_matches('`')).collect();
        fields.sort();
        written.sort_unstable();
        assert_eq!(fields, written);
    }
    for condition in [
        "present",
        "absent",
        "equal",
        "not_equal",
        "contains",
        "not_contains",
        "matches",
        "not_matches",
        "greater_than",
        "less_than",
    ] {
        let json = json!({"is": condition, "value": "1"});
        let bare = json!({"is": condition});
        let read = serde_json::from_value::<TextCondition>(json).or_else(|_| serde_json::from_value(bare));
        assert!(read.is_ok(), "{condition}");
        assert!(DOCUMENT.contains(&format!("`{condition}`")), "{condition}");
    }
}

#[test]
fn every_variable_is_documented_with_its_default() {
    let command = ServeArgs::augment_args(Command::new("serve"));
    let variables: BTreeMap<String, String> = command
        .get_arguments()
        .filter_map(|argument| {
            let default = argument.get_default_values().first();
            let default = default.map_or_else(String::new, |default| format!("`{}`", default.display()));
            Some((argument.get_env()?.to_str()?.to_owned(), default))
        })
        .collect();
    assert_documented("## Environment", variables, &[]);
}

#[test]
fn the_examples_are_valid() {
    let example = ConfigFile::parse(EXAMPLE, &HashMap::new()).unwrap();
    let regions: Vec<_> = example
        .regions
        .iter()
        .map(|region| region.name.as_str())
        .collect();
    assert_eq!(regions, ["weur", "enam", "apac"]);
    assert!(example.monitors.len() >= 3);
    ConfigFile::parse(DEMO, &HashMap::new()).unwrap();
    // What is commented out is an example, too.
    let all = EXAMPLE
        .replace("  # - name", "  - name")
        .replace("\n  #   ", "\n    ");
    let variables = HashMap::from([("SHOP_TOKEN".to_owned(), "t".to_owned())]);
    let all = ConfigFile::parse(&all, &variables).unwrap();
    assert_eq!(all.monitors.len(), example.monitors.len() + 1);
}

/// The number at the beginning of a cell.
fn number(cell: &str) -> f64 {
    let cell = cell.trim().trim_matches('*');
    let text: String = cell.chars().take_while(|c| "0123456789.,".contains(*c)).collect();
    text.replace(',', "").parse().unwrap()
}

/// By the formula of `docs/cost.md`, and its prices.
#[test]
fn the_costs_are_what_the_formula_gives() {
    let rows = |heading: &str| {
        let table = COST.split_once(heading).unwrap().1.split("\n\n").next().unwrap();
        let rows = table.lines().skip(1).filter(|line| line.starts_with("| "));
        rows.map(|row| row.trim_matches('|').split('|').collect::<Vec<_>>())
            .collect::<Vec<_>>()
    };
    let prices = rows("| What is billed ");
    let price = |what: &str| {
        let row = prices.iter().find(|row| row[0].trim().starts_with(what)).unwrap();
        number(row[2]) / 1e6
    };
    let (month_s, monitors, delivery_s) = (2_592_000.0, 1_000.0, 0.1);
    let examples = rows("| Every ");
    assert!(examples.len() >= 4);
    for row in examples {
        let (interval_s, check_s, objects) = (number(row[0]), number(row[1]), number(row[2]));
        let (turns, pokes) = (objects * month_s / 10.0, objects * month_s / 60.0);
        let busy_s = monitors * check_s / 5.0 * month_s / interval_s + turns * delivery_s;
        let amounts = [
            (turns + pokes, "Durable Object requests"),
            (0.128 * busy_s.min(objects * month_s), "Durable Object duration"),
            (7.0 * turns + 2.0 * pokes, "Rows written"),
        ];
        let mut sum = 0.0;
        for ((amount, what), cell) in amounts.into_iter().zip(&row[3..]) {
            let usd = amount * price(what);
            let (shown, shown_usd) = cell.split_once('=').unwrap();
            assert!((number(shown) - amount).abs() < 1.0, "{what}: {cell} is {amount}");
            assert!(
                (number(shown_usd) - usd).abs() <= 0.005_001,
                "{what}: {cell} is {usd} USD"
            );
            sum += usd;
        }
        assert!(
            (number(row[6]) - sum).abs() <= 0.005_001,
            "{} is {sum} USD",
            row[6]
        );
    }
}

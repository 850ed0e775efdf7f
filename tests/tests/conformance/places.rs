//! The places of a running target, which stand in braces in the cases.
//!
//! | in a case | place |
//! |---|---|
//! | `{http}`, `{http_v6}` | origin of the HTTP listener, on 127.0.0.1 and on ::1 |
//! | `{https.KIND}` | origin of the HTTPS listener with that kind of certificate, at `localhost` |
//! | `{tcp.NAME}` | address and port of a listener that misbehaves below HTTP or speaks something else |
//! | `{name_server}` | address and port of the name server |
//! | `{port.http}`, `{port.http_v6}`, `{port.https.KIND}`, `{port.tcp.NAME}`, `{port.name_server}` | the port alone |
//! | `{doh}` | URL of the DNS-over-HTTPS resolver |
//! | `{fingerprint.KIND}`, `{fingerprint.intermediate}` | the fingerprint of that certificate |
//! | `{client.certificate}`, `{client.key}` | a certificate that the target takes from clients, and its key, as PEM |

use base64::{Engine as _, engine::general_purpose::STANDARD};
use edgewatch_protocol::digest::sha256_hex;
use edgewatch_tests::target::Addresses;
use serde_json::Value;
use std::{collections::BTreeMap, fs};

/// Places by their names.
pub struct Places(BTreeMap<String, String>);

impl Places {
    /// Where everything of a target is.
    pub fn of(addresses: &Addresses) -> Self {
        let mut places = BTreeMap::new();
        let mut add = |name: &str, place: &str| {
            let port = place.rsplit(':').next().unwrap_or_default();
            places.insert(format!("{{port.{name}}}"), port.to_owned());
            places.insert(format!("{{{name}}}"), place.to_owned());
        };
        add("http", &addresses.http);
        if let Some(origin) = &addresses.http_v6 {
            add("http_v6", origin);
        }
        for (kind, origin) in &addresses.https {
            add(&format!("https.{kind}"), origin);
        }
        for (name, address) in &addresses.tcp {
            add(&format!("tcp.{name}"), address);
        }
        add("name_server", &addresses.name_server.to_string());
        add("doh", &addresses.doh);
        let directory = addresses.ca.as_ref().and_then(|ca| ca.parent());
        let directory = directory.expect("the target writes its certificates");
        let read = |name: &str| fs::read_to_string(directory.join(name)).expect("what the target wrote");
        places.insert("{client.certificate}".to_owned(), read("client.pem"));
        places.insert("{client.key}".to_owned(), read("client.key"));
        for kind in addresses.https.keys().copied().chain(["intermediate"]) {
            let pem = read(&format!("{kind}.pem"));
            let base64: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
            let fingerprint = sha256_hex(&STANDARD.decode(base64).expect("PEM"));
            places.insert(format!("{{fingerprint.{kind}}}"), fingerprint);
        }
        Self(places)
    }

    /// Whether every place that is named there is one of this target.
    pub fn has_all(&self, value: &Value) -> bool {
        let filled = self.fill(value).to_string();
        let beginnings = [
            "{http",
            "{https.",
            "{tcp.",
            "{name_",
            "{doh",
            "{port.",
            "{fingerprint.",
            "{client.",
        ];
        beginnings.iter().all(|beginning| !filled.contains(beginning))
    }

    /// The same value with places in the place of their names.
    pub fn fill(&self, value: &Value) -> Value {
        match value {
            Value::String(text) if text.contains('{') => {
                let fill = |text: String, (name, place): (&String, &String)| text.replace(name, place);
                let filled = self.0.iter().fold(text.clone(), fill);
                // A port that stands alone is a number.
                match filled.parse::<u16>() {
                    Ok(port) => port.into(),
                    Err(_) => filled.into(),
                }
            }
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(fields) => {
                let fields = fields
                    .iter()
                    .map(|(name, value)| (name.clone(), self.fill(value)));
                Value::Object(fields.collect())
            }
            other => other.clone(),
        }
    }
}

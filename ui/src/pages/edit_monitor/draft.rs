//! A monitor's settings as they stand in the form: all text, until it is sent. Pure.

use super::{
    check_fields::{CheckType, check_type},
    tree,
};
use edgewatch_client::{
    check_document::CheckDocument,
    monitor::{
        self, FlappingSettings, Quorum, default_confirmations, default_interval_s, default_recoveries,
        default_timeout_ms,
    },
    protocol::{name::Region, problem::FieldError},
};
use serde_json::{Map, Value};
use std::{fmt::Display, str::FromStr};

type MonitorSettings = monitor::MonitorSettings<CheckDocument>;

/// The form's content.
#[derive(Clone, Debug, PartialEq)]
pub struct Draft {
    /// Name.
    pub name: String,
    /// The check's type.
    pub kind: &'static str,
    /// The check; see [`tree`].
    pub check: Value,
    /// Checks of the types that were chosen before, in case one of them is chosen again.
    pub left: Vec<(&'static str, Value)>,
    /// Interval, seconds.
    pub interval_s: String,
    /// Time-out, milliseconds.
    pub timeout_ms: String,
    /// Retries.
    pub retries: String,
    /// Confirmations.
    pub confirmations: String,
    /// Recoveries.
    pub recoveries: String,
    /// Changes of state that are not flapping yet.
    pub flapping_changes: String,
    /// Within how many seconds.
    pub flapping_within_s: String,
    /// Seconds of one state that end it.
    pub flapping_holds_s: String,
    /// `any`, `majority`, `all` or `count`.
    pub quorum: String,
    /// The number of `count`.
    pub quorum_count: String,
    /// Regions; none means all.
    pub regions: Vec<String>,
    /// Tags, parted by commas.
    pub tags: String,
    /// Not checked.
    pub paused: bool,
    /// The last key that a row was given.
    pub last_key: u32,
}

impl Default for Draft {
    fn default() -> Self {
        let settings = MonitorSettings {
            name: String::new(),
            check: CheckDocument::default(),
            interval_s: default_interval_s(),
            timeout_ms: default_timeout_ms(),
            retries: 0,
            regions: Vec::new(),
            quorum: Quorum::default(),
            confirmations: default_confirmations(),
            recoveries: default_recoveries(),
            flapping: FlappingSettings::default(),
            tags: Vec::new(),
            paused: false,
        };
        Self::of(&settings, super::check_fields::TYPES[0])
    }
}

impl Draft {
    /// The form of existing settings; none where this form does not know the check's type.
    pub fn from_settings(settings: &MonitorSettings) -> Option<Self> {
        check_type(settings.check.type_name()).map(|known| Self::of(settings, known))
    }

    fn of(settings: &MonitorSettings, known: &CheckType) -> Self {
        let (quorum, quorum_count) = match settings.quorum {
            Quorum::Count(n) => ("count".to_owned(), n.to_string()),
            other => (other.to_string(), "2".to_owned()),
        };
        let mut last_key = 0;
        Self {
            name: settings.name.clone(),
            kind: known.name,
            check: texts(known, &settings.check.0, &mut last_key),
            left: Vec::new(),
            interval_s: settings.interval_s.to_string(),
            timeout_ms: settings.timeout_ms.to_string(),
            retries: settings.retries.to_string(),
            confirmations: settings.confirmations.to_string(),
            recoveries: settings.recoveries.to_string(),
            flapping_changes: settings.flapping.changes.to_string(),
            flapping_within_s: settings.flapping.within_s.to_string(),
            flapping_holds_s: settings.flapping.holds_s.to_string(),
            quorum,
            quorum_count,
            regions: settings
                .regions
                .iter()
                .map(|region| region.as_str().to_owned())
                .collect(),
            tags: settings.tags.join(", "),
            paused: settings.paused,
            last_key,
        }
    }

    /// Turns to another type; what stood in the form for the type before is kept aside.
    pub fn choose(&mut self, kind: &str) {
        let (Some(before), Some(known)) = (check_type(self.kind), check_type(kind)) else {
            return;
        };
        let kept = self.left.iter().position(|(left, _)| *left == kind);
        let check = match kept {
            Some(kept) => self.left.swap_remove(kept).1,
            None => texts(known, &tree::parse(known.fresh), &mut self.last_key),
        };
        let left = std::mem::replace(&mut self.check, check);
        self.left.push((self.kind, left));
        self.kind = known.name;
        let too_short = self
            .interval_s
            .parse()
            .is_ok_and(|interval_s: u32| interval_s < known.least_interval_s);
        if too_short || self.interval_s == before.interval_s {
            known.interval_s.clone_into(&mut self.interval_s);
        }
    }

    /// What is sent, or the fields that cannot be read. Everything else is the API's to judge.
    pub fn to_settings(&self) -> Result<MonitorSettings, Vec<FieldError>> {
        let mut reader = Reader::default();
        let mut check = Value::Object(Map::new());
        let sections = check_type(self.kind).map_or(&[][..], |known| known.sections);
        for section in sections {
            let part = tree::to_json(section.fields, &self.check, "/check", &mut reader.errors);
            if let (Value::Object(check), Value::Object(part)) = (&mut check, part) {
                check.extend(part);
            }
        }
        check["type"] = self.kind.into();
        let quorum = match self.quorum.as_str() {
            "any" => Quorum::Any,
            "all" => Quorum::All,
            "count" => Quorum::Count(reader.number("/quorum", &self.quorum_count)),
            _ => Quorum::Majority,
        };
        let regions = self
            .regions
            .iter()
            .filter_map(|name| name.parse::<Region>().ok())
            .collect();
        let tags = self.tags.split(',').map(str::trim).filter(|tag| !tag.is_empty());
        let settings = MonitorSettings {
            name: self.name.trim().to_owned(),
            check: CheckDocument(check),
            interval_s: reader.number("/interval_s", &self.interval_s),
            timeout_ms: reader.number("/timeout_ms", &self.timeout_ms),
            retries: reader.number("/retries", &self.retries),
            regions,
            quorum,
            confirmations: reader.number("/confirmations", &self.confirmations),
            recoveries: reader.number("/recoveries", &self.recoveries),
            flapping: FlappingSettings {
                changes: reader.number("/flapping/changes", &self.flapping_changes),
                within_s: reader.number("/flapping/within_s", &self.flapping_within_s),
                holds_s: reader.number("/flapping/holds_s", &self.flapping_holds_s),
            },
            tags: tags.map(str::to_owned).collect(),
            paused: self.paused,
        };
        if reader.errors.is_empty() {
            Ok(settings)
        } else {
            Err(reader.errors)
        }
    }
}

fn texts(known: &CheckType, given: &Value, last_key: &mut u32) -> Value {
    let mut texts = Map::new();
    for section in known.sections {
        if let Value::Object(part) = tree::to_texts(section.fields, given, last_key) {
            texts.extend(part);
        }
    }
    Value::Object(texts)
}

/// Reads texts, gathering what cannot be read.
#[derive(Default)]
struct Reader {
    errors: Vec<FieldError>,
}

impl Reader {
    fn wrong(&mut self, pointer: &str, detail: impl Display) {
        self.errors.push(FieldError {
            pointer: pointer.to_owned(),
            detail: detail.to_string(),
        });
    }

    fn number<T: FromStr + Default>(&mut self, pointer: &str, text: &str) -> T {
        text.trim().parse().unwrap_or_else(|_| {
            self.wrong(pointer, "Write a whole number.");
            T::default()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use edgewatch_client::protocol::check::Check;

    fn settings() -> MonitorSettings {
        let json = r#"{
            "name": "Shop", "interval_s": 30, "timeout_ms": 5000, "retries": 1, "regions": ["weur", "enam"],
            "quorum": "count:2", "confirmations": 3, "recoveries": 2,
            "flapping": {"changes": 7, "within_s": 600, "holds_s": 300}, "tags": ["shop", "eu west"], "paused": true,
            "check": {"type": "tcp", "host": "shop.example", "port": 25, "protocol": "smtp"}
        }"#;
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn settings_pass_through_the_form_unchanged() {
        assert_eq!(
            Draft::from_settings(&settings()).unwrap().to_settings(),
            Ok(settings())
        );
        let mut newer = settings();
        newer.check.0["type"] = "of_a_newer_version".into();
        assert_eq!(Draft::from_settings(&newer), None);
    }

    #[test]
    fn what_cannot_be_read_is_told_at_its_field() {
        let mut draft = Draft::from_settings(&settings()).unwrap();
        draft.timeout_ms = "ten".to_owned();
        tree::put(&mut draft.check, "/port", "smtp".into());
        let errors = draft.to_settings().unwrap_err();
        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/check/port", "/timeout_ms"]);
    }

    #[test]
    fn a_new_monitor_has_the_defaults_of_the_api() {
        let mut draft = Draft {
            name: " a ".to_owned(),
            ..Draft::default()
        };
        tree::put(&mut draft.check, "/url", " https://a.example ".into());
        let typed = |settings: &MonitorSettings| -> monitor::MonitorSettings<Check> {
            serde_json::from_value(serde_json::to_value(settings).unwrap()).unwrap()
        };
        let from_api =
            serde_json::from_str(r#"{"name":"a","check":{"type":"http","url":"https://a.example"}}"#)
                .unwrap();
        assert_eq!(typed(&draft.to_settings().unwrap()), from_api);
    }

    #[test]
    fn turning_to_another_type_and_back_loses_nothing() {
        let mut draft = Draft::default();
        tree::put(&mut draft.check, "/url", "https://a.example".into());
        let before = draft.clone();
        draft.choose("domain");
        assert_eq!((draft.kind, draft.interval_s.as_str()), ("domain", "86400"));
        draft.choose("http");
        assert_eq!((&draft.check, draft.interval_s.as_str()), (&before.check, "60"));
        draft.interval_s = "30".to_owned();
        draft.choose("tcp");
        assert_eq!(draft.interval_s, "30", "what was chosen stays");
        draft.choose("domain");
        assert_eq!(draft.interval_s, "86400", "where it may");
    }
}

//! What the form asks for, by check type: descriptions, shown and sent by one machinery for all types. What is right in a
//! field is the API's to judge.

mod jobs;
mod needs;
mod network;
mod shared;
mod web;

pub use needs::{CAPABILITIES, needs};

use crate::components::icon::Icon;

/// A check type as the form knows it.
pub struct CheckType {
    /// Its name on the wire.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// One line on what it is for.
    pub about: &'static str,
    /// Where it stands in the choice.
    pub group: Group,
    /// Its drawing.
    pub icon: Icon,
    /// How often such checks are made where nothing else is asked for, seconds.
    pub interval_s: &'static str,
    /// The shortest interval that the API takes, seconds.
    pub least_interval_s: u32,
    /// A new check as JSON, as far as it differs from the API's defaults.
    pub fresh: &'static str,
    /// What is asked for.
    pub sections: &'static [Section],
}

impl CheckType {
    /// Whether probes run it; a heartbeat comes by itself.
    pub fn is_probed(&self) -> bool {
        self.name != "heartbeat"
    }
}

/// The groups of the choice, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// What browsers and programs speak with.
    Web,
    /// What lies below.
    Network,
    /// What runs unseen.
    Jobs,
}

impl Group {
    /// All groups.
    pub const ALL: [Self; 3] = [Self::Web, Self::Network, Self::Jobs];

    /// Its name.
    pub fn label(self) -> &'static str {
        match self {
            Self::Web => "Web",
            Self::Network => "Network",
            Self::Jobs => "Jobs",
        }
    }
}

/// All check types, in the order of the choice.
pub const TYPES: [&CheckType; 12] = [
    &web::HTTP,
    &web::STEPS,
    &web::WEBSOCKET,
    &web::GRPC,
    &network::TCP,
    &network::UDP,
    &network::PING,
    &network::TLS,
    &network::DNS,
    &network::DOMAIN,
    &jobs::HEARTBEAT,
    &jobs::SCRIPT,
];

/// The type of this name.
pub fn check_type(name: &str) -> Option<&'static CheckType> {
    TYPES.into_iter().find(|known| known.name == name)
}

/// Fields under one heading.
pub struct Section {
    /// The heading.
    pub title: &'static str,
    /// One line on it.
    pub about: &'static str,
    /// The fields.
    pub fields: &'static [Field],
}

/// Values of a choice and their labels.
pub type Options = &'static [(&'static str, &'static str)];

/// One field.
#[derive(Clone, Copy)]
pub struct Field {
    /// JSON pointer within the object that the field belongs to.
    pub at: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// One line that helps; in a row, the word before the input.
    pub hint: &'static str,
    /// In a row, the word behind the input.
    pub unit: &'static str,
    /// What an empty input shows.
    pub placeholder: &'static str,
    /// What the API takes where the field is not sent, as the input shows it; `true` for a switch that is on.
    pub default: &'static str,
    /// Sent even when it is empty, so that the API says what is missing.
    pub required: bool,
    /// How wide it is, in sixths.
    pub sixths: u8,
    /// All of it must hold for the field to be shown and sent.
    pub shown_when: &'static [When],
    /// Shown in any case while it has content.
    pub kept: bool,
    /// What it holds.
    pub kind: Kind,
}

/// The text of another field of the same object is one of these; [`FILLED`] is any text but an empty one.
#[derive(Clone, Copy)]
pub struct When(pub &'static str, pub &'static [&'static str]);

/// See [`When`].
pub const FILLED: &[&str] = &["*"];

/// What a field holds.
#[derive(Clone, Copy)]
pub enum Kind {
    /// One line; spaces around it are not meant.
    Text,
    /// One line as it is written.
    Verbatim,
    /// A whole number.
    Number,
    /// A number of bytes, shown in KiB.
    Kib,
    /// An address.
    Url,
    /// One line that is hidden while it is typed.
    Secret,
    /// So many lines.
    Area(u8),
    /// A list of texts, one a line.
    Lines(u8),
    /// Yes or no.
    Toggle,
    /// One of these.
    Select(Options),
    /// An address with a choice before it: the choice's pointer, label and values.
    Joined(&'static str, &'static str, Options),
    /// Fields of an object of their own.
    Group(&'static [Field]),
    /// Fields of the same object that few people need.
    Fold(&'static [Field]),
    /// A list of objects.
    List(&'static List),
}

/// A list of objects.
pub struct List {
    /// The fields of each.
    pub fields: &'static [Field],
    /// What one is called: `header`.
    pub one: &'static str,
    /// What it looks like.
    pub look: Look,
    /// The field whose change makes a row another one.
    pub tag: &'static str,
    /// A new one as JSON, by its tag.
    pub fresh: fn(&str) -> &'static str,
}

/// What a list looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// One line each: a name and a value.
    Pair,
    /// One line each: what is looked at, what must hold, and what follows.
    Assertion,
    /// One line each: a name, and where its value is.
    Extraction,
    /// A card each; their order matters.
    Cards,
}

const fn field(at: &'static str, label: &'static str, kind: Kind) -> Field {
    Field {
        at,
        label,
        hint: "",
        unit: "",
        placeholder: "",
        default: "",
        required: false,
        sixths: 6,
        shown_when: &[],
        kept: false,
        kind,
    }
}

impl Field {
    const fn hint(mut self, hint: &'static str) -> Self {
        self.hint = hint;
        self
    }
    const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = unit;
        self
    }
    const fn placeholder(mut self, placeholder: &'static str) -> Self {
        self.placeholder = placeholder;
        self
    }
    const fn default(mut self, default: &'static str) -> Self {
        self.default = default;
        self
    }
    const fn required(mut self) -> Self {
        self.required = true;
        self
    }
    const fn sixths(mut self, sixths: u8) -> Self {
        self.sixths = sixths;
        self
    }
    const fn when(mut self, shown_when: &'static [When]) -> Self {
        self.shown_when = shown_when;
        self
    }
    const fn kept(mut self) -> Self {
        self.kept = true;
        self
    }
}

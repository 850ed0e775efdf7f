//! The check types: one file each, with everything that the product has to know of a type.
//!
//! `docs/adding-a-check-type.md` tells how another one is added.

mod dns;
mod domain;
mod grpc;
mod heartbeat;
mod http;
mod ping;
mod script;
mod steps;
mod tcp;
mod tls;
mod udp;
mod websocket;

pub use script::is_script_name;

use crate::{engine::Engine, platform::Platform, validate::Faults};
use edgewatch_protocol::{
    assertion::{Assertion, Subject},
    capability,
    check::Check,
    for_check,
    observation::{Outcome, Sight},
    problem::FieldError,
    reason::Reason,
    slot::INTERVAL_S,
};

/// A type of checks, implemented by the settings of such a check.
#[allow(
    async_fn_in_trait,
    reason = "whether the futures are `Send` is the host's choice and visible on the concrete type"
)]
pub trait CheckType {
    /// What is checked, in short and without secrets: shown everywhere and stored in clear.
    fn target(&self) -> String;

    /// What the check's secrets are bound to, such as scheme, host and port: whoever points the check elsewhere has to
    /// enter them again. `None` keeps none.
    fn origin(&self) -> Option<String>;

    /// The secrets within the settings.
    fn secrets(&mut self) -> Vec<Secret<'_>> {
        Vec::new()
    }

    /// What a probe has to be able to do beside running checks of this type at all; see
    /// [`edgewatch_protocol::capability`].
    fn capabilities(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// What must hold; all of them, of whichever part of the check.
    fn assertions(&self) -> Vec<&Assertion> {
        Vec::new()
    }

    /// The conditions on the check as a whole, to which the installation's thresholds may be added; `None` for a type of
    /// which nothing general can be said. Every type has to say.
    fn general_assertions(&mut self) -> Option<&mut Vec<Assertion>>;

    /// The shortest interval between two attempts, in seconds.
    fn min_interval_s(&self) -> u32 {
        *INTERVAL_S.start()
    }

    /// Notes what keeps the check from being run.
    fn validate(&self, faults: &mut Faults);

    /// Makes one attempt. Whatever happens is in the answer.
    async fn run<P: Platform>(&self, engine: &Engine<'_, P>, timeout_ms: u32) -> Sight;
}

/// A secret within a check's settings.
#[derive(Debug)]
pub struct Secret<'a> {
    /// What identifies it within its check when other parts of the settings move: `password`, `header cookie 1`.
    pub slot: String,
    /// Its place, a JSON pointer relative to the check.
    pub pointer: String,
    /// Its value.
    pub value: &'a mut String,
}

impl<'a> Secret<'a> {
    fn new(slot: impl Into<String>, pointer: impl Into<String>, value: &'a mut String) -> Self {
        Self {
            slot: slot.into(),
            pointer: pointer.into(),
            value,
        }
    }
}

/// See [`CheckType::target`].
pub fn target(check: &Check) -> String {
    for_check!(check, settings => settings.target(), unknown => String::new())
}

/// See [`CheckType::origin`].
pub fn origin(check: &Check) -> Option<String> {
    for_check!(check, settings => settings.origin(), unknown => None)
}

/// See [`CheckType::secrets`].
pub fn secrets(check: &mut Check) -> Vec<Secret<'_>> {
    for_check!(check, settings => settings.secrets(), unknown => Vec::new())
}

/// Everything that a probe has to be able to do, the type itself first.
pub fn capabilities(check: &Check) -> Vec<&'static str> {
    let more = for_check!(check, settings => settings.capabilities(), unknown => Vec::new());
    std::iter::once(check.type_name()).chain(more).collect()
}

/// See [`CheckType::general_assertions`].
pub fn general_assertions(check: &mut Check) -> Option<&mut Vec<Assertion>> {
    for_check!(check, settings => settings.general_assertions(), unknown => None)
}

/// See [`CheckType::min_interval_s`].
pub fn min_interval_s(check: &Check) -> u32 {
    for_check!(check, settings => settings.min_interval_s(), unknown => *INTERVAL_S.start())
}

/// The fields at fault, by JSON pointer relative to the check (`/url`, `/headers/0/name`, `/assertions/2/value`); empty
/// when the check can be run.
pub fn validate(check: &Check) -> Vec<FieldError> {
    let mut faults = Faults::default();
    for_check!(check, settings => settings.validate(&mut faults), unknown => faults.add(
        "/type",
        format!("is not a check type of this version: use one of {}", Check::TYPES.join(", ")),
    ));
    faults.into_errors()
}

/// Makes one attempt of a check.
pub async fn run<P: Platform>(engine: &Engine<'_, P>, check: &Check, timeout_ms: u32) -> Sight {
    for_check!(
        check,
        settings => {
            let is_unknown = |assertion: &&Assertion| assertion.subject == Subject::Unknown;
            if settings.assertions().iter().any(is_unknown) {
                return unsupported("this probe does not know one of the check's assertions; update the probe");
            }
            if let Some(needed) = lacking(engine.platform, check) {
                return unsupported(&format!("this probe cannot do what the check needs: {needed}"));
            }
            // Each attempt takes the memory of its own type, not of the one that needs most.
            Box::pin(settings.run(engine, timeout_ms)).await
        },
        unknown => unsupported("this probe does not know the check's type; update the probe")
    )
}

/// The first thing that a check needs, some hosts have and this one has not. What depends on the machine under a host is
/// not asked here: who needs it finds out, and can say why it is not there.
fn lacking<P: Platform>(platform: &P, check: &Check) -> Option<&'static str> {
    let is_of_some =
        |needed: &&str| capability::NATIVE.contains(needed) && !capability::STREAMS.contains(needed);
    let mut needed = capabilities(check).into_iter().filter(is_of_some).peekable();
    // Most checks need nothing of the kind: nobody is asked for them.
    needed.peek()?;
    let able = platform.capabilities();
    needed.find(|needed| !able.iter().any(|one| one == needed))
}

/// A check that this probe cannot make.
fn unsupported(message: &str) -> Sight {
    let reason = Reason::Unsupported;
    Sight::of(Outcome::Unmeasured { reason }, Some(message.to_owned()))
}

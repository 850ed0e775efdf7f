use crate::{
    check::{CheckType, unsupported},
    engine::Engine,
    platform::Platform,
    validate::Faults,
};
use edgewatch_protocol::{check::ScriptCheck, observation::Sight};

impl CheckType for ScriptCheck {
    fn target(&self) -> String {
        self.script.clone()
    }

    fn origin(&self) -> Option<String> {
        None
    }

    fn validate(&self, faults: &mut Faults) {
        faults.add("/type", "is not there yet");
    }

    async fn run<P: Platform>(&self, _engine: &Engine<'_, P>, _timeout_ms: u32) -> Sight {
        unsupported("this probe does not run such checks")
    }
}

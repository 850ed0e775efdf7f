//! What is known of an attempt over one connection while it runs, and what is told of it at its end.

use crate::{
    attempt::{
        connect::ConnectionFacts,
        deadline::Deadline,
        excerpt::{clip_message, excerpt},
        judge::Judgement,
    },
    platform::Platform,
};
use edgewatch_protocol::{
    facts::{Facts, ReplyFacts},
    observation::Sight,
    phase::{NotMeasurable, PhaseTime, PhaseTimes},
};

/// A phase that an attempt does not have.
pub const NOT_APPLICABLE: PhaseTime = PhaseTime::NotMeasurable(NotMeasurable::NotApplicable);

/// An attempt under way.
pub struct Progress {
    /// When it must have ended.
    pub deadline: Deadline,
    /// The phases so far.
    pub phases: PhaseTimes,
    /// What the connection showed.
    pub connection: ConnectionFacts,
    began_us: u64,
}

impl Progress {
    /// An attempt that begins now.
    pub fn begin(platform: &impl Platform, timeout_ms: u32) -> Self {
        Self {
            deadline: Deadline::after(platform, timeout_ms),
            phases: PhaseTimes::default(),
            connection: ConnectionFacts::default(),
            began_us: platform.monotonic_us(),
        }
    }

    /// How long it has taken, microseconds.
    pub fn total_us(&self, platform: &impl Platform) -> u32 {
        let us = platform.monotonic_us().saturating_sub(self.began_us);
        us.try_into().unwrap_or(u32::MAX)
    }

    /// The sight of an attempt that took so long and was judged so.
    pub fn into_sight(self, total_us: u32, judgement: Judgement, facts: Option<Facts>) -> Sight {
        Sight {
            outcome: judgement.outcome,
            phases: self.phases,
            total_us,
            http: None,
            address: self.connection.address,
            certificate: self.connection.chain.into_iter().next(),
            facts,
            failed_assertions: judgement.failed_assertions,
            message: judgement.message.map(|message| clip_message(&message)),
        }
    }
}

/// What is told of a peer's reply, of which so many bytes came.
pub fn reply_facts(reply: &[u8], bytes: u64) -> Facts {
    let text = String::from_utf8_lossy(reply).replace("\r\n", "\n");
    Facts::Reply(ReplyFacts {
        text: excerpt(text.as_bytes()).unwrap_or_default(),
        bytes,
        exit_code: None,
    })
}

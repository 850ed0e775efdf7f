//! The phases of a check and their times.

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Unexpected, Visitor, value::StrDeserializer},
};
use std::fmt;

/// A phase of a check, in the order in which they happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Name lookup.
    Dns,
    /// TCP connect.
    Tcp,
    /// TLS handshake, with verification of the chain.
    Tls,
    /// Sending the request.
    Request,
    /// From the request sent to the first byte of the response.
    Ttfb,
    /// From the first byte of the response to its last.
    Body,
}

impl Phase {
    /// All phases in order.
    pub const ALL: [Self; 6] = [
        Self::Dns,
        Self::Tcp,
        Self::Tls,
        Self::Request,
        Self::Ttfb,
        Self::Body,
    ];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Request => "request",
            Self::Ttfb => "ttfb",
            Self::Body => "body",
        }
    }
}

/// Why a phase has no time although the check went past it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum NotMeasurable {
    /// The phase does not apply: no lookup for a literal address, no TLS for `http://`.
    NotApplicable,
    /// The platform does not let the probe dial this address; it looked through the platform's own HTTP client.
    PlatformForbids,
    /// The check asks for a mode (`phases: platform | fetch`) that does not show this phase.
    Mode,
    /// No resolver could be reached; the platform looked the name up while connecting.
    ResolverUnavailable,
    /// A reason of a newer protocol version.
    #[serde(other)]
    Other,
}

/// The time of one phase. On the wire: a number of microseconds, a string (why not), or `null` (not reached).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PhaseTime {
    /// Measured, in microseconds.
    Measured(u32),
    /// Passed, but this host cannot tell its time.
    NotMeasurable(NotMeasurable),
    /// The check ended before this phase was completed.
    #[default]
    NotReached,
}

impl PhaseTime {
    /// The time in microseconds, if it was measured.
    pub fn measured_us(self) -> Option<u32> {
        if let Self::Measured(us) = self {
            Some(us)
        } else {
            None
        }
    }

    /// Adds the same phase of a further hop: a time grows, and what one hop could not measure the sum cannot either.
    #[must_use]
    pub fn plus(self, later: Self) -> Self {
        match (self, later) {
            (Self::Measured(a), Self::Measured(b)) => Self::Measured(a.saturating_add(b)),
            (Self::NotMeasurable(NotMeasurable::NotApplicable) | Self::NotReached, other)
            | (other, Self::NotMeasurable(NotMeasurable::NotApplicable) | Self::NotReached) => other,
            (Self::NotMeasurable(why), _) | (_, Self::NotMeasurable(why)) => Self::NotMeasurable(why),
        }
    }
}

impl Serialize for PhaseTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Measured(us) => serializer.serialize_u32(*us),
            Self::NotMeasurable(why) => why.serialize(serializer),
            Self::NotReached => serializer.serialize_none(),
        }
    }
}

impl<'de> Deserialize<'de> for PhaseTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PhaseTimeVisitor)
    }
}

struct PhaseTimeVisitor;

impl Visitor<'_> for PhaseTimeVisitor {
    type Value = PhaseTime;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0 to {} µs, why there is no time, or null", u32::MAX)
    }

    fn visit_u64<E: Error>(self, us: u64) -> Result<PhaseTime, E> {
        u32::try_from(us)
            .map(PhaseTime::Measured)
            .map_err(|_| E::invalid_value(Unexpected::Unsigned(us), &self))
    }

    fn visit_i64<E: Error>(self, us: i64) -> Result<PhaseTime, E> {
        u32::try_from(us)
            .map(PhaseTime::Measured)
            .map_err(|_| E::invalid_value(Unexpected::Signed(us), &self))
    }

    fn visit_str<E: Error>(self, why: &str) -> Result<PhaseTime, E> {
        NotMeasurable::deserialize(StrDeserializer::new(why)).map(PhaseTime::NotMeasurable)
    }

    fn visit_unit<E: Error>(self) -> Result<PhaseTime, E> {
        Ok(PhaseTime::NotReached)
    }
}

/// The times of all phases of a check. With redirects these are sums over the hops; see
/// [`crate::observation::Hop`] for each hop's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct PhaseTimes {
    /// Name lookup.
    pub dns: PhaseTime,
    /// TCP connect.
    pub tcp: PhaseTime,
    /// TLS handshake.
    pub tls: PhaseTime,
    /// Sending the request.
    pub request: PhaseTime,
    /// Waiting for the first byte.
    pub ttfb: PhaseTime,
    /// Receiving the rest.
    pub body: PhaseTime,
}

impl PhaseTimes {
    /// The time of one phase.
    pub fn get(&self, phase: Phase) -> PhaseTime {
        match phase {
            Phase::Dns => self.dns,
            Phase::Tcp => self.tcp,
            Phase::Tls => self.tls,
            Phase::Request => self.request,
            Phase::Ttfb => self.ttfb,
            Phase::Body => self.body,
        }
    }

    /// Sets the time of one phase.
    pub fn set(&mut self, phase: Phase, time: PhaseTime) {
        *match phase {
            Phase::Dns => &mut self.dns,
            Phase::Tcp => &mut self.tcp,
            Phase::Tls => &mut self.tls,
            Phase::Request => &mut self.request,
            Phase::Ttfb => &mut self.ttfb,
            Phase::Body => &mut self.body,
        } = time;
    }

    /// The sum with the phases of a further hop, phase by phase.
    #[must_use]
    pub fn plus(&self, later: &Self) -> Self {
        let mut sum = *self;
        for phase in Phase::ALL {
            sum.set(phase, self.get(phase).plus(later.get(phase)));
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_kinds_of_a_phase_have_three_shapes() {
        let times = PhaseTimes {
            dns: PhaseTime::NotMeasurable(NotMeasurable::PlatformForbids),
            tcp: PhaseTime::Measured(310),
            ..PhaseTimes::default()
        };
        let json = serde_json::to_string(&times).unwrap();
        assert_eq!(
            json,
            r#"{"dns":"platform_forbids","tcp":310,"tls":null,"request":null,"ttfb":null,"body":null}"#
        );
        assert_eq!(serde_json::from_str::<PhaseTimes>(&json).unwrap(), times);
        assert!(serde_json::from_str::<PhaseTimes>(r#"{"tcp":-1}"#).is_err());
        assert_eq!(
            serde_json::from_str::<PhaseTimes>(r#"{"tcp":"of_a_newer_version"}"#)
                .unwrap()
                .tcp,
            PhaseTime::NotMeasurable(NotMeasurable::Other)
        );
    }

    #[test]
    fn a_sum_never_pretends_to_have_measured() {
        let forbidden = PhaseTime::NotMeasurable(NotMeasurable::PlatformForbids);
        let none = PhaseTime::NotMeasurable(NotMeasurable::NotApplicable);
        assert_eq!(
            PhaseTime::Measured(2).plus(PhaseTime::Measured(3)),
            PhaseTime::Measured(5)
        );
        assert_eq!(PhaseTime::Measured(2).plus(forbidden), forbidden);
        assert_eq!(none.plus(PhaseTime::Measured(3)), PhaseTime::Measured(3));
    }
}

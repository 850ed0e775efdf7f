//! One turn of a probe, from pulling its assignments to delivering what it saw.

/// What a turn did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TickReport {
    /// When the next slot of any assignment is due, Unix milliseconds; `None` without assignments. The host calls
    /// [`crate::tick::round`] then, or leaves it to its next tick if that comes first.
    pub next_due_ms: Option<i64>,
    /// Observations made.
    pub ran: usize,
    /// Test runs made.
    pub tested: usize,
    /// Observations that the aggregator confirmed.
    pub sent: usize,
    /// Whether some observations wait for a further turn.
    pub pending: bool,
    /// What went wrong, each in one line without secrets, for the host's log.
    pub problems: Vec<String>,
}

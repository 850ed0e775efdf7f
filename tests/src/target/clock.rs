//! The machine's clock, which certificates are made by.

use time::OffsetDateTime;

/// Now.
#[allow(clippy::disallowed_methods)]
pub(super) fn now() -> OffsetDateTime {
    std::time::SystemTime::now().into()
}

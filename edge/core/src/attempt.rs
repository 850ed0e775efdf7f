//! One attempt of a check, whatever its type: from a host to a stream, the moment at which time is up, why it ended, what
//! may be shown of it, and how its assertions make an outcome.

pub mod connect;
pub mod deadline;
pub mod dialogue;
pub mod excerpt;
pub mod judge;
pub mod progress;
pub mod starttls;
pub mod stop;

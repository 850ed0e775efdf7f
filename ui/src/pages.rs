//! One file a page, with what belongs to that page alone beside it.

pub mod edit_monitor;
pub mod monitor;
pub mod not_found;
pub mod overview;
pub mod regions;
pub mod set_up;
pub mod sign_in;

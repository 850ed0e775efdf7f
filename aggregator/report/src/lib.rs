//! Reports in each of their formats. Pure: no I/O and no clock.
//!
//! [`document`] is what a report says as data, and its JSON form. No figure is computed here: they are those of
//! [`edgewatch_domain::sla`].

pub mod document;
pub mod json;

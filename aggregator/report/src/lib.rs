//! Reports in each of their formats: HTML, PDF, XLSX, CSV and JSON. Pure: no I/O and no clock.
//!
//! [`document`] is what a report says as data, and its JSON form. `content` makes headings, sentences, tables and
//! charts of it, once; [`html`] and [`pdf`] set these. [`xlsx`] and [`csv`] write the figures for who wants to go on
//! with them. No figure is computed here: they are those of [`edgewatch_domain::sla`].

pub mod brief;
mod chart;
mod content;
pub mod csv;
pub mod document;
mod drawing;
pub mod html;
pub mod json;
pub mod pdf;
pub mod words;
pub mod xlsx;

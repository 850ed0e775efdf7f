//! What the pages are built of.

pub mod certificate;
pub mod chart_geometry;
pub mod copy;
pub mod drawing;
pub mod facts;
pub mod field;
pub mod heartbeat_bar;
pub mod icon;
pub mod keyed;
pub mod latency_chart;
pub mod loading;
pub mod moment;
pub mod question;
pub mod shell;
pub mod sight_panel;
pub mod state_badge;
pub mod waterfall;

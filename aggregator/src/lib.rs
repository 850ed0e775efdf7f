//! The aggregator: takes the probes' signed batches, keeps them, judges by the rules of `edgewatch-domain`, and serves
//! the public REST API, live events and operational endpoints.
//!
//! `http` speaks to the outside, `store` holds all SQL, `jobs` is the background work that one replica at a time does.
//! What a figure means is `edgewatch-domain`'s, what travels from probes is `edgewatch-protocol`'s, what travels to
//! clients is `edgewatch-client`'s.

mod admission;
pub mod announcement;
pub mod app;
pub mod assigned_monitors;
pub mod auth;
pub mod check_command;
pub mod check_reading;
pub mod clock;
pub mod config;
pub mod config_file;
pub mod database;
pub mod edge_pages;
pub mod embedded_postgres;
pub mod evaluation;
pub mod events;
pub mod evidence_log;
pub mod feed;
pub mod heartbeat;
pub mod http;
pub mod ingest;
pub mod jobs;
pub mod lease;
pub mod local_region;
pub mod mail;
pub mod metrics;
pub mod monitor_secrets;
pub mod open_slo;
pub mod percentile;
pub mod policy_replay;
pub mod probe_command;
pub mod recent_results;
pub mod region_load;
pub mod replay_command;
pub mod report;
pub mod report_bundle;
pub mod rollup_level;
pub mod secret;
pub mod serve;
pub mod settings;
pub mod sla_records;
pub mod sla_status;
pub mod slo_status;
pub mod ssrf_guard;
pub mod state;
pub mod status_pages;
pub mod status_snapshot;
pub mod store;
pub mod subscription;
pub mod telemetry;
pub mod test_engine;
pub mod thresholds;
pub mod token_bucket;
pub mod untrusted_text;
pub mod user_command;
pub mod validation;
pub mod verify_command;

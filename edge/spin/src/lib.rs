//! The Edgewatch probe as a Spin component.
//!
//! A thin shell over `edgewatch-core`: it owns the triggers (Spin's cron trigger, and an HTTP route for schedulers outside
//! of Spin), the sockets, HTTP client, resolver and key-value store of the platform, and the rule that one region makes
//! one turn at a time. What a check is and what is reported is the core's.
//!
//! One application is one region. `checks_cron` and `tick_route` ask for a turn, `turn` makes it.

mod checks_cron;
mod http_client;
mod key_value_storage;
mod platform;
mod settings;
mod socket_stream;
mod tick_route;
mod tick_token;
mod turn;
mod turn_lease;

//! The Edgewatch probe as a Cloudflare Worker.
//!
//! A thin shell over `edgewatch-core`: it owns the triggers (cron, alarm, HTTP), the sockets, HTTP
//! client, resolver and storage of the Workers platform, and the knowledge of what that platform refuses. What a check
//! is and what is reported is the core's.
//!
//! Each region is one Durable Object: `checks_cron` pokes it each minute, `region_object` runs its turns.
//!
//! Beside that it serves the status pages of an installation that hands them over (`page_intake`, `pages_object`), while
//! that is away (`page_visit`).

mod address_rules;
mod checks_cron;
mod http_client;
mod object_storage;
mod page_intake;
mod page_visit;
mod pages_object;
mod place;
mod platform;
mod region_object;
mod settings;
mod socket_stream;
mod status;

/// Sends the message of a panic to the log; without this only the trap that follows it would be seen.
#[worker::event(start)]
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| worker::console_error!("{panic}")));
}

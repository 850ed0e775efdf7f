//! What the public sees: status pages, and what stands around them, as functions of a snapshot and a language.
//!
//! Only the server renders them; they are complete without JavaScript. What they know is what
//! [`edgewatch_client::public_status`] holds. Who may see them, where they are mounted and how long they are kept is the
//! business of whoever calls this.

mod accent;
mod agreement_words;
mod agreements;
mod badge;
mod bars;
mod components;
mod doors;
mod embed;
mod frame;
mod history;
mod incidents;
pub mod looks;
mod maintenance;
mod message;
mod moments;
mod overview;
mod subscribe;
mod texts;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

pub use agreements::service_levels_page;
pub use badge::{latency_badge, state_badge, uptime_badge};
pub use doors::{Refusal, incident_not_found_page, not_found_page, password_page, sign_in_page};
pub use embed::{EMBED_SCRIPT, embed_page};
pub use frame::{Document, Frame, Seen};
pub use history::history_page;
pub use incidents::{incident_page, title as incident_title};
pub use message::{Links, MailText, NoticeText, confirmation_mail, notice_mail};
pub use overview::status_page;
pub use subscribe::{
    OwnSubscription, SubscribeForm, confirm_page, confirmed_page, ended_page, link_invalid_page, manage_page,
    sent_page, subscribe_page,
};
pub use texts::{Texts, escape, negotiate};

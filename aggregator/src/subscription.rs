//! Subscriptions to status pages: where they go, how they begin, and what links in messages carry.
//!
//! Nothing is stored of somebody who was not asked: until a subscription is confirmed all of it is in the link that was
//! sent, sealed and with an end.

pub mod limit;
pub mod outgoing;
pub mod webhook;

use crate::{
    mail,
    secret::{Purpose, Secrets},
    ssrf_guard::SsrfGuard,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use edgewatch_client::{status_page::PageLanguage, subscriber::Channel};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use url::Url;

/// How long a link to confirm is good for.
const CONFIRM_WITHIN: TimeDelta = TimeDelta::hours(24);

/// The longest URL of a webhook.
const MAX_URL_BYTES: usize = 2_000;

/// The most subscriptions of one page.
pub const SUBSCRIBERS_AT_MOST: i64 = 100_000;

/// Refusals for good, in a row, after which nothing is sent any more.
pub const FAILURES_AT_MOST: i16 = 3;

/// Somebody asks to be told of a page, and is to confirm it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The page.
    pub page: i32,
    /// How.
    pub channel: Channel,
    /// The address or URL.
    pub target: String,
    /// Components and groups; none: the whole page.
    pub components: Vec<i32>,
    /// The language.
    pub language: PageLanguage,
    /// Until when it can be confirmed.
    pub until: DateTime<Utc>,
}

impl Asked {
    /// Asked for now.
    pub fn new(
        page: i32,
        channel: Channel,
        target: String,
        components: Vec<i32>,
        language: PageLanguage,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            page,
            channel,
            target,
            components,
            language,
            until: now + CONFIRM_WITHIN,
        }
    }

    /// What its link carries.
    pub fn token(&self, secrets: &Secrets) -> String {
        let plain = serde_json::to_vec(self).unwrap_or_default();
        URL_SAFE_NO_PAD.encode(secrets.seal(Purpose::Subscriber, &place("confirm", self.page), &plain))
    }

    /// Reads what a link carries; `None` if it is another page's, was changed, or is too old.
    pub fn read(secrets: &Secrets, page: i32, token: &str, now: DateTime<Utc>) -> Option<Self> {
        let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
        let plain = secrets.open(Purpose::Subscriber, &place("confirm", page), &sealed)?;
        let asked: Self = serde_json::from_slice(&plain).ok()?;
        (now < asked.until).then_some(asked)
    }
}

/// What the links of a subscriber carry: who has it may change and end the subscription.
pub fn own_token(secrets: &Secrets, page: i32, subscriber: i32) -> String {
    let sealed = secrets.seal(
        Purpose::Subscriber,
        &place("own", page),
        &subscriber.to_be_bytes(),
    );
    URL_SAFE_NO_PAD.encode(sealed)
}

/// Whose subscription a link is about; `None` if it is another page's or was changed.
pub fn read_own_token(secrets: &Secrets, page: i32, token: &str) -> Option<i32> {
    let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
    let plain = secrets.open(Purpose::Subscriber, &place("own", page), &sealed)?;
    Some(i32::from_be_bytes(plain.try_into().ok()?))
}

/// An address or URL as it is stored.
pub fn seal_target(secrets: &Secrets, page: i32, target: &str) -> Vec<u8> {
    secrets.seal(Purpose::Subscriber, &place("target", page), target.as_bytes())
}

/// A stored address or URL; `None` where the installation's secret is another one.
pub fn open_target(secrets: &Secrets, page: i32, sealed: &[u8]) -> Option<String> {
    String::from_utf8(secrets.open(Purpose::Subscriber, &place("target", page), sealed)?).ok()
}

/// A webhook's key as it is stored.
pub fn seal_key(secrets: &Secrets, page: i32, key: &[u8]) -> Vec<u8> {
    secrets.seal(Purpose::Subscriber, &place("key", page), key)
}

/// A webhook's stored key.
pub fn open_key(secrets: &Secrets, page: i32, sealed: &[u8]) -> Option<Vec<u8>> {
    secrets.open(Purpose::Subscriber, &place("key", page), sealed)
}

/// What a target is found by: the same address written in other letters is the same.
pub fn hash_target(secrets: &Secrets, page: i32, channel: Channel, target: &str) -> Vec<u8> {
    let target = match channel {
        Channel::Email => target.to_lowercase(),
        Channel::Webhook | Channel::Slack => target.to_owned(),
    };
    let key = secrets.key(Purpose::SubscriberTarget);
    sign(&key, format!("{page} {} {target}", channel.as_str()).as_bytes())
}

/// HMAC-SHA256.
fn sign(key: &[u8], message: &[u8]) -> Vec<u8> {
    // HMAC takes keys of every length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// What binds something sealed to its use and page.
fn place(what: &str, page: i32) -> Vec<u8> {
    format!("{what} of page {page}").into_bytes()
}

/// A target as it is kept, or what is wrong with it, by the name of a message.
pub fn parse_target(channel: Channel, text: &str, guard: SsrfGuard) -> Result<String, &'static str> {
    let text = text.trim();
    if channel == Channel::Email {
        let sound = crate::auth::email::parse(text).is_ok() && mail::is_address(text);
        return sound.then(|| text.to_owned()).ok_or("subscribe-email-invalid");
    }
    // The address that its name leads to is looked at when it is dialled.
    let url = Url::parse(text).ok().filter(|url| {
        let literal = match url.host() {
            Some(url::Host::Ipv4(address)) => guard.check(address.into()).is_ok(),
            Some(url::Host::Ipv6(address)) => guard.check(address.into()).is_ok(),
            Some(url::Host::Domain(_)) => true,
            None => false,
        };
        let scheme = url.scheme() == "https" || (url.scheme() == "http" && guard.allow_private_targets);
        literal
            && scheme
            && text.len() <= MAX_URL_BYTES
            && url.username().is_empty()
            && url.password().is_none()
    });
    let mut url = url.ok_or("subscribe-url-invalid")?;
    url.set_fragment(None);
    Ok(url.into())
}

/// A target as it is shown: of a URL the host, because who knows all of it can send there.
pub fn show_target(channel: Channel, target: &str) -> String {
    if channel == Channel::Email {
        return target.to_owned();
    }
    let host = Url::parse(target)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned));
    host.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        Secrets::from_text(&"test".repeat(8)).unwrap()
    }

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + hour * 3600, 0).unwrap()
    }

    #[test]
    fn a_link_to_confirm_is_good_for_its_page_for_a_day() {
        let secrets = secrets();
        let asked = Asked::new(
            3,
            Channel::Email,
            "ann@example.org".to_owned(),
            vec![7],
            PageLanguage::De,
            at(0),
        );
        let token = asked.token(&secrets);
        assert_eq!(Asked::read(&secrets, 3, &token, at(23)), Some(asked.clone()));
        assert_eq!(Asked::read(&secrets, 3, &token, at(24)), None);
        assert_eq!(Asked::read(&secrets, 4, &token, at(0)), None);
        assert_eq!(Asked::read(&secrets, 3, &token[1..], at(0)), None);
        assert_eq!(
            read_own_token(&secrets, 3, &token),
            None,
            "it is for nothing else"
        );
        assert!(!token.contains("ann"));
        let other = Secrets::from_text(&"othe".repeat(8)).unwrap();
        assert_eq!(Asked::read(&other, 3, &token, at(0)), None);
    }

    #[test]
    fn a_link_of_ones_own_is_good_for_its_page() {
        let token = own_token(&secrets(), 3, 77);
        assert_eq!(read_own_token(&secrets(), 3, &token), Some(77));
        assert_eq!(read_own_token(&secrets(), 4, &token), None);
        assert_eq!(read_own_token(&secrets(), 3, "AAAA"), None);
    }

    #[test]
    fn an_address_is_found_however_it_is_written() {
        let hash = |page, channel, target| hash_target(&secrets(), page, channel, target);
        let ann = hash(1, Channel::Email, "ann@example.org");
        assert_eq!(ann, hash(1, Channel::Email, "Ann@Example.org"));
        assert_ne!(ann, hash(2, Channel::Email, "ann@example.org"));
        assert_ne!(
            hash(1, Channel::Webhook, "https://a.example/A"),
            hash(1, Channel::Webhook, "https://a.example/a")
        );
    }

    #[test]
    fn what_nothing_can_be_sent_to_is_refused() {
        let parse = |channel, text| parse_target(channel, text, SsrfGuard::default());
        assert_eq!(
            parse(Channel::Email, " ann@example.org "),
            Ok("ann@example.org".to_owned())
        );
        for bad in [
            "",
            "ann",
            "ann@",
            "a b@example.org",
            "a@example.org, b@example.org",
        ] {
            assert_eq!(
                parse(Channel::Email, bad),
                Err("subscribe-email-invalid"),
                "{bad}"
            );
        }
        assert_eq!(
            parse(Channel::Webhook, "https://hooks.example/a?b#c"),
            Ok("https://hooks.example/a?b".to_owned())
        );
        for bad in [
            "",
            "hooks.example",
            "http://hooks.example/",
            "https://user@hooks.example/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://169.254.169.254/latest",
            "ftp://hooks.example/",
        ] {
            assert_eq!(parse(Channel::Slack, bad), Err("subscribe-url-invalid"), "{bad}");
        }
        let open = SsrfGuard {
            allow_private_targets: true,
        };
        assert!(parse_target(Channel::Webhook, "http://127.0.0.1:9/", open).is_ok());
        assert!(parse_target(Channel::Webhook, "http://169.254.169.254/", open).is_err());
        assert_eq!(
            show_target(Channel::Slack, "https://hooks.example/T0/secret"),
            "hooks.example"
        );
    }
}

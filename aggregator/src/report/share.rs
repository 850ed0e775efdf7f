//! Links by which a report is read without an account: who has one has the report, until the link's end.
//!
//! All of it is in the link, sealed with the installation's key: nobody makes one without it, nobody changes its end, and
//! nothing is stored. A report that is deleted takes its links with it.

use crate::{
    secret::{Purpose, Secrets},
    settings::Settings,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};

/// What binds a token to its use.
const PLACE: &[u8] = b"report link";

/// What stands at the end of a link that gives the bundle, too.
const WITH_BUNDLE: &[u8] = b"b";

/// What a link gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shared {
    /// The report's number.
    pub report: i32,
    /// Whether its bundle, too.
    pub bundle: bool,
}

/// The token of a link to a report.
pub fn token(secrets: &Secrets, shared: Shared, until: DateTime<Utc>) -> String {
    let bundle = if shared.bundle { WITH_BUNDLE } else { &[] };
    let (report, until) = (shared.report.to_be_bytes(), until.timestamp().to_be_bytes());
    let plain = [&report[..], &until[..], bundle].concat();
    URL_SAFE_NO_PAD.encode(secrets.seal(Purpose::ReportLink, PLACE, &plain))
}

/// What a token gives; `None` if it was changed, or its time is over.
pub fn read_token(secrets: &Secrets, token: &str, now: DateTime<Utc>) -> Option<Shared> {
    let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
    let plain = secrets.open(Purpose::ReportLink, PLACE, &sealed)?;
    let (report, rest) = plain.split_first_chunk::<4>()?;
    let (until, bundle) = rest.split_first_chunk::<8>()?;
    let shared = Shared {
        report: i32::from_be_bytes(*report),
        bundle: bundle == WITH_BUNDLE,
    };
    (now.timestamp() < i64::from_be_bytes(*until)).then_some(shared)
}

/// Where a token leads; without an address of the installation, only its path.
pub fn url(settings: &Settings, token: &str) -> String {
    let path = format!("/shared/reports/{token}");
    let joined = settings.public_url.as_ref().and_then(|url| url.join(&path).ok());
    joined.map_or(path, String::from)
}

/// Where the bundle is that a token gives.
pub fn bundle_url(settings: &Settings, token: &str) -> String {
    format!("{}/bundle", url(settings, token))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_good_for_its_report_until_its_end_and_cannot_be_changed() {
        let secrets = Secrets::from_text(&"test".repeat(8)).unwrap();
        let at = |second: i64| DateTime::from_timestamp(1_800_000_000 + second, 0).unwrap();
        let [shared, with_bundle] = [false, true].map(|bundle| Shared { report: 12, bundle });
        let made = token(&secrets, with_bundle, at(60));
        assert_eq!(read_token(&secrets, &made, at(59)), Some(with_bundle));
        let made = token(&secrets, shared, at(60));
        assert_eq!(read_token(&secrets, &made, at(59)), Some(shared));
        assert_eq!(read_token(&secrets, &made, at(60)), None);
        let mut bytes = URL_SAFE_NO_PAD.decode(&made).unwrap();
        for place in 0..bytes.len() {
            bytes[place] ^= 1;
            assert_eq!(read_token(&secrets, &URL_SAFE_NO_PAD.encode(&bytes), at(0)), None);
            bytes[place] ^= 1;
        }
        let other = Secrets::from_text(&"other".repeat(8)).unwrap();
        assert_eq!(read_token(&other, &made, at(0)), None);
    }
}

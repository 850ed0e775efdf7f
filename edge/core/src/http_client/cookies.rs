//! The cookies of one attempt (RFC 6265): kept from answer to request, and forgotten with the attempt.
//!
//! There is no list of public suffixes: a cookie for a whole top-level domain is refused, one for `co.uk` is not. It
//! reaches nothing but the hosts that the same check goes to.

use http::{HeaderMap, header::SET_COOKIE};
use url::{Host, Url};

/// The most cookies that are kept.
const MAX_COOKIES: usize = 100;
/// The longest cookie that is taken, in bytes.
const MAX_COOKIE_BYTES: usize = 4 << 10;

/// What the answers of an attempt have set so far.
#[derive(Debug, Default)]
pub struct CookieJar {
    cookies: Vec<Cookie>,
}

struct Cookie {
    name: String,
    value: String,
    /// Of a cookie with a `Domain`, also the hosts below it.
    domain: String,
    host_only: bool,
    path: String,
    secure: bool,
    /// Unix milliseconds; `None` lasts as long as the jar.
    expires_ms: Option<i64>,
}

impl std::fmt::Debug for Cookie {
    /// Without the value, which is a secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cookie({} of {}{})", self.name, self.domain, self.path)
    }
}

impl CookieJar {
    /// Takes what an answer sets; of a cookie that cannot be taken nothing is said, as browsers do.
    pub fn take(&mut self, url: &Url, headers: &HeaderMap, now_ms: i64) {
        for field in headers.get_all(SET_COOKIE) {
            let Some(cookie) = std::str::from_utf8(field.as_bytes())
                .ok()
                .filter(|text| text.len() <= MAX_COOKIE_BYTES)
                .and_then(|text| Cookie::of_field(text, url, now_ms))
            else {
                continue;
            };
            let is_same = |other: &Cookie| {
                (&other.name, &other.domain, &other.path) == (&cookie.name, &cookie.domain, &cookie.path)
            };
            let is_over = cookie.is_over(now_ms);
            match self.cookies.iter().position(is_same) {
                Some(index) if is_over => drop(self.cookies.remove(index)),
                Some(index) => self.cookies[index] = cookie,
                None if is_over || self.cookies.len() >= MAX_COOKIES => {}
                None => self.cookies.push(cookie),
            }
        }
    }

    /// The value of the `Cookie` header for a request, if there is anything to send.
    pub fn header(&self, url: &Url, now_ms: i64) -> Option<String> {
        let mut sent: Vec<&Cookie> = self
            .cookies
            .iter()
            .filter(|cookie| cookie.goes_to(url) && !cookie.is_over(now_ms))
            .collect();
        // Longer paths first; the sort is stable, so that the older one goes before the younger one.
        sent.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> = sent
            .iter()
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

impl Cookie {
    /// RFC 6265, 5.2 and 5.3.
    fn of_field(text: &str, url: &Url, now_ms: i64) -> Option<Self> {
        let mut parts = text.split(';');
        let (name, value) = parts.next()?.split_once('=')?;
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() || value.contains(char::is_control) || name.contains(char::is_control) {
            return None;
        }
        let host = url.host_str()?;
        let mut cookie = Self {
            name: name.to_owned(),
            value: value.to_owned(),
            domain: host.to_owned(),
            host_only: true,
            path: default_path(url.path()),
            secure: false,
            expires_ms: None,
        };
        let mut has_max_age = false;
        for attribute in parts {
            let (name, value) = attribute.split_once('=').unwrap_or((attribute, ""));
            let value = value.trim();
            match name.trim().to_ascii_lowercase().as_str() {
                "domain" => {
                    let domain = value.strip_prefix('.').unwrap_or(value).to_ascii_lowercase();
                    if domain.is_empty() || domain == host {
                        // The host's own name says no more than that the hosts below it are meant as well.
                        cookie.host_only &= domain.is_empty();
                    } else if domain.contains('.') && is_below(url, &domain) {
                        (cookie.domain, cookie.host_only) = (domain, false);
                    } else {
                        return None;
                    }
                }
                "path" if value.starts_with('/') => value.clone_into(&mut cookie.path),
                "path" => cookie.path = default_path(url.path()),
                "secure" => cookie.secure = true,
                "max-age" => {
                    if let Ok(seconds) = value.parse::<i64>() {
                        has_max_age = true;
                        cookie.expires_ms = Some(now_ms.saturating_add(seconds.max(0).saturating_mul(1000)));
                    }
                }
                "expires" if !has_max_age => cookie.expires_ms = parse_date(value).or(cookie.expires_ms),
                _ => {}
            }
        }
        Some(cookie)
    }

    fn is_over(&self, now_ms: i64) -> bool {
        self.expires_ms.is_some_and(|expires_ms| expires_ms <= now_ms)
    }

    fn goes_to(&self, url: &Url) -> bool {
        let host = url.host_str().unwrap_or_default();
        let path = url.path();
        let path_matches = path
            .strip_prefix(self.path.as_str())
            .is_some_and(|rest| rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/'));
        path_matches
            && (host == self.domain || (!self.host_only && is_below(url, &self.domain)))
            && (!self.secure || url.scheme() == "https")
    }
}

/// Whether a URL's host is a name below a domain. Addresses are below nothing.
fn is_below(url: &Url, domain: &str) -> bool {
    let Some(Host::Domain(host)) = url.host() else {
        return false;
    };
    host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// RFC 6265, 5.1.4.
fn default_path(path: &str) -> String {
    match path.rfind('/') {
        None | Some(0) => "/".to_owned(),
        Some(last) => path[..last].to_owned(),
    }
}

/// A date in any of the forms that servers write: RFC 6265, 5.1.1. Unix milliseconds.
fn parse_date(text: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    let is_delimiter = |c: char| !(c.is_ascii_alphanumeric() || c == ':' || !c.is_ascii());
    for token in text.split(is_delimiter).filter(|token| !token.is_empty()) {
        let digits = token.bytes().take_while(u8::is_ascii_digit).count();
        let number = || token[..digits].parse::<i64>().ok();
        let name = token.get(..3).map(str::to_ascii_lowercase);
        if time.is_none() && token.contains(':') {
            let parts: Vec<i64> = token.split(':').map_while(|part| part.parse().ok()).collect();
            if let [hours @ 0..24, minutes @ 0..60, seconds @ 0..60] = parts[..] {
                time = Some((hours * 60 + minutes) * 60 + seconds);
            }
        } else if day.is_none() && (1..=2).contains(&digits) {
            day = number();
        } else if let (None, Some(at)) = (
            month,
            MONTHS.iter().position(|month| name.as_deref() == Some(month)),
        ) {
            month = Some(at as i64 + 1);
        } else if year.is_none() && (2..=4).contains(&digits) {
            year = number().map(|year| match year {
                70..=99 => year + 1900,
                0..=69 => year + 2000,
                year => year,
            });
        }
    }
    let (time, day, month, year) = (time?, day?, month?, year?);
    if !(1..=31).contains(&day) || year < 1601 {
        return None;
    }
    Some((days_since_1970(year, month, day) * 86_400 + time) * 1000)
}

/// Days from 1970-01-01 in the proleptic Gregorian calendar, the year begun in March so that leap days come last.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    365 * year + year / 4 - year / 100 + year / 400 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    /// 2023-11-14T22:13:20Z.
    const NOW_MS: i64 = 1_700_000_000_000;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn sent(from: &str, fields: &[&str], to: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(SET_COOKIE, HeaderValue::from_str(field).unwrap());
        }
        let mut jar = CookieJar::default();
        jar.take(&url(from), &headers, NOW_MS);
        jar.header(&url(to), NOW_MS)
    }

    #[test]
    fn hosts() {
        let from = "https://app.example.com/";
        let to = |field, to| sent(from, &[field], to);
        assert_eq!(to("a=1", "https://app.example.com/x").as_deref(), Some("a=1"));
        assert_eq!(to("a=1", "https://www.example.com/"), None);
        assert_eq!(to("a=1", "https://sub.app.example.com/"), None);
        let wide = "a=1; Domain=.Example.com";
        assert_eq!(to(wide, "https://www.example.com/").as_deref(), Some("a=1"));
        assert_eq!(to(wide, "https://example.com/").as_deref(), Some("a=1"));
        assert_eq!(to(wide, "https://badexample.com/"), None);
        let own = "a=1; domain=app.example.com";
        assert_eq!(to(own, "https://x.app.example.com/").as_deref(), Some("a=1"));
        for foreign in [
            "a=1; Domain=other.com",
            "a=1; Domain=com",
            "a=1; Domain=sub.app.example.com",
        ] {
            assert_eq!(to(foreign, from), None, "{foreign}");
        }
        let by_address = sent("http://10.0.0.1/", &["a=1; Domain=0.0.1"], "http://10.0.0.1/");
        assert_eq!(by_address, None);
        let port = sent("http://10.0.0.1:81/", &["a=1"], "http://10.0.0.1:82/");
        assert_eq!(port.as_deref(), Some("a=1"), "cookies know no ports");
    }

    #[test]
    fn paths_and_order() {
        let to = |to| {
            sent(
                "http://h.example/a/b",
                &["x=1", "y=2; Path=/", "z=3; path=/a/b/"],
                to,
            )
        };
        assert_eq!(to("http://h.example/a/c").as_deref(), Some("x=1; y=2"));
        assert_eq!(to("http://h.example/a/b/c").as_deref(), Some("z=3; x=1; y=2"));
        assert_eq!(to("http://h.example/ab").as_deref(), Some("y=2"));
    }

    #[test]
    fn secure_ones_go_by_https_alone() {
        let to = |to| sent("https://h.example/", &["a=1; Secure; HttpOnly; SameSite=Lax"], to);
        assert_eq!(to("https://h.example/").as_deref(), Some("a=1"));
        assert_eq!(to("http://h.example/"), None);
    }

    #[test]
    fn ends() {
        let at = "http://h.example/";
        assert_eq!(sent(at, &["a=1; Max-Age=60"], at).as_deref(), Some("a=1"));
        for over in [
            "a=1; Max-Age=0",
            "a=1; Max-Age=-1; Expires=Fri, 01 Jan 2038 00:00:00 GMT",
            "a=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "a=1; expires=Tuesday, 14-Nov-23 22:13:20 GMT",
        ] {
            assert_eq!(sent(at, &[over], at), None, "{over}");
        }
        let later = "a=1; Expires=Tue Nov 14 22:13:21 2023";
        assert_eq!(sent(at, &[later], at).as_deref(), Some("a=1"));
        assert_eq!(sent(at, &["a=1", "a=2"], at).as_deref(), Some("a=2"));
        assert_eq!(sent(at, &["a=1", "a=; Max-Age=0"], at), None, "taken back");
        for odd in ["a", "=1", "a=1\u{80}; Expires=nonsense"] {
            let _ = sent(at, &[odd.trim_end_matches('\u{80}')], at);
        }
    }

    #[test]
    fn dates() {
        for (text, seconds) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
            ("Sun Nov  6 08:49:37 1994", 784_111_777),
            ("Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_800),
        ] {
            assert_eq!(parse_date(text), Some(seconds * 1000), "{text}");
        }
        for bad in [
            "",
            "tomorrow",
            "06 Nov 1994",
            "32 Nov 1994 00:00:00",
            "6 Nov 1994 24:00:00",
        ] {
            assert_eq!(parse_date(bad), None, "{bad}");
        }
    }
}

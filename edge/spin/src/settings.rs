//! What whoever deploys the application has set: variables of `spin.toml`.

use crate::tick_token::MIN_TOKEN_CHARS;
use edgewatch_core::config::ProbeConfig;
use edgewatch_protocol::{identity::derive_key, name::Region};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use spin_sdk::variables;
use std::{fmt::Display, str::FromStr};
use url::Url;

/// The resolver used when none is set.
const DEFAULT_DOH_URL: &str = "https://cloudflare-dns.com/dns-query";
/// How long a turn goes on making rounds when nothing is set: until shortly before the next minute's cron.
const DEFAULT_TURN_S: u32 = 50;
/// The most that may be set: longer turns would only hold up those that follow.
const MAX_TURN_S: u32 = 55;

/// The settings of one deployment. Has no `Debug`, so that its secrets never reach a log.
pub struct Settings {
    /// What the core is told: `region`, `aggregator_url`, `probe_seed` and `enrolment_token`.
    pub probe: ProbeConfig,
    /// `doh_url`: a resolver that speaks RFC 8484.
    pub doh_url: Url,
    /// `turn_seconds`: how long a turn goes on making rounds.
    pub turn_s: u32,
    /// `ipv6`: whether the machine underneath reaches IPv6 addresses.
    pub ipv6: bool,
    /// `extra_roots`: PEM certificates to trust beside Mozilla's, as DER.
    pub extra_roots: Vec<Vec<u8>>,
}

impl Settings {
    /// Reads them; an error names the variable and what it should be, in one line without its value.
    pub async fn read() -> Result<Self, String> {
        let region: Region = read("region").await?;
        let seed = required("probe_seed", "a secret of 32 characters or more").await?;
        let extra_roots = optional("extra_roots").await.unwrap_or_default();
        let turn_s = optional("turn_seconds").await;
        Ok(Self {
            probe: ProbeConfig {
                aggregator_url: url(
                    "aggregator_url",
                    &required("aggregator_url", "the aggregator's origin").await?,
                )?,
                key: derive_key(&seed, &region)?,
                region,
                enrolment_token: optional("enrolment_token").await,
            },
            doh_url: url(
                "doh_url",
                &optional("doh_url")
                    .await
                    .unwrap_or_else(|| DEFAULT_DOH_URL.to_owned()),
            )?,
            turn_s: turn_s.map_or(Ok(DEFAULT_TURN_S), |text| turn_seconds(&text))?,
            ipv6: optional("ipv6").await.is_some_and(|value| value == "yes"),
            extra_roots: certificates(&extra_roots)?,
        })
    }
}

/// The region's name, which is no secret.
pub async fn region() -> Result<Region, String> {
    read("region").await
}

/// The token of the HTTP trigger; `None` when it is not set, and an error when it is too short to be one.
pub async fn tick_token() -> Result<Option<String>, String> {
    match optional("tick_token").await {
        Some(token) if token.chars().count() < MIN_TOKEN_CHARS => Err(format!(
            "the variable `tick_token` needs {MIN_TOKEN_CHARS} characters or more: make one with `openssl rand -hex 32`"
        )),
        token => Ok(token),
    }
}

/// A variable; one that is empty, or not declared, counts as absent.
async fn optional(name: &str) -> Option<String> {
    let value = variables::get(name).await.ok()?;
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

async fn required(name: &str, what: &str) -> Result<String, String> {
    let value = optional(name).await;
    value.ok_or_else(|| format!("the variable `{name}` is not set: {what}"))
}

async fn read<T: FromStr<Err: Display>>(name: &str) -> Result<T, String> {
    let value = required(name, "such as `frankfurt`").await?;
    value
        .parse()
        .map_err(|error| format!("the variable `{name}`: {error}"))
}

fn turn_seconds(text: &str) -> Result<u32, String> {
    let seconds = text.parse().ok().filter(|seconds| *seconds <= MAX_TURN_S);
    seconds.ok_or_else(|| format!("the variable `turn_seconds` must be a number from 0 to {MAX_TURN_S}"))
}

fn url(name: &str, text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("the variable `{name}` is not a URL: {error}"))?;
    if matches!(url.scheme(), "http" | "https") {
        Ok(url)
    } else {
        Err(format!(
            "the variable `{name}` must begin with http:// or https://"
        ))
    }
}

fn certificates(pem: &str) -> Result<Vec<Vec<u8>>, String> {
    CertificateDer::pem_slice_iter(pem.as_bytes())
        .map(|certificate| certificate.map(|der| der.as_ref().to_vec()))
        .collect::<Result<_, _>>()
        .map_err(|error| format!("the variable `extra_roots` is not PEM: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_meant_is_refused_with_the_variables_name() {
        assert_eq!(turn_seconds("0"), Ok(0));
        for wrong in ["56", "-1", "a minute", "1.5"] {
            assert!(turn_seconds(wrong).is_err_and(|error| error.contains("`turn_seconds`")));
        }
        assert!(url("doh_url", "https://dns.example/dns-query").is_ok());
        for wrong in ["dns.example", "ftp://dns.example/"] {
            assert!(url("doh_url", wrong).is_err_and(|error| error.contains("`doh_url`")));
        }
        assert_eq!(certificates(""), Ok(vec![]));
        let broken = "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
        assert!(certificates(broken).is_err_and(|error| error.contains("`extra_roots`")));
    }
}

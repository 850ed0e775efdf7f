//! What whoever deploys the worker has set: variables of `wrangler.toml`, and secrets.

use ed25519_dalek::VerifyingKey;
use edgewatch_protocol::region_list::{RegionEntry, parse_regions};
use rustls_pki_types::{CertificateDer, pem::PemObject as _};
use worker::{Env, Url};

/// The resolver used when none is set.
const DEFAULT_DOH_URL: &str = "https://cloudflare-dns.com/dns-query";
/// Where a worker learns where it runs.
const DEFAULT_PLACE_URL: &str = "https://cloudflare.com/cdn-cgi/trace";

/// A worker may have six connections. One is left for a socket that is still being closed, lest the next check waits for
/// it and counts the wait as the target's.
const MAX_CONCURRENT: usize = 5;

/// The settings of one deployment. Has no `Debug`, so that its secrets never reach a log.
pub struct Settings {
    /// `EDGEWATCH_AGGREGATOR_URL`.
    pub aggregator_url: Url,
    /// `EDGEWATCH_PROBE_SEED`, a secret.
    pub seed: String,
    /// `EDGEWATCH_ENROLMENT_TOKEN`, a secret; not needed once the probes are enrolled.
    pub enrolment_token: Option<String>,
    /// `EDGEWATCH_DOH_URL`: a resolver that speaks RFC 8484.
    pub doh_url: Url,
    /// `EDGEWATCH_PLACE_URL`: an address that answers like `/cdn-cgi/trace`; `None` where nothing would be true.
    pub place_url: Option<Url>,
    /// `EDGEWATCH_MAX_CONCURRENT`: how many checks an object makes at a time.
    pub max_concurrent: usize,
    /// `EDGEWATCH_EXTRA_ROOTS`: PEM certificates to trust beside Mozilla's, as DER.
    pub extra_roots: Vec<Vec<u8>>,
    /// `EDGEWATCH_LOCAL_TARGETS=allow`: the worker runs on a machine of one's own, where sockets reach private and
    /// Cloudflare's addresses alike.
    pub local: bool,
}

impl Settings {
    /// Reads them; an error names the setting and what it should be, in one line without its value.
    pub fn read(env: &Env) -> Result<Self, String> {
        let local = optional(env, "EDGEWATCH_LOCAL_TARGETS").is_some_and(|value| value == "allow");
        let default_place = if local {
            None
        } else {
            Some(DEFAULT_PLACE_URL.to_owned())
        };
        let extra_roots = optional(env, "EDGEWATCH_EXTRA_ROOTS").unwrap_or_default();
        Ok(Self {
            aggregator_url: url(
                "EDGEWATCH_AGGREGATOR_URL",
                &required(
                    env,
                    "EDGEWATCH_AGGREGATOR_URL",
                    "the aggregator's origin in [vars] of wrangler.toml",
                )?,
            )?,
            seed: required(
                env,
                "EDGEWATCH_PROBE_SEED",
                "a secret of 32 characters or more: `wrangler secret put`",
            )?,
            enrolment_token: optional(env, "EDGEWATCH_ENROLMENT_TOKEN"),
            doh_url: url(
                "EDGEWATCH_DOH_URL",
                &optional(env, "EDGEWATCH_DOH_URL").unwrap_or_else(|| DEFAULT_DOH_URL.to_owned()),
            )?,
            place_url: optional(env, "EDGEWATCH_PLACE_URL")
                .or(default_place)
                .map(|text| url("EDGEWATCH_PLACE_URL", &text))
                .transpose()?,
            max_concurrent: max_concurrent(optional(env, "EDGEWATCH_MAX_CONCURRENT"))?,
            extra_roots: CertificateDer::pem_slice_iter(extra_roots.as_bytes())
                .map(|certificate| certificate.map(|der| der.as_ref().to_vec()))
                .collect::<Result<_, _>>()
                .map_err(|error| format!("EDGEWATCH_EXTRA_ROOTS is not PEM: {error}"))?,
            local,
        })
    }
}

/// What serving status pages needs.
pub struct PageSettings {
    /// `EDGEWATCH_PAGES_KEY`: the public key of the installation whose pages are served.
    pub key: VerifyingKey,
    /// `EDGEWATCH_PAGES_URL`: where they are served first, if that is not where the probe endpoints are.
    pub origin: Url,
}

impl PageSettings {
    /// Reads them; `None` where no pages are served.
    pub fn read(env: &Env) -> Result<Option<Self>, String> {
        let Some(key) = optional(env, "EDGEWATCH_PAGES_KEY") else {
            return Ok(None);
        };
        let bytes = hex::decode(key).ok().and_then(|bytes| bytes.try_into().ok());
        let key = bytes.and_then(|bytes| VerifyingKey::from_bytes(&bytes).ok());
        let origin =
            optional(env, "EDGEWATCH_PAGES_URL").or_else(|| optional(env, "EDGEWATCH_AGGREGATOR_URL"));
        Ok(Some(Self {
            key: key.ok_or("EDGEWATCH_PAGES_KEY is not a key as `edgewatch pages-key` prints it")?,
            origin: url("EDGEWATCH_PAGES_URL", &origin.unwrap_or_default())?,
        }))
    }
}

/// `EDGEWATCH_REGIONS`, which every trigger needs and which is no secret.
pub fn configured_regions(env: &Env) -> Result<Vec<RegionEntry>, String> {
    let list = required(env, "EDGEWATCH_REGIONS", "a list such as `weur,enam,apac`")?;
    parse_regions(&list).map_err(|error| format!("EDGEWATCH_REGIONS: {error}"))
}

fn max_concurrent(text: Option<String>) -> Result<usize, String> {
    let Some(text) = text else {
        return Ok(MAX_CONCURRENT);
    };
    let number = text
        .parse()
        .ok()
        .filter(|number| (1..=MAX_CONCURRENT).contains(number));
    number.ok_or_else(|| format!("EDGEWATCH_MAX_CONCURRENT is `{text}`: use 1 to {MAX_CONCURRENT}"))
}

/// A variable or a secret; an empty one counts as absent.
fn optional(env: &Env, name: &str) -> Option<String> {
    let value = env.var(name).ok()?.to_string();
    let value = value.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn required(env: &Env, name: &str, what: &str) -> Result<String, String> {
    optional(env, name).ok_or_else(|| format!("{name} is not set: {what}"))
}

fn url(name: &str, text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("{name} is not a URL: {error}"))?;
    if matches!(url.scheme(), "http" | "https") {
        Ok(url)
    } else {
        Err(format!("{name} must begin with http:// or https://"))
    }
}

//! What an agent is told: by its environment, and by a YAML file for whoever prefers one. The environment wins.

use crate::{
    AddressPolicy, Agent, AgentOptions, NativePlatform,
    script::{Scripts, check_scripts},
};
use edgewatch_core::config::ProbeConfig;
use edgewatch_protocol::{
    identity::{Fingerprint, derive_key},
    name::Region,
};
use rustls::pki_types::{CertificateDer, pem::PemObject as _};
use serde::Deserialize;
use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};
use url::Url;

/// What is logged unless the configuration says otherwise.
pub const DEFAULT_LOG: &str = "info,hyper=warn";

/// How many checks may run at a time unless the configuration says otherwise.
pub const DEFAULT_MAX_CONCURRENT: usize = 1_000;

/// The most that may be configured: beyond it a process runs out of ports before anything else.
const MAX_CONCURRENT: usize = 20_000;

/// How much may wait to be sent, in MiB on the disk, unless the configuration says otherwise: 8,192 records. 5,000 monitors
/// every ten seconds see 1.8 million observations in an hour, which fit while each has up to 1,100 bytes.
pub const DEFAULT_OUTBOX_MIB: usize = 2_048;

/// The most that may be configured: the names of all records are read with each write.
const MAX_OUTBOX_MIB: usize = 16_384;

/// Where the state is kept unless the configuration says otherwise.
const DEFAULT_STATE_DIR: &str = "/var/lib/edgewatch-agent";

/// The file of a seed that the agent made itself.
const SEED_FILE: &str = "seed";

/// The settings, as the file has them and the environment overrides them. Has no `Debug`: two of them are secrets.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AgentConfig {
    /// `EDGEWATCH_REGION`: the region that the agent serves.
    pub region: Option<String>,
    /// `EDGEWATCH_AGGREGATOR_URL`: the aggregator's origin.
    pub aggregator_url: Option<String>,
    /// `EDGEWATCH_PROBE_SEED`: the secret that the key is derived from. Absent: made at the first start and kept in the
    /// state directory.
    pub seed: Option<String>,
    /// `EDGEWATCH_PROBE_SEED_FILE`: a file that holds the seed.
    pub seed_file: Option<PathBuf>,
    /// `EDGEWATCH_ENROLMENT_TOKEN`: the token to enrol with; not needed any more once the agent is enrolled.
    pub enrolment_token: Option<String>,
    /// `EDGEWATCH_ENROLMENT_TOKEN_FILE`: a file that holds the token.
    pub enrolment_token_file: Option<PathBuf>,
    /// `EDGEWATCH_STATE_DIR`: the directory of everything that must outlive the process.
    pub state_dir: Option<PathBuf>,
    /// `EDGEWATCH_MAX_CONCURRENT`: how many checks may run at a time.
    pub max_concurrent: Option<usize>,
    /// `EDGEWATCH_OUTBOX_MIB`: how much may wait in the state directory to be sent, MiB.
    pub outbox_mib: Option<usize>,
    /// `EDGEWATCH_EXTRA_ROOTS`: certificates to trust beside Mozilla's: PEM, or the path of a PEM file.
    pub extra_roots: Option<String>,
    /// The scripts that checks may name; in the file alone.
    pub scripts: Scripts,
    /// `EDGEWATCH_LOG`: the log filter.
    pub log: Option<String>,
}

impl AgentConfig {
    /// Reads the file, if one is given, and then the environment. A variable that is empty counts as absent.
    ///
    /// # Errors
    /// What is wrong and where, in one line without the value of a secret.
    pub fn read(file: Option<&Path>, variable: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let mut config = match file {
            Some(path) => {
                let text =
                    fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
                Self::parse(&text).map_err(|error| format!("{}: {error}", path.display()))?
            }
            None => Self::default(),
        };
        let variable = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        override_by(&mut config.region, variable("EDGEWATCH_REGION"));
        override_by(&mut config.aggregator_url, variable("EDGEWATCH_AGGREGATOR_URL"));
        let (seed, seed_file) = (
            variable("EDGEWATCH_PROBE_SEED"),
            variable("EDGEWATCH_PROBE_SEED_FILE"),
        );
        if seed.is_some() || seed_file.is_some() {
            (config.seed, config.seed_file) = (seed, seed_file.map(PathBuf::from));
        }
        let (token, token_file) = (
            variable("EDGEWATCH_ENROLMENT_TOKEN"),
            variable("EDGEWATCH_ENROLMENT_TOKEN_FILE"),
        );
        if token.is_some() || token_file.is_some() {
            (config.enrolment_token, config.enrolment_token_file) = (token, token_file.map(PathBuf::from));
        }
        override_by(
            &mut config.state_dir,
            variable("EDGEWATCH_STATE_DIR").map(PathBuf::from),
        );
        for (name, setting) in [
            ("EDGEWATCH_MAX_CONCURRENT", &mut config.max_concurrent),
            ("EDGEWATCH_OUTBOX_MIB", &mut config.outbox_mib),
        ] {
            override_by(
                setting,
                variable(name).map(|value| number(name, &value)).transpose()?,
            );
        }
        override_by(&mut config.extra_roots, variable("EDGEWATCH_EXTRA_ROOTS"));
        override_by(&mut config.log, variable("EDGEWATCH_LOG"));
        Ok(config)
    }

    /// Reads a file's text.
    fn parse(text: &str) -> Result<Self, String> {
        let is_empty = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
        if text.lines().all(is_empty) {
            return Ok(Self::default());
        }
        let options = serde_saphyr::options! { with_snippet: false };
        serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let message = error.render_with_formatter(&serde_saphyr::UserMessageFormatter);
            message.lines().next().unwrap_or_default().to_owned()
        })
    }

    /// The log filter.
    pub fn log(&self) -> &str {
        self.log.as_deref().unwrap_or(DEFAULT_LOG)
    }

    /// What the settings come to.
    ///
    /// # Errors
    /// The first setting that is missing or wrong, in one line without the value of a secret.
    pub fn check(&self) -> Result<CheckedConfig, String> {
        let region = required(
            self.region.as_deref(),
            "region",
            "EDGEWATCH_REGION",
            "such as `office`",
        )?;
        let region: Region = region
            .parse()
            .map_err(|error| format!("region (EDGEWATCH_REGION) is not a name: {error}"))?;
        let url = required(
            self.aggregator_url.as_deref(),
            "aggregator_url",
            "EDGEWATCH_AGGREGATOR_URL",
            "the aggregator's origin, such as `https://status.example.org`",
        )?;
        let aggregator_url = Url::parse(url)
            .map_err(|error| format!("aggregator_url (EDGEWATCH_AGGREGATOR_URL) is not a URL: {error}"))?;
        if !matches!(aggregator_url.scheme(), "http" | "https") || !aggregator_url.has_host() {
            return Err(
                "aggregator_url (EDGEWATCH_AGGREGATOR_URL) must begin with http:// or https://".to_owned(),
            );
        }
        let seed = secret(self.seed.as_deref(), self.seed_file.as_deref(), "seed")?;
        let enrolment_token = secret(
            self.enrolment_token.as_deref(),
            self.enrolment_token_file.as_deref(),
            "enrolment_token",
        )?;
        if let Some(seed) = &seed {
            derive_key(seed, &region)?;
        }
        let max_concurrent = self.max_concurrent.unwrap_or(DEFAULT_MAX_CONCURRENT);
        if !(1..=MAX_CONCURRENT).contains(&max_concurrent) {
            return Err(format!(
                "max_concurrent (EDGEWATCH_MAX_CONCURRENT) must be from 1 to {MAX_CONCURRENT}"
            ));
        }
        let outbox_mib = self.outbox_mib.unwrap_or(DEFAULT_OUTBOX_MIB);
        if !(1..=MAX_OUTBOX_MIB).contains(&outbox_mib) {
            return Err(format!(
                "outbox_mib (EDGEWATCH_OUTBOX_MIB) must be from 1 to {MAX_OUTBOX_MIB}"
            ));
        }
        check_scripts(&self.scripts)?;
        let state_dir = self.state_dir.clone();
        Ok(CheckedConfig {
            region,
            aggregator_url,
            seed,
            enrolment_token,
            state_dir: state_dir.unwrap_or_else(|| PathBuf::from(DEFAULT_STATE_DIR)),
            max_concurrent,
            outbox_mib,
            extra_roots: extra_roots(self.extra_roots.as_deref())?,
            scripts: self.scripts.clone(),
        })
    }
}

/// Settings that hold. Has no `Debug`: two of them are secrets.
pub struct CheckedConfig {
    /// The region.
    pub region: Region,
    /// The aggregator's origin.
    pub aggregator_url: Url,
    /// The seed, if one was given.
    pub seed: Option<String>,
    /// The enrolment token, if one was given.
    pub enrolment_token: Option<String>,
    /// The state directory.
    pub state_dir: PathBuf,
    /// How many checks may run at a time.
    pub max_concurrent: usize,
    /// How much may wait in the state directory to be sent, MiB.
    pub outbox_mib: usize,
    /// Certificates to trust beside Mozilla's, as DER.
    pub extra_roots: Vec<Vec<u8>>,
    /// The scripts that checks may name.
    pub scripts: Scripts,
}

impl CheckedConfig {
    /// The fingerprint of the key; `None` while the seed is still to be made.
    ///
    /// # Errors
    /// When the seed that was kept cannot be read.
    pub fn fingerprint(&self) -> Result<Option<Fingerprint>, String> {
        let seed = match &self.seed {
            Some(seed) => Some(seed.clone()),
            None => kept_seed(&self.state_dir)?,
        };
        let key = seed.map(|seed| derive_key(&seed, &self.region)).transpose()?;
        Ok(key.map(|key| Fingerprint::of(&key.verifying_key())))
    }

    /// Makes the agent; and its seed, if none was given and this is its first start.
    ///
    /// # Errors
    /// What is wrong with the state directory or the roots, in one line.
    pub fn into_agent(self) -> Result<Agent, String> {
        self.into_agent_on(NativePlatform::unrestricted())
    }

    /// The same, where checks dial only what the policy lets them.
    ///
    /// # Errors
    /// What is wrong with the state directory or the roots, in one line.
    pub fn into_agent_within(self, may_dial: AddressPolicy) -> Result<Agent, String> {
        self.into_agent_on(NativePlatform::new(may_dial))
    }

    fn into_agent_on(self, platform: NativePlatform) -> Result<Agent, String> {
        let seed = match self.seed {
            Some(seed) => seed,
            None => match kept_seed(&self.state_dir)? {
                Some(seed) => seed,
                None => make_seed(&self.state_dir)?,
            },
        };
        Agent::new(AgentOptions {
            probe: ProbeConfig {
                key: derive_key(&seed, &self.region)?,
                aggregator_url: self.aggregator_url,
                region: self.region,
                enrolment_token: self.enrolment_token,
            },
            platform: platform
                .with_extra_roots(self.extra_roots)
                .with_scripts(self.scripts),
            state_dir: self.state_dir,
            max_concurrent: self.max_concurrent,
            outbox_mib: self.outbox_mib,
        })
    }
}

fn override_by<T>(setting: &mut Option<T>, variable: Option<T>) {
    if variable.is_some() {
        *setting = variable;
    }
}

fn number(name: &str, value: &str) -> Result<usize, String> {
    let number = value.trim().parse();
    number.map_err(|_| format!("{name} is not a number: `{value}`"))
}

fn required<'a>(setting: Option<&'a str>, name: &str, variable: &str, what: &str) -> Result<&'a str, String> {
    setting.ok_or_else(|| format!("{name} ({variable}) is not set: {what}"))
}

/// A secret that is given itself or by a file, such as one of systemd's credentials.
fn secret(given: Option<&str>, file: Option<&Path>, name: &str) -> Result<Option<String>, String> {
    match (given, file) {
        (Some(_), Some(_)) => Err(format!("{name} and {name}_file are both set: leave one out")),
        (Some(given), None) => Ok(Some(given.trim().to_owned())),
        (None, Some(path)) => {
            let text = fs::read_to_string(path)
                .map_err(|error| format!("{name}_file {}: {error}", path.display()))?;
            let text = text.trim();
            if text.is_empty() {
                return Err(format!("{name}_file {} is empty", path.display()));
            }
            Ok(Some(text.to_owned()))
        }
        (None, None) => Ok(None),
    }
}

/// The seed that an earlier start made.
fn kept_seed(state_dir: &Path) -> Result<Option<String>, String> {
    let path = state_dir.join(SEED_FILE);
    match fs::read_to_string(&path) {
        Ok(seed) => Ok(Some(seed.trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("the seed {}: {error}", path.display())),
    }
}

fn make_seed(state_dir: &Path) -> Result<String, String> {
    let path = state_dir.join(SEED_FILE);
    let failed = |error: io::Error| format!("the seed {}: {error}", path.display());
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| format!("the seed cannot be made: {error}"))?;
    let seed = hex::encode(bytes);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(state_dir)
        .map_err(failed)?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .map_err(failed)?;
    file.write_all(seed.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(failed)?;
    Ok(seed)
}

fn extra_roots(setting: Option<&str>) -> Result<Vec<Vec<u8>>, String> {
    let Some(setting) = setting else {
        return Ok(Vec::new());
    };
    let name = "extra_roots (EDGEWATCH_EXTRA_ROOTS)";
    let pem = if setting.contains("-----BEGIN") {
        setting.to_owned()
    } else {
        fs::read_to_string(setting.trim()).map_err(|error| format!("{name}: {}: {error}", setting.trim()))?
    };
    let roots: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
        .map(|certificate| certificate.map(|der| der.as_ref().to_vec()))
        .collect::<Result<_, _>>()
        .map_err(|error| format!("{name} is not PEM: {error}"))?;
    if roots.is_empty() {
        return Err(format!("{name} holds no certificate"));
    }
    Ok(roots)
}

#[cfg(test)]
mod tests;

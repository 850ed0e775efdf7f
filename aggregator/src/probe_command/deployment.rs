//! What a deployment is, host by host: its probes, their keys, and the commands that bring them about.

use crate::{heartbeat::is_push, secret::random, ssrf_guard::SsrfGuard};
use clap::ValueEnum;
use edgewatch_protocol::{
    identity::{Fingerprint, derive_shard_key},
    name::Region,
    region_list::{RegionEntry, parse_regions, split_shards},
};
use std::fmt::Write as _;
use url::{Host as UrlHost, Url};

/// What hosts probes.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Host {
    /// Cloudflare Workers: one worker for all regions
    Cloudflare,
    /// Spin: one application for each probe
    Spin,
    /// The agent, on a machine of your own
    Agent,
}

impl Host {
    /// As probes say it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Cloudflare => "cloudflare",
            Self::Spin => "spin",
            Self::Agent => "agent",
        }
    }
}

/// Probes that are to be.
#[derive(Debug)]
pub(super) struct Deployment {
    host: Host,
    is_local: bool,
    /// The aggregator as the probes reach it, without a slash at its end.
    aggregator: String,
    units: Vec<Unit>,
}

/// What is deployed by one run of the commands.
#[derive(Debug)]
enum Unit {
    /// A worker with all its regions.
    Worker {
        entries: Vec<RegionEntry>,
        list: String,
        seed: String,
    },
    /// A Spin application.
    Application { region: Region, seed: String },
    /// An agent; `number` tells several of one region apart. It makes its own key.
    Agent { region: Region, number: u8 },
}

/// What the commands hand over beside the seeds.
pub(super) struct Secrets<'a> {
    /// The token to enrol with.
    pub(super) enrolment_token: &'a str,
}

impl Deployment {
    /// Plans a deployment. `seed` is one to go on with, for a worker that is there already.
    ///
    /// # Errors
    /// What is wrong, in one line.
    pub(super) fn plan(
        host: Host,
        is_local: bool,
        regions: &str,
        aggregator: &Url,
        seed: Option<String>,
    ) -> Result<Self, String> {
        let in_regions = |error| format!("--regions: {error}");
        let units = match host {
            Host::Cloudflare => {
                let entries = parse_regions(regions).map_err(in_regions)?;
                let list = regions
                    .split(',')
                    .map(str::trim)
                    .filter(|entry| !entry.is_empty());
                let seed = seed.unwrap_or_else(new_seed);
                // Told now rather than by the worker.
                derive_shard_key(&seed, &entries[0].region, 0)
                    .map_err(|error| format!("EDGEWATCH_PROBE_SEED: {error}"))?;
                vec![Unit::Worker {
                    list: list.collect::<Vec<_>>().join(","),
                    entries,
                    seed,
                }]
            }
            Host::Spin | Host::Agent => {
                let names = parse_names(regions).map_err(in_regions)?;
                let numbered = names
                    .into_iter()
                    .flat_map(|(region, probes)| (1..=probes).map(move |number| (region.clone(), number)));
                let unit = |(region, number)| match host {
                    Host::Agent => Unit::Agent { region, number },
                    _ => Unit::Application {
                        region,
                        seed: new_seed(),
                    },
                };
                numbered.map(unit).collect()
            }
        };
        if host == Host::Cloudflare && !is_local && !is_public(aggregator) {
            return Err(format!(
                "Cloudflare cannot reach {aggregator}: name the aggregator's public address with --aggregator, or \
                 run the worker on this machine with --local"
            ));
        }
        let deployment = Self {
            host,
            is_local,
            aggregator: aggregator.as_str().trim_end_matches('/').to_owned(),
            units,
        };
        if let Some(region) = deployment.regions().iter().find(|region| is_push(region)) {
            return Err(format!(
                "--regions: `{region}` is the aggregator's own: choose another name"
            ));
        }
        Ok(deployment)
    }

    /// What hosts it.
    pub(super) fn host(&self) -> Host {
        self.host
    }

    /// Its regions, each once.
    pub(super) fn regions(&self) -> Vec<Region> {
        let mut regions: Vec<Region> = self.probes().map(|(region, _)| region).collect();
        regions.dedup();
        regions
    }

    /// Its probes, with the fingerprints of those keys that are known already.
    pub(super) fn probes(&self) -> impl Iterator<Item = (Region, Option<Fingerprint>)> {
        let fingerprint = |seed: &str, region: &Region, shard| {
            let key = derive_shard_key(seed, region, shard).ok()?;
            Some(Fingerprint::of(&key.verifying_key()))
        };
        self.units.iter().flat_map(move |unit| match unit {
            Unit::Worker { entries, seed, .. } => entries
                .iter()
                .flat_map(|entry| {
                    (0..entry.shards)
                        .map(|shard| (entry.region.clone(), fingerprint(seed, &entry.region, shard)))
                })
                .collect::<Vec<_>>(),
            Unit::Application { region, seed } => vec![(region.clone(), fingerprint(seed, region, 0))],
            Unit::Agent { region, .. } => vec![(region.clone(), None)],
        })
    }

    /// The most probes of a region.
    pub(super) fn probes_per_region(&self) -> u8 {
        let probes: Vec<_> = self.probes().map(|(region, _)| region).collect();
        let most = probes
            .iter()
            .map(|region| probes.iter().filter(|other| *other == region).count())
            .max();
        u8::try_from(most.unwrap_or(1)).unwrap_or(u8::MAX)
    }

    /// How many probes that is, in words.
    pub(super) fn count(&self) -> String {
        match self.probes().count() {
            1 => "1 probe".to_owned(),
            probes => format!("{probes} probes"),
        }
    }

    /// The commands, as a shell script with comments.
    pub(super) fn commands(&self, secrets: &Secrets<'_>) -> String {
        let mut text = String::new();
        for unit in &self.units {
            if !text.is_empty() {
                text.push('\n');
            }
            match unit {
                Unit::Worker { entries, list, seed } => {
                    self.worker_commands(&mut text, entries, list, seed, secrets);
                }
                Unit::Application { region, seed } => self.spin_commands(&mut text, region, seed, secrets),
                Unit::Agent { region, number } => self.agent_commands(&mut text, region, *number, secrets),
            }
        }
        text
    }

    fn worker_commands(
        &self,
        text: &mut String,
        entries: &[RegionEntry],
        list: &str,
        seed: &str,
        secrets: &Secrets<'_>,
    ) {
        let aggregator = &self.aggregator;
        let token = quote(secrets.enrolment_token);
        // Writing into a string cannot fail.
        let _ = writeln!(
            text,
            "# Cloudflare Workers: {}, one worker. In a clone of Edgewatch.\n\
             # Keep the seed where you keep secrets: with it a worker that is deployed anew is the same set of probes.",
            self.count()
        );
        let names = entries.iter().flat_map(RegionEntry::objects);
        for (name, (_, fingerprint)) in names.zip(self.probes()) {
            let fingerprint = fingerprint.map(|fingerprint| fingerprint.0).unwrap_or_default();
            let _ = writeln!(text, "#   {name:<12} fingerprint {fingerprint}");
        }
        let _ = if self.is_local {
            writeln!(
                text,
                "make setup build-worker\n\
                 EDGEWATCH_PROBE_SEED={} EDGEWATCH_ENROLMENT_TOKEN={token} \\\n  \
                 node edge/cloudflare/local/run.mjs --aggregator {} --regions {} --state .data/edge",
                quote(seed),
                quote(aggregator),
                quote(list)
            )
        } else {
            writeln!(
                text,
                "sed -i.bak -e {} \\\n  -e {} wrangler.toml\n\
                 printf %s {} | npx --yes wrangler@4 secret put EDGEWATCH_PROBE_SEED\n\
                 printf %s {token} | npx --yes wrangler@4 secret put EDGEWATCH_ENROLMENT_TOKEN\n\
                 make deploy-cloudflare",
                quote(&replacement("EDGEWATCH_AGGREGATOR_URL", aggregator)),
                quote(&replacement("EDGEWATCH_REGIONS", list)),
                quote(seed)
            )
        };
    }

    fn spin_commands(&self, text: &mut String, region: &Region, seed: &str, secrets: &Secrets<'_>) {
        let (aggregator, token) = (quote(&self.aggregator), quote(secrets.enrolment_token));
        let fingerprint = self.fingerprint_of(seed);
        let _ = writeln!(
            text,
            "# Spin: a probe of the region {region}, fingerprint {fingerprint}. In a clone of Edgewatch that runs no other.\n\
             # Keep the seed where you keep secrets: with it a region that is set up anew is the same probe."
        );
        let _ = if self.is_local {
            writeln!(
                text,
                "make setup build-spin\n\
                 EDGEWATCH_PROBE_SEED={} EDGEWATCH_ENROLMENT_TOKEN={token} \\\n  \
                 cargo run -p edgewatch-spin-host -- --aggregator {aggregator} --region {region} --state .data/spin-{}",
                quote(seed),
                &fingerprint[..fingerprint.len().min(8)]
            )
        } else {
            writeln!(
                text,
                "# On SpinKube and Akamai Functions the same values go elsewhere: docs/deploy-spin.md.\n\
                 SPIN_VARIABLE_REGION={region} \\\n\
                 SPIN_VARIABLE_AGGREGATOR_URL={aggregator} \\\n\
                 SPIN_VARIABLE_PROBE_SEED={} \\\n\
                 SPIN_VARIABLE_ENROLMENT_TOKEN={token} \\\n  \
                 make deploy-spin",
                quote(seed)
            )
        };
    }

    fn agent_commands(&self, text: &mut String, region: &Region, number: u8, secrets: &Secrets<'_>) {
        let (aggregator, token) = (&self.aggregator, secrets.enrolment_token);
        let _ = if self.is_local {
            writeln!(
                text,
                "# An agent of the region {region}, in the foreground; built by `cargo build --release -p edgewatch-agent`.\n\
                 EDGEWATCH_REGION={region} EDGEWATCH_AGGREGATOR_URL={} EDGEWATCH_ENROLMENT_TOKEN={} \\\n  \
                 EDGEWATCH_STATE_DIR=.data/agent-{region}-{number} edgewatch-agent",
                quote(aggregator),
                quote(token)
            )
        } else {
            writeln!(
                text,
                "# An agent of the region {region}: as root on a machine of its own with systemd, in a clone of Edgewatch. It makes\n\
                 # its key itself; `edgewatch-agent --check-config` prints the fingerprint.\n\
                 cargo build --locked --release -p edgewatch-agent\n\
                 install -m 755 \"${{CARGO_TARGET_DIR:-target}}/release/edgewatch-agent\" /usr/local/bin/\n\
                 install -m 600 /dev/null /etc/edgewatch-agent.env\n\
                 cat >/etc/edgewatch-agent.env <<'END'\n\
                 EDGEWATCH_REGION={region}\n\
                 EDGEWATCH_AGGREGATOR_URL={aggregator}\n\
                 EDGEWATCH_ENROLMENT_TOKEN={token}\n\
                 END\n\
                 install -m 644 deploy/agent/edgewatch-agent.service /etc/systemd/system/\n\
                 systemctl daemon-reload && systemctl enable --now edgewatch-agent"
            )
        };
    }

    fn fingerprint_of(&self, wanted: &str) -> String {
        let of_unit = self.units.iter().zip(self.probes());
        let found = of_unit.filter_map(|(unit, (_, fingerprint))| match unit {
            Unit::Application { seed, .. } if seed == wanted => fingerprint,
            _ => None,
        });
        found.map(|fingerprint| fingerprint.0).next().unwrap_or_default()
    }
}

/// Names, each with `*N` behind it where N probes shall share the region, separated by commas.
fn parse_names(list: &str) -> Result<Vec<(Region, u8)>, String> {
    let mut names: Vec<(Region, u8)> = Vec::new();
    for entry in list.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
        let (name, probes) = split_shards(entry)?;
        let region: Region = name.parse()?;
        if names.iter().any(|(known, _)| *known == region) {
            return Err(format!("`{region}` stands there twice"));
        }
        names.push((region, probes));
    }
    if names.is_empty() {
        return Err("names no region".to_owned());
    }
    Ok(names)
}

/// What `openssl rand -hex 32` prints.
fn new_seed() -> String {
    hex::encode(random::<32>())
}

/// Whether an address can be reached from outside, as far as it tells itself.
fn is_public(url: &Url) -> bool {
    let guard = SsrfGuard {
        allow_private_targets: false,
    };
    match url.host() {
        Some(UrlHost::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name != "localhost" && !name.ends_with(".localhost")
        }
        Some(UrlHost::Ipv4(ip)) => guard.check(ip.into()).is_ok(),
        Some(UrlHost::Ipv6(ip)) => guard.check(ip.into()).is_ok(),
        None => false,
    }
}

/// A command of sed that sets a variable of `wrangler.toml`.
fn replacement(name: &str, value: &str) -> String {
    let mut escaped = String::new();
    for c in value.chars() {
        if matches!(c, '&' | '|' | '\\') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    format!("s|^{name} = .*|{name} = \"{escaped}\"|")
}

/// A word of the shell.
fn quote(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests;

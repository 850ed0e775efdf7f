//! What a process is told at its start, by its command line or its environment. What may change while it runs stands in
//! the configuration file: see [`crate::settings`] and [`crate::config_file`].

use crate::telemetry::{DEFAULT_FILTER, LogFormat};
use clap::{Args, ValueEnum};
use edgewatch_protocol::name::Region;
use std::{net::SocketAddr, path::PathBuf};

/// Where the database is.
#[derive(Args, Clone)]
pub struct DatabaseArgs {
    /// Directory of the embedded database and of generated secrets
    #[arg(long, env = "EDGEWATCH_DATA_DIR", default_value = ".data")]
    pub data_dir: PathBuf,
    /// PostgreSQL 15 or newer, or TimescaleDB; absent: an embedded PostgreSQL in the data directory
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,
    /// Master secret of 32 characters or more; absent: generated into the data directory
    #[arg(long, env = "EDGEWATCH_SECRET_KEY", hide_env_values = true)]
    pub secret_key: Option<String>,
}

/// How the process logs.
#[derive(Args, Clone)]
pub struct LogArgs {
    /// Log filter, such as `info,sqlx=warn`
    #[arg(long = "log", env = "EDGEWATCH_LOG", default_value = DEFAULT_FILTER)]
    pub log_filter: String,
    /// Log format
    #[arg(long, env = "EDGEWATCH_LOG_FORMAT", default_value = "auto")]
    pub log_format: LogFormat,
}

/// How the connection to the SMTP server is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SmtpTls {
    /// From the beginning (RFC 8314), on port 465.
    #[value(name = "tls")]
    Implicit,
    /// After a plain beginning (`STARTTLS`), which a server must offer, on port 587.
    Starttls,
    /// Not at all, on port 25: for a server on the same machine.
    None,
}

/// The SMTP server that mail is handed to.
#[derive(Args, Clone)]
pub struct SmtpArgs {
    /// SMTP server that mail is handed to; absent: no mail is sent
    #[arg(long, env = "EDGEWATCH_SMTP_HOST", requires = "smtp_from")]
    pub smtp_host: Option<String>,
    /// Its port; absent: 465, 587 or 25 by the encryption
    #[arg(long, env = "EDGEWATCH_SMTP_PORT")]
    pub smtp_port: Option<u16>,
    /// Encryption: `tls` from the beginning, `starttls`, or `none`
    #[arg(long, env = "EDGEWATCH_SMTP_TLS", default_value = "starttls")]
    pub smtp_tls: SmtpTls,
    /// User to sign in as; absent: without signing in
    #[arg(long, env = "EDGEWATCH_SMTP_USER", requires = "smtp_password")]
    pub smtp_user: Option<String>,
    /// Password of that user
    #[arg(long, env = "EDGEWATCH_SMTP_PASSWORD", hide_env_values = true)]
    pub smtp_password: Option<String>,
    /// Sender of all mail, such as `Status <status@example.org>`
    #[arg(long, env = "EDGEWATCH_SMTP_FROM")]
    pub smtp_from: Option<String>,
    /// PEM file of a certificate authority to trust besides the public ones
    #[arg(long, env = "EDGEWATCH_SMTP_CA_FILE")]
    pub smtp_ca_file: Option<PathBuf>,
}

/// What the local region may dial.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LocalTargets {
    /// Private, loopback and link-local addresses too.
    Any,
    /// Public addresses alone.
    Public,
}

/// Everything that `edgewatch serve` takes.
#[derive(Args, Clone)]
pub struct ServeArgs {
    /// Address of the dashboard, the API and (unless they have their own) the probe endpoints
    #[arg(long, env = "EDGEWATCH_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Own address of the probe endpoints, so that the rest can stay private
    #[arg(long, env = "EDGEWATCH_PROBE_LISTEN")]
    pub probe_listen: Option<SocketAddr>,
    /// Configuration file; absent: regions and monitors are made in the dashboard or by the API
    #[arg(long, env = "EDGEWATCH_CONFIG")]
    pub config: Option<PathBuf>,
    /// Database
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// Logs
    #[command(flatten)]
    pub log: LogArgs,
    /// E-mail
    #[command(flatten)]
    pub smtp: SmtpArgs,
    /// Font files for what PDF reports' own fonts lack, such as Chinese and Japanese, separated by commas, in order
    #[arg(long, env = "EDGEWATCH_REPORT_FONTS", value_delimiter = ',')]
    pub report_fonts: Vec<PathBuf>,
    /// First administrator, made at the first start
    #[arg(long, env = "EDGEWATCH_ADMIN_EMAIL", requires = "admin_password")]
    pub admin_email: Option<String>,
    /// Password of the first administrator
    #[arg(long, env = "EDGEWATCH_ADMIN_PASSWORD", hide_env_values = true)]
    pub admin_password: Option<String>,
    /// Enrols and approves probes of any region without asking; for local regions
    #[arg(long, env = "EDGEWATCH_BOOTSTRAP_TOKEN", hide_env_values = true)]
    pub bootstrap_token: Option<String>,
    /// Name of a region that this machine itself serves; absent: none
    #[arg(long, env = "EDGEWATCH_LOCAL_REGION")]
    pub local_region: Option<Region>,
    /// What the local region may dial: `any`, or `public` for public addresses alone
    #[arg(long, env = "EDGEWATCH_LOCAL_REGION_TARGETS", default_value = "any")]
    pub local_region_targets: LocalTargets,
    /// How long a probe that shares its region holds its monitors after it has asked for them, seconds
    #[arg(long, env = "EDGEWATCH_PROBE_LEASE_S", default_value_t = 180, value_parser = clap::value_parser!(u32).range(30..=3600))]
    pub probe_lease_s: u32,
}

//! The machine's own resolver: the addresses of names by hickory, and queries of the checks as they are, to the same
//! name servers.
//!
//! Nothing is kept: a check measures its lookup each time.

use edgewatch_core::{
    dns_message::{code_name, set_id},
    dns_stream,
    platform::{DnsAnswer, DnsQueryError, ResolveError},
};
use edgewatch_protocol::check::shared::IpVersion;
use hickory_resolver::{
    TokioResolver,
    config::{LookupIpStrategy, NameServerConfig, ResolverConfig, ResolverOpts, ServerOrderingStrategy},
    net::{DnsError, NetError, runtime::TokioRuntimeProvider},
    proto::op::ResponseCode,
    system_conf::parse_resolv_conf,
};
use std::{
    fs, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    net::{TcpStream, UdpSocket},
    time::timeout,
};

const RESOLV_CONF: &str = "/etc/resolv.conf";
/// How long what the file says is believed: a machine may change its network.
const BELIEVED: Duration = Duration::from_secs(30);
/// How long one answer is waited for before the next server, or the same once more, is asked.
const PATIENCE: Duration = Duration::from_secs(2);
/// How often all servers are asked.
const ROUNDS: usize = 2;
/// How long a whole lookup may take before the resolver counts as away.
const LOOKUP_PATIENCE: Duration = Duration::from_secs(4);
/// How many servers are asked, as by the C library.
const MAX_SERVERS: usize = 3;
/// Questions to one server that may be open at a time.
const MAX_OPEN: usize = 8192;
const MAX_MESSAGE_BYTES: usize = 65_535;
/// The header's flags QR and TC, in its third byte.
const FLAG_RESPONSE: u8 = 0x80;
const FLAG_TRUNCATED: u8 = 0x02;

/// A resolver.
#[derive(Clone)]
pub struct Resolver {
    source: Source,
    loaded: Arc<Mutex<Option<Kept>>>,
}

/// What was loaded, and when.
type Kept = (Instant, Arc<Loaded>);

#[derive(Clone)]
enum Source {
    System,
    Servers(Arc<[SocketAddr]>),
}

/// What a configuration came to.
struct Loaded {
    /// The text of the file that it was read from.
    text: String,
    servers: Vec<SocketAddr>,
    /// IPv6 is asked for where there is no IPv4, as everywhere.
    any: TokioResolver,
    v4: TokioResolver,
    v6: TokioResolver,
}

impl Resolver {
    /// The resolver that the machine's `/etc/resolv.conf` and `/etc/hosts` describe.
    pub fn of_system() -> Self {
        Self::new(Source::System)
    }

    /// A resolver that asks these name servers and knows no names of its own.
    pub fn of_servers(servers: &[SocketAddr]) -> Self {
        Self::new(Source::Servers(servers.into()))
    }

    fn new(source: Source) -> Self {
        let loaded = Arc::default();
        Self { source, loaded }
    }

    /// The addresses of a name.
    pub async fn resolve(&self, host: &str, ip_version: IpVersion) -> Result<Vec<IpAddr>, ResolveError> {
        let loaded = self.load().map_err(ResolveError::Unavailable)?;
        let resolver = match ip_version {
            IpVersion::Any => &loaded.any,
            IpVersion::V4 => &loaded.v4,
            IpVersion::V6 => &loaded.v6,
        };
        // Also where one question after the other stays without an answer.
        match timeout(LOOKUP_PATIENCE, resolver.lookup_ip(host)).await {
            Ok(Ok(found)) => Ok(found.iter().collect()),
            Ok(Err(error)) => resolve_error(host, error),
            Err(_) => {
                let why = "the machine's resolver does not answer".to_owned();
                Err(ResolveError::Unavailable(why))
            }
        }
    }

    /// Sends a query to the name servers, one after the other, and takes the first answer.
    pub async fn query(&self, query: &[u8]) -> Result<DnsAnswer, DnsQueryError> {
        let loaded = self.load().map_err(DnsQueryError)?;
        let mut failure = "there is no name server".to_owned();
        for &server in loaded
            .servers
            .iter()
            .take(MAX_SERVERS)
            .cycle()
            .take(ROUNDS * loaded.servers.len().min(MAX_SERVERS))
        {
            match timeout(PATIENCE, exchange(server, query)).await {
                Ok(Ok(message)) => {
                    let server = server.to_string();
                    return Ok(DnsAnswer { message, server });
                }
                Ok(Err(error)) => failure = format!("{server}: {error}"),
                Err(_) => failure = format!("{server} does not answer"),
            }
        }
        Err(DnsQueryError(format!("the machine's resolver: {failure}")))
    }

    fn load(&self) -> Result<Arc<Loaded>, String> {
        let mut kept = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        let text = match (&*kept, &self.source) {
            (Some((_, loaded)), Source::Servers(_)) => return Ok(loaded.clone()),
            (Some((at, loaded)), Source::System) if at.elapsed() < BELIEVED => return Ok(loaded.clone()),
            (_, Source::Servers(_)) => String::new(),
            (_, Source::System) => {
                fs::read_to_string(RESOLV_CONF).map_err(|error| format!("{RESOLV_CONF}: {error}"))?
            }
        };
        let loaded = match &*kept {
            Some((_, loaded)) if loaded.text == text => loaded.clone(),
            _ => Arc::new(Loaded::new(&self.source, text)?),
        };
        *kept = Some((Instant::now(), loaded.clone()));
        Ok(loaded)
    }
}

impl Loaded {
    fn new(source: &Source, text: String) -> Result<Self, String> {
        let (config, options) = match source {
            Source::System => parse_resolv_conf(&text).map_err(|error| format!("{RESOLV_CONF}: {error}"))?,
            Source::Servers(servers) => {
                let servers = servers.iter().map(|&server| name_server(server)).collect();
                let mut options = ResolverOpts::default();
                options.use_hosts_file = hickory_resolver::config::ResolveHosts::Never;
                (ResolverConfig::from_parts(None, Vec::new(), servers), options)
            }
        };
        let resolver = |ip_strategy| {
            let mut options = options.clone();
            options.ip_strategy = ip_strategy;
            options.cache_size = 0;
            options.timeout = PATIENCE;
            options.attempts = ROUNDS - 1;
            options.max_active_requests = MAX_OPEN;
            options.server_ordering_strategy = ServerOrderingStrategy::UserProvidedOrder;
            TokioResolver::builder_with_config(config.clone(), TokioRuntimeProvider::default())
                .with_options(options)
                .build()
                .map_err(|error| format!("the machine's resolver: {error}"))
        };
        let mut servers: Vec<_> = config
            .name_servers()
            .iter()
            .filter_map(|server| Some(SocketAddr::new(server.ip, server.connections.first()?.port)))
            .collect();
        servers.dedup();
        Ok(Self {
            servers,
            any: resolver(LookupIpStrategy::Ipv4thenIpv6)?,
            v4: resolver(LookupIpStrategy::Ipv4Only)?,
            v6: resolver(LookupIpStrategy::Ipv6Only)?,
            text,
        })
    }
}

fn name_server(server: SocketAddr) -> NameServerConfig {
    let mut config = NameServerConfig::udp_and_tcp(server.ip());
    for connection in &mut config.connections {
        connection.port = server.port();
    }
    config
}

/// What a failed lookup means: no such name, a name without addresses, a resolver that says that it failed, or one that
/// does not answer at all.
fn resolve_error(host: &str, error: NetError) -> Result<Vec<IpAddr>, ResolveError> {
    let failed = |what: &dyn std::fmt::Display| {
        Err(ResolveError::Failed(format!(
            "the lookup of {host} failed: {what}"
        )))
    };
    match error {
        NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
            ResponseCode::NoError => Ok(Vec::new()),
            ResponseCode::NXDomain => Err(ResolveError::NotFound),
            code => failed(&answered(code)),
        },
        NetError::Dns(DnsError::ResponseCode(ResponseCode::NXDomain)) => Err(ResolveError::NotFound),
        NetError::Dns(DnsError::ResponseCode(code)) => failed(&answered(code)),
        NetError::Dns(error) => failed(&error),
        NetError::Proto(error) => failed(&error),
        error => Err(ResolveError::Unavailable(format!(
            "the machine's resolver: {error}"
        ))),
    }
}

fn answered(code: ResponseCode) -> String {
    format!("the resolver answered {}", code_name(code.into()))
}

/// One query to one server: by datagram, and by stream where the answer is truncated.
async fn exchange(server: SocketAddr, query: &[u8]) -> io::Result<Vec<u8>> {
    // The core leaves the id to who asks; nobody who does not see the query can answer it.
    let mut id = [0; 2];
    getrandom::fill(&mut id).map_err(io::Error::other)?;
    let mut sent = query.to_vec();
    set_id(&mut sent, u16::from_be_bytes(id));
    let socket = connected(server).await?;
    socket.send(&sent).await?;
    let mut buffer = vec![0; MAX_MESSAGE_BYTES];
    let mut answer = loop {
        let length = socket.recv(&mut buffer).await?;
        let is_answer = length >= 12 && buffer[..2] == id && buffer[2] & FLAG_RESPONSE != 0;
        if is_answer {
            break buffer[..length].to_vec();
        }
    };
    if answer[2] & FLAG_TRUNCATED != 0 {
        let mut stream = TcpStream::connect(server).await?;
        dns_stream::send(&mut stream, &sent).await?;
        let length = dns_stream::receive_length(&mut stream).await?;
        answer = dns_stream::receive(&mut stream, length).await?;
        if answer.get(..2) != Some(&id) {
            return Err(io::Error::other("it answers another query"));
        }
    }
    if let Some(&[high, low]) = query.first_chunk() {
        set_id(&mut answer, u16::from_be_bytes([high, low]));
    }
    Ok(answer)
}

async fn connected(target: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = match target {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(target).await?;
    Ok(socket)
}

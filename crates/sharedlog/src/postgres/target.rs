//! Where the engine is, and how to connect to it: what its URL says.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, TargetSessionAttrs};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::tls::{Verified, connector};
use crate::fault::Fault;

/// For connecting to one host, from the name's resolution to the first response, unless the URL has a `connect_timeout`.
const CONNECT: Duration = Duration::from_secs(2);
/// So long an engine that has vanished stays unnoticed, unless the URL has other keepalives.
const UNACKNOWLEDGED: Duration = Duration::from_secs(6);

/// Frames in each partition, unless the URL says something else when the ledger is made. Pruning drops whole ones.
const PARTITION_FRAMES: u64 = 1_000_000;

/// How errors begin that are about the URL.
pub(super) const OF_URL: &str = "the shared log's URL: ";

/// What a URL says.
pub(super) struct Target {
    /// One for each host.
    pub(super) hosts: Vec<Config>,
    /// The host that was connected to last.
    pub(super) preferred: AtomicUsize,
    pub(super) tls: MakeRustlsConnect,
    pub(super) connect_timeout: Duration,
    pub(super) ledger: String,
    /// The operator says that the engine replicates below PostgreSQL.
    pub(super) is_managed: bool,
    /// For a new ledger: how many frames each partition has; 0 for a plain table.
    pub(super) partition_frames: u64,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("hosts", &self.names()).field("ledger", &self.ledger).finish_non_exhaustive()
    }
}

/// Parameters that PostgreSQL's own clients don't have, or that are handled here.
#[derive(Default)]
struct Parameters {
    ledger: Option<String>,
    sslmode: Option<String>,
    sslrootcert: Option<String>,
    durability: Option<String>,
    partition_frames: Option<String>,
    /// The others, as they were.
    others: Vec<String>,
}

impl Target {
    /// Reads a URL. The error says what is wrong with it, without the password.
    pub(super) fn parse(url: &str) -> Result<Self, Fault> {
        if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
            return Err(misused("it begins with postgres://"));
        }
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let mut parameters = Parameters::read(query)?;
        let sslrootcert = parameters.sslrootcert.take().filter(|path| path != "system").map(PathBuf::from);
        let mode = parameters.sslmode.take().unwrap_or_else(|| "prefer".to_owned());
        let (plain_mode, verified) = match &*mode {
            "disable" => ("disable", Verified::Nothing),
            "prefer" => ("prefer", Verified::Nothing),
            // As libpq has it: whoever names an authority wants it to be asked.
            "require" if sslrootcert.is_none() => ("require", Verified::Nothing),
            "require" | "verify-ca" => ("require", Verified::Authority),
            "verify-full" => ("require", Verified::AuthorityAndHost),
            _ => return Err(misused("sslmode is disable, prefer, require, verify-ca or verify-full")),
        };
        let is_managed = match parameters.durability.as_deref() {
            None => false,
            Some("managed") => true,
            Some(_) => return Err(misused("durability is managed, or is not there")),
        };
        let partition_frames = parameters.partition_frames.as_deref().map_or(Ok(PARTITION_FRAMES), str::parse);
        let partition_frames = partition_frames.map_err(|_| misused("partition_frames is a number"))?;
        let ledger = parameters.ledger.take().unwrap_or_else(|| "tocos".to_owned());
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if ledger.is_empty() || ledger.len() > 63 || !ledger.chars().all(is_plain) {
            return Err(misused("ledger is 1 to 63 letters, digits, -, _ and ."));
        }
        parameters.others.push(format!("sslmode={plain_mode}"));
        let config: Config =
            format!("{base}?{}", parameters.others.join("&")).parse().map_err(|error: tokio_postgres::Error| {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                misused(&cause.unwrap_or_else(|| error.to_string()))
            })?;
        let connect_timeout = config.get_connect_timeout().copied().unwrap_or(CONNECT);
        let tls = connector(verified, sslrootcert.as_deref())?;
        let has = |name: &str| query.split('&').any(|pair| pair.split('=').next() == Some(name));
        Ok(Self {
            hosts: each_host(&config, &has)?,
            preferred: AtomicUsize::new(0),
            tls,
            connect_timeout,
            ledger,
            is_managed,
            partition_frames,
        })
    }

    /// The hosts in the order in which they should be tried.
    pub(super) fn in_order(&self) -> impl Iterator<Item = (usize, &Config)> {
        let preferred = self.preferred.load(Ordering::Relaxed);
        let count = self.hosts.len();
        (0..count).map(move |step| (preferred + step) % count).map(|index| (index, &self.hosts[index]))
    }

    /// Where the engine is, for people.
    pub(super) fn names(&self) -> String {
        self.hosts.iter().map(name_of).collect::<Vec<_>>().join(", ")
    }

    /// On which channel notifications about this ledger come. Names of channels are short.
    pub(super) fn channel(&self) -> String {
        format!("tocos_{}", &blake3::hash(self.ledger.as_bytes()).to_hex()[..32])
    }
}

impl Parameters {
    fn read(query: &str) -> Result<Self, Fault> {
        let mut read = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let place = match name {
                "ledger" => &mut read.ledger,
                "sslmode" => &mut read.sslmode,
                "sslrootcert" => &mut read.sslrootcert,
                "durability" => &mut read.durability,
                "partition_frames" => &mut read.partition_frames,
                _ => {
                    read.others.push(pair.to_owned());
                    continue;
                }
            };
            let value =
                percent_decode_str(value).decode_utf8().map_err(|_| misused(&format!("{name} is not UTF-8")))?;
            if place.replace(value.into_owned()).is_some() {
                return Err(misused(&format!("{name} is there twice")));
            }
        }
        Ok(read)
    }
}

/// One configuration for each host, so that one that does not respond does not take the time of the next one.
fn each_host(config: &Config, has: &dyn Fn(&str) -> bool) -> Result<Vec<Config>, Fault> {
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let count = hosts.len().max(addresses.len());
    if count == 0 {
        return Err(misused("it names no host"));
    }
    if !hosts.is_empty() && !addresses.is_empty() && hosts.len() != addresses.len() {
        return Err(misused("there are as many hosts as there are hostaddrs"));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(misused("there is one port, or one for each host"));
    }
    let one = |index: usize| {
        let mut one = Config::new();
        match hosts.get(index) {
            Some(Host::Tcp(name)) => _ = one.host(name),
            #[cfg(unix)]
            Some(Host::Unix(path)) => _ = one.host_path(path),
            None => {}
        }
        if let Some(address) = addresses.get(index) {
            one.hostaddr(*address);
        }
        one.port(ports.get(index).or_else(|| ports.first()).copied().unwrap_or(5432));
        if let Some(user) = config.get_user() {
            one.user(user);
        }
        if let Some(password) = config.get_password() {
            one.password(password);
        }
        if let Some(name) = config.get_dbname() {
            one.dbname(name);
        }
        if let Some(options) = config.get_options() {
            one.options(options);
        }
        one.application_name(config.get_application_name().unwrap_or("tocos"));
        one.ssl_mode(config.get_ssl_mode()).ssl_negotiation(config.get_ssl_negotiation());
        one.channel_binding(config.get_channel_binding());
        // A standby takes no frames, and its lease would be an old one.
        let session = config.get_target_session_attrs();
        one.target_session_attrs(if has("target_session_attrs") { session } else { TargetSessionAttrs::ReadWrite });
        one.tcp_user_timeout(config.get_tcp_user_timeout().copied().unwrap_or(UNACKNOWLEDGED));
        one.keepalives(config.get_keepalives());
        one.keepalives_idle(if has("keepalives_idle") { config.get_keepalives_idle() } else { UNACKNOWLEDGED / 3 });
        one.keepalives_interval(config.get_keepalives_interval().unwrap_or(UNACKNOWLEDGED / 3));
        one.keepalives_retries(config.get_keepalives_retries().unwrap_or(2));
        one
    };
    Ok((0..count).map(one).collect())
}

pub(super) fn name_of(config: &Config) -> String {
    let port = config.get_ports().first().copied().unwrap_or(5432);
    match (config.get_hosts().first(), config.get_hostaddrs().first()) {
        (Some(Host::Tcp(name)), _) => format!("{name}:{port}"),
        #[cfg(unix)]
        (Some(Host::Unix(path)), _) => format!("{}:{port}", path.display()),
        (None, Some(address)) => format!("{address}:{port}"),
        (None, None) => port.to_string(),
    }
}

fn misused(what: &str) -> Fault {
    Fault::Misused(format!("{OF_URL}{what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_how_and_which_ledger() {
        let target = Target::parse(
            "postgres://ana:p%40ss@one:1111,two:2222/money?ledger=coins&sslmode=disable&durability=managed&connect_timeout=7",
        )
        .unwrap();
        assert_eq!((&*target.ledger, target.is_managed, target.connect_timeout.as_secs()), ("coins", true, 7));
        assert_eq!(target.names(), "one:1111, two:2222");
        for host in &target.hosts {
            assert_eq!(host.get_password(), Some(&b"p@ss"[..]));
            assert_eq!((host.get_user(), host.get_dbname()), (Some("ana"), Some("money")));
            assert_eq!((host.get_hosts().len(), host.get_ports().len()), (1, 1));
            assert_eq!(host.get_target_session_attrs(), TargetSessionAttrs::ReadWrite);
            assert_eq!(host.get_keepalives_idle(), Duration::from_secs(2));
        }
        assert!(!format!("{target:?}").contains("p@ss"));

        let target = Target::parse("postgresql://%2Frun%2Fpg/x?keepalives_idle=60&target_session_attrs=any").unwrap();
        assert_eq!((&*target.ledger, target.is_managed, &*target.names()), ("tocos", false, "/run/pg:5432"));
        assert_eq!(target.hosts[0].get_keepalives_idle(), Duration::from_secs(60));
        assert_eq!(target.hosts[0].get_target_session_attrs(), TargetSessionAttrs::Any);
    }

    #[test]
    fn what_is_wrong_with_a_url_is_said_without_the_password() {
        for (url, said) in [
            ("mysql://h/x", "postgres://"),
            ("postgres://a:secret@/x", "no host"),
            ("postgres://a:secret@h/x?sslmode=allow", "sslmode"),
            ("postgres://a:secret@h/x?ledger=", "ledger"),
            ("postgres://a:secret@h/x?ledger=a%20b", "ledger"),
            ("postgres://a:secret@h/x?ledger=a&ledger=b", "twice"),
            ("postgres://a:secret@h/x?durability=none", "durability"),
            ("postgres://a:secret@h/x?partition_frames=some", "partition_frames"),
            ("postgres://a:secret@h/x?colour=red", "colour"),
            ("postgres://a:secret@h:port/x", "port"),
            ("postgres://a:secret@h/x?sslmode=verify-full&sslrootcert=/not/there", "/not/there"),
        ] {
            let Err(Fault::Misused(text)) = Target::parse(url) else { panic!("{url}") };
            assert!(text.contains(said) && !text.contains("secret"), "{url}: {text}");
        }
    }

    #[test]
    fn the_host_that_was_there_last_is_tried_first() {
        let target = Target::parse("postgres://a,b,c/x").unwrap();
        target.preferred.store(1, Ordering::Relaxed);
        assert_eq!(target.in_order().map(|(index, _)| index).collect::<Vec<_>>(), [1, 2, 0]);
    }
}

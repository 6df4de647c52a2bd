//! The settings as checked: proper types, ready to be used.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use jiff::{SpanRelativeTo, Unit};
use tocos_archive::store::Store;
use tocos_webhooks::{AddressPolicy, Range};

use super::given::{Given, Value};
use super::group::{self, GroupSettings};
use crate::time::span;
use crate::usage::Usage;

/// The fewest and the most threads that serve connections.
const THREADS: std::ops::RangeInclusive<u64> = 1..=256;
/// The smallest and the largest size of a file of the log, in bytes.
const SEGMENT_BYTES: std::ops::RangeInclusive<u64> = 64 * 1024..=16 * 1024 * 1024 * 1024;

/// The log on this disk has room for so many files at least.
const SEGMENTS_HERE_MIN: u64 = 4;

/// The shortest and the longest time between an event and its copy in the archive, in seconds.
const ARCHIVE_EVERY_S: std::ops::RangeInclusive<u64> = 1..=3_600;

/// The object store of an archive, by its URL.
#[derive(Clone, Debug)]
pub(crate) struct Archive {
    pub store: Store,
}

impl Archive {
    fn open(url: &str) -> Result<Self, String> {
        Ok(Self { store: Store::open(url).map_err(|error| error.to_string())? })
    }
}

impl PartialEq for Archive {
    fn eq(&self, other: &Self) -> bool {
        self.store.url() == other.store.url()
    }
}

impl Eq for Archive {}

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogFormat {
    Text,
    Json,
}

/// How much is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// The settings of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// Where the API listens.
    pub listen: SocketAddr,
    /// Where liveness, readiness and metrics listen, if anywhere.
    pub internal_listen: Option<SocketAddr>,
    /// The data directory of the ledger.
    pub data_dir: PathBuf,
    pub log_format: LogFormat,
    pub log_level: LogLevel,
    /// Listen on other addresses than loopback although there is no key.
    pub allow_unauthenticated: bool,
    /// Serve the yardstick of the benchmarks.
    pub bench_routes: bool,
    /// A test clock: its time advances only on request.
    pub test_clock: bool,
    /// The longest gap between the last event and a start that is taken without asking; any without.
    pub clock_gap_max: Option<Duration>,
    /// Take the clock while the kernel says that it is synchronised.
    pub clock_trust_kernel: bool,
    /// Size of the log's files, in bytes.
    pub segment_bytes: u64,
    /// Events between snapshots.
    pub snapshot_every_events: u64,
    /// About how many idempotency keys stay in memory.
    pub keys_in_memory: u64,
    /// Threads that serve connections.
    pub threads: usize,
    /// Where the first API key is, or is to be written.
    pub bootstrap_key_file: Option<PathBuf>,
    /// Where a copy of the ledger is kept, if anywhere. The store has been opened, not asked.
    pub archive: Option<Archive>,
    /// The longest time between an event and its copy, in seconds.
    pub archive_every_s: u64,
    /// The bytes of the log that stay on this disk; all without.
    pub local_log_bytes: Option<u64>,
    /// The archive that an empty data directory is restored from.
    pub restore_from: Option<String>,
    /// The group that the ledger belongs to, if it is not alone.
    pub group: GroupSettings,
    /// Where events may be delivered to.
    pub webhooks: AddressPolicy,
    /// Where to write the addresses once they are open.
    pub address_file: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            internal_listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 9464))),
            data_dir: PathBuf::from("./tocos-data"),
            log_format: LogFormat::Text,
            log_level: LogLevel::Info,
            allow_unauthenticated: false,
            bench_routes: false,
            test_clock: false,
            clock_gap_max: Some(Duration::from_secs(7 * 86_400)),
            clock_trust_kernel: true,
            segment_bytes: 64 * 1024 * 1024,
            snapshot_every_events: 1_000_000,
            keys_in_memory: 16_000_000,
            threads: std::thread::available_parallelism().map_or(1, |cores| cores.get().saturating_sub(1).max(1)),
            bootstrap_key_file: None,
            archive: None,
            archive_every_s: 5,
            local_log_bytes: None,
            restore_from: None,
            group: GroupSettings::default(),
            webhooks: AddressPolicy::default(),
            address_file: None,
        }
    }
}

impl Config {
    /// Checks what was given; what was not is as usual.
    ///
    /// # Errors
    /// The first value that makes no sense, with where it came from.
    pub(crate) fn check(given: &Given) -> Result<Self, Usage> {
        let mut config = Self::default();
        for (key, value) in &given.0 {
            config.set(key, value).map_err(|reason| Usage(format!("{}: {reason}", value.origin)))?;
        }
        if config.internal_listen == Some(config.listen) && config.listen.port() != 0 {
            return Err(Usage(format!(
                "listen and internal_listen are both {}; they are two listeners, so give one of them another port",
                config.listen
            )));
        }
        if config.local_log_bytes.is_some() && config.archive.is_none() {
            return Err(Usage(
                "local_log_bytes needs an archive: what leaves the disk is there alone. Give --archive too".to_owned(),
            ));
        }
        config.group.check(&config)?;
        let least = config.segment_bytes.saturating_mul(SEGMENTS_HERE_MIN);
        if let Some(bytes) = config.local_log_bytes.filter(|bytes| *bytes < least) {
            return Err(Usage(format!(
                "local_log_bytes is {bytes}; it must be at least {SEGMENTS_HERE_MIN} files of the log, which are {least} bytes"
            )));
        }
        Ok(config)
    }

    fn set(&mut self, key: &str, value: &Value) -> Result<(), String> {
        let text = value.text.as_str();
        match key {
            "listen" => self.listen = address(text)?,
            "internal_listen" => self.internal_listen = if text == "none" { None } else { Some(address(text)?) },
            "data_dir" => self.data_dir = path(text)?,
            "log_format" => self.log_format = log_format(text)?,
            "log_level" => self.log_level = log_level(text)?,
            "allow_unauthenticated" => self.allow_unauthenticated = yes_or_no(text)?,
            "bench_routes" => self.bench_routes = yes_or_no(text)?,
            "test_clock" => self.test_clock = yes_or_no(text)?,
            "clock_gap_max" => self.clock_gap_max = if text == "none" { None } else { Some(duration(text)?) },
            "clock_trust_kernel" => self.clock_trust_kernel = yes_or_no(text)?,
            "segment_bytes" => self.segment_bytes = number(text, SEGMENT_BYTES)?,
            "snapshot_every_events" => self.snapshot_every_events = number(text, 1..=u64::MAX)?,
            "keys_in_memory" => self.keys_in_memory = number(text, 0..=u64::MAX)?,
            "threads" => self.threads = number(text, THREADS)? as usize,
            "bootstrap_key_file" => self.bootstrap_key_file = Some(path(text)?),
            "archive" => self.archive = if text == "none" { None } else { Some(Archive::open(text)?) },
            "archive_every_s" => self.archive_every_s = number(text, ARCHIVE_EVERY_S)?,
            "local_log_bytes" => {
                self.local_log_bytes = if text == "none" { None } else { Some(number(text, 1..=u64::MAX)?) };
            }
            "restore_from" => self.restore_from = if text == "none" { None } else { Some(archive_url(text)?) },
            "shared_log" => self.group.shared_log = if text == "none" { None } else { Some(group::shared_log(text)?) },
            "node" => self.group.node = Some(group::node(text)?),
            "advertise" => self.group.advertise = Some(group::advertise(text)?),
            "lease_s" => self.group.lease = Duration::from_secs(number(text, group::LEASE_S)?),
            "leave_group" => self.group.leaves = yes_or_no(text)?,
            "webhooks_allow_private" => self.webhooks = webhooks(text)?,
            "address_file" => self.address_file = Some(path(text)?),
            other => return Err(format!("there is no setting `{other}`")),
        }
        Ok(())
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let ours = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    ours.as_deref().unwrap_or(text).parse().map_err(|_| {
        format!("\"{text}\" is not an address and port such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080")
    })
}

/// `none`, `all`, or ranges of addresses.
pub(super) fn webhooks(text: &str) -> Result<AddressPolicy, String> {
    match text {
        "none" => Ok(AddressPolicy::default()),
        "all" => Ok(AddressPolicy::everything()),
        ranges => {
            let ranges: Result<Vec<Range>, String> = ranges.split(',').map(|range| range.trim().parse()).collect();
            Ok(AddressPolicy::allowing(ranges.map_err(|reason| format!("{reason}; or none, or all"))?))
        }
    }
}

fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("a path can't be empty".to_owned()) } else { Ok(PathBuf::from(text)) }
}

/// The URL of an archive. Whether the store is there is found out later.
fn archive_url(text: &str) -> Result<String, String> {
    Archive::open(text).map(|_| text.to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    let span = span(text).map_err(|reason| format!("{reason}; or none"))?;
    let seconds = span.total((Unit::Second, SpanRelativeTo::days_are_24_hours())).map_err(|error| error.to_string())?;
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("\"{text}\" is not a time like 7d, 12h or 90m, or none"))
}

fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("\"{text}\" is neither text nor json")),
    }
}

fn log_level(text: &str) -> Result<LogLevel, String> {
    Ok(match text {
        "error" => LogLevel::Error,
        "warn" => LogLevel::Warn,
        "info" => LogLevel::Info,
        "debug" => LogLevel::Debug,
        "trace" => LogLevel::Trace,
        _ => return Err(format!("\"{text}\" is none of error, warn, info, debug and trace")),
    })
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err(format!("\"{text}\" is neither true nor false")),
    }
}

fn number(text: &str, bounds: std::ops::RangeInclusive<u64>) -> Result<u64, String> {
    let number = text.replace('_', "").parse().map_err(|_| format!("\"{text}\" is not a whole number"))?;
    if bounds.contains(&number) {
        Ok(number)
    } else if *bounds.end() == u64::MAX {
        Err(format!("{number} is less than {}", bounds.start()))
    } else {
        Err(format!("{number} is not between {} and {}", bounds.start(), bounds.end()))
    }
}

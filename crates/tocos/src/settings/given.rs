//! The settings as given: texts, each with where it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{ArgMatches, Args};

use super::file;
use crate::usage::Usage;

/// Run the service
///
/// Each option can also be a variable or a line of the file that --config names (listen = "127.0.0.1:8080").
/// A flag wins over a variable, a variable over the file.
#[derive(Args, Debug)]
pub(crate) struct ServeArgs {
    /// A TOML file with settings, named as the flags are, with _ for -
    #[arg(long, env = "TOCOS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where the API listens; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, env = "TOCOS_LISTEN", value_name = "ADDRESS")]
    listen: Option<String>,
    /// Where /livez, /readyz and /metrics listen, or none [default: 127.0.0.1:9464]
    #[arg(long, env = "TOCOS_INTERNAL_LISTEN", value_name = "ADDRESS")]
    internal_listen: Option<String>,
    /// The data directory of the ledger [default: ./tocos-data]
    #[arg(long, env = "TOCOS_DATA_DIR", value_name = "DIR")]
    data_dir: Option<String>,
    /// text or json [default: text]
    #[arg(long, env = "TOCOS_LOG_FORMAT", value_name = "FORMAT")]
    log_format: Option<String>,
    /// error, warn, info, debug or trace [default: info]
    #[arg(long, env = "TOCOS_LOG_LEVEL", value_name = "LEVEL")]
    log_level: Option<String>,
    /// Listen on other addresses than this machine's own although there is no API key: everyone who reaches the
    /// port may do everything
    #[arg(long, env = "TOCOS_ALLOW_UNAUTHENTICATED", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    allow_unauthenticated: Option<String>,
    /// Serve POST /bench/noop, which responds like a transfer and does nothing
    #[arg(long, env = "TOCOS_BENCH_ROUTES", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    bench_routes: Option<String>,
    /// Keep a ledger whose time moves only by POST /v1/test-clock/advance; never for real coins
    #[arg(long, env = "TOCOS_TEST_CLOCK", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    test_clock: Option<String>,
    /// The longest time between the last event and the start, or none for any; beyond it the clock may be wrong, and
    /// nothing is written or expired until it is right or `tocos clock accept` takes it [default: 7d]
    #[arg(long, env = "TOCOS_CLOCK_GAP_MAX", value_name = "TIME")]
    clock_gap_max: Option<String>,
    /// Take what the clock says while the kernel says that it is synchronised [default: true]
    #[arg(long, env = "TOCOS_CLOCK_TRUST_KERNEL", value_name = "BOOL")]
    clock_trust_kernel: Option<String>,
    /// Size of the log's files [default: 67108864]
    #[arg(long, env = "TOCOS_SEGMENT_BYTES", value_name = "BYTES")]
    segment_bytes: Option<String>,
    /// Events between snapshots [default: 1000000]
    #[arg(long, env = "TOCOS_SNAPSHOT_EVERY_EVENTS", value_name = "EVENTS")]
    snapshot_every_events: Option<String>,
    /// Newest idempotency keys that stay in memory, 29 bytes each; older ones are found in files [default: 16000000]
    #[arg(long, env = "TOCOS_KEYS_IN_MEMORY", value_name = "KEYS")]
    keys_in_memory: Option<String>,
    /// Threads that serve connections [default: one less than there are cores, at least 1]
    #[arg(long, env = "TOCOS_THREADS", value_name = "THREADS")]
    threads: Option<String>,
    /// For a ledger without API keys: the file with the first one (tocos_1_ and 32 or more characters). If it is not
    /// there, a key is made and written into it
    #[arg(long, env = "TOCOS_BOOTSTRAP_KEY_FILE", value_name = "FILE")]
    bootstrap_key_file: Option<String>,
    /// Keep a copy of the ledger there, seconds behind: s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://CONTAINER/PREFIX or
    /// file:///FOLDER. Credentials come from the environment, by the store's own conventions
    #[arg(long, env = "TOCOS_ARCHIVE", value_name = "URL")]
    archive: Option<String>,
    /// The longest time in seconds between an event and its copy, while the store responds [default: 5]
    #[arg(long, env = "TOCOS_ARCHIVE_EVERY_S", value_name = "SECONDS")]
    archive_every_s: Option<String>,
    /// Keep so many bytes of the log on this disk, what is read back from the archive included: older parts, once they are in the
    /// archive, leave the disk and are fetched when they are asked for. Needs --archive [default: none, all stays]
    #[arg(long, env = "TOCOS_LOCAL_LOG_BYTES", value_name = "BYTES")]
    local_log_bytes: Option<String>,
    /// If the data directory is empty, restore the latest state from this archive before serving; else do nothing
    #[arg(long, env = "TOCOS_RESTORE_FROM", value_name = "URL")]
    restore_from: Option<String>,
    /// Serve one ledger together with other nodes, over a log in PostgreSQL that they share:
    /// postgres://USER:PASSWORD@HOST/DATABASE?ledger=NAME. `tocos shared-log init` makes it
    #[arg(long, env = "TOCOS_SHARED_LOG", value_name = "URL", hide_env_values = true)]
    shared_log: Option<String>,
    /// The name of this node in its group [default: the host name]
    #[arg(long, env = "TOCOS_NODE", value_name = "NAME")]
    node: Option<String>,
    /// Where the other nodes of the group reach this one [default: http:// and --listen]
    #[arg(long, env = "TOCOS_ADVERTISE", value_name = "URL")]
    advertise: Option<String>,
    /// How long the leader of a group keeps the lead without being heard, in seconds [default: 3]
    #[arg(long, env = "TOCOS_LEASE_S", value_name = "SECONDS")]
    lease_s: Option<String>,
    /// Serve the ledger of a data directory alone that belonged to a group until now; the group must not go on
    #[arg(long, env = "TOCOS_LEAVE_GROUP", value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    leave_group: Option<String>,
    /// Deliver events also to webhooks in these ranges of addresses, such as 10.0.0.0/8,127.0.0.1, or all, and over plain HTTP: whoever
    /// can make a webhook can then reach what is there [default: none, only the public internet, over HTTPS]
    #[arg(long, env = "TOCOS_WEBHOOKS_ALLOW_PRIVATE", value_name = "RANGES")]
    webhooks_allow_private: Option<String>,
    /// Write the addresses into this file once they are open, for programs that use port 0
    #[arg(long, env = "TOCOS_ADDRESS_FILE", value_name = "FILE")]
    address_file: Option<String>,
}

/// The names of all settings, as in the file. A flag has - for _, a variable is `TOCOS_` and capitals.
pub(super) const KEYS: [&str; 26] = [
    "listen",
    "internal_listen",
    "data_dir",
    "log_format",
    "log_level",
    "allow_unauthenticated",
    "bench_routes",
    "test_clock",
    "clock_gap_max",
    "clock_trust_kernel",
    "segment_bytes",
    "snapshot_every_events",
    "keys_in_memory",
    "threads",
    "bootstrap_key_file",
    "archive",
    "archive_every_s",
    "local_log_bytes",
    "restore_from",
    "shared_log",
    "node",
    "advertise",
    "lease_s",
    "leave_group",
    "webhooks_allow_private",
    "address_file",
];

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Flag(&'static str),
    Variable(&'static str),
    File { path: String, line: usize, key: &'static str },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(key) => write!(f, "--{}", key.replace('_', "-")),
            Self::Variable(key) => write!(f, "TOCOS_{}", key.to_ascii_uppercase()),
            Self::File { path, line, key } => write!(f, "{path}, line {line}, {key}"),
        }
    }
}

/// One value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub text: String,
    pub origin: Origin,
}

/// All values that were given, by name.
#[derive(Debug, Default)]
pub(crate) struct Given(pub(super) BTreeMap<&'static str, Value>);

impl Given {
    /// Gathers the settings of `tocos serve` from its flags, the variables and the file they name.
    ///
    /// # Errors
    /// The file can't be read, is no TOML, or names a setting there is not.
    pub(crate) fn gather(matches: &ArgMatches) -> Result<Self, Usage> {
        let config: Option<&PathBuf> = matches.get_one("config");
        let mut given = match config.filter(|path| !path.as_os_str().is_empty()) {
            Some(path) => file::read(path)?,
            None => Self::default(),
        };
        for key in KEYS {
            let Some(text) = matches.get_one::<String>(key) else { continue };
            let origin = match matches.value_source(key) {
                Some(ValueSource::CommandLine) => Origin::Flag(key),
                // Tools that always set a variable leave it empty to say nothing.
                _ if text.is_empty() => continue,
                _ => Origin::Variable(key),
            };
            given.0.insert(key, Value { text: text.clone(), origin });
        }
        Ok(given)
    }
}

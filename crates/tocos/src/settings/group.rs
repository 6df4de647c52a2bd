//! The settings of a node of a group.

use std::fmt;
use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::Config;
use crate::usage::Usage;

/// The shortest and the longest lease, in seconds.
pub(super) const LEASE_S: RangeInclusive<u64> = 1..=300;

/// The URL of a shared log. Shown without its password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SharedLogUrl(String);

impl SharedLogUrl {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SharedLogUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&without_password(&self.0))
    }
}

impl fmt::Debug for SharedLogUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The settings of a group as given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct GroupSettings {
    /// The log that the nodes share; none for a ledger that is alone.
    pub shared_log: Option<SharedLogUrl>,
    /// This node's name, if it was given.
    pub node: Option<String>,
    /// Where the others reach it, if that was given.
    pub advertise: Option<String>,
    /// How long the lead lasts without being renewed.
    pub lease: Duration,
    /// The data directory belonged to a group and no longer does.
    pub leaves: bool,
}

impl Default for GroupSettings {
    fn default() -> Self {
        Self { shared_log: None, node: None, advertise: None, lease: Duration::from_secs(3), leaves: false }
    }
}

impl GroupSettings {
    /// Settings that contradict each other.
    pub(super) fn check(&self, config: &Config) -> Result<(), Usage> {
        if self.shared_log.is_none() {
            let lone = [("node", self.node.is_some()), ("advertise", self.advertise.is_some())];
            return match lone.iter().find(|(_, is_given)| *is_given) {
                Some((name, _)) => Err(Usage(format!("{name} is for a node of a group. Give --shared-log too"))),
                None => Ok(()),
            };
        }
        if config.test_clock {
            return Err(Usage(
                "a ledger with a test clock can't be served by a group: leave out test_clock".to_owned(),
            ));
        }
        if self.leaves {
            return Err(Usage("leave_group is for a ledger that is served alone: leave out shared_log".to_owned()));
        }
        if self.advertise.is_none() && (config.listen.ip().is_unspecified() || config.listen.port() == 0) {
            return Err(Usage(format!(
                "listen is {}, which is no address that other nodes can reach. Say with --advertise where they reach this one, \
                 such as http://10.0.0.7:{}",
                config.listen,
                config.listen.port()
            )));
        }
        self.name().map(|_| ())
    }

    /// This node's name: the host's unless one was given.
    pub(crate) fn name(&self) -> Result<String, Usage> {
        if let Some(node) = &self.node {
            return Ok(node.clone());
        }
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        node(&host).map_err(|reason| {
            Usage(format!("the host's name can't be this node's name: {reason}. Give one with --node"))
        })
    }

    /// Where other nodes reach this one, which listens at this address.
    pub(crate) fn url(&self, listen: SocketAddr) -> String {
        self.advertise.clone().unwrap_or_else(|| format!("http://{listen}"))
    }
}

pub(super) fn shared_log(text: &str) -> Result<SharedLogUrl, String> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        Ok(SharedLogUrl(text.to_owned()))
    } else {
        Err(format!("\"{}\" is no URL such as postgres://USER:PASSWORD@HOST/DATABASE", without_password(text)))
    }
}

pub(super) fn node(text: &str) -> Result<String, String> {
    match tocos_ledger::check_node_name(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(error) => Err(format!("\"{text}\" can't be a node's name: {error}")),
    }
}

pub(super) fn advertise(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
    let is_plain = rest.is_some_and(|rest| {
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        !authority.is_empty() && !authority.contains(['/', '?', '#', '@', ' '])
    });
    if is_plain {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err(format!("\"{text}\" is no URL of a host and port such as http://10.0.0.7:8080"))
    }
}

/// A URL with its password replaced.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, behind) = rest.split_at(end);
    match authority.rsplit_once('@').map(|(user, host)| (user.split_once(':'), host)) {
        Some((Some((user, _password)), host)) => format!("{scheme}://{user}:***@{host}{behind}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_not_shown() {
        let rows = [
            ("postgres://tocos:secret@db/tocos?ledger=a", "postgres://tocos:***@db/tocos?ledger=a"),
            ("postgres://tocos:se@cret@db:5432/tocos", "postgres://tocos:***@db:5432/tocos"),
            ("postgres://tocos@db/tocos", "postgres://tocos@db/tocos"),
            ("postgres://db/tocos?user=a@b", "postgres://db/tocos?user=a@b"),
            ("postgres://a:b@one,two/x", "postgres://a:***@one,two/x"),
        ];
        for (url, shown) in rows {
            let url = shared_log(url).unwrap();
            assert_eq!((format!("{url}"), format!("{url:?}")), (shown.to_owned(), shown.to_owned()));
        }
        let error = shared_log("mysql://a:secret@b/c").unwrap_err();
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn where_others_reach_a_node_is_a_host_and_a_port() {
        for good in ["http://10.0.0.7:8080", "https://a.example", "http://[::1]:80/"] {
            assert_eq!(advertise(good).unwrap(), good.trim_end_matches('/'));
        }
        for bad in ["10.0.0.7:8080", "http://", "http://a/b", "ftp://a", "http://a?b", "http://u@a", ""] {
            assert!(advertise(bad).is_err(), "{bad}");
        }
    }
}

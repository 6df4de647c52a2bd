//! What holds while there is no API key: processes on this machine are accepted, but nobody beyond it through a browser
//! or a proxy.

use std::net::IpAddr;

use tocos_http::{Head, Peer, visible};

use crate::rendering::{Code, Problem};

/// Refuses processes of other users, requests that a proxy passed on, and pages in a browser: those that post here from
/// another site, and those whose name was made to lead here.
pub(super) fn check(head: &Head<'_>, peer: Peer) -> Result<(), Problem> {
    if peer.is_stranger {
        let detail = "Without API keys this service responds only to processes of the user that it runs as, and of root. Make a \
                      key as one of them with `tocos key create --right admin`, and send it.";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    if head.is_forwarded {
        let detail = "This request came through a proxy, and without API keys this service would be open to everyone who can \
                      reach the proxy. Create a key with `tocos key create --right admin`, and send it.";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    let authority = head.authority.and_then(visible).unwrap_or_default();
    if !authority.is_empty() && !is_loopback_name(authority) {
        let detail = "Without API keys this service accepts only names of this machine as the host, such as localhost. \
                      Create a key, or start it with --allow-unauthenticated.";
        return Err(Problem::new(Code::Forbidden, detail));
    }
    let Some(origin) = head.origin else { return Ok(()) };
    let same = visible(origin).and_then(|origin| origin.split_once("://")).is_some_and(|(_, host)| host == authority);
    if same {
        return Ok(());
    }
    let detail = "Without API keys this service accepts no requests from pages of other sites. Create a key.";
    Err(Problem::new(Code::Forbidden, detail))
}

/// What is said where other machines reach the service and there is no key.
pub(super) fn no_keys_yet() -> Problem {
    let detail = "The ledger has no API key yet, and this service can be reached from other machines. Make the first key with `tocos key \
                  first` or --bootstrap-key-file, or start with --allow-unauthenticated.";
    Problem::new(Code::Forbidden, detail)
}

fn is_loopback_name(authority: &str) -> bool {
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    host.eq_ignore_ascii_case("localhost")
        || host.to_ascii_lowercase().ends_with(".localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

//! Where an endpoint is: its URL taken apart, and checked as far as that can be done without resolving its name.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use crate::address::AddressPolicy;

/// A URL that requests may be sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// A name to be resolved, or an address.
    pub(crate) host: Result<String, IpAddr>,
    pub(crate) port: u16,
    /// The value of `host` in requests.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) path: String,
    pub(crate) is_https: bool,
}

/// Why requests are not sent to a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetError(pub String);

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TargetError {}

impl Target {
    /// Takes a URL apart. Plain HTTP is for endpoints alone that are allowed in so many words: anybody on the way could read it.
    ///
    /// # Errors
    /// [`TargetError`], in words that go on after "url: ".
    pub fn parse(url: &str, policy: &AddressPolicy) -> Result<Self, TargetError> {
        let wrong = |words: String| TargetError(words);
        let parsed = Url::parse(url).map_err(|error| wrong(format!("this is no URL: {error}")))?;
        let is_https = match parsed.scheme() {
            "https" => true,
            "http" if policy.allows_more() => false,
            "http" => {
                return Err(wrong(
                    "a URL begins with https://, unless the service was started with --webhooks-allow-private".into(),
                ));
            }
            other => return Err(wrong(format!("a URL begins with https://, not with {other}:"))),
        };
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(wrong("a URL has no user name and password".into()));
        }
        let host = match parsed.host() {
            Some(Host::Domain(name)) => Ok(name.to_owned()),
            Some(Host::Ipv4(address)) => Err(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Err(IpAddr::V6(address)),
            None => return Err(wrong("a URL names a host".into())),
        };
        if let Err(address) = &host {
            policy.check(*address).map_err(|words| wrong(format!("the address {words}")))?;
        }
        if !policy.allows_more() && host.as_ref().is_ok_and(|name| is_local(name)) {
            return Err(wrong("the host is a name of this machine".into()));
        }
        let port = parsed.port_or_known_default().filter(|port| *port != 0);
        let port = port.ok_or_else(|| wrong("a port is 1 to 65535".into()))?;
        let host_text = parsed.host_str().unwrap_or_default();
        let authority = parsed.port().map_or_else(|| host_text.to_owned(), |port| format!("{host_text}:{port}"));
        let path =
            parsed.query().map_or_else(|| parsed.path().to_owned(), |query| format!("{}?{query}", parsed.path()));
        Ok(Self { host, port, authority, path, is_https })
    }
}

/// Names that no resolver needs to be asked for.
fn is_local(name: &str) -> bool {
    let name = name.trim_end_matches('.');
    name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_public_endpoint_is_refused_before_anything_is_resolved() {
        let policy = AddressPolicy::default();
        for url in [
            "http://example.com/",
            "ftp://example.com/",
            "https://ana:secret@example.com/",
            "https://127.0.0.1/",
            // As browsers read it, all of these are 127.0.0.1.
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://127.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost/",
            "https://example.com:0/",
            "https://exa mple.com/",
            "not a url",
        ] {
            assert!(Target::parse(url, &policy).is_err(), "{url}");
        }
        let target = Target::parse("https://Example.com:8443/a/b?c=d", &policy).unwrap();
        assert_eq!((target.host.as_deref(), target.port), (Ok("example.com"), 8443));
        assert_eq!((target.authority.as_str(), target.path.as_str()), ("example.com:8443", "/a/b?c=d"));
        let target = Target::parse("https://[2606:4700::1111]", &policy).unwrap();
        assert_eq!((target.port, target.authority.as_str(), target.path.as_str()), (443, "[2606:4700::1111]", "/"));
    }

    #[test]
    fn plain_http_and_this_machine_are_for_those_who_allow_it() {
        let policy = AddressPolicy::allowing(["127.0.0.0/8".parse().unwrap()]);
        assert!(Target::parse("http://127.0.0.1:9000/", &policy).is_ok());
        assert!(Target::parse("http://localhost:9000/", &policy).is_ok(), "it is checked when it is resolved");
        assert!(Target::parse("http://10.0.0.1/", &policy).is_err());
    }
}

//! How connections are made: timeouts, proxies, certificates, and what their failures mean.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::usage::Usage;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// What differs between the agents of the commands.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct AgentOptions<'a> {
    /// Certificates to trust instead of those of the operating system and the public ones, a PEM file.
    pub ca_file: Option<&'a Path>,
    /// Where a redirect is followed; the API never sends one.
    pub follow_redirects: bool,
}

/// An agent for requests to `url`.
///
/// # Errors
/// The certificate file can't be read or holds none.
pub(crate) fn agent(url: &str, options: AgentOptions<'_>) -> anyhow::Result<Agent> {
    let mut config = Agent::config_builder()
        .http_status_as_error(false)
        .user_agent(concat!("tocos/", env!("CARGO_PKG_VERSION")))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .max_redirects(if options.follow_redirects { 10 } else { 0 })
        .max_redirects_will_error(false);
    if is_loopback(url) {
        // What runs on this machine is never behind a proxy.
        config = config.proxy(None);
    }
    let trusted = match options.ca_file {
        Some(path) => root_certs(path)?,
        // Nothing there will be encrypted.
        None if is_loopback(url) && url.starts_with("http://") && !options.follow_redirects => RootCerts::from([]),
        None => authorities(),
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let tls = TlsConfig::builder().root_certs(trusted).unversioned_rustls_crypto_provider(provider);
    Ok(config.tls_config(tls.build()).build().new_agent())
}

/// The authorities of the operating system and the public ones, as the service trusts them.
fn authorities() -> RootCerts {
    let of_system = rustls_native_certs::load_native_certs().certs;
    let public = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
    of_system.iter().chain(public).map(|one| Certificate::from_der(one).to_owned()).collect::<Vec<_>>().into()
}

fn is_loopback(url: &str) -> bool {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    ["127.", "localhost", "[::1]"].iter().any(|start| host.starts_with(start))
}

fn root_certs(path: &Path) -> anyhow::Result<RootCerts> {
    let pem = std::fs::read(path).with_context(|| format!("--ca-file: {} can't be read", path.display()))?;
    let certificates: Vec<_> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(Usage(format!("--ca-file: {} holds no certificate in PEM form", path.display())).into());
    }
    Ok(RootCerts::from(certificates))
}

/// What a failed connection means.
#[derive(Debug)]
pub(crate) struct Reason {
    /// What happened.
    pub words: String,
    /// The request was never sent: no server accepted the connection.
    pub never_connected: bool,
    /// Trying again can't help: the address or the certificate is wrong.
    pub hopeless: bool,
    /// A server is there, and its certificate is not valid or not trusted. Nothing was sent.
    pub untrusted: bool,
}

/// Puts an error of the HTTP library into our words.
pub(crate) fn reason(error: &ureq::Error) -> Reason {
    let of_tls = match error {
        ureq::Error::Rustls(error) => Some(error),
        ureq::Error::Io(error) => error.get_ref().and_then(|error| error.downcast_ref()),
        _ => None,
    };
    let untrusted = matches!(of_tls, Some(rustls::Error::InvalidCertificate(_)));
    let words = match error {
        _ if matches!(of_tls, Some(rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer))) => {
            "no authority that is trusted here signed its certificate; --ca-file or SSL_CERT_FILE names others"
                .to_owned()
        }
        ureq::Error::HostNotFound => "its host name is unknown".to_owned(),
        ureq::Error::ConnectionFailed => "nothing accepts connections there".to_owned(),
        ureq::Error::Io(error) if error.kind() == io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        ureq::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    };
    let never_connected = match error {
        ureq::Error::HostNotFound
        | ureq::Error::ConnectionFailed
        | ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve) => true,
        ureq::Error::Io(error) => matches!(
            error.kind(),
            io::ErrorKind::ConnectionRefused | io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable
        ),
        _ => false,
    };
    let hopeless = untrusted
        || matches!(
            error,
            ureq::Error::BadUri(_)
                | ureq::Error::Http(_)
                | ureq::Error::InvalidProxyUrl
                | ureq::Error::Tls(_)
                | ureq::Error::Pem(_)
                | ureq::Error::Rustls(_)
                | ureq::Error::BodyExceedsLimit(_)
        );
    Reason { words, never_connected, hopeless, untrusted }
}

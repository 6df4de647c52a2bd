//! `tocos health`: whether the service on this machine is ready; for containers that have no shell.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::anyhow;
use clap::Args;

use crate::client::{AgentOptions, Problem, agent, reason};
use crate::terminal::print;

/// The default address of the internal listener.
const DEFAULT_URL: &str = "http://127.0.0.1:9464";
/// A health check that takes longer than this is no good news.
const TIMEOUT: Duration = Duration::from_secs(3);

/// Tell whether the service is ready: exit code 0 if so, else 1
#[derive(Args, Debug)]
pub(crate) struct HealthArgs {
    /// Address of the internal listener [default: where TOCOS_INTERNAL_LISTEN says, else http://127.0.0.1:9464]
    #[arg(long)]
    url: Option<String>,
    /// The setting of `tocos serve`, so that one variable serves both
    #[arg(long, env = "TOCOS_INTERNAL_LISTEN", hide = true)]
    internal_listen: Option<String>,
}

impl HealthArgs {
    /// Asks `/readyz` once and says what came back.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let url = self.url.unwrap_or_else(|| url_of(self.internal_listen.as_deref()));
        let url = url.trim_end_matches('/');
        let mut response = agent(url, AgentOptions::default())?
            .get(format!("{url}/readyz"))
            .config()
            .timeout_global(Some(TIMEOUT))
            .build()
            .call()
            .map_err(|error| anyhow!("not ready: {url}: {}", reason(&error).words))?;
        if response.status().is_success() {
            return Ok(print("ready\n")?);
        }
        let body = response.body_mut().read_to_vec().unwrap_or_default();
        Err(anyhow!("not ready: {}", Problem::new(response.status().as_u16(), body)))
    }
}

/// The address to connect to if the service listens here: a listener on all addresses is reachable by loopback.
fn url_of(listen: Option<&str>) -> String {
    let Some(mut address) = listen.and_then(|listen| listen.trim().parse::<SocketAddr>().ok()) else {
        return DEFAULT_URL.to_owned();
    };
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{address}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_follows_the_listener() {
        assert_eq!(url_of(None), DEFAULT_URL);
        assert_eq!(url_of(Some("")), DEFAULT_URL);
        assert_eq!(url_of(Some("0.0.0.0:9000")), "http://127.0.0.1:9000");
        assert_eq!(url_of(Some("[::]:9000")), "http://[::1]:9000");
        assert_eq!(url_of(Some("10.0.0.7:9000")), "http://10.0.0.7:9000");
    }
}

//! A plain connection, for others who keep tables in PostgreSQL: the same URLs, the same TLS, no settings.

use std::fmt;
use std::sync::atomic::Ordering;

use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::Client;

use super::target::{OF_URL, Target, name_of};
use super::verdict::fault;
use crate::fault::Fault;

/// Why there is no connection.
#[derive(Debug)]
pub enum NotConnected {
    /// The URL can't be used, or what it says of TLS and passwords is not what the host takes.
    Url(String),
    /// No host could be reached. Trying again may help.
    Late(String),
    /// A host, and how it refuses.
    Engine(String, tokio_postgres::Error),
}

impl fmt::Display for NotConnected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(text) | Self::Late(text) => f.write_str(text),
            Self::Engine(host, error) => write!(f, "{host}: {error}"),
        }
    }
}

impl std::error::Error for NotConnected {}

/// Connects to the first host of the URL that takes it. The connection lives as long as the task, which is to be ended with it.
///
/// # Errors
///
/// [`NotConnected`]. A host that is away hides what is wrong with another one: trying again may help.
pub async fn connect(url: &str) -> Result<(Client, JoinHandle<()>), NotConnected> {
    let target = Target::parse(url).map_err(|fault| match fault {
        // Here it is the URL of something else.
        Fault::Away(text) | Fault::Misused(text) => NotConnected::Url(text.replacen(OF_URL, "", 1)),
    })?;
    let mut worst: Option<NotConnected> = None;
    for (index, config) in target.in_order() {
        let host = name_of(config);
        match timeout(target.connect_timeout, config.connect(target.tls.clone())).await {
            Ok(Ok((client, connection))) => {
                target.preferred.store(index, Ordering::Relaxed);
                let driver = tokio::spawn(async move {
                    // Whoever uses the connection hears of its end.
                    drop(connection.await);
                });
                return Ok((client, driver));
            }
            Ok(Err(error)) if error.as_db_error().is_some() => {
                worst = worst.or(Some(NotConnected::Engine(host, error)));
            }
            Ok(Err(error)) => {
                worst = Some(match fault(&error) {
                    Fault::Away(text) => NotConnected::Late(format!("{host}: {text}")),
                    Fault::Misused(text) => NotConnected::Url(format!("{host}: {text}")),
                });
            }
            Err(_) => {
                worst = Some(NotConnected::Late(format!("{host}: no answer within {:?}", target.connect_timeout)));
            }
        }
    }
    Err(worst.unwrap_or_else(|| NotConnected::Url("it names no host".to_owned())))
}

//! `tocos serve`: the service itself.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::Context;
use clap::ArgMatches;
use tracing_subscriber::filter::LevelFilter;

use crate::service::{Addresses, run};
use crate::settings::{Config, Given, LogFormat, LogLevel};

/// Serves until a signal ends it.
pub(crate) fn serve(matches: &ArgMatches) -> anyhow::Result<()> {
    let config = Config::check(&Given::gather(matches)?)?;
    start_log(config.log_format, config.log_level);
    let ready = |addresses: Addresses| {
        tracing::info!("listening on http://{}", addresses.public);
        if let Some(internal) = addresses.internal {
            tracing::info!("health and metrics on http://{internal}");
        }
        match &config.address_file {
            Some(path) => write_whole(path, &addresses.to_string()),
            None => Ok(()),
        }
    };
    run(&config, ready, std::future::pending())
}

/// The log goes to stderr; stdout stays free.
pub(crate) fn start_log(format: LogFormat, level: LogLevel) {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let log = tracing_subscriber::fmt().with_max_level(level).with_writer(io::stderr).with_target(false);
    match format {
        LogFormat::Text => log.with_ansi(false).init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

/// A program that waits for the file never reads an incomplete one.
fn write_whole(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    fs::write(&part, text)
        .and_then(|()| fs::rename(&part, path))
        .with_context(|| format!("address_file: {} can't be written", path.display()))
}

//! Figures that a running service shows on its internal side.

use anyhow::{Context, Result};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

/// A figure of the service that wrote this file for its `--address-file`.
pub(crate) fn metric(addresses: &Path, name: &str) -> Result<f64> {
    let said = std::fs::read_to_string(addresses)?;
    let address = said.lines().find_map(|line| line.strip_prefix("internal http://"));
    let mut stream = TcpStream::connect(address.context("the service does not say where its metrics are")?.trim())?;
    stream.write_all(b"GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok());
    value.with_context(|| format!("{name} is not among the metrics"))
}

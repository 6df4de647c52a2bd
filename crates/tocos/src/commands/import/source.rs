//! Where a list comes from: a file, an address, or stdin.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, anyhow};

use crate::client::{AgentOptions, agent, reason};

/// A list that is open for reading.
pub(super) struct Source {
    /// The bytes, as they come.
    pub input: Box<dyn Read>,
    /// How many there are, if that is known.
    pub length: Option<u64>,
    /// A name whose extension may determine the format.
    pub name: String,
}

/// Opens what the command line names. Our API key is not sent to an address: it is not ours.
pub(super) fn open(source: &str, ca_file: Option<&Path>) -> anyhow::Result<Source> {
    if source == "-" {
        return Ok(Source { input: Box::new(io::stdin()), length: None, name: String::new() });
    }
    if source.starts_with("http://") || source.starts_with("https://") {
        return fetch(source, ca_file);
    }
    let file = File::open(source).with_context(|| format!("{source} can't be opened"))?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(anyhow!("{source} is a directory, not a list"));
    }
    let length = metadata.is_file().then_some(metadata.len());
    Ok(Source { input: Box::new(file), length, name: source.to_owned() })
}

fn fetch(url: &str, ca_file: Option<&Path>) -> anyhow::Result<Source> {
    let response = agent(url, AgentOptions { ca_file, follow_redirects: true })?
        .get(url)
        .header("accept", "application/json, application/x-ndjson, text/csv;q=0.9, */*;q=0.1")
        .call()
        .map_err(|error| anyhow!("{url} can't be read: {}", reason(&error).words))?;
    if !response.status().is_success() {
        return Err(anyhow!("{url} can't be read: it answers with status {}", response.status().as_u16()));
    }
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let body = response.into_body();
    let length = body.content_length();
    Ok(Source { input: Box::new(body.into_reader()), length, name: path.to_owned() })
}

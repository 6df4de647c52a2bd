//! `tocos batch FILE|-`: many operations at once.

use std::io::Read;

use anyhow::Context;
use clap::Args;
use serde::Deserialize;

use crate::client::{Problem, Request};
use crate::exit::AlreadyTold;
use crate::session::{ConnectionArgs, WriteArgs, parse};
use crate::terminal::{note, print, print_bytes};
use crate::usage::Usage;

/// The largest body the server takes for a batch.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Send 1 to 10,000 operations at once
#[derive(Args, Debug)]
pub(crate) struct BatchArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// A JSON object with `operations`, or NDJSON with one operation per line; - reads stdin
    file: String,
    /// The key of the batch: operation i without its own key gets KEY/i [default: a new one]
    #[arg(long, value_name = "KEY", help_heading = "Writing")]
    idempotency_key: Option<String>,
    /// Print the response that the batch would get, and change nothing
    #[arg(long, help_heading = "Writing")]
    dry_run: bool,
    /// Apply all operations or none (NDJSON only; a JSON object has `atomic` itself)
    #[arg(long)]
    atomic: bool,
    /// Return the response to each operation, not only refusals (NDJSON only; a JSON object has `results` itself)
    #[arg(long)]
    all_results: bool,
}

#[derive(Deserialize)]
struct Applied {
    applied: u64,
    refused: u64,
    #[serde(default)]
    replayed: u64,
    #[serde(default)]
    results: Vec<OneResult>,
}

#[derive(Deserialize)]
struct OneResult {
    #[serde(default)]
    operation: Option<u64>,
    #[serde(flatten)]
    problem: Problem,
}

impl BatchArgs {
    /// Sends the file and prints what was refused.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let body = read(&self.file)?;
        let mut request = Request::post("/v1/batch");
        if is_json_object(&body) {
            if self.atomic || self.all_results {
                let text = "--atomic and --all-results are for one operation a line; this file is a JSON object with `operations`, put \"atomic\" or \"results\" into it";
                return Err(Usage(text.to_owned()).into());
            }
            request = request.bytes(body, "application/json");
        } else {
            request = request
                .query_if("atomic", self.atomic.then_some(true))
                .query_if("results", self.all_results.then_some("all"))
                .bytes(body, "application/x-ndjson");
        }
        let write =
            WriteArgs { idempotency_key: self.idempotency_key, dry_run: self.dry_run, metadata: None, reference: None };
        let response = session.write_request(request, &write)?;
        let applied: Applied = parse(&response)?;
        if session.json {
            print_bytes(&response.body)?;
        } else {
            for result in applied.results.iter().filter(|result| !result.problem.code.is_empty()) {
                let operation =
                    result.operation.map(|operation| format!("operation {operation}: ")).unwrap_or_default();
                note(&format!("{operation}{}", result.problem));
            }
            let start = if self.dry_run { "dry run, nothing changed: " } else { "" };
            print(&format!(
                "{start}{} applied, {} refused, {} done before\n",
                applied.applied, applied.refused, applied.replayed
            ))?;
        }
        if applied.refused > 0 { Err(AlreadyTold.into()) } else { Ok(()) }
    }
}

fn read(file: &str) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    let limit = BODY_BYTES_MAX as u64 + 1;
    if file == "-" {
        std::io::stdin().lock().take(limit).read_to_end(&mut body).context("stdin can't be read")?;
    } else {
        std::fs::File::open(file)
            .and_then(|opened| opened.take(limit).read_to_end(&mut body))
            .with_context(|| format!("{file} can't be read"))?;
    }
    if body.len() > BODY_BYTES_MAX {
        anyhow::bail!("{file} is larger than {BODY_BYTES_MAX} bytes, the most that one batch takes; send it in parts");
    }
    Ok(body)
}

/// Whether this is one JSON object with `operations`, not one operation a line.
fn is_json_object(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Operations {
        #[serde(rename = "operations")]
        _operations: serde::de::IgnoredAny,
    }
    serde_json::from_slice::<Operations>(body).is_ok()
}

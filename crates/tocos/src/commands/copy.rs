//! `tocos copy`: tables in PostgreSQL that follow a ledger.

use std::time::Duration;

use anyhow::anyhow;
use clap::Args;
use serde_json::json;
use tocos_copy::check::{Report, check};
use tocos_copy::{Copier, Options, Reply, Service, Trouble};
use tokio::runtime::Builder;

use crate::client::{Client, ClientError, Request};
use crate::exit::{AlreadyTold, Away};
use crate::session::ConnectionArgs;
use crate::terminal::{note, print};

/// How long a request for events may take: the service keeps it open for some seconds.
const TIMEOUT: Duration = Duration::from_secs(90);

/// Keep tables in PostgreSQL that follow the ledger: events, entries, balances, lots, holds
///
/// Each event is copied exactly once, however often the copy is interrupted. Without --once it goes on until it is ended. --url may name the
/// nodes of a group, with commas between them.
#[derive(Args, Debug)]
pub(crate) struct CopyArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The database: postgres://USER:PASSWORD@HOST/DATABASE (the variable keeps the password out of the process list)
    #[arg(long, env = "TOCOS_COPY_TO", hide_env_values = true, value_name = "URL")]
    to: String,
    /// The schema of the tables, which is made if it is not there
    #[arg(long, env = "TOCOS_COPY_SCHEMA", default_value = "tocos", value_name = "NAME")]
    schema: String,
    /// Copy up to what the ledger has now, and end
    #[arg(long)]
    once: bool,
    /// Copy up to now, compare the tables with the ledger, and end; exit code 1 if anything differs
    #[arg(long, conflicts_with = "once")]
    check: bool,
    /// With --once and --check: how many seconds to go on trying while the service or the database is away
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    retry_for: u64,
}

impl CopyArgs {
    /// Copies, or checks.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let service = Box::new(Api::new(&self.connection)?);
        let options = Options {
            to: self.to,
            schema: self.schema,
            once: self.once,
            patience: Duration::from_secs(self.retry_for),
        };
        let tell = Box::new(|text: &str| note(&format!("copy: {text}")));
        // What is folded and what is written are on two threads.
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let outcome = runtime.block_on(async {
            if self.check {
                return check(service, options, tell).await.map(Some);
            }
            let schema = options.schema.clone();
            match Copier::new(service, options, tell).run().await? {
                true => Ok(None),
                false => Err(Trouble::Stuck(format!(
                    "another tocos copy writes the tables in schema {schema}. It must end first; or copy into another --schema"
                ))),
            }
        });
        // A request for events may be open for some seconds more.
        runtime.shutdown_background();
        match outcome.map_err(in_words)? {
            None => Ok(()),
            Some(report) => tell_report(&report, self.connection.json),
        }
    }
}

fn in_words(trouble: Trouble) -> anyhow::Error {
    match trouble {
        Trouble::Away(text) => Away(text).into(),
        Trouble::Stuck(text) => anyhow!(text),
    }
}

fn tell_report(report: &Report, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        let compared: serde_json::Map<String, serde_json::Value> =
            report.compared.iter().map(|(what, count)| ((*what).to_owned(), (*count).into())).collect();
        let text = json!({
            "equal": report.count == 0, "last_event": report.last_event, "compared": compared,
            "differences": report.count, "first_differences": report.differences,
        });
        print(&format!("{text}\n"))?;
    } else {
        let compared: Vec<String> = report.compared.iter().map(|(what, count)| format!("{count} {what}")).collect();
        let compared = compared.join(", ");
        if report.count == 0 {
            print(&format!("the tables are equal to the ledger at event {}: {compared}\n", report.last_event))?;
        } else {
            let mut text = report.differences.join("\n");
            text.push('\n');
            let left = report.count - report.differences.len() as u64;
            if left > 0 {
                text.push_str(&format!("and {left} more\n"));
            }
            print(&text)?;
        }
    }
    if report.count == 0 {
        return Ok(());
    }
    note(&format!("tocos: the tables differ from the ledger in {} ways", report.count));
    Err(AlreadyTold.into())
}

/// The service, as the copier asks it: one address, or those of the nodes of a group.
struct Api {
    nodes: Vec<Client>,
    /// The one that answered last.
    preferred: usize,
}

impl Api {
    fn new(connection: &ConnectionArgs) -> anyhow::Result<Self> {
        let node = |url: &str| -> anyhow::Result<Client> {
            let session = ConnectionArgs { url: url.trim().to_owned(), ..connection.clone() }.session()?;
            // Waiting and saying so is for the copier, which also knows about the database.
            Ok(session.client.patient(Duration::ZERO, |_, _| {}))
        };
        let nodes = connection.url.split(',').map(node).collect::<anyhow::Result<_>>()?;
        Ok(Self { nodes, preferred: 0 })
    }

    /// Asks one node after another until one answers. What is wrong with the last one is said.
    fn send(&mut self, request: &Request) -> Result<Reply, ClientError> {
        let mut tries = 1;
        loop {
            match self.nodes[self.preferred].send(request) {
                Ok(response) => return Ok(Reply { body: response.body, event: response.event }),
                Err(refused @ ClientError::Refused(_)) => return Err(refused),
                Err(away) => {
                    self.preferred = (self.preferred + 1) % self.nodes.len();
                    if tries == self.nodes.len() {
                        return Err(away);
                    }
                    tries += 1;
                }
            }
        }
    }
}

fn trouble(error: &ClientError) -> Trouble {
    match error {
        ClientError::Refused(_) | ClientError::Untrusted { .. } => Trouble::Stuck(error.to_string()),
        ClientError::Unavailable(_) | ClientError::Unreachable { .. } => Trouble::Away(error.to_string()),
    }
}

impl Service for Api {
    fn get(&mut self, target: &str) -> Result<Reply, Trouble> {
        self.send(&Request::get(target).timeout(TIMEOUT)).map_err(|error| trouble(&error))
    }

    fn find(&mut self, target: &str) -> Result<Option<Reply>, Trouble> {
        match self.send(&Request::get(target).by_leader()) {
            Ok(reply) => Ok(Some(reply)),
            Err(ClientError::Refused(problem)) if problem.code.ends_with("_not_found") => Ok(None),
            Err(error) => Err(trouble(&error)),
        }
    }
}

//! `tocos demo`: a service with the example users in it, for trying Tocos.

use std::io::{Cursor, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::thread;

use anyhow::{Context, anyhow};
use clap::Args;
use indicatif::ProgressBar;
use tokio::sync::oneshot;

use super::import::{OnError, Plan};
use super::serve::start_log;
use super::users::users_table;
use crate::client::Request;
use crate::list::ReadOptions;
use crate::response::UserPage;
use crate::service::{Addresses, run};
use crate::session::{ConnectionArgs, Session, parse};
use crate::settings::{Config, LogFormat, LogLevel};
use crate::terminal::print;

/// The example users, part of the binary.
const USERS: &str = include_str!("../../../../examples/users.json");

/// Start a service with example users in it and show what to try
#[derive(Args, Debug)]
pub(crate) struct DemoArgs {
    /// Where the API listens; if that port is taken, on a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The data directory of the demo's ledger
    #[arg(long, value_name = "DIR", default_value = "./demo.tocos-data")]
    data_dir: PathBuf,
    /// Exit after the demonstration, instead of serving until Ctrl-C
    #[arg(long)]
    exit: bool,
}

impl DemoArgs {
    /// Serves here, and brings in and shows the users in a second thread.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        start_log(LogFormat::Text, LogLevel::Warn);
        let listen = self.free_address()?;
        let config = Config {
            listen,
            internal_listen: None,
            data_dir: self.data_dir.clone(),
            // A demo is started again after months, on machines of any kind.
            clock_gap_max: None,
            ..Config::default()
        };
        let (stop, stopped) = oneshot::channel();
        let mut guide = None;
        let ready = |addresses: Addresses| {
            let shown = move || {
                let outcome = self.show(addresses);
                if self.exit || outcome.is_err() {
                    // Nobody waits for it only if the service has ended before.
                    let _unsent = stop.send(());
                }
                outcome
            };
            guide = Some(thread::Builder::new().name("tocos-demo".to_owned()).spawn(shown)?);
            Ok(())
        };
        run(&config, ready, told(stopped))?;
        match guide.map(thread::JoinHandle::join) {
            Some(Ok(outcome)) => outcome,
            Some(Err(_)) => Err(anyhow!("the demo was interrupted")),
            None => Ok(()),
        }
    }

    fn free_address(&self) -> anyhow::Result<SocketAddr> {
        match TcpListener::bind(self.listen) {
            Ok(_) => Ok(self.listen),
            Err(error) if error.kind() == ErrorKind::AddrInUse => {
                print(&format!("Port {} is taken, so the demo listens on a free one.\n", self.listen.port()))?;
                Ok(SocketAddr::new(self.listen.ip(), 0))
            }
            Err(error) => Err(error).with_context(|| format!("{} can't be listened on", self.listen)),
        }
    }

    fn show(&self, addresses: Addresses) -> anyhow::Result<()> {
        let url = format!("http://{}", addresses.public);
        let session = ConnectionArgs { url: url.clone(), key: None, ca_file: None, json: false }.session()?;
        print(&format!(
            "The demo's ledger is in {} (remove the folder to start afresh), its API at {url}\n\n",
            self.data_dir.display()
        ))?;
        print(&import(&session)?)?;
        print("\n")?;
        print(&list(&session)?)?;
        print(&what_next(&url, self.exit))?;
        Ok(())
    }
}

/// Ready when the guide says stop; one that is done without a word leaves the end to the signals.
async fn told(stopped: oneshot::Receiver<()>) {
    if stopped.await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Imports the example users the way `tocos import` does.
fn import(session: &Session) -> anyhow::Result<String> {
    let plan = Plan { label: "demo".to_owned(), update_names: false, on_error: OnError::Stop, check: false };
    let options = ReadOptions::new(None, "toco".to_owned(), Vec::new());
    let (summary, outcome) =
        plan.import(&session.client, Box::new(Cursor::new(USERS)), options, &ProgressBar::hidden());
    outcome.context("the example users can't be imported")?;
    Ok(summary.text(false))
}

fn list(session: &Session) -> anyhow::Result<String> {
    let page: UserPage = parse(&session.send(&Request::get("/v1/users").query("limit", 1000))?)?;
    Ok(users_table(&page, session.decimals()))
}

fn what_next(url: &str, exit: bool) -> String {
    let tocos = std::env::args().next().unwrap_or_else(|| "tocos".to_owned());
    let option = if url == "http://127.0.0.1:8080" { String::new() } else { format!(" --url {url}") };
    let console = if exit { String::new() } else { format!("The console: {url}/ in a browser.\n\n") };
    let end = if exit {
        "The demo has ended; the coins stay. Without --exit it goes on serving.\n"
    } else {
        "Ctrl-C ends the demo; the coins stay, and the next start finds them.\n"
    };
    format!(
        "
{console}Try next, in another terminal:

  curl -s '{url}/v1/users?coin=gems&limit=3'
  curl -s {url}/v1/users/ada.lovelace
  curl -s {url}/v1/transfers -H 'content-type: application/json' -H 'idempotency-key: try-1' \\
       -d '{{\"from\":\"ada.lovelace\",\"to\":\"shop\",\"coin\":\"toco\",\"amount\":5}}'
       (again: the same response, and no second transfer)
  curl -s {url}/v1/users/shop/history
  {tocos} users --prefix s{option}
  {tocos} spend whale 1000 --metadata '{{\"order\":\"17\"}}'{option}
  {tocos} history whale{option}

{end}"
    )
}

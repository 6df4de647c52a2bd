//! `tocos shared-log lost`: what a node has that its group lost.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::Args;
use tocos_archive::Reader;
use tocos_engine::{Engine, EngineOptions};
use tocos_sharedlog::{SharedLog, postgres};

use super::{Which, frame_up_to, in_words, runtime};
use crate::terminal::{note, print};

/// Events that are read at a time.
const AT_ONCE: usize = 1_000;

/// List the events of a data directory that the shared log does not have
///
/// For a node that diverged: its files have events that were acknowledged, and PostgreSQL lost them. Prints each of them as a line of JSON, as
/// GET /v1/events does. The service must not be running on the directory.
#[derive(Args, Debug)]
pub(super) struct LostArgs {
    #[command(flatten)]
    which: Which,
    /// The data directory of the node, or the folder in it where `tocos shared-log rejoin` has set its files aside
    #[arg(long, env = "TOCOS_DATA_DIR", value_name = "DIR", default_value = "./tocos-data")]
    data_dir: PathBuf,
}

impl LostArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        if !self.data_dir.is_dir() {
            return Err(anyhow!("{} is no directory; name that of the node with --data-dir", self.data_dir.display()));
        }
        let (engine, _) = Engine::open(&EngineOptions::new(&self.data_dir))
            .map_err(|failure| anyhow!("{failure}"))
            .with_context(|| format!("the ledger in {} can't be opened", self.data_dir.display()))?;
        let agreed = runtime()?.block_on(async {
            let log = postgres::Log::connect(&self.which.url).await.map_err(|fault| in_words(&fault))?;
            if log.identity().ledger_id != engine.reader().ledger_id() {
                return Err(anyhow!("{} has another ledger than the shared log", self.data_dir.display()));
            }
            last_agreement(&log, engine.reader()).await
        })?;
        let last_event = engine.durable_event();
        let mut after = agreed;
        while after < last_event {
            let events = engine.events_after(after, AT_ONCE)?;
            let Some(last) = events.last() else { break };
            after = last.number;
            let mut text = String::new();
            for stored in &events {
                let event = stored.decode()?;
                let line = engine.read(|ledger, _| tocos_api::event_json(&event, ledger.state()))?.value;
                text.push_str(&line);
                text.push('\n');
            }
            print(&text)?;
        }
        note(&match last_event - agreed {
            0 => format!("the shared log has every event of {}", self.data_dir.display()),
            _ => format!("the shared log does not have events {} to {last_event}", agreed + 1),
        });
        Ok(engine.close()?)
    }
}

/// The last event up to which the shared log and a log here agree.
async fn last_agreement(log: &dyn SharedLog, reader: &Reader) -> anyhow::Result<u64> {
    let first = log.first().await.map_err(|fault| in_words(&fault))?;
    let agrees = |event: u64, hash: [u8; 32]| -> anyhow::Result<bool> {
        Ok(reader.position_at(event)?.is_some_and(|at| at.chain == hash))
    };
    let Some(mut high) = frame_up_to(log, reader.last_event()).await.map_err(|fault| in_words(&fault))? else {
        return Err(anyhow!("the shared log begins behind the end of this directory: what is between was pruned"));
    };
    if agrees(high.last_event, high.hash)? {
        return Ok(high.last_event);
    }
    let mut low = first;
    if !agrees(low.last_event, low.hash)? {
        return Err(anyhow!(
            "they do not agree at event {}, the first that the shared log still has: compare with the archive instead",
            low.last_event
        ));
    }
    // Once they differ they never agree again.
    while high.n - low.n > 1 {
        let middle = log.head(low.n + (high.n - low.n) / 2).await.map_err(|fault| in_words(&fault))?;
        let middle = middle.ok_or_else(|| anyhow!("the shared log was pruned meanwhile; try again"))?;
        if agrees(middle.last_event, middle.hash)? {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(low.last_event)
}

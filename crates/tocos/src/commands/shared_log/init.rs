//! `tocos shared-log init`: makes a shared log.

use std::path::{Path, PathBuf};
use std::pin::Pin;

use anyhow::{Context, anyhow};
use bytes::Bytes;
use clap::Args;
use futures_util::stream;
use tocos_archive::Reader;
use tocos_engine::{Engine, EngineOptions};
use tocos_sharedlog::postgres::{self, Frames, Log};
use tocos_sharedlog::{Fault, Head, Identity, NewFrame, SharedLog};

use super::{Which, in_words, runtime};
use crate::group::refuse_members;
use crate::restoring::Shown;
use crate::terminal::print;

/// Make a shared log for a new ledger, or for one that exists
///
/// Makes the schema `tocos` if the database has none, and the shared log of one ledger in it. With --from, all events of a ledger go into it
/// whose service is not running; its directory stays as it is, and a node can start from it. Interrupted and run again it goes on.
#[derive(Args, Debug)]
pub(super) struct InitArgs {
    #[command(flatten)]
    which: Which,
    /// The data directory of the ledger that the group is to serve; without, the ledger is a new one
    #[arg(long, value_name = "DIR")]
    from: Option<PathBuf>,
}

impl InitArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        let ledger = postgres::ledger_name(&self.which.url).map_err(|fault| in_words(&fault))?;
        let text = match &self.from {
            None => runtime()?.block_on(self.empty(&ledger))?,
            Some(data_dir) => self.load(&ledger, data_dir)?,
        };
        Ok(print(&text)?)
    }

    async fn empty(&self, ledger: &str) -> anyhow::Result<String> {
        let url = &self.which.url;
        match Log::connect(url).await {
            Ok(log) => {
                let tip = log.tip().await.map_err(|fault| in_words(&fault))?;
                return Ok(format!(
                    "the shared log of ledger {ledger} is there already, up to event {}\n",
                    tip.last_event
                ));
            }
            Err(fault @ Fault::Away(_)) => return Err(in_words(&fault)),
            // What is missing is made now; what is wrong is said again.
            Err(Fault::Misused(_)) => {}
        }
        let (mut ledger_id, mut seed) = ([0; 16], [0; 16]);
        for bytes in [&mut ledger_id, &mut seed] {
            getrandom::fill(bytes).map_err(|error| anyhow!("the operating system gave no random bytes: {error}"))?;
        }
        // As the ids of all ledgers without a test clock.
        ledger_id[0] |= 0x80;
        let identity = Identity { ledger: ledger.to_owned(), ledger_id, seed };
        postgres::init(url, &identity, None).await.map_err(|fault| in_words(&fault))?;
        Ok(format!("the shared log of ledger {ledger} is ready; it is empty\n"))
    }

    fn load(&self, ledger: &str, data_dir: &Path) -> anyhow::Result<String> {
        let shown = data_dir.display();
        refuse_members(data_dir)?;
        if !data_dir.is_dir() {
            return Err(anyhow!("{shown} is no directory; name that of the ledger with --from"));
        }
        let (engine, _) = Engine::open(&EngineOptions::new(data_dir))
            .map_err(|failure| anyhow!("{failure}"))
            .with_context(|| format!("the ledger in {shown} can't be opened"))?;
        let reader = engine.reader();
        let identity = Identity { ledger: ledger.to_owned(), ledger_id: reader.ledger_id(), seed: reader.seed() };
        let initialised = runtime()?
            .block_on(postgres::init(&self.which.url, &identity, Some(frames_of(reader))))
            .map_err(|fault| in_words(&fault))?;
        let last_event = engine.durable_event();
        engine.close().map_err(|error| anyhow!("{error}"))?;
        let loaded = initialised.loaded;
        Ok(format!(
            "the shared log of ledger {ledger} has the {last_event} events of {shown}; {loaded} frames were appended now\n"
        ))
    }
}

/// All frames of a log in order, as the shared log takes them. Shows how far it is.
fn frames_of(reader: &Reader) -> Frames {
    let mut frames = reader.frames(1);
    let mut shown = Some(Shown::new("appending"));
    let mut n = 0;
    let next = move || match frames.next_raw() {
        Ok(Some(raw)) => {
            n += 1;
            let header = raw.header;
            let head = Head { n, epoch: 0, first_event: header.first, last_event: header.last(), hash: header.hash };
            if let Some(shown) = &mut shown {
                shown.advance(raw.bytes.len() as u64, || format!("event {}", header.last()));
            }
            Some(Ok(NewFrame { head, prev: header.prev, bytes: Bytes::copy_from_slice(raw.bytes) }))
        }
        Ok(None) => {
            if let Some(shown) = shown.take() {
                shown.end();
            }
            None
        }
        Err(error) => Some(Err(error.to_string())),
    };
    Box::pin(stream::iter(std::iter::from_fn(next))) as Pin<Box<_>>
}

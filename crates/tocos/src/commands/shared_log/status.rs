//! `tocos shared-log status`: what is in a shared log.

use clap::Args;
use serde_json::json;
use tocos_sharedlog::{SharedLog, postgres};

use super::{Which, in_words, runtime};
use crate::terminal::print;

/// Show how far the shared log goes, who leads, and what PostgreSQL promises
#[derive(Args, Debug)]
pub(super) struct StatusArgs {
    #[command(flatten)]
    which: Which,
    /// Print a JSON object instead of sentences
    #[arg(long)]
    json: bool,
}

impl StatusArgs {
    pub(super) fn run(self) -> anyhow::Result<()> {
        runtime()?.block_on(async {
            let log = postgres::Log::connect(&self.which.url).await.map_err(|fault| in_words(&fault))?;
            let (first, tip) = (
                log.first().await.map_err(|fault| in_words(&fault))?,
                log.tip().await.map_err(|fault| in_words(&fault))?,
            );
            let (lease, durability) = (
                log.lease().await.map_err(|fault| in_words(&fault))?,
                log.durability().await.map_err(|fault| in_words(&fault))?,
            );
            let ledger = &log.identity().ledger;
            if self.json {
                let lease = lease.map(|lease| {
                    json!({
                        "epoch": lease.epoch, "node": lease.holder, "url": lease.url,
                        "remaining_s": lease.remaining.as_secs_f64(), "handed_to": lease.handed_to,
                    })
                });
                let text = json!({
                    "ledger": ledger,
                    "first_frame": first.n, "first_event": first.first_event,
                    "last_frame": tip.n, "last_event": tip.last_event, "epoch": tip.epoch,
                    "lease": lease,
                    "synchronous": durability.is_synchronous, "because": durability.because,
                });
                return Ok(print(&format!("{text}\n"))?);
            }
            let mut text = format!(
                "ledger {ledger}: frames {} to {}, events {} to {}\n",
                first.n, tip.n, first.first_event, tip.last_event
            );
            text.push_str(&match lease {
                Some(lease) if lease.remaining.is_zero() => {
                    format!("nobody leads; {} did, under epoch {}\n", lease.holder, lease.epoch)
                }
                Some(lease) => format!(
                    "{} leads under epoch {}, for {:.1} s unless it renews that; {}\n",
                    lease.holder,
                    lease.epoch,
                    lease.remaining.as_secs_f64(),
                    lease.url
                ),
                None => "no node has led yet\n".to_owned(),
            });
            let promised = if durability.is_synchronous { "on more than one machine" } else { "on one machine only" };
            text.push_str(&format!("what is acknowledged is {promised}: {}\n", durability.because));
            Ok(print(&text)?)
        })
    }
}

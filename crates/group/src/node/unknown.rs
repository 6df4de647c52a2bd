//! Finding out by reading what of the leader's frames is in the shared log, after an append was refused or its outcome did not arrive.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tocos_sharedlog::{Fault, Head, SharedLog};
use tokio::time::sleep;

use super::asking::Trouble;
use super::healing::{Healed, heal};
use super::options::Options;
use super::place::{Place, find};
use crate::local::Local;
use crate::status::Status;

/// Why a leader can't append any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Loss {
    /// Somebody else's frame is where its own should be.
    Rival(String),
    /// The shared log went on without frames that were acknowledged.
    Diverged(String),
    /// The local ledger can't go on.
    Broken(String),
}

/// What is to be found out.
#[derive(Debug)]
pub(super) struct Question {
    pub(super) epoch: u64,
    /// The last frame that was acknowledged.
    pub(super) acknowledged: Head,
    /// The frames behind it, of which nothing is known.
    pub(super) unknown: Vec<Head>,
    /// How often in a row this has been asked before.
    pub(super) doubts: u32,
}

/// How many of the unknown frames are visible.
pub(super) type Finding = Pin<Box<dyn Future<Output = Result<usize, Loss>> + Send>>;

/// Tries until the shared log responds. Appends again what was acknowledged and has been forgotten. The caller ends it when the lease is
/// over.
pub(super) async fn find_out(
    log: Arc<dyn SharedLog>,
    local: Arc<dyn Local>,
    options: Options,
    status: Status,
    question: Question,
) -> Result<usize, Loss> {
    let mut backoff = options.backoff();
    for _ in 0..question.doubts.min(8) {
        // It did not help the last time.
        sleep(backoff.next()).await;
    }
    let mut backoff = options.backoff();
    loop {
        let is_changed = match look(&*log, &question).await {
            Ok(Seen::Visible(visible)) => return Ok(visible),
            Ok(Seen::Rival(head)) => return Err(Loss::Rival(rival(&head))),
            Ok(Seen::Less) => match go_back(&*log, &*local, &options, &status, &question).await {
                Ok(Back::There) => false,
                Ok(Back::Changed) => true,
                Ok(Back::Lost(loss)) => return Err(loss),
                Err(Trouble::Local(fault)) => return Err(Loss::Broken(fault.to_string())),
                Err(Trouble::Log(fault)) => {
                    status.fault(&fault);
                    true
                }
            },
            Err(fault) => {
                status.fault(&fault);
                true
            }
        };
        if is_changed {
            sleep(backoff.next()).await;
        }
    }
}

enum Seen {
    /// So many of the unknown frames are there, and no other behind them.
    Visible(usize),
    /// The last acknowledged frame is not there.
    Less,
    /// Another frame.
    Rival(Head),
}

async fn look(log: &dyn SharedLog, question: &Question) -> Result<Seen, Fault> {
    let mut visible = 0;
    for unknown in &question.unknown {
        match log.head(unknown.n).await? {
            Some(head) if head.hash == unknown.hash => visible += 1,
            Some(head) => return Ok(Seen::Rival(head)),
            None => break,
        }
    }
    if visible > 0 {
        // They were built on the acknowledged one.
        return Ok(Seen::Visible(visible));
    }
    let last = question.acknowledged;
    let has_last = log.head(last.n).await?.is_some_and(|head| head.hash == last.hash);
    Ok(if has_last { Seen::Visible(0) } else { Seen::Less })
}

fn rival(head: &Head) -> String {
    format!("frame {} of the shared log is another node's, of epoch {}", head.n, head.epoch)
}

enum Back {
    /// The last acknowledged frame is there now.
    There,
    /// The log changed meanwhile.
    Changed,
    Lost(Loss),
}

/// The last acknowledged frame is not there: either the shared log forgot it, or somebody else went on without it.
async fn go_back(
    log: &dyn SharedLog,
    local: &dyn Local,
    options: &Options,
    status: &Status,
    question: &Question,
) -> Result<Back, Trouble> {
    Ok(match find(log, local).await? {
        Place::At { number, .. } if number == question.acknowledged.n => Back::Changed,
        Place::Ahead { tip } => match heal(log, local, status, tip, (question.epoch, options.bytes_max)).await? {
            Healed::All => Back::There,
            Healed::Changed => Back::Changed,
            Healed::NotHere(reason) => Back::Lost(Loss::Diverged(reason)),
        },
        Place::At { number, .. } => {
            Back::Lost(Loss::Rival(format!("its last frame has number {number} now, not {}", question.acknowledged.n)))
        }
        Place::Disagrees(reason) => Back::Lost(Loss::Diverged(reason)),
        Place::Pruned { first_event } => {
            Back::Lost(Loss::Rival(format!("the shared log begins with event {first_event} now")))
        }
        Place::Changed => Back::Changed,
    })
}

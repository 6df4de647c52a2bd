//! Where the local files end in the shared log. The files know events and hashes, not the numbers of frames.

use tocos_sharedlog::{Head, SharedLog};
use tokio::time::Instant;

use super::asking::Trouble;
use super::{Ended, Exit, Node};
use crate::local::{Local, Position};

/// Where the local files end, compared with the shared log.
#[derive(Debug)]
pub(super) enum Place {
    /// The frame that ends them has this number in the shared log.
    At {
        /// The number.
        number: u64,
        /// Where the shared log ends.
        tip: Head,
        /// Whether that frame was compared. It was not if it is just the last one that was pruned.
        is_compared: bool,
    },
    /// The shared log ends before them, and they have its last frame: it has forgotten what comes behind.
    Ahead {
        /// Where the shared log ends.
        tip: Head,
    },
    /// The shared log has other frames; in words.
    Disagrees(String),
    /// What comes behind them is no longer in the shared log.
    Pruned {
        /// The first event that is still there.
        first_event: u64,
    },
    /// The shared log changed meanwhile in a way that only a fail-over explains.
    Changed,
}

/// Finds it by binary search. That the shared log disagrees is only said of a frame that was read as a whole, so a fail-over
/// between two reads can't be taken for it.
pub(super) async fn find(log: &dyn SharedLog, local: &dyn Local) -> Result<Place, Trouble> {
    let end = local.position();
    let tip = log.tip().await?;
    if tip.last_event == end.event {
        return Ok(judge(local, &end, &tip, tip));
    }
    if tip.last_event < end.event {
        let here = local.frame_ending_at(tip.last_event).await?;
        let agrees = here.is_some_and(|here| here.hash == tip.hash);
        return Ok(if agrees { Place::Ahead { tip } } else { Place::Disagrees(disagreement(local, &end, &tip)) });
    }
    let first = log.first().await?;
    if first.first_event > end.event + 1 {
        return Ok(Place::Pruned { first_event: first.first_event });
    }
    if first.first_event == end.event + 1 && first.n > 0 {
        // The next frame is there, and tells whether it was built on this one.
        return Ok(Place::At { number: first.n - 1, tip, is_compared: false });
    }
    let (mut low, mut high) = (first.n, tip.n);
    while low < high {
        let middle = low + (high - low) / 2;
        let Some(head) = log.head(middle).await? else { return Ok(Place::Changed) };
        if head.last_event < end.event {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Ok(log.head(low).await?.map_or(Place::Changed, |head| judge(local, &end, &head, tip)))
}

/// What the frame of the shared log that should have the last local event says.
fn judge(local: &dyn Local, end: &Position, head: &Head, tip: Head) -> Place {
    if head.last_event == end.event && head.hash == end.hash {
        Place::At { number: head.n, tip, is_compared: true }
    } else if head.first_event <= end.event && end.event <= head.last_event {
        Place::Disagrees(disagreement(local, end, head))
    } else {
        Place::Changed
    }
}

fn disagreement(local: &dyn Local, end: &Position, head: &Head) -> String {
    format!(
        "the shared log went on without frames of this node: here the log ends with event {}, durable was at least event {}, and the shared \
         log has another frame {} with events {} to {}, of epoch {}",
        end.event,
        local.durable_event(),
        head.n,
        head.first_event,
        head.last_event,
        head.epoch
    )
}

impl Node {
    /// Finds this node's place, and notes it.
    pub(super) async fn find_place(&mut self) -> Result<(), Exit> {
        let (log, local) = (self.log.clone(), self.local.clone());
        let mut backoff = self.options.backoff();
        loop {
            let place = self.ask(|| find(&*log, &*local)).await?;
            if self.settle(place)? {
                return Ok(());
            }
            self.pause(backoff.next()).await?;
        }
    }

    /// Takes note of a place; false if it has to be found again.
    pub(super) fn settle(&mut self, place: Place) -> Result<bool, Exit> {
        let last_event = self.local.position().event;
        match place {
            Place::At { number, tip, is_compared } => {
                self.number = Some(number);
                self.is_compared = is_compared;
                self.ahead_since = None;
                self.saw(&tip);
                Ok(true)
            }
            Place::Ahead { tip } => {
                self.number = None;
                if self.ahead_since.is_none() {
                    (self.ahead_since, self.announce_at) = (Some(Instant::now()), Instant::now());
                }
                self.saw(&tip);
                self.status.update(|figures| {
                    figures.note = format!(
                        "the shared log ends with event {}, and this node has events up to {last_event}: it forgot frames",
                        tip.last_event
                    );
                });
                Ok(true)
            }
            Place::Disagrees(reason) => Err(Exit::Diverged(reason)),
            Place::Pruned { first_event } => Err(Exit::Failed(Ended::Pruned { last_event, first_event })),
            Place::Changed => Ok(false),
        }
    }

    /// Takes note of the end of the shared log.
    pub(super) fn saw(&mut self, tip: &Head) {
        self.epoch = self.epoch.max(tip.epoch);
        self.furthest = self.furthest.max(tip.last_event);
        let epoch = self.epoch;
        self.status.update(|figures| {
            figures.tip_event = tip.last_event;
            figures.epoch = epoch;
        });
    }
}

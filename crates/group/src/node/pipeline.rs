//! The leader's appends: several frames on their way, acknowledged in order, also when the shared log fails meanwhile.

use std::fmt;
use std::future::ready;
use std::sync::Arc;

use tocos_sharedlog::{Appended, Fault, Head, NewFrame, SharedLog};
use tokio::select;
use tokio::time::Instant;

use super::healing::frame_behind;
use super::options::Options;
use super::sending::{Fate, Sending, Sent};
use super::unknown::{Finding, Loss, Question, find_out};
use crate::local::{Local, Outgoing};
use crate::status::Status;

/// What the pipeline asks of the leader.
#[derive(Debug)]
pub(super) enum Step {
    /// So many of the oldest frames are durable.
    Durable(usize),
    /// Frames were found in the shared log, and nothing else is to be appended: a frame is needed whose append can be acknowledged.
    Confirm,
    /// This node can't append any more.
    Lost(Loss),
}

/// The leader's appends.
pub(super) struct Pipeline {
    log: Arc<dyn SharedLog>,
    local: Arc<dyn Local>,
    options: Options,
    status: Status,
    epoch: u64,
    /// The last frame that was acknowledged: the end of the local files.
    acknowledged: Head,
    sending: Sending,
    finding: Option<Finding>,
    /// How often in a row the outcome was not known.
    doubts: u32,
    has_to_confirm: bool,
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").field("sending", &self.sending).finish_non_exhaustive()
    }
}

impl Pipeline {
    /// Begins behind the end of the local files, which has this number in the shared log.
    pub(super) fn new(
        (log, local): (Arc<dyn SharedLog>, Arc<dyn Local>),
        options: Options,
        status: Status,
        (epoch, number): (u64, u64),
    ) -> Self {
        let end = local.position();
        let acknowledged = Head { n: number, epoch, first_event: end.event, last_event: end.event, hash: end.hash };
        Self {
            log,
            local,
            options,
            status,
            epoch,
            acknowledged,
            sending: Sending::default(),
            finding: None,
            doubts: 0,
            has_to_confirm: false,
        }
    }

    /// The last frame that was acknowledged.
    pub(super) fn acknowledged(&self) -> Head {
        self.acknowledged
    }

    /// Whether everything that was given out is acknowledged.
    pub(super) fn is_empty(&self) -> bool {
        self.sending.frames.is_empty()
    }

    /// Appends until the leader has something to do. Can be dropped and called again.
    pub(super) async fn run(&mut self) -> Step {
        loop {
            if let Some(finding) = &mut self.finding {
                let found = finding.await;
                self.finding = None;
                match found {
                    Ok(visible) => self.append_again(visible),
                    Err(loss) => return Step::Lost(loss),
                }
            }
            let (frames, bytes) = self.sending.on_their_way();
            let has_room = frames < self.options.in_flight_max && bytes < self.options.bytes_max;
            self.status.update(|figures| figures.in_flight = frames as u64);
            select! {
                biased;
                (at, outcome) = self.sending.first_outcome() => {
                    if let Some(step) = self.settle(at, outcome) {
                        return step;
                    }
                }
                outgoing = self.local.next_outgoing(), if has_room => {
                    if let Err(loss) = self.append(&outgoing) {
                        return Step::Lost(loss);
                    }
                }
                () = ready(()), if self.has_to_confirm => {
                    self.has_to_confirm = false;
                    return Step::Confirm;
                }
            }
        }
    }

    fn append(&mut self, outgoing: &Outgoing) -> Result<(), Loss> {
        let before = self.sending.frames.back().map_or(self.acknowledged, |sent| sent.head);
        if outgoing.prev != before.hash || outgoing.first_event != before.last_event + 1 {
            let reason =
                format!("the frame from event {} was not built on event {}", outgoing.first_event, before.last_event);
            return Err(Loss::Broken(reason));
        }
        let NewFrame { head, prev, bytes } = frame_behind(&before, outgoing, self.epoch);
        let fate = Fate::OnItsWay(self.log.append(NewFrame { head, prev, bytes: bytes.clone() }));
        self.sending.frames.push_back(Sent { head, prev, bytes, begun: Instant::now(), fate });
        self.has_to_confirm = false;
        Ok(())
    }

    /// The first frame whose outcome was not known has one.
    fn settle(&mut self, at: usize, outcome: Result<Appended, Fault>) -> Option<Step> {
        match outcome {
            Ok(Appended::Durable) => {
                self.doubts = 0;
                // Those that were only visible are durable with it: the engine's log is in order.
                for sent in self.sending.frames.drain(..=at) {
                    self.status.appended(sent.begun.elapsed());
                    self.acknowledged = sent.head;
                }
                Some(Step::Durable(at + 1))
            }
            Ok(Appended::Refused) => {
                self.doubt();
                None
            }
            Err(fault) => {
                self.status.fault(&fault);
                self.doubt();
                None
            }
        }
    }

    /// What of the frames is in the shared log has to be found out by reading.
    pub(super) fn doubt(&mut self) {
        if self.finding.is_some() {
            return;
        }
        self.sending.doubt();
        let question = Question {
            epoch: self.epoch,
            acknowledged: self.acknowledged,
            unknown: self.sending.frames.iter().map(|sent| sent.head).collect(),
            doubts: self.doubts,
        };
        self.doubts += 1;
        let (log, local) = (Arc::clone(&self.log), Arc::clone(&self.local));
        self.finding = Some(Box::pin(find_out(log, local, self.options.clone(), self.status.clone(), question)));
    }

    /// So many of the unknown frames are visible. The others are not there, and are appended again.
    fn append_again(&mut self, visible: usize) {
        for (at, sent) in self.sending.frames.iter_mut().enumerate() {
            sent.fate = if at < visible {
                Fate::Visible
            } else {
                let frame = NewFrame { head: sent.head, prev: sent.prev, bytes: sent.bytes.clone() };
                Fate::OnItsWay(self.log.append(frame))
            };
        }
        if self.sending.frames.is_empty() {
            self.doubts = 0;
        }
        self.has_to_confirm = visible > 0 && visible == self.sending.frames.len();
    }
}

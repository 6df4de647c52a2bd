//! A node of a group: one task that joins, follows, becomes a candidate, leads and hands over.
//!
//! ```text
//! join ──> follow ──> candidate ──> lead
//!            ^  ^─────────┘           │
//!            └────────────────────────┘      from each of them: diverged, or the end
//! ```
//!
//! - `asking`: calls of the shared log that may fail, interrupted by commands
//! - `place`: where the local log ends in the shared log
//! - `follower`, `candidate`, `leader`: the roles
//! - `lease`: keeping it; `ticking`: announcing; `pipeline`, `unknown`, `healing`: appending, also when the outcome is not known

mod asking;
mod candidate;
mod choice;
mod follower;
mod handing;
mod handle;
mod healing;
mod join;
mod leader;
mod lease;
mod options;
mod pipeline;
mod place;
mod sending;
mod ticking;
mod unknown;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tocos_sharedlog::SharedLog;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

use crate::local::{Local, LocalFault};
use crate::status::{Role, Status};
use asking::Contact;
use handle::Command;
pub use handle::{HandedOver, Handle};
use join::Namesake;
use lease::Held;
pub use options::Options;

/// Why a node ended without being told to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Another process has this name in the group.
    NameTaken {
        /// The name.
        node: String,
        /// How long ago the other process was there.
        seen_ago: Duration,
    },
    /// What comes next has left the shared log.
    Pruned {
        /// The last event of the local files.
        last_event: u64,
        /// The first event that is still in the shared log.
        first_event: u64,
    },
    /// The local ledger can't go on.
    Broken(String),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NameTaken { node, seen_ago } => write!(
                f,
                "another process is node {node} of this group: it was there {:.1} s ago. Each node needs a name of its own",
                seen_ago.as_secs_f64()
            ),
            Self::Pruned { last_event, first_event } => write!(
                f,
                "this node's log ends with event {last_event}, and the shared log begins with event {first_event}: what is between was \
                 pruned, and is in the archive alone. Empty this node's data directory and start it with the --archive of its group: it is \
                 filled from there"
            ),
            Self::Broken(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for Ended {}

/// What a node does next.
#[derive(Debug)]
enum Next {
    Follow,
    Candidate(Held),
    Lead(Held),
}

/// Why a node does nothing further.
#[derive(Debug)]
enum Exit {
    /// It was told to end.
    Stop,
    /// The shared log went on without frames that this node has.
    Diverged(String),
    /// It can't go on.
    Failed(Ended),
}

impl From<LocalFault> for Exit {
    fn from(fault: LocalFault) -> Self {
        Self::Failed(Ended::Broken(fault.to_string()))
    }
}

/// A node of a group.
#[derive(Debug)]
pub struct Node {
    log: Arc<dyn SharedLog>,
    local: Arc<dyn Local>,
    options: Options,
    status: Status,
    commands: mpsc::Receiver<Command>,
    /// The number under which the frame that ends the local files is in the shared log; none while the shared log ends before it.
    number: Option<u64>,
    /// Whether the frame that ends the local files is known to be the one that has that number.
    is_compared: bool,
    /// The greatest epoch seen in a frame or lease.
    epoch: u64,
    /// The lease, where being a candidate was interrupted.
    held: Option<Held>,
    /// The last event that it knows any node or the shared log to have had.
    furthest: u64,
    /// Since when the shared log is known to lack frames of this node.
    ahead_since: Option<Instant>,
    /// The epoch of the last leader that it knew of.
    leader_epoch: u64,
    contact: Contact,
    namesake: Namesake,
    /// Whether the last read brought nothing new.
    is_level: bool,
    announce_at: Instant,
    look_at: Instant,
    looked_at: Instant,
    /// Since when the lease is free and another node is let go first.
    patient_since: Option<Instant>,
    /// When to ask next what the engine promises.
    durability_at: Instant,
}

impl Node {
    /// Starts a node as one task on the current runtime. The local ledger follows when it is handed in. The node ends when told to,
    /// or when the last clone of the handle is dropped.
    pub fn start(log: Arc<dyn SharedLog>, local: Arc<dyn Local>, options: Options) -> Handle {
        let (handle, running) = Self::prepare(log, local, options);
        tokio::spawn(running);
        handle
    }

    /// A node that runs where the future is polled.
    pub fn prepare(
        log: Arc<dyn SharedLog>,
        local: Arc<dyn Local>,
        options: Options,
    ) -> (Handle, impl Future<Output = ()> + Send + 'static) {
        let status = Status::default();
        let last_event = local.position().event;
        status.update(|figures| {
            figures.node.clone_from(&options.node);
            figures.last_event = last_event;
        });
        let (sender, commands) = mpsc::channel(16);
        let (over, ended) = watch::channel(None);
        let now = Instant::now();
        let node = Self {
            log,
            local,
            options,
            status: status.clone(),
            commands,
            number: None,
            is_compared: false,
            epoch: 0,
            held: None,
            furthest: last_event,
            ahead_since: None,
            leader_epoch: 0,
            contact: Contact::default(),
            namesake: Namesake::default(),
            is_level: false,
            announce_at: now,
            look_at: now,
            looked_at: now,
            patient_since: None,
            durability_at: now,
        };
        let running = async move {
            let outcome = node.run().await;
            // Nobody has to listen.
            let _ = over.send(Some(outcome));
        };
        (Handle::new(status, sender, ended), running)
    }

    async fn run(mut self) -> Result<(), Ended> {
        let mut outcome = self.join().await;
        let exit = loop {
            outcome = match outcome {
                Ok(Next::Follow) => self.follow().await,
                Ok(Next::Candidate(held)) => self.stand(held).await,
                Ok(Next::Lead(held)) => self.lead(held).await,
                Err(exit) => break exit,
            };
        };
        self.let_go().await;
        let ended = match exit {
            Exit::Stop => Ok(()),
            Exit::Diverged(reason) => {
                self.stay_diverged(reason).await;
                Ok(())
            }
            Exit::Failed(ended) => Err(ended),
        };
        self.leave().await;
        self.status.update(|figures| {
            (figures.role, figures.leader) = (Role::Stopped, None);
            if let Err(ended) = &ended {
                figures.note = ended.to_string();
            }
        });
        ended
    }

    /// Ends the lease, if this node still has it, so that others need not wait for it.
    async fn let_go(&mut self) {
        self.status.holds(None);
        if let Some(held) = self.held.take().filter(Held::is_valid) {
            // It expires by itself if this fails.
            let letting = self.log.hand_over(&self.options.node, held.epoch, "", Duration::ZERO);
            let _ = timeout(self.options.patience(), letting).await;
        }
    }

    /// Serves nothing, and is no member: candidates must not wait for it, and nobody hands over to it.
    async fn stay_diverged(&mut self, reason: String) {
        self.status.update(|figures| (figures.role, figures.leader, figures.note) = (Role::Diverged, None, reason));
        self.leave().await;
        loop {
            match self.commands.recv().await {
                Some(Command::HandOver(reply)) => HandedOver::NotLeading.send(reply),
                Some(Command::Stop) | None => return,
            }
        }
    }

    async fn leave(&mut self) {
        // The others see from the time of its last announcement that it is gone, if this fails.
        let leaving = self.log.leave(&self.options.node, self.options.instance);
        let _ = timeout(self.options.patience(), leaving).await;
    }
}

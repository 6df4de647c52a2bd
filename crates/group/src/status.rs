//! What a node knows about itself and its group, for responses, metrics and logs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// What a node is to its group at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// It is not part of the group yet: it looks for its place in the shared log.
    #[default]
    Joining,
    /// It reads the shared log on.
    Follower,
    /// It has the lease and is about to lead.
    Candidate,
    /// It decides.
    Leader,
    /// It decides no more, and hands the lease over.
    HandingOver,
    /// The shared log went on without frames that this node knows were acknowledged. It serves nothing until an operator has decided.
    Diverged,
    /// It has ended.
    Stopped,
}

impl Role {
    /// Its name in a word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Joining => "joining",
            Self::Follower => "follower",
            Self::Candidate => "candidate",
            Self::Leader => "leader",
            Self::HandingOver => "handing_over",
            Self::Diverged => "diverged",
            Self::Stopped => "stopped",
        }
    }
}

/// A node of the group.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeStatus {
    /// Its name.
    pub node: String,
    /// Where it can be reached.
    pub url: String,
    /// The last event that it had.
    pub last_event: u64,
    /// How long ago it said so.
    pub seen_ago: Duration,
}

/// All that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// This node's role.
    pub role: Role,
    /// This node's name.
    pub node: String,
    /// The epoch of the last frame or lease that it saw.
    pub epoch: u64,
    /// Who leads, as far as it knows.
    pub leader: Option<Leader>,
    /// The last event of the shared log that it knows of.
    pub tip_event: u64,
    /// The last event that it has applied or had acknowledged.
    pub last_event: u64,
    /// How long ago it last knew that it had all of the shared log. A leader is never behind.
    pub behind: Duration,
    /// Since the lease was last renewed, for a leader; zero for others.
    pub lease_age: Duration,
    /// Frames on their way.
    pub in_flight: u64,
    /// Appends acknowledged.
    pub appends: u64,
    /// How long they took in all, in microseconds.
    pub append_us: u64,
    /// How long the longest of the last one to two minutes took, in microseconds.
    pub append_us_max: u64,
    /// Frames that were appended again because the shared log had forgotten them.
    pub healed_frames: u64,
    /// Times that the shared log could not be reached.
    pub faults: u64,
    /// Times that another epoch was seen while this node led.
    pub rivals: u64,
    /// Changes of leader that this node saw.
    pub changes: u64,
    /// Whether an acknowledged append is on more than one machine; none while that is not known.
    pub is_synchronous: Option<bool>,
    /// Why, in words: the engine's settings, or the last fault.
    pub note: String,
    /// All members, as of the last announcement.
    pub members: Vec<NodeStatus>,
}

/// Who leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leader {
    /// Its name.
    pub node: String,
    /// Where it can be reached.
    pub url: String,
    /// Under which epoch.
    pub epoch: u64,
}

/// Longer ago than a minute counts no more.
const LONGEST_FOR: Duration = Duration::from_secs(60);

/// The longest append of this minute and of the one before.
#[derive(Debug)]
struct Longest {
    since: Instant,
    this_us: u64,
    before_us: u64,
}

impl Longest {
    fn roll(&mut self, now: Instant) {
        let age = now.duration_since(self.since);
        if age >= LONGEST_FOR {
            self.before_us = if age < 2 * LONGEST_FOR { self.this_us } else { 0 };
            (self.this_us, self.since) = (0, now);
        }
    }
}

#[derive(Debug)]
struct Inner {
    figures: Figures,
    /// When the node last asked the shared log for more and there was nothing; the start before that.
    level_at: Instant,
    /// When the last renewal of the lease that succeeded was begun, and how long it holds from then.
    lease: Option<(Instant, Duration)>,
    longest: Longest,
}

/// The status of a node: written by the protocol, read and waited for by everything else. Clones share it.
#[derive(Clone, Debug)]
pub struct Status {
    inner: Arc<Mutex<Inner>>,
    /// Counts changes of role and leader.
    changes: watch::Sender<u64>,
}

impl Default for Status {
    fn default() -> Self {
        let now = Instant::now();
        let inner = Inner {
            figures: Figures::default(),
            level_at: now,
            lease: None,
            longest: Longest { since: now, this_us: 0, before_us: 0 },
        };
        Self { inner: Arc::new(Mutex::new(inner)), changes: watch::Sender::new(0) }
    }
}

impl Status {
    /// All that is known at the moment.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let mut inner = self.lock();
        let now = Instant::now();
        inner.longest.roll(now);
        let mut figures = inner.figures.clone();
        let leads = figures.role == Role::Leader;
        figures.behind = if leads { Duration::ZERO } else { now.duration_since(inner.level_at) };
        figures.lease_age = inner.lease.map_or(Duration::ZERO, |(begun, _)| now.duration_since(begun));
        figures.append_us_max = inner.longest.this_us.max(inner.longest.before_us);
        figures
    }

    /// The role at the moment.
    #[must_use]
    pub fn role(&self) -> Role {
        self.lock().figures.role
    }

    /// Who leads, as far as is known.
    #[must_use]
    pub fn leader(&self) -> Option<Leader> {
        self.lock().figures.leader.clone()
    }

    /// Whether this node leads and nobody else can: it has had the lease for less than the lease's duration. True answers from its
    /// memory may be given as the leader's. Compares with the clock at each call, so that it is right also when the process was stopped.
    #[must_use]
    pub fn leads(&self) -> bool {
        let inner = self.lock();
        matches!(inner.figures.role, Role::Leader | Role::HandingOver)
            && inner.lease.is_some_and(|(begun, duration)| begun.elapsed() < duration)
    }

    /// Tells of changes of role and leader.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Changes figures. Whoever waits for changes of role and leader is woken if there is one.
    pub fn update(&self, change: impl FnOnce(&mut Figures)) {
        let mut inner = self.lock();
        let figures = &mut inner.figures;
        let before = (figures.role, figures.leader.clone());
        change(figures);
        let is_changed = before != (figures.role, figures.leader.clone());
        drop(inner);
        if is_changed {
            self.changes.send_modify(|changes| *changes += 1);
        }
    }

    /// The node had all of the shared log at that time.
    pub fn level(&self, at: Instant) {
        self.lock().level_at = at;
    }

    /// The lease is this node's for so long from then on; none if it is not.
    pub fn holds(&self, lease: Option<(Instant, Duration)>) {
        self.lock().lease = lease;
    }

    /// An append was acknowledged after so long.
    pub(crate) fn appended(&self, took: Duration) {
        let mut inner = self.lock();
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        inner.figures.appends += 1;
        inner.figures.append_us = inner.figures.append_us.saturating_add(us);
        inner.longest.roll(Instant::now());
        inner.longest.this_us = inner.longest.this_us.max(us);
    }

    /// The shared log could not be used.
    pub(crate) fn fault(&self, fault: &dyn std::fmt::Display) {
        self.update(|figures| {
            figures.faults += 1;
            figures.note = fault.to_string();
        });
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Nothing in here can panic half-way.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

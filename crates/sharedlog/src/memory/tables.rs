//! What the engine has stored, and what a standby of it surely has.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::frame::{Appended, Head, NewFrame, Read, Stored};
use crate::lease::{Candidate, Lease};
use crate::member::{Announced, Announcement, Member};

/// The frames, and all else.
#[derive(Debug)]
pub(super) struct Tables {
    /// Numbers without a gap; never empty.
    rows: VecDeque<Row>,
    rights: Arc<Rights>,
    /// The last frame that every standby with synchronous replication has.
    replicated: u64,
    /// See [`accept_any_prev`](super::Engine::accept_any_prev).
    pub(super) accepts_any_prev: bool,
}

#[derive(Clone, Debug)]
struct Row {
    stored: Stored,
    appended_at: Instant,
    /// The rest as it was when the frame was appended: a promotion goes back to it.
    rights: Arc<Rights>,
}

/// The lease and the members.
#[derive(Clone, Debug, Default)]
struct Rights {
    lease: Option<LeaseRow>,
    members: BTreeMap<String, MemberRow>,
}

#[derive(Clone, Debug)]
struct LeaseRow {
    epoch: u64,
    holder: String,
    url: String,
    expires_at: Instant,
    /// For whom it is kept, and until when.
    handed_to: Option<(String, Instant)>,
}

#[derive(Clone, Debug)]
struct MemberRow {
    instance: u64,
    url: String,
    last_event: u64,
    seen_at: Instant,
}

impl Tables {
    pub(super) fn new(start: Head, now: Instant) -> Self {
        let rights = Arc::new(Rights::default());
        let stored = Stored { head: start, bytes: bytes::Bytes::new() };
        let row = Row { stored, appended_at: now, rights: Arc::clone(&rights) };
        Self { rows: VecDeque::from([row]), rights, replicated: start.n, accepts_any_prev: false }
    }

    fn row(&self, n: u64) -> Option<&Row> {
        let index = n.checked_sub(self.first().n)?;
        self.rows.get(usize::try_from(index).ok()?)
    }

    pub(super) fn first(&self) -> Head {
        self.rows[0].stored.head
    }

    pub(super) fn tip(&self) -> Head {
        self.rows[self.rows.len() - 1].stored.head
    }

    pub(super) fn head(&self, n: u64) -> Option<Head> {
        self.row(n).map(|row| row.stored.head)
    }

    /// The frames behind number `after`.
    pub(super) fn behind(&self, after: u64) -> impl Iterator<Item = &Stored> {
        let skipped = after.saturating_add(1).saturating_sub(self.first().n);
        self.rows.iter().skip(usize::try_from(skipped).unwrap_or(usize::MAX)).map(|row| &row.stored)
    }

    pub(super) fn frames(&self) -> Vec<Stored> {
        self.rows.iter().map(|row| row.stored.clone()).collect()
    }

    pub(super) fn read(&self, after: u64, bytes_max: usize) -> Read {
        let mut found: Vec<Stored> = Vec::new();
        let mut bytes = 0_usize;
        for stored in self.behind(after) {
            bytes = bytes.saturating_add(stored.bytes.len());
            if bytes > bytes_max && !found.is_empty() {
                return Read { frames: found, is_all: false };
            }
            found.push(stored.clone());
        }
        Read { frames: found, is_all: true }
    }

    /// Appends a frame, if it fits. Its commit also takes everything before it to the standby, if it is replicated at all.
    pub(super) fn append(&mut self, frame: &NewFrame, is_replicated: bool, now: Instant) -> Appended {
        let tip = self.tip();
        let is_built_on_it = frame.prev == tip.hash || self.accepts_any_prev;
        if frame.head.n != tip.n + 1 || !is_built_on_it {
            return Appended::Refused;
        }
        let stored = Stored { head: frame.head, bytes: frame.bytes.clone() };
        self.rows.push_back(Row { stored, appended_at: now, rights: Arc::clone(&self.rights) });
        if is_replicated {
            self.replicated = frame.head.n;
        }
        Appended::Durable
    }

    /// To change lease or members by a commit, which takes everything before it to the standby.
    fn commit(&mut self) -> &mut Rights {
        self.replicated = self.tip().n;
        Arc::make_mut(&mut self.rights)
    }

    pub(super) fn lease(&self, now: Instant) -> Option<Lease> {
        let lease = self.rights.lease.as_ref()?;
        Some(Lease {
            epoch: lease.epoch,
            holder: lease.holder.clone(),
            url: lease.url.clone(),
            remaining: lease.expires_at.saturating_duration_since(now),
            handed_to: lease.handed_to.as_ref().filter(|(_, until)| *until > now).map(|(node, _)| node.clone()),
        })
    }

    pub(super) fn take_lease(&mut self, candidate: &Candidate, now: Instant) -> Option<u64> {
        let mut epoch = candidate.epoch_seen;
        if let Some(lease) = &self.rights.lease {
            let is_kept = |(node, until): &(String, Instant)| *node != candidate.node && *until > now;
            if lease.expires_at > now || lease.handed_to.as_ref().is_some_and(is_kept) {
                return None;
            }
            epoch = epoch.max(lease.epoch);
        }
        epoch += 1;
        self.commit().lease = Some(LeaseRow {
            epoch,
            holder: candidate.node.clone(),
            url: candidate.url.clone(),
            expires_at: now + candidate.duration,
            handed_to: None,
        });
        Some(epoch)
    }

    pub(super) fn renew_lease(&mut self, node: &str, epoch: u64, duration: Duration, now: Instant) -> bool {
        self.change_lease(node, epoch, |lease| lease.expires_at = now + duration)
    }

    pub(super) fn hand_over(&mut self, node: &str, epoch: u64, to: &str, duration: Duration, now: Instant) -> bool {
        self.change_lease(node, epoch, |lease| {
            lease.expires_at = now;
            lease.handed_to = Some((to.to_owned(), now + duration));
        })
    }

    /// A lease that was handed over is not renewed any more.
    fn change_lease(&mut self, node: &str, epoch: u64, change: impl FnOnce(&mut LeaseRow)) -> bool {
        let has_it = |lease: &LeaseRow| lease.holder == node && lease.epoch == epoch && lease.handed_to.is_none();
        if !self.rights.lease.as_ref().is_some_and(has_it) {
            return false;
        }
        self.commit().lease.as_mut().map(change).is_some()
    }

    pub(super) fn announce(&mut self, said: &Announcement, now: Instant) -> Announced {
        if let Some(other) = self.rights.members.get(&said.node).filter(|member| member.instance != said.instance) {
            let seen_ago = now.saturating_duration_since(other.seen_at);
            if seen_ago <= said.stale_after {
                return Announced::NameTaken(seen_ago);
            }
        }
        let row =
            MemberRow { instance: said.instance, url: said.url.clone(), last_event: said.last_event, seen_at: now };
        self.commit().members.insert(said.node.clone(), row);
        Announced::Members(self.members(now))
    }

    fn members(&self, now: Instant) -> Vec<Member> {
        let member = |(node, row): (&String, &MemberRow)| Member {
            node: node.clone(),
            url: row.url.clone(),
            last_event: row.last_event,
            seen_ago: now.saturating_duration_since(row.seen_at),
        };
        self.rights.members.iter().map(member).collect()
    }

    pub(super) fn leave(&mut self, node: &str, instance: u64) {
        if self.rights.members.get(node).is_some_and(|row| row.instance == instance) {
            self.commit().members.remove(node);
        }
    }

    pub(super) fn prune(&mut self, event: u64, age: Duration, now: Instant) -> u64 {
        let may_go =
            |row: &Row| row.stored.head.last_event < event && now.saturating_duration_since(row.appended_at) >= age;
        let count = self.rows.iter().take(self.rows.len() - 1).take_while(|row| may_go(row)).count();
        self.rows.drain(..count);
        count as u64
    }

    /// A standby takes over that lacks what was not replicated, and the `lost` frames before that with whatever else was
    /// changed after them. Gives the new last frame.
    pub(super) fn promote(&mut self, lost: u64, rng: &mut fastrand::Rng) -> Head {
        let end = self.replicated.saturating_sub(lost).max(self.first().n);
        let mut dropped = None;
        while self.tip().n > end {
            dropped = self.rows.pop_back();
        }
        if let Some(row) = dropped {
            // It may have got what came between the last frame that it has and the next one, or not.
            let with_last = rng.bool() && lost > 0;
            self.rights = if with_last { Arc::clone(&self.rows[self.rows.len() - 1].rights) } else { row.rights };
        }
        self.replicated = self.tip().n;
        self.tip()
    }
}

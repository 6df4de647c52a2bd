//! Who should lead: what a follower makes of the lease, and of how far the others are.

use tocos_sharedlog::{Candidate, Head, Lease};
use tokio::time::Instant;

use super::lease::Held;
use super::{Exit, Next, Node};
use crate::status::Leader;

impl Node {
    /// Looks whether its place in the shared log is still its own, and at the lease.
    pub(super) async fn look(&mut self) -> Result<Option<Next>, Exit> {
        self.looked_at = Instant::now();
        self.check_place().await?;
        let log = self.log.clone();
        let lease = self.ask(|| log.lease()).await?;
        self.epoch = self.epoch.max(lease.as_ref().map_or(0, |lease| lease.epoch));
        self.note_leader(lease.as_ref().filter(|lease| !lease.remaining.is_zero()).map(leader_of));
        let now = Instant::now();
        let Some(lease) = lease.as_ref().filter(|lease| !lease.remaining.is_zero()) else {
            self.look_at = now + self.options.look_soon();
            return self.may_stand(lease.as_ref()).await;
        };
        self.patient_since = None;
        self.look_at = now + self.options.look_every().min(lease.remaining + self.options.look_soon());
        let is_mine =
            |held: &mut Held| held.is_valid() && held.epoch == lease.epoch && lease.holder == self.options.node;
        Ok(self.held.take_if(is_mine).map(Next::Candidate))
    }

    /// The shared log may have forgotten frames of this node, and gone on without them.
    async fn check_place(&mut self) -> Result<(), Exit> {
        let Some(number) = self.number else { return Ok(()) };
        let log = self.log.clone();
        let head = self.ask(|| log.head(number)).await?;
        let is_there = head.is_some_and(|head| head.hash == self.local.position().hash);
        if is_there { Ok(()) } else { self.find_place().await }
    }

    /// Takes the lease if it is this node's turn.
    async fn may_stand(&mut self, lease: Option<&Lease>) -> Result<Option<Next>, Exit> {
        let is_for_this_node = match lease.and_then(|lease| lease.handed_to.as_deref()) {
            Some(node) if node == self.options.node => true,
            Some(_) => return Ok(None),
            None => false,
        };
        let may_stand = is_for_this_node || (self.is_level && self.is_its_turn().await?);
        if !may_stand {
            return Ok(None);
        }
        let begun = Instant::now();
        let candidate = Candidate {
            node: self.options.node.clone(),
            url: self.options.url.clone(),
            duration: self.options.lease,
            epoch_seen: self.epoch,
        };
        let log = self.log.clone();
        let taken = self.attempt(log.take_lease(&candidate)).await?.flatten();
        Ok(taken.map(|epoch| Next::Candidate(Held { epoch, begun, duration: self.options.lease })))
    }

    /// Whether no other node should go first. One should only if it has events that the shared log has forgotten: all others are
    /// read before leading.
    async fn is_its_turn(&mut self) -> Result<bool, Exit> {
        if !self.announce().await? {
            return Ok(false);
        }
        // Asked later than the members, so that it has whatever they have, unless it forgot.
        let log = self.log.clone();
        let tip = self.ask(|| log.tip()).await?;
        // When the engine was away, or forgot, the others are about to say where they are.
        let is_too_early = self.contact.is_fresh(self.options.beat()) || self.is_ahead_lately();
        Ok(self.is_furthest(&tip) && !(is_too_early && self.has_patience()))
    }

    /// Whether no other node has events that this node lacks and the shared log has forgotten, as far as is known; or such a node was
    /// waited for long enough.
    pub(super) fn is_furthest(&mut self, tip: &Head) -> bool {
        let mine = self.local.position().event;
        self.furthest <= tip.last_event.max(mine) || !self.has_patience()
    }

    /// Whether it has noticed only lately that the shared log forgot frames.
    pub(super) fn is_ahead_lately(&self) -> bool {
        self.ahead_since.is_some_and(|since| since.elapsed() < self.options.beat())
    }

    /// Nobody is waited for longer than a lease.
    fn has_patience(&mut self) -> bool {
        self.patient_since.get_or_insert_with(Instant::now).elapsed() < self.options.lease
    }
}

/// Who leads by a lease.
fn leader_of(lease: &Lease) -> Leader {
    Leader { node: lease.holder.clone(), url: lease.url.clone(), epoch: lease.epoch }
}

impl Node {
    /// Notes who leads, and counts the changes. Nobody leading for a while is none.
    pub(super) fn note_leader(&mut self, leader: Option<Leader>) {
        let is_change = leader.as_ref().is_some_and(|leader| self.leader_epoch > 0 && leader.epoch > self.leader_epoch);
        self.leader_epoch = self.leader_epoch.max(leader.as_ref().map_or(0, |leader| leader.epoch));
        let epoch = self.epoch;
        self.status.update(|figures| {
            figures.changes += u64::from(is_change);
            figures.leader = leader;
            figures.epoch = epoch;
        });
    }
}

//! A candidate has the lease. It reads on to the end of the shared log, appends what the log forgot, and then leads. Anything that fails
//! makes it a follower again, which becomes a candidate again while it has the lease.

use tocos_sharedlog::Head;

use super::healing::{Healed, heal};
use super::lease::Held;
use super::place::{Place, find};
use super::{Exit, Next, Node};
use crate::status::Role;

/// How far a candidate has come.
enum Reached {
    /// It has all of the shared log, and the shared log all of its files.
    End,
    /// It has come further, and has to look again.
    Further,
    /// The shared log failed, or the lease is gone.
    Nothing,
}

impl Node {
    pub(super) async fn stand(&mut self, held: Held) -> Result<Next, Exit> {
        self.status.update(|figures| figures.role = Role::Candidate);
        self.epoch = self.epoch.max(held.epoch);
        // Where it ends for any reason, the lease is let go or goes on being used.
        self.held = Some(held);
        loop {
            match self.approach().await? {
                Reached::End => break,
                Reached::Further => {}
                Reached::Nothing => {
                    self.pause(self.options.look_soon()).await?;
                    return Ok(Next::Follow);
                }
            }
        }
        Ok(self.held.take().filter(Held::is_valid).map_or(Next::Follow, Next::Lead))
    }

    async fn approach(&mut self) -> Result<Reached, Exit> {
        if !self.renew().await? {
            return Ok(Reached::Nothing);
        }
        let (log, local) = (self.log.clone(), self.local.clone());
        if let Some(number) = self.number {
            let bytes_max = self.options.bytes_max;
            let Some(read) = self.attempt(log.read(number, bytes_max)).await? else { return Ok(Reached::Nothing) };
            if !read.frames.is_empty() {
                self.apply(number, read.frames).await?;
                return Ok(Reached::Further);
            }
        }
        let Some(place) = self.attempt(find(&*log, &*local)).await? else { return Ok(Reached::Nothing) };
        let tip = match place {
            Place::At { number, tip, .. } if number < tip.n => return self.settle(place).map(|_| Reached::Further),
            Place::At { tip, .. } | Place::Ahead { tip } => tip,
            Place::Disagrees(_) | Place::Pruned { .. } | Place::Changed => {
                return self.settle(place).map(|_| Reached::Nothing);
            }
        };
        self.settle(place)?;
        self.announce().await?;
        if !self.is_furthest(&tip) {
            self.let_go().await;
            return Ok(Reached::Nothing);
        }
        if self.number.is_some() {
            return Ok(Reached::End);
        }
        if self.is_ahead_lately() {
            // Another node may be further.
            self.pause(self.options.look_soon()).await?;
            return Ok(Reached::Further);
        }
        self.heal(tip).await
    }

    async fn heal(&mut self, tip: Head) -> Result<Reached, Exit> {
        let Some(held) = self.held else { return Ok(Reached::Nothing) };
        let (log, local, status) = (self.log.clone(), self.local.clone(), self.status.clone());
        let healing = heal(&*log, &*local, &status, tip, (held.epoch, self.options.bytes_max));
        match self.attempt(healing).await? {
            Some(Healed::All) => Ok(Reached::Further),
            Some(Healed::Changed) | None => Ok(Reached::Nothing),
            Some(Healed::NotHere(reason)) => Err(Exit::Diverged(reason)),
        }
    }

    /// Renews the lease if it is time; false if that failed.
    async fn renew(&mut self) -> Result<bool, Exit> {
        let Some(held) = self.held.filter(Held::is_valid) else { return Ok(false) };
        if held.begun.elapsed() < self.options.beat() {
            return Ok(true);
        }
        let (log, begun) = (self.log.clone(), tokio::time::Instant::now());
        match self.attempt(log.renew_lease(&self.options.node.clone(), held.epoch, held.duration)).await? {
            Some(true) => self.held = Some(Held { begun, ..held }),
            Some(false) => self.held = None,
            None => return Ok(false),
        }
        Ok(self.held.is_some())
    }
}

//! A follower reads the shared log on and applies it. It looks at the lease now and then, and becomes a candidate when it is free.

use tocos_sharedlog::{Read, Stored};
use tokio::time::Instant;

use super::{Ended, Exit, Next, Node};
use crate::local::LocalFault;
use crate::status::Role;

impl Node {
    pub(super) async fn follow(&mut self) -> Result<Next, Exit> {
        self.status.update(|figures| figures.role = Role::Follower);
        self.is_level = false;
        self.look_at = Instant::now();
        loop {
            if Instant::now() >= self.announce_at {
                self.announce().await?;
            }
            if Instant::now() >= self.durability_at {
                self.ask_durability().await?;
            }
            if Instant::now() >= self.look_at
                && let Some(next) = self.look().await?
            {
                return Ok(next);
            }
            match self.number {
                Some(number) => self.read_on(number).await?,
                None => self.wait_ahead().await?,
            }
        }
    }

    /// Reads the next frames and applies them; if there are no more, waits for some.
    async fn read_on(&mut self, number: u64) -> Result<(), Exit> {
        let (log, bytes_max) = (self.log.clone(), self.options.bytes_max);
        let begun = Instant::now();
        let Read { frames, is_all } = self.ask(|| log.read(number, bytes_max)).await?;
        let last = frames.last().map_or(number, |last| last.head.n);
        if !frames.is_empty() {
            self.apply(number, frames).await?;
        }
        if !is_all || self.number != Some(last) {
            return Ok(());
        }
        self.level(begun);
        let at_most = self.options.wait_max().min(self.announce_at.min(self.look_at).duration_since(Instant::now()));
        let begun = Instant::now();
        if self.attempt(log.wait(last, at_most)).await?.is_none() {
            self.pause(self.options.wait_max()).await?;
        } else if begun.elapsed() < at_most {
            // There is news: if not a frame, then perhaps of the lease.
            self.look_at = self.look_at.min(self.looked_at + self.options.look_at_news());
        }
        Ok(())
    }

    /// The shared log forgot frames that this node has. The leader, or this node as the next one, appends them again.
    async fn wait_ahead(&mut self) -> Result<(), Exit> {
        self.pause(self.options.look_soon()).await?;
        let begun = Instant::now();
        self.find_place().await?;
        if self.number.is_none() {
            self.level(begun);
        }
        Ok(())
    }

    /// This node had all of the shared log at that time.
    fn level(&mut self, at: Instant) {
        self.is_level = true;
        self.status.level(at);
    }

    /// Applies frames that were read behind a number.
    pub(super) async fn apply(&mut self, number: u64, frames: Vec<Stored>) -> Result<(), Exit> {
        self.is_level = false;
        let before = self.local.position();
        let (mut next, mut next_event) = (number + 1, before.event + 1);
        if let Some(first) = frames.first().filter(|first| first.head.n > next) {
            let (last_event, first_event) = (before.event, first.head.first_event);
            return Err(Exit::Failed(Ended::Pruned { last_event, first_event }));
        }
        let (mut heads, mut bytes) = (Vec::with_capacity(frames.len()), Vec::with_capacity(frames.len()));
        for Stored { head, bytes: of_frame } in frames {
            if head.n != next || head.first_event != next_event {
                break;
            }
            (next, next_event) = (head.n + 1, head.last_event + 1);
            heads.push(head);
            bytes.push(of_frame);
        }
        let applied = if heads.is_empty() {
            Err(LocalFault::NotNext(format!("the frame behind number {number} does not begin with event {next_event}")))
        } else {
            self.local.follow(bytes).await
        };
        let end = self.local.position();
        let last = heads.iter().rfind(|head| head.last_event == end.event && head.hash == end.hash);
        self.status.update(|figures| figures.last_event = end.event);
        match (last, applied) {
            (_, Err(LocalFault::Broken(reason))) => Err(Exit::Failed(Ended::Broken(reason))),
            (Some(head), Ok(())) => {
                (self.number, self.is_compared) = (Some(head.n), true);
                self.saw(head);
                if head.epoch > self.leader_epoch {
                    // Another node leads now.
                    self.look_at = self.look_at.min(self.looked_at + self.options.look_soon());
                }
                Ok(())
            }
            (_, applied) => {
                // It was built on another frame than this node's last, or is damaged. The first is found out by looking.
                let reason =
                    applied.map_or_else(|fault| fault.to_string(), |()| "it is not what its row says".to_owned());
                let reason = format!("a frame of the shared log can't be applied: {reason}");
                self.status.fault(&reason);
                self.find_place().await?;
                if self.number == Some(number) && !self.is_compared {
                    // The frame before it has been pruned, and can't be looked at.
                    return Err(Exit::Diverged(reason));
                }
                self.pause(self.options.wait_max()).await
            }
        }
    }
}

//! Becoming a node of the group: the name, and the place in the shared log.

use std::time::Duration;

use tocos_sharedlog::{Announced, Announcement, Member};
use tokio::time::Instant;

use super::options::Options;
use super::{Ended, Exit, Next, Node};
use crate::status::{Figures, NodeStatus};

/// Between two questions what the engine promises.
pub(super) const DURABILITY_EVERY: Duration = Duration::from_secs(60);

/// Another process with the name of this node. One that was killed a moment ago, or that the engine remembers after a promotion, is not
/// there any more. One that is there announces itself again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Namesake {
    /// When this node heard of it first.
    heard_at: Option<Instant>,
}

impl Namesake {
    /// It was last seen so long before a question that was asked at that time, or later: whether it has announced itself well after this
    /// node heard of it first. What one that has ended had under way arrives sooner.
    pub(super) fn is_alive(&mut self, asked_at: Instant, seen_ago: Duration, options: &Options) -> bool {
        let heard_at = *self.heard_at.get_or_insert_with(Instant::now);
        asked_at.checked_sub(seen_ago).is_some_and(|announced_at| announced_at > heard_at + options.beat() / 2)
    }
}

impl Node {
    pub(super) async fn join(&mut self) -> Result<Next, Exit> {
        self.claim_name().await?;
        self.ask_durability().await?;
        self.find_place().await?;
        Ok(Next::Follow)
    }

    /// A process that had this name and has ended counts as there until its last announcement is stale.
    async fn claim_name(&mut self) -> Result<(), Exit> {
        while !self.announce().await? {
            self.pause(self.options.look_soon()).await?;
        }
        Ok(())
    }

    /// Says where this node is, and learns of the others. False if the name is not free yet.
    pub(super) async fn announce(&mut self) -> Result<bool, Exit> {
        let (asked_at, announced) = self.announce_once().await?;
        match announced {
            Announced::Members(_) => {
                self.namesake = Namesake::default();
                Ok(true)
            }
            Announced::NameTaken(seen_ago) if self.namesake.is_alive(asked_at, seen_ago, &self.options) => {
                Err(Exit::Failed(Ended::NameTaken { node: self.options.node.clone(), seen_ago }))
            }
            Announced::NameTaken(_) => Ok(false),
        }
    }

    /// With the time at which the question was asked that was responded to.
    async fn announce_once(&mut self) -> Result<(Instant, Announced), Exit> {
        let log = self.log.clone();
        let announcement = self.announcement();
        let announcing = || async {
            let asked_at = Instant::now();
            log.announce(&announcement).await.map(|announced| (asked_at, announced))
        };
        let (asked_at, announced) = self.ask(announcing).await?;
        self.announce_at = Instant::now() + self.options.beat();
        if let Announced::Members(members) = &announced {
            self.furthest = members.iter().map(|member| member.last_event).fold(self.furthest, u64::max);
            self.status.update(|figures| note_members(figures, members));
        }
        Ok((asked_at, announced))
    }

    pub(super) fn announcement(&self) -> Announcement {
        Announcement {
            node: self.options.node.clone(),
            instance: self.options.instance,
            url: self.options.url.clone(),
            last_event: self.local.position().event,
            stale_after: self.options.lease,
        }
    }

    pub(super) async fn ask_durability(&mut self) -> Result<(), Exit> {
        let log = self.log.clone();
        let durability = self.ask(|| log.durability()).await?;
        self.durability_at = Instant::now() + DURABILITY_EVERY;
        self.status.update(|figures| {
            figures.is_synchronous = Some(durability.is_synchronous);
            figures.note = durability.because;
        });
        Ok(())
    }
}

pub(super) fn note_members(figures: &mut Figures, members: &[Member]) {
    figures.members = members
        .iter()
        .map(|member| NodeStatus {
            node: member.node.clone(),
            url: member.url.clone(),
            last_event: member.last_event,
            seen_ago: member.seen_ago,
        })
        .collect();
}

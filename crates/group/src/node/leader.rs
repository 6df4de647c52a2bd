//! A leader decides and appends. It renews its lease, announces itself, and hands over when it is told to.

use std::mem::take;
use std::sync::Arc;
use std::time::Duration;

use tocos_sharedlog::{Announced, Fault};
use tokio::select;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use super::handing::{Drained, Handing, successor};
use super::handle::{Command, HandedOver};
use super::join::{Namesake, note_members};
use super::lease::{Held, Keeper, LeaseEnd};
use super::pipeline::{Pipeline, Step};
use super::ticking::{Tick, Ticker};
use super::unknown::Loss;
use super::{Ended, Exit, Next, Node};
use crate::local::LocalFault;
use crate::status::{Leader, Role};

/// Why it leads no more.
#[derive(Debug)]
enum End {
    /// Everything is appended, and the lease can be handed over.
    Drained,
    /// The lease is over.
    Lease(LeaseEnd),
    /// It can't append any more.
    Lost(Loss),
    /// What was decided could not be appended in time.
    TooLate,
    /// Another process has its name.
    NameTaken(Duration),
}

impl From<LocalFault> for End {
    fn from(fault: LocalFault) -> Self {
        Self::Lost(Loss::Broken(fault.to_string()))
    }
}

/// What happens to a leader.
enum Event {
    Command(Option<Command>),
    Lease(LeaseEnd),
    Tick(Result<Tick, Fault>),
    Drained(Drained),
    Step(Step),
}

struct Leading {
    keeper: Keeper,
    ticker: Ticker,
    pipeline: Pipeline,
    handing: Option<Handing>,
    /// Whether nobody can command any more.
    is_alone: bool,
    /// Whether its first frame is acknowledged.
    is_established: bool,
}

impl Leading {
    async fn next(&mut self, commands: &mut mpsc::Receiver<Command>) -> Event {
        let is_empty = self.pipeline.is_empty();
        let last = self.pipeline.acknowledged();
        let handing = async {
            match &mut self.handing {
                Some(handing) => handing.run(is_empty).await,
                None => std::future::pending().await,
            }
        };
        select! {
            biased;
            command = commands.recv(), if !self.is_alone => Event::Command(command),
            ended = self.keeper.run() => Event::Lease(ended),
            tick = self.ticker.run(last) => Event::Tick(tick),
            drained = handing => Event::Drained(drained),
            step = self.pipeline.run() => Event::Step(step),
        }
    }
}

impl Node {
    pub(super) async fn lead(&mut self, held: Held) -> Result<Next, Exit> {
        let Some(number) = self.number else { return Ok(Next::Follow) };
        if let Err(fault) = self.local.lead(held.epoch).await {
            self.held = Some(held);
            return Err(fault.into());
        }
        (self.patient_since, self.furthest) = (None, self.local.position().event);
        let (log, options, status) = (Arc::clone(&self.log), self.options.clone(), self.status.clone());
        let mut leading = Leading {
            keeper: Keeper::new(Arc::clone(&log), options.clone(), status.clone(), held),
            ticker: Ticker::new(Arc::clone(&log), options.clone(), self.announce_at, self.durability_at),
            pipeline: Pipeline::new((log, Arc::clone(&self.local)), options, status, (held.epoch, number)),
            handing: None,
            is_alone: false,
            is_established: false,
        };
        let end = loop {
            let event = leading.next(&mut self.commands).await;
            if let Err(end) = self.obey(&mut leading, event).await {
                break end;
            }
        };
        (self.announce_at, self.durability_at) = leading.ticker.next_at();
        self.step_down(leading, end).await
    }

    async fn obey(&mut self, leading: &mut Leading, event: Event) -> Result<(), End> {
        match event {
            Event::Command(command) => {
                leading.is_alone = command.is_none();
                self.command(leading, command);
            }
            Event::Lease(end) => return Err(End::Lease(end)),
            Event::Tick(Ok(tick)) => return self.tick(leading, tick),
            Event::Tick(Err(fault)) => self.status.fault(&fault),
            // More may have been given out meanwhile.
            Event::Drained(Drained::All) if !leading.pipeline.is_empty() => {}
            Event::Drained(Drained::All) => return Err(End::Drained),
            Event::Drained(Drained::TooLate) => return Err(End::TooLate),
            Event::Step(Step::Lost(loss)) => return Err(End::Lost(loss)),
            Event::Step(Step::Confirm) => self.local.confirm_lead().await?,
            Event::Step(Step::Durable(frames)) => {
                for _ in 0..frames {
                    self.local.acknowledge().await?;
                }
                self.acknowledged(leading);
            }
        }
        Ok(())
    }

    /// Frames were acknowledged; the first of them makes it the leader.
    fn acknowledged(&mut self, leading: &mut Leading) {
        let last = leading.pipeline.acknowledged();
        self.number = Some(last.n);
        self.saw(&last);
        self.status.update(|figures| figures.last_event = last.last_event);
        if !leading.is_established {
            leading.is_established = true;
            let (node, url) = (self.options.node.clone(), self.options.url.clone());
            let role = if leading.handing.is_some() { Role::HandingOver } else { Role::Leader };
            self.note_leader(Some(Leader { node, url, epoch: last.epoch }));
            self.status.update(|figures| figures.role = role);
        }
    }

    fn tick(&mut self, leading: &mut Leading, tick: Tick) -> Result<(), End> {
        match tick.announced {
            Announced::Members(members) => {
                self.namesake = Namesake::default();
                self.status.update(|figures| note_members(figures, &members));
            }
            Announced::NameTaken(seen_ago) if self.namesake.is_alive(tick.asked_at, seen_ago, &self.options) => {
                return Err(End::NameTaken(seen_ago));
            }
            Announced::NameTaken(_) => {}
        }
        if let Some(durability) = tick.durability {
            self.status.update(|figures| {
                figures.is_synchronous = Some(durability.is_synchronous);
                figures.note = durability.because;
            });
        }
        if !tick.has_last {
            leading.pipeline.doubt();
        }
        Ok(())
    }

    fn command(&mut self, leading: &mut Leading, command: Option<Command>) {
        let reply = match command {
            Some(Command::HandOver(reply)) => Some(reply),
            Some(Command::Stop) | None => None,
        };
        if reply.is_some() && leading.handing.is_none() && self.successor().is_none() {
            if let Some(reply) = reply {
                HandedOver::NoSuccessor.send(reply);
            }
            return;
        }
        if leading.is_established {
            self.status.update(|figures| figures.role = Role::HandingOver);
        }
        let (local, until) = (Arc::clone(&self.local), Instant::now() + self.options.lease);
        let handing = leading.handing.get_or_insert_with(|| Handing::begin(local, until));
        handing.stops |= reply.is_none();
        handing.replies.extend(reply);
    }

    fn successor(&self) -> Option<String> {
        successor(&self.status.figures().members, &self.options.node, self.options.lease)
    }

    /// Ends leading. From the first line on nothing is answered as the leader.
    async fn step_down(&mut self, mut leading: Leading, end: End) -> Result<Next, Exit> {
        self.status.holds(None);
        self.status.update(|figures| {
            (figures.role, figures.leader, figures.in_flight) = (Role::Follower, None, 0);
        });
        self.is_level = false;
        let held = leading.keeper.held();
        let (stops, replies) =
            leading.handing.as_mut().map_or((false, Vec::new()), |handing| (handing.stops, take(&mut handing.replies)));
        let is_established = leading.is_established;
        // What is on its way is dropped before the state goes back.
        drop(leading);
        let outcome = self.end_lease(held, &end).await;
        self.local.step_down().await?;
        for reply in replies {
            outcome.clone().send(reply);
        }
        match end {
            End::Lost(Loss::Diverged(reason)) => Err(Exit::Diverged(reason)),
            End::Lost(Loss::Broken(reason)) => Err(Exit::Failed(Ended::Broken(reason))),
            End::NameTaken(seen_ago) => {
                Err(Exit::Failed(Ended::NameTaken { node: self.options.node.clone(), seen_ago }))
            }
            _ if stops => Err(Exit::Stop),
            // A frame of the leader before won the race. It is read, and then this node tries behind it.
            End::Lost(Loss::Rival(_)) if !is_established && held.is_valid() => Ok(Next::Candidate(held)),
            End::Lost(Loss::Rival(reason)) => {
                // If it still has the lease, it goes on under it.
                self.held = Some(held);
                self.status.update(|figures| {
                    figures.rivals += 1;
                    figures.note = reason;
                });
                Ok(Next::Follow)
            }
            End::Lease(LeaseEnd::Expired) => {
                self.contact.lost();
                Ok(Next::Follow)
            }
            End::Lease(LeaseEnd::Lost) => {
                self.status.update(|figures| figures.rivals += 1);
                Ok(Next::Follow)
            }
            End::Drained | End::TooLate => Ok(Next::Follow),
        }
    }

    /// Hands the lease over, or lets it go where this node can't use it.
    async fn end_lease(&mut self, held: Held, end: &End) -> HandedOver {
        let to = match end {
            End::Drained => self.choose_successor().await,
            End::TooLate | End::NameTaken(_) | End::Lost(Loss::Broken(_) | Loss::Diverged(_)) => None,
            End::Lease(_) | End::Lost(Loss::Rival(_)) => return HandedOver::Lost,
        };
        let (name, duration) = to.as_deref().map_or(("", Duration::ZERO), |name| (name, self.options.lease));
        let handing = self.log.hand_over(&self.options.node, held.epoch, name, duration);
        match (timeout(self.options.patience(), handing).await, to) {
            (Ok(Ok(true)), Some(to)) => HandedOver::To(to),
            // It expires by itself.
            _ => HandedOver::Lost,
        }
    }

    /// The node that is furthest, as of now if the shared log can say so.
    async fn choose_successor(&mut self) -> Option<String> {
        let announcement = self.announcement();
        let announcing = self.log.announce(&announcement);
        if let Ok(Ok(Announced::Members(members))) = timeout(self.options.patience(), announcing).await {
            self.status.update(|figures| note_members(figures, &members));
        }
        self.successor()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::NodeStatus;

    fn member(node: &str, last_event: u64, seen_ago: u64) -> NodeStatus {
        let (node, seen_ago) = (node.to_owned(), Duration::from_secs(seen_ago));
        NodeStatus { node, url: String::new(), last_event, seen_ago }
    }

    #[test]
    fn the_successor_is_the_furthest_of_those_that_are_there() {
        let members = [member("a", 9, 0), member("b", 5, 1), member("c", 7, 1), member("d", 8, 60), member("e", 7, 1)];
        let lease = Duration::from_secs(3);
        assert_eq!(successor(&members, "a", lease).as_deref(), Some("c"));
        assert_eq!(successor(&members[..1], "a", lease), None);
        assert_eq!(successor(&members[3..4], "a", lease), None);
    }
}

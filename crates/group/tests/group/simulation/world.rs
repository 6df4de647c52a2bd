//! What happens to a simulated group, step by step.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use tocos_group::{Ended, HandedOver, LocalFrame, Role};
use tocos_sharedlog::memory::Faults;
use tocos_sharedlog::{Hash, SharedLog, Stored};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::clients::Client;
use crate::frames::decode;
use crate::model::Wrong;
use crate::nodes::{Group, LEASE};
use crate::recorder::Recorder;
use crate::wrapped::WrongLog;

/// Events that are never pruned: the engine loses fewer.
const KEPT_EVENTS: u64 = 40;

/// What happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Figures {
    pub(crate) done: u64,
    pub(crate) cuts: u64,
    pub(crate) pauses: u64,
    pub(crate) kills: u64,
    pub(crate) power_losses: u64,
    pub(crate) engine_stops: u64,
    pub(crate) promotions: u64,
    pub(crate) lossy_promotions: u64,
    pub(crate) gentle_promotions: u64,
    pub(crate) frames_lost: u64,
    pub(crate) healed_frames: u64,
    pub(crate) handovers: u64,
    pub(crate) orderly_stops: u64,
    pub(crate) prunings: u64,
    pub(crate) pruned_nodes: u64,
    /// So rare that only many seeds have one.
    pub(crate) rejoined: u64,
    pub(crate) diverged: u64,
    pub(crate) leaders: u64,
    pub(crate) confirmations: u64,
    pub(crate) reads: u64,
    pub(crate) racks: u64,
}

impl Figures {
    pub(crate) fn counts(&self) -> [(&'static str, u64); 20] {
        [
            ("done", self.done),
            ("cuts", self.cuts),
            ("pauses", self.pauses),
            ("kills", self.kills),
            ("power losses", self.power_losses),
            ("engine stops", self.engine_stops),
            ("promotions", self.promotions),
            ("lossy promotions", self.lossy_promotions),
            ("gentle promotions", self.gentle_promotions),
            ("frames lost", self.frames_lost),
            ("frames healed", self.healed_frames),
            ("handovers", self.handovers),
            ("orderly stops", self.orderly_stops),
            ("prunings", self.prunings),
            ("pruned nodes", self.pruned_nodes),
            ("diverged nodes", self.diverged),
            ("leaders", self.leaders),
            ("confirmations", self.confirmations),
            ("reads", self.reads),
            ("racks", self.racks),
        ]
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.done += other.done;
        self.cuts += other.cuts;
        self.pauses += other.pauses;
        self.kills += other.kills;
        self.power_losses += other.power_losses;
        self.engine_stops += other.engine_stops;
        self.promotions += other.promotions;
        self.lossy_promotions += other.lossy_promotions;
        self.gentle_promotions += other.gentle_promotions;
        self.frames_lost += other.frames_lost;
        self.healed_frames += other.healed_frames;
        self.handovers += other.handovers;
        self.orderly_stops += other.orderly_stops;
        self.prunings += other.prunings;
        self.pruned_nodes += other.pruned_nodes;
        self.rejoined += other.rejoined;
        self.diverged += other.diverged;
        self.leaders += other.leaders;
        self.confirmations += other.confirmations;
        self.reads += other.reads;
        self.racks += other.racks;
    }
}

pub(crate) struct World {
    rng: fastrand::Rng,
    /// Which faults there are; none if they change.
    theme: Option<u32>,
    pub(super) group: Group,
    pub(super) is_synchronous: bool,
    pub(super) figures: Figures,
    /// Frames that left the shared log, from number 1 on.
    pub(super) archive: Vec<LocalFrame>,
    clients: Vec<JoinHandle<()>>,
}

fn ms(range: RangeInclusive<u64>) -> RangeInclusive<Duration> {
    Duration::from_millis(*range.start())..=Duration::from_millis(*range.end())
}

fn calm() -> Faults {
    let quick = Duration::from_micros(200)..=Duration::from_millis(3);
    Faults { before: quick.clone(), after: quick, ..Faults::default() }
}

fn local(stored: &Stored) -> Option<LocalFrame> {
    decode(&stored.bytes).map(|(frame, _)| frame)
}

impl World {
    pub(crate) fn new(seed: u64, traces: bool, wrong: (Wrong, WrongLog)) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        let group = Group::new(rng.usize(2..=4), rng.u64(..), Recorder::new(traces), wrong);
        let theme = [None, None, None, Some(3), Some(4)][rng.usize(0..5)];
        let is_synchronous = rng.u32(0..10) < 6;
        group.engine.set_synchronous(is_synchronous);
        let (figures, archive, clients) = (Figures::default(), Vec::new(), Vec::new());
        Self { rng, theme, group, is_synchronous, figures, archive, clients }
    }

    /// What went wrong first, if anything.
    pub(crate) async fn run(mut self) -> Result<Figures, String> {
        self.change_faults();
        for at in 0..self.group.len() {
            self.group.start(at);
        }
        let pause_ms = [1_000, 3_000, 10_000][self.rng.usize(0..3)];
        for number in 1..=self.rng.u64(1..=3) {
            let (group, rng) = (self.group.clone(), self.rng.fork());
            self.clients.push(tokio::spawn(Client { group, rng, next_key: number << 32, seen: 0, pause_ms }.run()));
        }
        let outcome = self.live().await;
        self.clients.iter().for_each(JoinHandle::abort);
        outcome.map(|()| self.figures.clone()).map_err(|violation| {
            let lines = self.group.recorder.lines();
            if lines.is_empty() { violation } else { format!("{}\n{violation}", lines.join("\n")) }
        })
    }

    async fn live(&mut self) -> Result<(), String> {
        for _ in 0..self.rng.u32(10..40) {
            self.step().await;
            let longest = [100, 1_000, 6_000][self.rng.usize(0..3)];
            sleep(Duration::from_millis(self.rng.u64(0..=longest))).await;
            if self.rng.u32(0..5) == 0 {
                self.change_faults();
            }
            self.bury();
            self.group.recorder.first_violation().map_or(Ok(()), Err)?;
        }
        self.repair_all();
        self.group.engine.set_faults(calm());
        self.come_to_rest().await?;
        self.clients.iter().for_each(JoinHandle::abort);
        // What they had under way is appended.
        sleep(LEASE).await;
        self.check_rest();
        self.group.recorder.first_violation().map_or(Ok(()), Err)
    }

    fn trace(&self, line: &str) {
        self.group.recorder.trace(|| format!("=== {line}"));
    }

    async fn step(&mut self) {
        let at = self.rng.usize(0..self.group.len());
        let up = self.group.up(at);
        match (self.rng.u32(0..100), up) {
            (0..8, _) => self.change_faults(),
            (8..22, Some(up)) => {
                self.trace(&format!("{} is cut off", up.name));
                self.figures.cuts += 1;
                up.log.cut();
            }
            (22..34, Some(up)) => {
                self.trace(&format!("{} stands still", up.name));
                self.figures.pauses += 1;
                up.process.stop();
            }
            (34..44, Some(_)) => self.kill(at, false),
            (44..48, Some(_)) => self.kill(at, true),
            (48..52, _) => {
                self.trace("the engine stops");
                self.figures.engine_stops += 1;
                self.group.engine.stop();
            }
            (52..60, _) => self.promote(),
            (60..63, _) if !self.is_synchronous => self.promote_gently().await,
            (63..68, Some(up)) => {
                self.trace(&format!("{} is to hand over", up.name));
                let handed = timeout(LEASE, up.handle.hand_over()).await;
                self.figures.handovers += u64::from(matches!(handed, Ok(HandedOver::To(_))));
            }
            (68..72, Some(up)) => {
                self.trace(&format!("{} is to stop", up.name));
                // Not longer than somebody would wait who then kills it.
                let stopped = timeout(LEASE * 2, up.handle.stop()).await;
                self.figures.orderly_stops += u64::from(matches!(stopped, Ok(Ok(()))));
                self.kill(at, false);
            }
            (72..76, _) => self.prune().await,
            (76..83, _) => self.lose_rack().await,
            (83..91, up) => self.repair(at, up.is_some()),
            _ => self.repair_all(),
        }
    }

    fn change_faults(&mut self) {
        let range = |from, to| ms(from..=to);
        let faults = match self.theme.unwrap_or_else(|| self.rng.u32(0..6)) {
            0 => calm(),
            3 => Faults {
                late_per_mille: 300,
                twice_per_mille: 200,
                late_by: range(500, 8_000),
                away_after: range(5, 300),
                ..calm()
            },
            4 => Faults { unreplicated_per_mille: 300, away_after: range(5, 50), ..calm() },
            1 => Faults { before: range(20, 100), after: range(20, 100), ..calm() },
            2 => Faults {
                lost_per_mille: 5,
                late_per_mille: 20,
                twice_per_mille: 20,
                unreplicated_per_mille: 10,
                ..calm()
            },
            _ => Faults {
                before: range(0, 30),
                after: range(0, 30),
                lost_per_mille: 60,
                late_per_mille: 60,
                twice_per_mille: 60,
                unreplicated_per_mille: 60,
                ..calm()
            },
        };
        self.trace(&format!("{faults:?}"));
        self.group.engine.set_faults(faults);
    }

    fn kill(&mut self, at: usize, loses_power: bool) {
        if let Some(up) = self.group.up(at) {
            self.figures.healed_frames += up.handle.status().figures().healed_frames;
        }
        self.group.kill(at);
        self.figures.kills += 1;
        if loses_power {
            self.figures.power_losses += 1;
            let (share, recorder) = (self.rng.f64(), self.group.recorder.clone());
            self.group.set_files(at, |files| {
                let kept = files.len() - (files.len() as f64 * share * share) as usize;
                files.drain(kept..).for_each(|frame| recorder.destroyed(&frame));
            });
        }
    }

    fn promote(&mut self) {
        let lost = if self.is_synchronous { 0 } else { self.rng.u64(0..4) };
        self.promote_without(lost);
    }

    fn promote_without(&mut self, lost: u64) {
        self.trace(&format!("a standby takes over without the last {lost}"));
        let before = self.group.engine.frames();
        self.group.engine.promote_without(lost);
        let tip = self.group.engine.tip();
        let gone = before.iter().filter(|frame| frame.head.n > tip.n);
        self.figures.promotions += 1;
        self.figures.lossy_promotions += u64::from(lost > 0);
        for frame in gone.filter_map(local) {
            self.figures.frames_lost += 1;
            self.group.recorder.lost(frame);
        }
    }

    /// The leader is lost together with the engine's primary, just when something is being written.
    async fn lose_rack(&mut self) {
        let (tip, begun) = (self.group.engine.tip(), Instant::now());
        while self.group.engine.tip() == tip && begun.elapsed() < LEASE {
            sleep(Duration::from_millis(5)).await;
        }
        sleep(Duration::from_millis(self.rng.u64(0..=60))).await;
        let Some(at) = self.group.leading() else { return };
        self.figures.racks += 1;
        match (self.rng.u32(0..3), self.group.up(at)) {
            (0, Some(up)) => up.log.cut(),
            (1, Some(up)) => up.process.stop(),
            _ => self.kill(at, true),
        }
        self.promote();
    }

    /// A promotion while all else is well: whatever any node has is in the log again after it.
    async fn promote_gently(&mut self) {
        self.repair_all();
        self.group.engine.set_faults(calm());
        // What is late has arrived by then.
        sleep(Duration::from_secs(14)).await;
        self.bury();
        let is_level = self.group.all_up().iter().all(|up| up.role() != Role::Diverged);
        if self.group.leading().is_none() || !is_level {
            return;
        }
        self.figures.gentle_promotions += 1;
        let before: Vec<Stored> = self.group.engine.frames();
        let held: BTreeSet<Hash> =
            self.group.all_files().into_iter().flat_map(|(_, files)| files).map(|frame| frame.hash).collect();
        let lost = self.rng.u64(1..4);
        self.promote_without(lost);
        sleep(LEASE * 5).await;
        self.change_faults();
        let after: BTreeSet<Hash> = self.group.engine.frames().iter().map(|frame| frame.head.hash).collect();
        for frame in before.iter().filter(|frame| held.contains(&frame.head.hash) && frame.head.n > 0) {
            if !after.contains(&frame.head.hash) {
                let (first, last) = (frame.head.first_event, frame.head.last_event);
                self.group.recorder.violation(format!("events {first} to {last} could have been appended again"));
            }
        }
    }

    async fn prune(&mut self) {
        let frames = self.group.engine.frames();
        let tip = self.group.engine.tip();
        let log = self.group.engine.log();
        let until = tip.last_event.saturating_sub(KEPT_EVENTS);
        for stored in frames.iter().filter(|stored| stored.head.n > 0 && stored.head.last_event < until) {
            let next = self.archive.last().map_or(1, |frame| frame.last_event + 1);
            if stored.head.first_event == next {
                self.archive.extend(local(stored));
            }
        }
        let until = until.min(self.archive.last().map_or(0, |frame| frame.last_event + 1));
        if log.prune(until, Duration::ZERO).await.is_ok_and(|count| count > 0) {
            self.trace("frames are pruned");
            self.figures.prunings += 1;
        }
    }

    fn repair(&mut self, at: usize, is_up: bool) {
        if !is_up {
            self.group.start(at);
        }
        if let Some(up) = self.group.up(at) {
            self.trace(&format!("{} is repaired", up.name));
            up.log.heal();
            up.process.go_on();
        }
    }

    fn repair_all(&mut self) {
        self.trace("all is repaired");
        self.group.engine.start();
        for at in 0..self.group.len() {
            self.repair(at, self.group.is_up(at));
        }
    }

    /// A node that ended by itself has a reason. One that was left behind starts again from the archive.
    fn bury(&mut self) {
        for at in 0..self.group.len() {
            let Some(up) = self.group.up(at).filter(crate::nodes::Up::has_ended) else { continue };
            match up.ended_now() {
                Some(Err(Ended::Pruned { .. })) => {
                    self.figures.pruned_nodes += 1;
                    self.begin_again(at);
                }
                Some(Ok(())) => self.kill(at, false),
                other => self.group.recorder.violation(format!("{} ended: {other:?}", up.name)),
            }
        }
    }

    /// An operator sets a node's files aside; it has those of the archive.
    fn begin_again(&mut self, at: usize) {
        self.kill(at, false);
        let (archive, recorder) = (self.archive.clone(), self.group.recorder.clone());
        self.group.set_files(at, |files| {
            files.drain(..).for_each(|frame| recorder.destroyed(&frame));
            *files = archive;
        });
    }

    /// With an engine that loses what it confirmed, an append of an earlier leader that arrives late may take the place of a frame that all
    /// nodes have. Then none of them serves, and an operator has one begin again.
    fn rejoin(&mut self) {
        let nodes = self.group.all_up();
        if !self.is_synchronous && nodes.len() == self.group.len() && nodes.iter().all(|up| up.role() == Role::Diverged)
        {
            self.trace("a node begins again: all have diverged");
            self.figures.rejoined += 1;
            self.begin_again(0);
        }
    }

    /// The faults are over: one node leads, the others have all of the log, and clients write.
    async fn come_to_rest(&mut self) -> Result<(), String> {
        let begun = Instant::now();
        loop {
            sleep(Duration::from_millis(500)).await;
            self.bury();
            self.rejoin();
            for at in 0..self.group.len() {
                if !self.group.is_up(at) {
                    self.group.start(at);
                }
            }
            self.group.recorder.first_violation().map_or(Ok(()), Err)?;
            let tip = self.group.engine.tip().last_event;
            let nodes = self.group.all_up();
            let mut in_service = nodes.iter().filter(|up| up.role() != Role::Diverged);
            if self.group.leading().is_some() && in_service.all(|up| up.event() + 20 > tip) {
                break;
            }
            if begun.elapsed() > LEASE * 15 {
                let roles: Vec<_> = nodes.iter().map(|up| (&up.name, up.role(), up.event(), up.note())).collect();
                return Err(format!("the group does not come to rest at event {tip}: {roles:?}"));
            }
        }
        let before = self.group.recorder.last_done();
        let begun = Instant::now();
        while self.group.recorder.last_done() <= before {
            sleep(Duration::from_millis(500)).await;
            // After a loss the numbers of new events are those of old ones at first.
            if begun.elapsed() > LEASE * 15 && self.group.recorder.vanished_from() == u64::MAX {
                return Err("nobody can write".to_owned());
            }
            if begun.elapsed() > LEASE * 30 {
                break;
            }
        }
        Ok(())
    }
}

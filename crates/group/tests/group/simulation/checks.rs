//! What must hold when the faults are over.

use std::collections::{BTreeMap, BTreeSet};

use tocos_group::{LocalFrame, Role};
use tocos_sharedlog::Hash;

use super::world::World;
use crate::frames::{Event, decode, start};

impl World {
    pub(super) fn check_rest(&mut self) {
        let log = self.whole_log();
        let hashes: BTreeSet<Hash> = log.iter().map(|frame| frame.hash).collect();
        let events: Vec<Event> = log.iter().flat_map(|frame| decode(&frame.bytes).unwrap().1).collect();
        self.check_keys(&events);
        self.check_nodes(&log);
        let excused = self.excused(&hashes);
        self.check_done(&events, &excused);
        self.check_reads(&events);
        let recorder = &self.group.recorder;
        self.figures.done += recorder.all_done().len() as u64;
        self.figures.reads += recorder.all_reads().len() as u64;
        for event in &events {
            match event {
                Event::Lead { epoch: 0, .. } => self.figures.confirmations += 1,
                Event::Lead { .. } => self.figures.leaders += 1,
                Event::Op { .. } => {}
            }
        }
    }

    fn violation(&self, what: String) {
        self.group.recorder.violation(what);
    }

    /// All frames of the log, those that were pruned included: one chain.
    fn whole_log(&self) -> Vec<LocalFrame> {
        let stored = self.group.engine.frames();
        let first = stored.iter().map(|stored| stored.head).find(|head| head.n > 0);
        let first_event = first.map_or(u64::MAX, |head| head.first_event);
        let mut log: Vec<LocalFrame> =
            self.archive.iter().filter(|frame| frame.last_event < first_event).cloned().collect();
        for stored in stored.iter().filter(|stored| stored.head.n > 0) {
            match decode(&stored.bytes) {
                Some((frame, _)) if frame.hash == stored.head.hash => log.push(frame),
                _ => self.violation(format!("frame {} is not what its row says", stored.head.n)),
            }
        }
        let (mut prev, mut next) = (start(), 1);
        for frame in &log {
            if frame.prev != prev || frame.first_event != next {
                self.violation(format!("the frame from event {} does not follow the one before", frame.first_event));
            }
            (prev, next) = (frame.hash, frame.last_event + 1);
        }
        log
    }

    fn check_keys(&self, events: &[Event]) {
        let not_done = self.group.recorder.all_not_done();
        let mut seen = BTreeSet::new();
        for event in events {
            let Event::Op { key, .. } = event else { continue };
            if !seen.insert(*key) {
                self.violation(format!("key {key} is in the log twice"));
            }
            if not_done.contains(key) {
                self.violation(format!("key {key} is in the log, and its client was told that it was not done"));
            }
        }
    }

    /// The files of every node that serves are the log.
    fn check_nodes(&mut self, log: &[LocalFrame]) {
        for up in self.group.all_up() {
            self.figures.healed_frames += up.handle.status().figures().healed_frames;
            if up.role() == Role::Diverged {
                self.figures.diverged += 1;
                let note = up.note();
                let files = up.model.files();
                let (end, hashes) = (up.event(), log.iter().map(|frame| frame.hash).collect::<BTreeSet<Hash>>());
                // It may have disagreed with frames that the engine lost in turn.
                let was_rival = |frame: &LocalFrame| !hashes.contains(&frame.hash) && frame.first_event <= end;
                let had_rival = self.group.recorder.all_lost().iter().any(was_rival);
                if log.starts_with(&files) && !had_rival {
                    self.violation(format!("{} has diverged, and has only frames of the log: {note}", up.name));
                }
            } else if up.model.files() != log {
                self.violation(format!("{} is a {:?} and has other frames than the log", up.name, up.role()));
            }
        }
    }

    /// The events of frames that were acknowledged and are not in the log, where that is excused: the engine lost them, somebody went
    /// on, and the node that knows them says so, or no disk has them any more.
    fn excused(&self, hashes: &BTreeSet<Hash>) -> BTreeMap<u64, Vec<Event>> {
        let recorder = &self.group.recorder;
        let nodes = self.group.all_up();
        let diverged = nodes.iter().filter(|up| up.role() == Role::Diverged);
        let set_aside: BTreeSet<Hash> = diverged.flat_map(|up| up.model.files()).map(|frame| frame.hash).collect();
        let mut excused: BTreeMap<u64, Vec<Event>> = BTreeMap::new();
        let is_excused = |frame: &LocalFrame| {
            let is_known = set_aside.contains(&frame.hash) || recorder.was_destroyed(&frame.hash);
            !self.is_synchronous && recorder.was_lost(&frame.hash) && is_known
        };
        for frame in recorder.all_acknowledged().iter().filter(|frame| !hashes.contains(&frame.hash)) {
            if !is_excused(frame) {
                let (first, last) = (frame.first_event, frame.last_event);
                self.violation(format!("events {first} to {last} were acknowledged and are not in the log"));
            }
        }
        // A frame is acknowledged also by one behind it, which another leader may have appended.
        for frame in recorder.all_lost().iter().filter(|frame| !hashes.contains(&frame.hash) && is_excused(frame)) {
            for (at, event) in decode(&frame.bytes).unwrap().1.into_iter().enumerate() {
                excused.entry(frame.first_event + at as u64).or_default().push(event);
            }
        }
        excused
    }

    fn check_done(&self, events: &[Event], excused: &BTreeMap<u64, Vec<Event>>) {
        for (key, number) in self.group.recorder.all_done() {
            let is_it = |event: &Event| matches!(event, Event::Op { key: found, .. } if *found == key);
            let is_there = events.get(number as usize - 1).is_some_and(is_it);
            let is_excused = || excused.get(&number).is_some_and(|events| events.iter().any(is_it));
            if !is_there && !is_excused() {
                self.violation(format!("key {key} was done as event {number}, and is not there"));
            }
        }
    }

    /// What clients read is what the events up to there make.
    fn check_reads(&self, events: &[Event]) {
        let mut sums = vec![0];
        for event in events {
            let amount = if let Event::Op { amount, .. } = event { *amount } else { 0 };
            sums.push(sums[sums.len() - 1] + amount);
        }
        for (event, sum) in self.group.recorder.all_reads() {
            let is_right = sums.get(event as usize) == Some(&sum);
            if event < self.group.recorder.vanished_from() && !is_right {
                self.violation(format!("a client read {sum} as of event {event}: {:?}", sums.get(event as usize)));
            }
        }
    }
}

//! The writer, the log and the recovery against a disk that tears, loses and reorders what was not synced, fills up and
//! fails; single-threaded and seeded, so that a failure can be run again: `TOCOS_SEED=<seed>` runs one, `TOCOS_SEEDS=<n>`
//! runs more.

mod operations;
mod writing;

use crate::error::{Rejection, Unavailable};
use crate::job::Job;
use crate::open::{EngineOptions, Recovered, recover};
use crate::snapshot;
use crate::stored::StoredEvent;
use crate::tables::{self, Kind, Merge, TableOptions, Tables};
use crate::throttle::Throttle;
use crate::verify::{VerifyFailure, VerifyReport, verify_disk};
use crate::writer::{Ahead, Batch, Writer};
use fastrand::Rng;
use operations::operation;
use std::collections::BTreeMap;
use std::sync::Arc;
use tocos_journal::sim::{SimDisk, WriteFault};
use tocos_journal::{Appender, Disk, Frame, NewLedger};
use tocos_ledger::{Event, Ledger, Over, RecentMentions, Request};

const REFERENCES: [&str; 3] = ["order 17", "order 18", "Größe L"];

/// What was decided and what was promised, outside of everything that can crash.
struct Witness {
    decided: Vec<StoredEvent>,
    durable: u64,
}

struct World {
    disk: Arc<SimDisk>,
    options: EngineOptions,
    rng: Rng,
    witness: Witness,
    crashes: u32,
    snapshots_used: u32,
    merges: u32,
    tables_damaged: u32,
    tables_made_again: u32,
    report_problems: u32,
    /// Times that a frame was written and the one before it was not.
    written_behind_a_gap: u32,
    outcomes: BTreeMap<&'static str, u64>,
    time: i64,
    /// The tables as they were some time before: batches look old keys up in such, without the writer.
    tables_before: Arc<Tables>,
}

fn lifted() -> Throttle {
    let throttle = Throttle::default();
    throttle.lift();
    throttle
}

fn new_ledger() -> NewLedger {
    let mut ledger_id = [7; 16];
    ledger_id[..4].copy_from_slice(b"TEST");
    NewLedger { ledger_id, seed: [9; 16] }
}

impl World {
    fn new(seed: u64) -> Self {
        let options = EngineOptions {
            segment_bytes: 8 << 10,
            snapshot_every_events: 50,
            test_clock: true,
            tables: TableOptions { keys_in_memory: 20, unit_keys: 16 },
            ..EngineOptions::new("/nowhere")
        };
        let witness = Witness { decided: Vec::new(), durable: 0 };
        Self {
            disk: Arc::new(SimDisk::new(seed)),
            options,
            rng: Rng::with_seed(seed),
            witness,
            crashes: 0,
            snapshots_used: 0,
            merges: 0,
            tables_damaged: 0,
            tables_made_again: 0,
            report_problems: 0,
            written_behind_a_gap: 0,
            outcomes: BTreeMap::new(),
            time: 0,
            tables_before: Arc::default(),
        }
    }

    fn disk(&self) -> Arc<dyn Disk> {
        Arc::clone(&self.disk) as Arc<dyn Disk>
    }

    /// One life of the process: recover, check, work until it crashes.
    fn live(&mut self) {
        let recovered = match recover(self.disk(), &self.options, Some(new_ledger())) {
            Ok(recovered) => recovered,
            Err(error) => panic!("what a crash left could not be opened: {error}"),
        };
        let Recovered { parts, appender, report, .. } = recovered;
        assert_eq!(report.unusable_snapshots, Vec::<String>::new(), "a snapshot that has its name is whole");
        self.snapshots_used += u32::from(report.snapshot_event > 0);
        self.report_problems += report.unusable_tables.len() as u32;
        let (mut writer, mut appender) = (parts.writer, appender);
        self.check(&mut writer);
        self.tables_before = Arc::clone(writer.tables());
        writer.clock.advance(1).unwrap();
        self.time = writer.clock.now().expect("a test clock is always plausible");
        let lifetime = self.rng.u32(1..60);
        for _ in 0..lifetime {
            for _ in 0..self.rng.u32(0..8) {
                self.ask(&mut writer);
            }
            if !self.commit(&mut writer, &mut appender) {
                break;
            }
        }
    }

    /// Every acknowledged event is there, byte for byte; every other event was requested; the state follows from them.
    fn check(&mut self, writer: &mut Writer) {
        let last = writer.last_event();
        assert!(
            last >= self.witness.durable,
            "event {} was answered and is gone: the log ends at {last}",
            self.witness.durable
        );
        let decided = self.witness.decided.len() as u64;
        assert!(last <= decided, "event {last} is in the log, and only {decided} were ever decided");
        let mut shadow = Ledger::new(new_ledger().seed);
        for expected in &self.witness.decided[..last as usize] {
            let found = writer.look_up(expected.number).unwrap();
            assert_eq!((found.record, found.at), (expected.record, expected.at), "event {}", expected.number);
            assert_eq!(found.blob, expected.blob, "event {}", expected.number);
            let event = shadow.decode_event(expected.number, expected.at, &expected.record, &expected.blob).unwrap();
            shadow.apply(&event).unwrap();
        }
        assert!(shadow.state().blocks().eq(writer.ledger.state().blocks()), "the state at event {last} is another");
        assert_eq!(shadow.key_count(), writer.ledger.key_count());
        self.check_past(writer);
        assert!(writer.ledger.state().sums_of_all_balances().iter().all(|sum| *sum == 0));
        // A decided event that was lost had no response yet: it counts as not applied.
        self.witness.decided.truncate(last as usize);
        self.witness.durable = last;
    }

    /// Every key, every hold that ended and every reversal is found, in memory or in tables. A damaged table is noticed when it
    /// is asked, made again, and then tells the truth.
    fn check_past(&mut self, writer: &mut Writer) {
        let mut last_about = BTreeMap::new();
        let mut mentioned: BTreeMap<u128, (RecentMentions, Vec<u64>)> = BTreeMap::new();
        let mut shadow = Ledger::new(new_ledger().seed);
        for number in 1..=writer.last_event() {
            let decided = writer.look_up(number).unwrap();
            let event = shadow.decode_event(number, decided.at, &decided.record, &decided.blob).unwrap();
            shadow.apply(&event).unwrap();
            if let Some(over) = event.over() {
                last_about.insert(over, number);
            }
            for mention in event.mentions() {
                let recent = || (writer.ledger.recent_mentions(mention), Vec::new());
                mentioned.entry(shadow.mention_hash(mention)).or_insert_with(recent).1.push(number);
            }
        }
        for _ in 0..100 {
            let in_memory: BTreeMap<u128, u64> =
                writer.ledger.keys_between(1, u64::MAX).into_iter().map(|(event, hash)| (hash, event)).collect();
            let keys = shadow.keys_between(1, u64::MAX).into_iter().try_for_each(|(event, hash)| {
                let in_memory = in_memory.get(&hash).copied();
                let found = in_memory.map_or_else(|| writer.tables().find_key(hash), |event| Ok(Some(event)))?;
                assert_eq!(found, Some(event), "a key of event {event}");
                Ok(())
            });
            let over = last_about.iter().try_for_each(|(over, event)| {
                let in_memory = match over {
                    Over::Hold(hold) => writer.ledger.state().ended_hold(*hold).is_some_and(|(_, by)| by == *event),
                    Over::Reversed(of) => writer.ledger.state().remaining(*of) == shadow.state().remaining(*of),
                };
                let found = if in_memory { Some(*event) } else { writer.last_about(*over)? };
                assert_eq!(found, Some(*event), "{over:?}");
                Ok(())
            });
            let mentions = mentioned.iter().try_for_each(|(hash, (recent, expected))| {
                let (mut found, covered) = writer.tables().find_mentions(*hash, 0, usize::MAX)?;
                found.extend(recent.after(covered));
                assert_eq!(found, *expected, "what mentions {hash:x}");
                Ok(())
            });
            match keys.and(over).and(mentions) {
                Ok(()) => return,
                Err(Unavailable::Tables { .. }) => self.rebuild(writer),
                Err(other) => panic!("{other}"),
            }
        }
        panic!("a table is damaged again and again");
    }

    fn rebuild(&mut self, writer: &mut Writer) {
        let damaged: Vec<_> = writer.tables().all().filter(|listed| listed.is_damaged()).cloned().collect();
        assert!(!damaged.is_empty(), "what can't be read is noted");
        let throttle = lifted();
        for table in damaged {
            let (reader, hasher) = (writer.reader().clone(), Ledger::new(new_ledger().seed));
            let new = tables::rebuild(&*self.disk, &reader, &hasher, &table, &mut throttle.pace()).unwrap();
            writer.replace_tables(&[table], &new);
            self.tables_made_again += 1;
        }
    }

    /// What the snapshot and merging threads do. False if the process is to die in between.
    fn keep_tables(&mut self, writer: &mut Writer, job: &Job) -> bool {
        let (disk, throttle) = (self.disk(), lifted());
        let (reader, hasher) = (writer.reader().clone(), Ledger::new(new_ledger().seed));
        let range = (writer.tables().covered() + 1, job.position.event);
        // On a full disk, or one that fails, there are none.
        let Ok(new) = snapshot::make_tables(&*disk, &reader, &hasher, range, &throttle) else {
            return self.rng.bool();
        };
        if self.rng.u32(0..20) == 0 {
            return false;
        }
        drop(writer.add_tables(&new));
        let _written = snapshot::write(&disk, &reader, job, &throttle);
        let _index = reader.write_index_file();
        for kind in Kind::ALL {
            while let Some(run) = tables::due(writer.tables().of(kind), &writer.table_options()) {
                let old = writer.tables().of(kind)[run].to_vec();
                if self.rng.u32(0..10) == 0 {
                    self.disk.fail_write(self.rng.u64(1..3), WriteFault::PowerCut);
                }
                let ends = self.rng.u32(0..20) == 0;
                let merged = tables::merge(&*disk, &old, &mut throttle.pace(), || ends);
                let Ok(Merge::Done(new)) = merged else { return !writer.tables().all().any(|one| one.is_damaged()) };
                self.merges += 1;
                if self.rng.u32(0..10) == 0 {
                    return false;
                }
                writer.replace_tables(&old, &[new]);
                if self.rng.u32(0..10) == 0 || tables::remove(&*disk, &old[..self.rng.usize(0..=old.len())]).is_err() {
                    return false;
                }
                tables::remove(&*disk, &[]).ok();
                let left: Vec<_> = disk.list().unwrap();
                for one in old.iter().filter(|one| left.iter().any(|name| name == one.table.name())) {
                    self.disk.delete(one.table.name());
                }
            }
        }
        true
    }

    /// The ledger is sound, but for tables that were damaged where nobody looked: those are named, and removing them is all it
    /// takes.
    fn verify(&mut self) -> VerifyReport {
        for _ in 0..=self.tables_damaged {
            match verify_disk(&self.disk(), 0) {
                Ok(report) => return report,
                Err(VerifyFailure::TableDiffers { file, .. }) => self.disk.delete(file.trim_start_matches("sim/")),
                Err(other) => panic!("{other}"),
            }
            let mut recovered = recover(self.disk(), &self.options, Some(new_ledger())).unwrap();
            assert_eq!(
                recovered.report.unusable_tables,
                Vec::<String>::new(),
                "one that is missing is just made again"
            );
            self.check(&mut recovered.parts.writer);
        }
        panic!("more tables are damaged than were");
    }

    /// What happens to files while no process has them open: tables are lost, cut, changed, or copies of others.
    fn damage_tables(&mut self) {
        let names: Vec<String> = self
            .disk
            .list()
            .unwrap()
            .into_iter()
            .filter(|name| tables::is_listed(name) || name.starts_with("index-"))
            .collect();
        if names.is_empty() || self.rng.u32(0..6) > 0 {
            return;
        }
        let name = &names[self.rng.usize(0..names.len())];
        let bytes = self.disk.get(name).unwrap();
        if bytes.is_empty() {
            // It was cut to nothing before.
            return;
        }
        match self.rng.u32(0..4) {
            0 => self.disk.delete(name),
            1 => self.disk.put(name, &bytes[..self.rng.usize(0..bytes.len())]),
            2 => {
                let at = self.rng.u64(0..bytes.len() as u64);
                assert!(self.disk.flip_bit(name, at, self.rng.u32(0..8)));
            }
            _ => self.disk.put(name, &self.disk.get(&names[self.rng.usize(0..names.len())]).unwrap()),
        }
        self.tables_damaged += 1;
    }

    /// Takes what was decided.
    fn seal(&mut self, writer: &mut Writer) -> Option<Arc<Frame>> {
        for number in self.witness.decided.len() as u64 + 1..=writer.last_event() {
            self.witness.decided.push(writer.look_up(number).unwrap());
        }
        writer.seal()
    }

    /// Writes and syncs what was decided. False if the process is to die.
    fn commit(&mut self, writer: &mut Writer, appender: &mut Appender) -> bool {
        let Some(frame) = self.seal(writer) else { return true };
        let mut frames = vec![frame];
        let mut state = writer.ledger.state().clone();
        match self.rng.u32(0..40) {
            0 => {
                let faults = [WriteFault::NoSpace, WriteFault::Io, WriteFault::PowerCut];
                self.disk.fail_write(self.rng.u64(1..3), faults[self.rng.usize(0..3)]);
            }
            1 => self.disk.fail_sync(self.rng.u64(1..3)),
            2 => self.disk.set_full(true),
            _ => {}
        }
        // While it is written, the next batch is decided already.
        for _ in 0..self.rng.u32(0..3) {
            self.ask(writer);
        }
        // Others are sealed while the frame before them is being written.
        while self.rng.u32(0..3) == 0
            && let Some(frame) = self.seal(writer)
        {
            frames.push(frame);
            state = writer.ledger.state().clone();
            self.ask(writer);
        }
        if !self.write(frames, appender) {
            return false;
        }
        writer.advance_durable(self.witness.durable);
        assert_eq!(writer.frames_in_flight(), 0);
        if self.rng.u32(0..10) == 0 {
            writer.ledger.age_over();
            let job = Job { state, position: appender.position() };
            if !self.keep_tables(writer, &job) {
                return false;
            }
            if writer.look_up(1).is_err() {
                // The power is off.
                return false;
            }
            if self.rng.u32(0..3) == 0 {
                self.check_past(writer);
            }
        }
        self.rng.u32(0..30) != 0
    }

    fn ask(&mut self, writer: &mut Writer) {
        let rng = &mut self.rng;
        if rng.u32(0..6) == 0 {
            // Now and then a day, for schedules.
            let seconds = if rng.u32(0..12) == 0 { 86_400 * rng.u32(1..4) } else { rng.u32(1..40) };
            writer.clock.advance(seconds).unwrap();
            self.time = writer.clock.now().expect("a test clock is always plausible");
        }
        let metadata = "{\"order\":17}";
        let count = if rng.u32(0..5) == 0 { rng.usize(2..6) } else { 1 };
        let last = writer.last_event().max(1);
        let open: Vec<u64> = writer.ledger.state().open_holds().map(|(id, _)| id).collect();
        let keys: Vec<Option<u64>> = (0..count).map(|_| rng.bool().then(|| rng.u64(0..300))).collect();
        let names: Vec<Option<String>> = keys.iter().map(|key| key.map(|key| format!("key-{key}"))).collect();
        let requests: Vec<Request<'_>> = keys
            .iter()
            .zip(&names)
            .map(|(key, name)| {
                // A key names one request nearly always, so that a repeated request is replayed and not refused.
                let mut choice = key.filter(|_| rng.u32(0..8) != 0).map_or_else(|| rng.fork(), Rng::with_seed);
                // Mostly one that is open; else one that ended, or never was.
                let is_old = open.is_empty() || choice.u32(0..4) == 0;
                let hold = if is_old { choice.u64(1..=last) } else { open[choice.usize(0..open.len())] };
                Request {
                    operation: operation(&mut choice, last, hold, self.time),
                    key: name.as_deref(),
                    metadata: choice.bool().then_some(metadata),
                    reference: (choice.u32(0..4) == 0).then_some(REFERENCES[choice.usize(0..REFERENCES.len())]),
                    by: 0,
                }
            })
            .collect();
        let before = writer.last_event();
        if let [request] = &requests[..] {
            let dry_run = rng.u32(0..10) == 0;
            // Refusals are as good as anything here: what matters is what they leave.
            let answer = writer.submit(request, dry_run, |event, _| event.number);
            let word = match &answer {
                Ok(done) if done.replayed => "replayed",
                Ok(_) => "done",
                Err(Rejection::Refused { refusal, .. }) => refusal.code(),
                Err(Rejection::Unavailable(_)) => "unavailable",
            };
            *self.outcomes.entry(word).or_insert(0) += 1;
        } else {
            let how = Batch { atomic: rng.bool(), dry_run: rng.u32(0..5) == 0, next_key: None };
            let ahead = Ahead::of(&requests, writer.ledger.key_hasher(), &self.tables_before);
            let result = writer.submit_batch((&requests, ahead), how, |event: &Event<'_>, _| event.number);
            if rng.bool() {
                self.tables_before = Arc::clone(writer.tables());
            }
            assert!(!how.dry_run || result.is_err() || writer.last_event() - before < 1_000);
        }
        assert!(writer.unavailable.is_none(), "{:?}", writer.unavailable);
    }
}

#[test]
fn nothing_that_was_answered_is_ever_lost_and_nothing_else_appears() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seeds = number("TOCOS_SEED").map_or(0..number("TOCOS_SEEDS").unwrap_or(200), |seed| seed..seed + 1);
    let is_whole_run = seeds.end - seeds.start >= 200;
    let mut crashes = 0;
    let mut events = 0;
    let mut snapshots = 0;
    let (mut merges, mut damaged, mut made_again, mut gaps) = (0, 0, 0, 0);
    let mut outcomes = BTreeMap::new();
    for seed in seeds {
        eprintln!("TOCOS_SEED={seed}");
        let mut world = World::new(seed);
        for _ in 0..20 {
            world.live();
            world.disk.crash();
            world.disk.set_full(false);
            world.disk.clear_faults();
            world.damage_tables();
            world.crashes += 1;
        }
        // Once more in peace, and then offline.
        let mut recovered = recover(world.disk(), &world.options, Some(new_ledger())).unwrap();
        world.check(&mut recovered.parts.writer);
        drop(recovered);
        let report = world.verify();
        assert_eq!(report.events, world.witness.durable);
        crashes += world.crashes;
        events += report.events;
        snapshots += world.snapshots_used;
        merges += world.merges;
        gaps += world.written_behind_a_gap;
        damaged += world.tables_damaged;
        made_again += world.tables_made_again + world.report_problems;
        for (word, count) in world.outcomes {
            *outcomes.entry(word).or_insert(0) += count;
        }
    }
    println!(
        "{crashes} crashes, {events} events, {snapshots} starts from a snapshot, {merges} merges of tables, {damaged} of them damaged, \
         {made_again} noticed and made again, {gaps} frames behind one that was not written, answers: {outcomes:?}"
    );
    if is_whole_run {
        // Without these the run would have proved little.
        assert!(crashes > 0 && events > 0 && merges > 0 && made_again > 0 && gaps > 0);
    }
}

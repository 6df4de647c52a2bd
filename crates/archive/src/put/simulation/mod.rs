//! A seeded simulation of archives: up to three copies of one ledger write and put at once, uploaders are killed at any step, disks
//! crash and are put back to older copies, and the store fails in every way it can.
//!
//! What must hold, at any time: nothing is overwritten, each branch is one chain, and what an uploader says is in the archive is what
//! is durable here. And when all faults end: nothing is left to put.
//!
//! `TOCOS_SEEDS` says how many seeds are tried, `TOCOS_SEED` which one alone.

pub(super) mod follower;
pub(super) mod store;
pub(super) mod volume;

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use tocos_journal::Position;
use tocos_journal::sim::SimDisk;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::run::Run;
use super::{Options, Sizes, Status, Surroundings};
use crate::branch::{BranchId, LocalRecord};
use crate::names::Name;
use crate::store::Store;
use follower::{branches, follow};
use store::FaultyStore;
use volume::{LEDGER, Volume, copy};

const SEEDS: u64 = 300;
const VOLUMES_MAX: usize = 3;
const OPTIONS: Options =
    Options { every: Duration::from_secs(5), sizes: Sizes { tail: 1_500, log: 3_000, part: 4_000 }, leads: None };

thread_local! {
    static RNG: RefCell<fastrand::Rng> = RefCell::new(fastrand::Rng::new());
    static BEGUN: RefCell<Option<Instant>> = const { RefCell::new(None) };
}

fn now_us() -> i64 {
    let elapsed = BEGUN.with_borrow(|begun| begun.map_or(Duration::ZERO, |begun| begun.elapsed()));
    1_700_000_000_000_000 + elapsed.as_micros() as i64
}

const AROUND: Surroundings = Surroundings { now_us, random: || Ok(RNG.with_borrow_mut(|rng| rng.u64(..))) };

/// A volume and the uploader beside it.
#[derive(Debug)]
struct Node {
    volume: Volume,
    uploader: Option<(JoinHandle<()>, watch::Sender<bool>, Arc<Status>)>,
}

impl Node {
    fn new(disk: SimDisk) -> Self {
        Self { volume: Volume::open(disk), uploader: None }
    }

    fn start(&mut self, faulty: &FaultyStore) {
        if self.uploader.is_none() {
            let store = Store::of(Arc::new(faulty.clone()), "archive");
            let reader = self.volume.reader.clone();
            let status = Arc::new(Status::new(reader.clone(), now_us));
            let run = Run::new(store, reader, OPTIONS, AROUND, Arc::clone(&status));
            let (stop, stopped) = watch::channel(false);
            self.uploader = Some((tokio::spawn(run.until(stopped)), stop, status));
        }
    }

    /// Ends the uploader wherever it is.
    async fn kill(&mut self) {
        if let Some((task, ..)) = self.uploader.take() {
            task.abort();
            match task.await {
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                _ => {}
            }
        }
    }

    fn branch(&self) -> BranchId {
        let record = LocalRecord::read(&self.volume.disk).unwrap();
        record.map_or(BranchId::first_of(&LEDGER), |record| record.branch)
    }
}

struct World {
    rng: fastrand::Rng,
    faulty: FaultyStore,
    /// The archive without faults, for looking.
    store: Store,
    nodes: Vec<Node>,
    copies: Vec<SimDisk>,
}

impl World {
    fn new(seed: u64) -> Self {
        let faulty = FaultyStore::new(seed ^ 1);
        let store = Store::of(faulty.inner(), "archive");
        let nodes = vec![Node::new(SimDisk::new(seed))];
        Self { rng: fastrand::Rng::with_seed(seed), faulty, store, nodes, copies: Vec::new() }
    }

    async fn run(&mut self) {
        let one_in = [2, 5, 20, 200][self.rng.usize(0..4)];
        self.faulty.fail(Some(one_in));
        for _ in 0..self.rng.usize(10..60) {
            self.step().await;
            self.check_progress().await;
        }
        self.faulty.fail(None);
        self.come_to_rest().await;
        self.check_rest().await;
        self.end_in_order().await;
    }

    async fn step(&mut self) {
        let at = self.rng.usize(0..self.nodes.len());
        match self.rng.u32(0..100) {
            0..40 => {
                for _ in 0..self.rng.u32(1..10) {
                    self.nodes[at].volume.write(&mut self.rng, now_us());
                }
            }
            40..65 => {
                let longest_ms = [500, 3_000, 20_000][self.rng.usize(0..3)];
                sleep(Duration::from_millis(self.rng.u64(0..longest_ms))).await;
            }
            65..75 => self.nodes[at].kill().await,
            75..85 => self.nodes[at].start(&self.faulty),
            85..90 => self.copies.push(copy(&self.nodes[at].volume.disk, self.rng.u64(..))),
            90..93 => {
                self.nodes[at].kill().await;
                let disk = self.nodes[at].volume.disk.clone();
                disk.crash();
                self.nodes[at] = Node::new(disk);
            }
            93..97 => {
                if let Some(older) = self.older() {
                    self.nodes[at].kill().await;
                    self.nodes[at] = Node::new(older);
                }
            }
            _ => {
                if let Some(older) = self.older().filter(|_| self.nodes.len() < VOLUMES_MAX) {
                    self.nodes.push(Node::new(older));
                }
            }
        }
    }

    fn older(&mut self) -> Option<SimDisk> {
        let at = self.rng.usize(0..self.copies.len().max(1));
        let seed = self.rng.u64(..);
        self.copies.get(at).map(|disk| copy(disk, seed))
    }

    /// What an uploader says is in the archive is there, and is the log here.
    async fn check_progress(&self) {
        for node in &self.nodes {
            let Some((_, _, status)) = &node.uploader else { continue };
            let Some(archived) = status.archived_event() else { continue };
            let here = node.volume.history();
            // A branch that has just begun is made known with the next request.
            let Some(there) = follow(&self.store, node.branch()).await.map(|followed| followed.history) else {
                continue;
            };
            let until = here.iter().position(|position| position.event == archived).expect("a frame ends there");
            expect_start(&there, &here[..=until]);
        }
    }

    async fn come_to_rest(&mut self) {
        for node in &mut self.nodes {
            node.start(&self.faulty);
        }
        for second in 0.. {
            assert!(second < 1_000, "it does not come to rest");
            sleep(Duration::from_secs(1)).await;
            let mut is_at_rest = true;
            for node in &mut self.nodes {
                let is_over = node.uploader.as_ref().is_none_or(|(task, ..)| task.is_finished());
                if is_over {
                    node.kill().await;
                    panic!("an uploader ended by itself");
                }
                let figures = node.uploader.as_ref().map(|(.., status)| status.figures()).unwrap_or_default();
                is_at_rest &= figures.lag_bytes == 0 && figures.lag_us == 0;
            }
            // Large objects and derived files come behind the tail.
            if is_at_rest && second > 300 {
                break;
            }
        }
    }

    async fn check_rest(&self) {
        for node in &self.nodes {
            let followed = follow(&self.store, node.branch()).await.expect("the branch is known");
            // Another copy may have gone on with the same history.
            expect_start(&followed.history, &node.volume.history());
            self.check_sealed(node, &followed).await;
            self.check_derived(node, &followed).await;
        }
        for id in branches(&self.store).await {
            follow(&self.store, id).await.expect("it was listed");
        }
    }

    /// Segments behind the root of the branch are in large objects, without gaps, unless a lower one was put by another copy.
    async fn check_sealed(&self, node: &Node, followed: &follower::Followed) {
        let reader = &node.volume.reader;
        let mut span = reader.segment_of(followed.root.event + 1);
        while let Some((first, last)) = span.and_then(|span| Some((span.first, span.last?))) {
            let mut next = first;
            while next <= last {
                let name = Name::Log(next);
                assert!(followed.names.contains(&name), "{name} is missing in {:?}", followed.names);
                let bytes = self.store.get(&name.in_branch(node.branch())).await.unwrap().unwrap();
                let piece = crate::piece::Piece::open(bytes, &LEDGER).unwrap();
                let before = reader.position_at(next - 1).unwrap().unwrap();
                next = piece.verify(before).unwrap().event + 1;
            }
            assert_eq!(next, last + 1, "it ends with its segment");
            span = reader.segment_of(next);
        }
    }

    async fn check_derived(&self, node: &Node, followed: &follower::Followed) {
        use tocos_journal::Disk as _;
        for file in node.volume.disk.list().unwrap() {
            let Some(name @ (Name::Snapshot(event) | Name::Keys(_, event))) = Name::parse(&file) else { continue };
            if event > followed.root.event {
                let there = self.store.get(&name.in_branch(node.branch())).await.unwrap();
                assert_eq!(there.map(Vec::from), node.volume.disk.get(&file), "{name}");
            }
        }
    }

    /// What is written just before the end is put before it.
    async fn end_in_order(&mut self) {
        for node in &mut self.nodes {
            node.volume.write(&mut self.rng, now_us());
            let Some((task, stop, _)) = node.uploader.take() else { continue };
            let begun = Instant::now();
            stop.send(true).unwrap();
            task.await.unwrap();
            assert!(begun.elapsed() < Duration::from_secs(10));
            let followed = follow(&self.store, node.branch()).await.unwrap();
            expect_start(&followed.history, &node.volume.history());
            assert_eq!(followed.history.last(), node.volume.history().last(), "nobody else has gone on from there");
        }
    }
}

fn expect_start(history: &[Position], start: &[Position]) {
    let same = history.iter().zip(start).take_while(|(a, b)| a == b).count();
    let end = |history: &[Position]| history.last().map_or(0, |position| position.event);
    assert_eq!(
        same,
        start.len(),
        "of {} frames to event {}, to event {} in all",
        start.len(),
        end(start),
        end(history)
    );
}

fn simulate(seed: u64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        RNG.with_borrow_mut(|rng| *rng = fastrand::Rng::with_seed(seed ^ 2));
        BEGUN.with_borrow_mut(|begun| *begun = Some(Instant::now()));
        World::new(seed).run().await;
    });
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn an_archive_is_a_chain_whatever_fails() {
    let seeds = match number("TOCOS_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("TOCOS_SEEDS").unwrap_or(SEEDS),
    };
    for seed in seeds {
        let result = std::panic::catch_unwind(|| simulate(seed));
        if let Err(panic) = result {
            eprintln!("it fails with TOCOS_SEED={seed}");
            std::panic::resume_unwind(panic);
        }
    }
}

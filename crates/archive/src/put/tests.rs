//! The uploader by itself: when it puts, and what it does about a store that is away, or taken by somebody else.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use object_store::memory::InMemory;
use tocos_journal::sim::SimDisk;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::run::Run;
use super::simulation::follower::{branches, follow};
use super::simulation::store::FaultyStore;
use super::simulation::volume::{LEDGER, Volume};
use super::{Options, Sizes, Status, Surroundings, Uploader};
use crate::branch::{Branch, BranchId};
use crate::names::{Name, branch_object};
use crate::store::Store;

const EVERY: Duration = Duration::from_secs(5);

struct Bench {
    volume: Volume,
    faulty: FaultyStore,
    rng: fastrand::Rng,
    store: Store,
}

impl Bench {
    fn new() -> Self {
        let faulty = FaultyStore::new(1);
        let store = Store::of(Arc::new(faulty.clone()), "a");
        Self { volume: Volume::open(SimDisk::new(1)), rng: fastrand::Rng::with_seed(1), store, faulty }
    }

    fn write(&mut self, frames: usize) {
        (0..frames).for_each(|_| self.volume.write(&mut self.rng, 0));
    }

    fn start(&self) -> (JoinHandle<()>, watch::Sender<bool>, Arc<Status>) {
        let around = Surroundings { now_us: || 0, random: || Ok(0x5eed) };
        let options = Options { every: EVERY, sizes: Sizes { tail: 4_000, log: 4_000, part: 4_000 }, leads: None };
        let reader = self.volume.reader.clone();
        let status = Arc::new(Status::new(reader.clone(), around.now_us));
        let run = Run::new(self.store.clone(), reader, options, around, Arc::clone(&status));
        let (stop, stopped) = watch::channel(false);
        (tokio::spawn(run.until(stopped)), stop, status)
    }

    async fn tails(&self) -> usize {
        let folder = BranchId::first_of(&LEDGER).to_string();
        let listed: Vec<_> = self.store.list(&folder, None).try_collect().await.unwrap();
        listed.iter().filter(|listed| listed.name.contains("/tail-")).count()
    }
}

fn in_no_time(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(test);
}

#[test]
fn a_little_waits_for_its_time_and_much_does_not() {
    in_no_time(async {
        let mut bench = Bench::new();
        let (_task, _stop, status) = bench.start();
        sleep(Duration::from_secs(1)).await;
        bench.write(1);
        sleep(Duration::from_millis(4_900)).await;
        assert_eq!((bench.tails().await, status.archived_event()), (0, Some(0)));
        sleep(Duration::from_millis(400)).await;
        assert_eq!(bench.tails().await, 1);
        assert_eq!(status.archived_event(), Some(bench.volume.reader.last_event()));
        bench.write(40);
        sleep(Duration::from_millis(400)).await;
        assert!(bench.tails().await > 2);
        assert_eq!(status.archived_event(), Some(bench.volume.reader.last_event()), "all that was there is put");
        sleep(Duration::from_secs(60)).await;
        let before = status.figures();
        sleep(Duration::from_secs(600)).await;
        assert_eq!(status.figures(), before, "nothing is put where nothing is written");
    });
}

#[test]
fn a_snapshot_waits_for_the_events_that_are_in_it() {
    in_no_time(async {
        let mut bench = Bench::new();
        let (_task, _stop, status) = bench.start();
        // The directory is looked at every ten seconds, and the tail is put five seconds after it was written.
        sleep(Duration::from_millis(9_500)).await;
        bench.write(1);
        let event = bench.volume.reader.last_event();
        let snapshot = Name::Snapshot(event);
        bench.volume.disk.put(&snapshot.file(), b"all that there is");
        let name = snapshot.in_branch(BranchId::first_of(&LEDGER));
        sleep(Duration::from_millis(1_500)).await;
        assert_eq!((status.archived_event(), bench.store.get(&name).await.unwrap()), (Some(0), None));
        sleep(Duration::from_secs(30)).await;
        assert_eq!(status.archived_event(), Some(event));
        assert_eq!(bench.store.get(&name).await.unwrap().unwrap(), "all that there is");
    });
}

#[test]
fn a_store_that_is_away_is_asked_seldom_and_caught_up_with() {
    in_no_time(async {
        let mut bench = Bench::new();
        let (_task, _stop, status) = bench.start();
        bench.write(5);
        sleep(Duration::from_secs(10)).await;
        let objects = status.figures().objects;
        // Of what is asked nothing works.
        bench.faulty.fail(Some(1));
        bench.write(100);
        sleep(Duration::from_secs(600)).await;
        let away = status.figures();
        assert!((10..200).contains(&away.failures), "{away:?}");
        assert!(away.lag_bytes > 5_000, "{away:?}");
        bench.faulty.fail(None);
        sleep(Duration::from_secs(140)).await;
        let back = status.figures();
        assert_eq!((back.lag_bytes, back.lag_us), (0, 0));
        assert!(back.objects > objects + 5 && back.bytes > away.lag_bytes, "{back:?}");
        assert_eq!(back.forks, 0);
        let followed = follow(&bench.store, BranchId::first_of(&LEDGER)).await.unwrap();
        assert_eq!(followed.history, bench.volume.history());
    });
}

#[test]
fn the_end_waits_ten_seconds_for_a_store_that_does_not_respond() {
    in_no_time(async {
        let mut bench = Bench::new();
        let (task, stop, status) = bench.start();
        sleep(Duration::from_secs(1)).await;
        bench.faulty.go(true);
        bench.write(1);
        sleep(Duration::from_secs(30)).await;
        let begun = Instant::now();
        stop.send(true).unwrap();
        task.await.unwrap();
        assert_eq!(begun.elapsed().as_secs(), 10);
        assert_eq!(status.archived_event(), Some(0));
    });
}

#[test]
fn the_prefix_of_another_ledger_is_left_alone() {
    in_no_time(async {
        let mut bench = Bench::new();
        let id = BranchId::from(7);
        let other = Branch { ledger_id: [7; 16], id, parent: None, began_at_us: 0 };
        bench.store.put_new(&branch_object(id), Bytes::from(other.encode())).await.unwrap();
        let (_task, _stop, status) = bench.start();
        bench.write(5);
        sleep(Duration::from_secs(60)).await;
        assert!(status.figures().failures > 3);
        assert_eq!((status.archived_event(), status.figures().objects), (None, 0));
        assert_eq!(branches(&bench.store).await, [id]);
    });
}

#[test]
fn a_name_that_is_taken_by_anything_else_begins_a_new_branch() {
    in_no_time(async {
        let mut bench = Bench::new();
        let first = BranchId::first_of(&LEDGER);
        bench.write(5);
        let (_task, _stop, _) = bench.start();
        sleep(Duration::from_secs(10)).await;
        let after = bench.volume.reader.position();
        let name = Name::Tail(after.event + 1).in_branch(first);
        bench.store.put_new(&name, Bytes::from_static(b"<html>moved</html>")).await.unwrap();
        bench.write(5);
        sleep(Duration::from_secs(10)).await;
        let new = branches(&bench.store).await.into_iter().find(|id| *id != first).unwrap();
        let followed = follow(&bench.store, new).await;
        assert_eq!(followed.map(|followed| (followed.root, followed.history)), Some((after, bench.volume.history())));
    });
}

#[test]
fn a_thread_of_its_own_puts_what_is_left_before_the_end() {
    let mut bench = Bench::new();
    bench.write(5);
    let store = Store::of(Arc::new(InMemory::new()), "");
    let reader = bench.volume.reader.clone();
    let uploader = Uploader::start(store.clone(), reader, Options::every(Duration::from_secs(3_600))).unwrap();
    uploader.end();
    crate::runtime::runtime().unwrap().block_on(async {
        let followed = follow(&store, BranchId::first_of(&LEDGER)).await.unwrap();
        assert_eq!(followed.history, bench.volume.history());
    });
}

//! A ledger some of whose segments are not on its disk: the writer never waits for them, and whoever brings them gets the same
//! answers as before.

use crate::Bench;
use crate::report::report;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tocos_engine::{Batch, BatchRejection, Engine, EventError, Rejection, ReportError, TableOptions, Unavailable};
use tocos_journal::{Disk, DiskFile, DiskLock, FileDisk, LockError, NotFetched, segment_start};
use tocos_ledger::{EndedAs, Excess, Operation, Refusal, Request, Taking, Until};

/// A directory of which the segments that start before an event are elsewhere. They can be fetched, or not.
#[derive(Clone, Debug)]
struct HalfDisk {
    inner: Arc<FileDisk>,
    below: u64,
    is_away: Arc<AtomicBool>,
    fetches: Arc<AtomicU64>,
}

impl Disk for HalfDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        self.inner.list()
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let file = self.inner.open(name)?;
        match segment_start(name) {
            Some(first) if first < self.below => Ok(Arc::new(FarFile { file, disk: self.clone() })),
            _ => Ok(file),
        }
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.inner.create(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.inner.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.inner.remove(name)
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.inner.sync_dir()
    }

    fn lock(&self) -> Result<Box<dyn DiskLock>, LockError> {
        self.inner.lock()
    }

    fn place(&self, name: &str) -> String {
        self.inner.place(name)
    }
}

#[derive(Debug)]
struct FarFile {
    file: Arc<dyn DiskFile>,
    disk: HalfDisk,
}

impl DiskFile for FarFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        if offset + buf.len() as u64 > 128 {
            self.disk.fetches.fetch_add(1, Ordering::Relaxed);
            if self.disk.is_away.load(Ordering::Relaxed) {
                return Err(NotFetched { place: "far/away".to_owned(), reason: "nobody is there".to_owned() }.into());
            }
        }
        self.file.read_at(buf, offset)
    }

    fn read_here(&self, _buf: &mut [u8], _offset: u64) -> io::Result<Option<usize>> {
        Ok(None)
    }

    fn write_at(&self, _bytes: &[u8], _offset: u64) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn write_durable_at(&self, _bytes: &[u8], _offset: u64) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn sync(&self) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn set_len(&self, _len: u64) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn allocate(&self, _len: u64) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn is_here(&self) -> bool {
        false
    }
}

fn transfer(amount: u64) -> Operation<'static> {
    Operation::Transfer { from: "ana", to: "bob", coin: "toco", amount }
}

fn reverse(event: u64, amount: u64) -> Operation<'static> {
    Operation::Reverse {
        event,
        original: None,
        amount: Some(amount),
        renew_expires_at: None,
        taking: Taking::default(),
    }
}

/// A ledger of which only the end is on its disk.
struct Far {
    bench: Bench,
    disk: HalfDisk,
    hold: u64,
    reversed: u64,
    keyed: u64,
    totals: Vec<i64>,
}

impl Far {
    fn new(keys_in_memory: u64) -> Self {
        let mut bench = Bench::with(|options| {
            options.segment_bytes = 4 << 10;
            options.snapshot_every_events = 100;
            options.tables = TableOptions { keys_in_memory, unit_keys: 30 };
        });
        bench.users(&["ana", "bob"]);
        bench.grant("ana", 1_000_000);
        let until = Until::InSeconds(600);
        let hold = bench.ask(Operation::Hold { user: "ana", coin: "toco", amount: 9, until, to: None }).event;
        bench.ask(Operation::Capture { hold, amount: Some(4), last: true, excess: Excess::Reject });
        let keyed = bench.ask_with(Some("old"), transfer(5)).unwrap();
        let reversed = bench.ask(transfer(50)).event;
        bench.ask(reverse(reversed, 1));
        bench.grant("ana", 1);
        for at in 0..400 {
            let last = bench.ask_with(Some(&format!("key-{at}")), transfer(1)).unwrap().event;
            // One that is due while another is being made is left out, and with it its tables.
            let begun = Instant::now();
            while bench.engine().stats().snapshot_event + 100 < last {
                assert!(begun.elapsed().as_secs() < 60, "no snapshot is made at event {last}");
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        // An end and a start: what is over is in tables.
        bench.reopen();
        let segments = bench.engine().reader().segments();
        let below = segments[segments.len() - 2].header.first;
        while bench.engine().reader().write_index_file().unwrap() {}
        bench.stop();
        let disk = HalfDisk {
            inner: Arc::new(FileDisk::existing(bench.data()).unwrap()),
            below,
            is_away: Arc::default(),
            fetches: Arc::default(),
        };
        let mut far = Self { bench, disk, hold, reversed, keyed: keyed.event, totals: keyed.rendered };
        far.start();
        far
    }

    fn start(&mut self) {
        let (engine, report) = Engine::open_on(Arc::new(self.disk.clone()), &self.bench.options).unwrap();
        assert!(report.unusable_tables.is_empty(), "{:?}", report.unusable_tables);
        self.bench.engine = Some(engine);
    }

    fn fetches(&self) -> u64 {
        self.disk.fetches.load(Ordering::Relaxed)
    }

    /// What an operation needs that is not here.
    fn needs(&self, key: Option<&str>, operation: Operation<'_>) -> Vec<u64> {
        match self.bench.ask_with(key, operation) {
            Err(Rejection::Unavailable(Unavailable::Elsewhere { events })) => events,
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_start_reads_nothing_of_what_is_elsewhere() {
    let far = Far::new(0);
    assert_eq!(far.fetches(), 0);
    assert!(far.bench.engine().reader().elsewhere_below() > far.reversed);
}

#[test]
fn the_writer_says_what_it_needs_and_finds_what_is_brought() {
    for keys_in_memory in [0, 1_000_000] {
        let far = Far::new(keys_in_memory);
        let engine = far.bench.engine();
        let before = far.fetches();
        assert_eq!(far.needs(Some("old"), transfer(5)), [far.keyed]);
        assert_eq!(far.needs(None, Operation::Release { hold: far.hold }), [far.hold + 1]);
        assert_eq!(far.needs(None, reverse(far.reversed, 100)), [far.reversed + 1]);
        assert_eq!(far.fetches(), before, "the writer waits for nobody");

        let brought = engine.bring(&[far.keyed]).unwrap();
        let again = far.bench.ask_with(Some("old"), transfer(5)).unwrap();
        assert_eq!((again.replayed, again.event, again.rendered), (true, far.keyed, far.totals.clone()));
        let other = far.bench.ask_with(Some("old"), transfer(6)).unwrap_err();
        assert!(matches!(other, Rejection::Refused { refusal: Refusal::IdempotencyKeyReused { .. }, .. }), "{other:?}");
        drop(brought);
        assert_eq!(far.needs(Some("old"), transfer(5)), [far.keyed], "what was brought stays as long as it is held");

        let _brought = engine.bring(&[far.hold + 1, far.reversed + 1, far.reversed]).unwrap();
        let refused = far.bench.ask_with(None, Operation::Release { hold: far.hold }).unwrap_err();
        let ended = Refusal::HoldEnded { hold: far.hold, ended_as: EndedAs::Captured };
        assert!(matches!(&refused, Rejection::Refused { refusal, .. } if *refusal == ended), "{refused:?}");
        let refused = far.bench.ask_with(None, reverse(far.reversed, 100)).unwrap_err();
        let left = Refusal::AlreadyReversed { event: far.reversed, remaining: 49 };
        assert!(matches!(&refused, Rejection::Refused { refusal, .. } if *refusal == left), "{refused:?}");
        let total = far.bench.total("ana");
        far.bench.ask(reverse(far.reversed, 40));
        assert_eq!(far.bench.total("ana"), total + 40);
    }
}

#[test]
fn a_batch_that_needs_what_is_elsewhere_does_nothing_until_all_is_brought() {
    for atomic in [false, true] {
        let far = Far::new(0);
        let engine = far.bench.engine();
        let plain = |operation, key| Request { operation, key, metadata: None, reference: None, by: 0 };
        let requests = [
            plain(transfer(7), None),
            plain(transfer(5), Some("old")),
            plain(reverse(far.reversed, 2), None),
            plain(Operation::Release { hold: far.hold }, None),
        ];
        let how = Batch { atomic, ..Batch::default() };
        let needs = |requests: &[Request<'_>]| match engine.submit_batch(requests, how, |_, _| ()) {
            Err(BatchRejection::Unavailable(Unavailable::Elsewhere { events })) => events,
            other => panic!("{other:?}"),
        };
        let last_event = || engine.read(|ledger, _| ledger.state().last_event()).unwrap().value;
        let (event, total) = (last_event(), far.bench.total("ana"));
        let events = needs(&requests[..3]);
        assert_eq!(events, [far.keyed, far.reversed, far.reversed + 1], "all at once");
        assert_eq!((last_event(), far.bench.total("ana")), (event, total), "nothing was done");
        let brought = engine.bring(&events).unwrap();
        let results = engine.submit_batch(&requests[..3], how, |_, _| ()).unwrap();
        let replayed: Vec<bool> = results.iter().map(|one| one.as_ref().unwrap().replayed).collect();
        assert_eq!(replayed, [false, true, false]);
        assert_eq!(far.bench.total("ana"), total - 7 + 2);
        drop(brought);
        // From here on the last reversal is in memory.
        assert_eq!(needs(&requests[2..]), [far.hold + 1, far.reversed]);
    }
}

#[test]
fn an_archive_that_is_away_stops_nothing_else() {
    let mut far = Far::new(0);
    far.disk.is_away.store(true, Ordering::Relaxed);
    far.bench.stop();
    far.start();
    let engine = far.bench.engine();
    let error = engine.bring(&[far.keyed]).unwrap_err();
    assert!(
        matches!(&error, EventError::Unreachable { event, place, .. } if *event == far.keyed && place == "far/away")
    );
    assert!(matches!(engine.event(far.reversed), Err(EventError::Unreachable { .. })));
    assert!(matches!(engine.ended_hold(far.hold), Err(EventError::Unreachable { .. })));
    let done = far.bench.ask_with(Some("new"), transfer(3)).unwrap();
    assert!(engine.event(done.event).is_ok());
    assert!(far.bench.ask_with(Some("new"), transfer(3)).unwrap().replayed);
}

#[test]
fn a_report_fetches_what_has_no_summary_and_later_ones_do_without() {
    let far = Far::new(0);
    let engine = far.bench.engine();
    far.disk.is_away.store(true, Ordering::Relaxed);
    let away = report(engine, None, None).unwrap_err();
    assert!(matches!(away, ReportError::Log(EventError::Unreachable { event: 1, .. })), "{away}");
    far.disk.is_away.store(false, Ordering::Relaxed);
    let first = report(engine, None, None).unwrap();
    assert!(first.problems.is_empty(), "{:?}", first.problems);
    let fetches = far.fetches();
    far.disk.is_away.store(true, Ordering::Relaxed);
    let later = report(engine, None, None).unwrap();
    assert_eq!((later.spans[0].opening, later.spans[0].flows), (first.spans[0].opening, first.spans[0].flows));
    assert_eq!(far.fetches(), fetches);
    far.disk.is_away.store(false, Ordering::Relaxed);
    far.disk.is_away.store(false, Ordering::Relaxed);
    // Of a span that begins amid the grants of a day their segment is read again.
    let amid = engine.event(far.reversed + 2).unwrap().at;
    far.disk.is_away.store(true, Ordering::Relaxed);
    let cut = report(engine, Some(amid), None).unwrap_err();
    assert!(matches!(cut, ReportError::Log(EventError::Unreachable { event: 1, .. })), "{cut}");
}

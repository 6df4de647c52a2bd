//! Several frames on their way at once, on a disk that takes long for each.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use tocos_engine::{Engine, EngineOptions, Rejection, Unavailable, verify};
use tocos_journal::{Disk, DiskFile, DiskLock, FileDisk, LockError};
use tocos_ledger::{Marks, Operation, Request};

const THREADS: usize = 8;
const NEVER: u64 = u64::MAX;

/// A directory on a disk on which each frame takes its own time, and one of them fails if so wished.
#[derive(Clone, Debug)]
struct SlowDisk {
    inner: Arc<FileDisk>,
    writes: Arc<AtomicU64>,
    fails_at: u64,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

impl SlowDisk {
    fn new(dir: &TempDir, fails_at: u64) -> Self {
        let inner = Arc::new(FileDisk::open(dir.path().join("data")).unwrap());
        Self { inner, fails_at, writes: Arc::default(), now: Arc::default(), most: Arc::default() }
    }

    fn slow(&self, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        Arc::new(SlowFile { file, disk: self.clone() })
    }
}

impl Disk for SlowDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        self.inner.list()
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.slow(self.inner.open(name)?))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.slow(self.inner.create(name)?))
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
struct SlowFile {
    file: Arc<dyn DiskFile>,
    disk: SlowDisk,
}

impl DiskFile for SlowFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buf, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_at(bytes, offset)
    }

    fn write_durable_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let nth = self.disk.writes.fetch_add(1, Ordering::SeqCst);
        let at_once = self.disk.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.disk.most.fetch_max(at_once, Ordering::SeqCst);
        // Some overtake others.
        std::thread::sleep(Duration::from_millis(1 + nth * 7 % 5));
        let written = if nth == self.disk.fails_at {
            Err(io::Error::other("this sector is gone"))
        } else {
            self.file.write_durable_at(bytes, offset)
        };
        self.disk.now.fetch_sub(1, Ordering::SeqCst);
        written
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn allocate(&self, len: u64) -> io::Result<()> {
        self.file.allocate(len)
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }
}

fn options(dir: &TempDir) -> EngineOptions {
    EngineOptions { segment_bytes: 32 << 10, ..EngineOptions::new(dir.path().join("data")) }
}

/// Grants one coin, and returns the event when it is durable.
fn grant(engine: &Engine, user: &str) -> Result<u64, Unavailable> {
    let operation = Operation::Grant { user, coin: "toco", amount: 1, marks: Marks::PLAIN, lot: false };
    let request = Request { operation, key: None, metadata: None, reference: None, by: 0 };
    let submitted = match engine.submit(&request, false, |event, _| event.number) {
        Ok(submitted) => submitted,
        Err(Rejection::Unavailable(unavailable)) => return Err(unavailable),
        Err(other) => panic!("{other:?}"),
    };
    engine.seal();
    engine.durable(submitted.seen).wait()?;
    Ok(submitted.event)
}

/// Many clients at once. Returns the events that were answered.
fn crowd(engine: &Engine, each: usize) -> Vec<u64> {
    let client = |nth: usize| {
        let user = format!("user-{nth}");
        let mut answered = Vec::new();
        for _ in 0..each {
            let Ok(event) = grant(engine, &user) else { break };
            // What is answered is in the log, with all before it.
            assert_eq!(engine.event(event).unwrap().number, event);
            answered.push(event);
        }
        answered
    };
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..THREADS).map(|nth| scope.spawn(move || client(nth))).collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    })
}

fn with_users(disk: &SlowDisk, options: &EngineOptions) -> Engine {
    let (engine, _) = Engine::open_on(Arc::new(disk.clone()), options).unwrap();
    for nth in 0..THREADS {
        let user = format!("user-{nth}");
        let operation = Operation::PutUser { user: &user, name: None };
        let request = Request { operation, key: None, metadata: None, reference: None, by: 0 };
        let submitted = engine.submit(&request, false, |_, _| ()).unwrap();
        engine.seal();
        engine.durable(submitted.seen).wait().unwrap();
    }
    engine
}

#[test]
fn on_a_slow_disk_several_frames_are_written_at_once_and_none_is_answered_before_those_ahead_of_it() {
    let dir = TempDir::new().unwrap();
    let (disk, options) = (SlowDisk::new(&dir, NEVER), options(&dir));
    let engine = with_users(&disk, &options);
    let mut answered = crowd(&engine, 150);
    engine.close().unwrap();
    drop(engine);
    answered.sort_unstable();
    let first = THREADS as u64 + 1;
    assert!(answered.iter().copied().eq(first..first + 150 * THREADS as u64), "each is answered once");
    let most = disk.most.load(Ordering::SeqCst);
    assert!((2..=4).contains(&most), "{most} frames at once");
    assert_eq!(verify(&dir.path().join("data")).unwrap().events, first + 150 * THREADS as u64 - 1);
}

#[test]
fn when_one_of_several_frames_is_not_written_nothing_behind_it_is_answered() {
    let mut behind = 0;
    for fails_at in [40, 61, 83, 104, 125] {
        let dir = TempDir::new().unwrap();
        let (disk, options) = (SlowDisk::new(&dir, fails_at), options(&dir));
        let engine = with_users(&disk, &options);
        let answered = crowd(&engine, 400).into_iter().max().unwrap();
        let unavailable = grant(&engine, "user-0").unwrap_err();
        assert!(
            matches!(&unavailable, Unavailable::Storage { cause } if cause.contains("failed: this sector is gone. Nothing more is written")),
            "{unavailable:?}"
        );
        let decided = engine.stats().last_event;
        engine.close().unwrap_err();
        drop(engine);
        let (again, report) = Engine::open(&options).unwrap();
        let last = again.stats().last_event;
        assert!(
            answered <= last && last < decided,
            "answered up to {answered}, decided up to {decided}, there up to {last}"
        );
        behind += report.tail.bytes_cut;
        // It goes on where the log ends.
        assert_eq!(grant(&again, "user-0").unwrap(), last + 1);
        again.close().unwrap();
    }
    assert!(behind > 0, "a frame behind one that was not written must have come up");
}

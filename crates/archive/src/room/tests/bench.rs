//! A log on a simulated disk, an archive in memory that can fail, and what must be read from them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use tocos_journal::sim::SimDisk;
use tocos_journal::{Appender, Frame, Journal, NewLedger, Options, Position, ReadError, Reader, SEGMENT_HEADER_BYTES};

use crate::branch::{Branch, BranchId};
use crate::names::{Name, branch_object};
use crate::remote::Remote;
use crate::room::cache::Patience;
use crate::room::disk::RoomDisk;
use crate::room::keeper::{Keeper, Progress};
use crate::store::Store;

pub(super) const LEDGER: [u8; 16] = *b"ledger of a test";
const OBJECT_BYTES: usize = 1_500;
const SEGMENT_BYTES: u64 = 4 << 10;

/// What the store does when it is asked for an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Works,
    Refuses,
    Loses,
    /// Never responds.
    Hangs,
    /// Gives other bytes: changed, cut, or those of another object.
    Damages,
}

#[derive(Clone, Debug)]
pub(super) struct MoodyStore {
    pub inner: Arc<InMemory>,
    pub mood: Arc<Mutex<(Mood, fastrand::Rng)>>,
    pub gets: Arc<Mutex<u64>>,
}

impl fmt::Display for MoodyStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("moody")
    }
}

#[async_trait]
impl ObjectStore for MoodyStore {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        unreachable!("nothing here is put in parts")
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        *self.gets.lock().unwrap() += 1;
        let path = location.to_string();
        let (mood, seed) = {
            let (mood, rng) = &mut *self.mood.lock().unwrap();
            (*mood, rng.u64(..))
        };
        match mood {
            Mood::Works => self.inner.get_opts(location, options).await,
            Mood::Refuses => Err(Error::PermissionDenied { path, source: "no".into() }),
            Mood::Hangs => std::future::pending().await,
            Mood::Loses => Err(Error::NotFound { path, source: "gone".into() }),
            Mood::Damages => {
                let mut rng = fastrand::Rng::with_seed(seed);
                let mut bytes = self.inner.get(location).await?.bytes().await?.to_vec();
                match rng.u8(0..3) {
                    0 => {
                        let at = rng.usize(0..bytes.len());
                        bytes[at] ^= 1 << rng.u8(0..8);
                    }
                    1 => bytes.truncate(rng.usize(0..bytes.len())),
                    _ => bytes.extend_from_within(SEGMENT_HEADER_BYTES.min(bytes.len())..),
                }
                let damaged = InMemory::new();
                damaged.put(location, PutPayload::from(bytes)).await?;
                damaged.get_opts(location, options).await
            }
        }
    }

    fn delete_stream(&self, _: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        unreachable!("nothing is removed from an archive")
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        unreachable!("nothing is copied")
    }
}

/// What the rest of the service would say, set by the test.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    pub archived: Arc<Mutex<Option<u64>>>,
    pub restart: Arc<Mutex<u64>>,
}

impl Progress for Said {
    fn archived_event(&self) -> Option<u64> {
        *self.archived.lock().unwrap()
    }

    fn restart_event(&self) -> u64 {
        *self.restart.lock().unwrap()
    }

    fn settle(&self) {}
}

pub(super) type Events = BTreeMap<u64, ([u8; 64], Vec<u8>)>;

/// The ledger of a test.
pub(super) struct Bench {
    pub sim: SimDisk,
    pub moody: MoodyStore,
    pub store: Store,
    pub remote: Remote,
    pub room: RoomDisk,
    pub reader: Reader,
    pub appender: Appender,
    pub said: Said,
    pub events: Events,
    /// What a start replays from.
    pub restart: Option<Position>,
    pub cache_bytes: u64,
    pub archived_to: u64,
}

pub(super) fn branch() -> BranchId {
    BranchId::first_of(&LEDGER)
}

impl Bench {
    pub(super) fn new(seed: u64) -> Self {
        let moody = MoodyStore {
            inner: Arc::new(InMemory::new()),
            mood: Arc::new(Mutex::new((Mood::Works, fastrand::Rng::with_seed(seed)))),
            gets: Arc::default(),
        };
        let store = Store::of(Arc::new(moody.clone()), "a");
        let remote = Remote::new(store.clone()).unwrap();
        let sim = SimDisk::new(seed);
        let cache_bytes = 3 * OBJECT_BYTES as u64;
        let (room, reader, appender) = open(&sim, &remote, cache_bytes, None);
        let events = Events::new();
        let said = Said::default();
        let bench = Self {
            sim,
            moody,
            store,
            remote,
            room,
            reader,
            appender,
            said,
            events,
            restart: None,
            cache_bytes,
            archived_to: 0,
        };
        let described = Branch { ledger_id: LEDGER, id: branch(), parent: None, began_at_us: 0 };
        bench.put(&branch_object(branch()), described.encode());
        bench
    }

    /// What a start does, behind a crash or not.
    pub(super) fn reopen(self, crash: bool) -> Self {
        let Self { sim, remote, cache_bytes, restart, room, reader, appender, .. } = self;
        drop((room, reader, appender));
        if crash {
            sim.crash();
        }
        let (room, reader, appender) = open(&sim, &remote, cache_bytes, restart);
        Self { sim, remote, cache_bytes, restart, room, reader, appender, ..self }
    }

    pub(super) fn mood(&self, mood: Mood) {
        self.moody.mood.lock().unwrap().0 = mood;
    }

    pub(super) fn gets(&self) -> u64 {
        *self.moody.gets.lock().unwrap()
    }

    pub(super) fn write(&mut self, rng: &mut fastrand::Rng) {
        let mut frame = Frame::new(self.appender.last_event() + 1, 7);
        for _ in 0..rng.u64(1..4) {
            let mut blob = vec![0; rng.usize(0..120)];
            rng.fill(&mut blob);
            let mut record = [0; 64];
            rng.fill(&mut record);
            record[..4].copy_from_slice(&frame.blob(&blob).to_le_bytes());
            frame.push(&record);
            self.events.insert(frame.last(), (record, blob));
        }
        self.appender.append(&frame).unwrap();
    }

    pub(super) fn put(&self, name: &str, bytes: Vec<u8>) {
        crate::runtime::runtime().unwrap().block_on(self.store.put_new(name, Bytes::from(bytes))).unwrap();
    }

    /// Puts the sealed segments that are not there yet, and says so.
    pub(super) fn archive(&mut self) {
        let sealed = self.reader.segments().iter().filter_map(|one| one.last).max().unwrap_or(0);
        let mut objects: Vec<(u64, Vec<u8>)> = Vec::new();
        let mut segment = 0;
        let mut frames = self.reader.frames(self.archived_to + 1);
        while let Some(frame) = frames.next_raw().unwrap() {
            if frame.header.last() > sealed {
                break;
            }
            let is_full = objects.last().is_none_or(|(_, bytes)| bytes.len() + frame.bytes.len() > OBJECT_BYTES);
            if is_full || frame.segment.first != segment {
                segment = frame.segment.first;
                objects.push((frame.header.first, frame.segment.encode().to_vec()));
            }
            objects.last_mut().unwrap().1.extend_from_slice(frame.bytes);
        }
        for (first, bytes) in objects {
            self.put(&Name::Log(first).in_branch(branch()), bytes);
        }
        self.archived_to = sealed;
        *self.said.archived.lock().unwrap() = Some(sealed);
    }

    /// A start needs nothing of what is durable now.
    pub(super) fn snapshot(&mut self) {
        while self.reader.write_index_file().unwrap() {}
        self.restart = Some(self.reader.position());
        *self.said.restart.lock().unwrap() = self.reader.last_event();
    }

    pub(super) fn keeper(&self, bytes_max: u64) -> Keeper {
        Keeper::new(self.room.clone(), self.reader.clone(), self.remote.clone(), bytes_max, self.said.clone())
    }

    pub(super) fn elsewhere(&self) -> usize {
        self.reader.segments().iter().filter(|one| one.is_elsewhere).count()
    }

    /// Reads an event and its blob; what comes is what was written.
    pub(super) fn check(&self, number: u64) -> std::result::Result<(), ReadError> {
        let stored = self.reader.event(number)?;
        let (record, blob) = &self.events[&number];
        assert_eq!(&stored.record, record, "event {number}");
        let offset = u32::from_le_bytes(record[..4].try_into().unwrap());
        assert_eq!(&stored.blob(offset)?, blob, "event {number}");
        Ok(())
    }

    pub(super) fn check_all(&self) {
        for number in 1..=self.reader.last_event() {
            self.check(number).unwrap();
        }
        let mut frames = self.reader.frames(1);
        let mut number = 0;
        while let Some(frame) = frames.next_frame().unwrap() {
            for record in frame.records() {
                number += 1;
                assert_eq!(record, &self.events[&number].0);
            }
        }
        assert_eq!(number, self.reader.last_event());
    }
}

fn open(sim: &SimDisk, remote: &Remote, cache_bytes: u64, restart: Option<Position>) -> (RoomDisk, Reader, Appender) {
    let patience = Patience { fetch: Duration::from_secs(10), rest: Duration::ZERO };
    let room = RoomDisk::open_with(Arc::new(sim.clone()), Some(remote.clone()), cache_bytes, patience).unwrap();
    let options = Options {
        is_copy: false,
        segment_bytes: SEGMENT_BYTES,
        zero_ahead_bytes: 0,
        new_ledger: NewLedger { ledger_id: LEDGER, seed: [2; 16] },
    };
    let opened = Journal::open(Arc::new(room.clone()), options).unwrap();
    let (appender, reader, _) = opened.replay(restart).unwrap().finish().unwrap();
    (room, reader, appender)
}

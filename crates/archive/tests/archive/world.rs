//! An archive in memory, and what comes of restoring it.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result,
};
use tocos_archive::branch::{Branch, BranchId, Parent};
use tocos_archive::names::{Name, branch_object};
use tocos_archive::remote::Remote;
use tocos_archive::restore::{Asked, Records, Request, RestoreError, Restored, Until, restore};
use tocos_archive::runtime::runtime;
use tocos_archive::store::Store;
use tocos_archive::verify::{Verified, verify};
use tocos_journal::blockfile::BlockHeader;
use tocos_journal::sim::SimDisk;
use tocos_journal::{Disk, Frame, Journal, NewLedger, Options, TableSpec, TableWriter, blockfile, slot};

use crate::log::{Event, FrameAt, LEDGER, Log, blob_offset, is_joined};

/// A store in memory that counts what is read, and refuses after so many reads of objects with frames.
#[derive(Debug, Default)]
pub(crate) struct Watched {
    inner: InMemory,
    pub read: Mutex<Vec<String>>,
    pub reads_max: Mutex<Option<usize>>,
}

impl fmt::Display for Watched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("watched")
    }
}

#[async_trait]
impl ObjectStore for Watched {
    async fn put_opts(&self, location: &Path, payload: PutPayload, options: PutOptions) -> Result<PutResult> {
        self.inner.put_opts(location, payload, options).await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let name = location.filename().unwrap_or_default().to_owned();
        if name.ends_with(".tocos") {
            let mut read = self.read.lock().unwrap();
            if self.reads_max.lock().unwrap().is_some_and(|max| read.len() >= max) {
                return Err(Error::PermissionDenied { path: name, source: "no more".into() });
            }
            read.push(name);
        }
        self.inner.get_opts(location, options).await
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        self.inner.delete_stream(locations)
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.inner.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, from: &Path, to: &Path, options: CopyOptions) -> Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// The first branch of the ledger.
pub(crate) fn first() -> BranchId {
    BranchId::first_of(&LEDGER)
}

pub(crate) struct World {
    pub watched: Arc<Watched>,
    pub remote: Remote,
}

impl World {
    pub(crate) fn new() -> Self {
        let watched = Arc::new(Watched::default());
        let remote = Remote::new(Store::of(watched.clone(), "copies/of/it")).unwrap();
        Self { watched, remote }
    }

    /// The first branch with the tails and the logs of a log, each tail of so many frames.
    pub(crate) fn with(log: &Log, tails: Option<usize>, logs: bool) -> Self {
        let world = Self::new();
        world.describe(first(), None, 1);
        world.put_log(first(), log, (tails, logs), 0);
        world
    }

    fn path(name: &str) -> Path {
        Path::from(format!("copies/of/it/{name}"))
    }

    fn wait<T>(asked: impl Future<Output = T>) -> T {
        runtime().unwrap().block_on(asked)
    }

    pub(crate) fn put(&self, name: &str, bytes: Vec<u8>) {
        Self::wait(self.watched.inner.put(&Self::path(name), bytes.into())).unwrap();
    }

    pub(crate) fn get(&self, name: &str) -> Vec<u8> {
        let got = Self::wait(async { self.watched.inner.get(&Self::path(name)).await.unwrap().bytes().await });
        got.unwrap().to_vec()
    }

    pub(crate) fn remove(&self, name: &str) {
        Self::wait(self.watched.inner.delete(&Self::path(name))).unwrap();
    }

    /// The names of the objects with frames, or of all.
    pub(crate) fn names(&self, only_frames: bool) -> Vec<String> {
        let listed: Vec<_> = Self::wait(self.watched.inner.list(None).collect());
        let names = listed.into_iter().map(|meta| meta.unwrap().location.to_string());
        let mut names: Vec<String> = names.map(|name| name.strip_prefix("copies/of/it/").unwrap().to_owned()).collect();
        names.retain(|name| !only_frames || name.contains("/log-") || name.contains("/tail-"));
        names.sort();
        names
    }

    pub(crate) fn describe(&self, id: BranchId, parent: Option<Parent>, began_at_us: i64) {
        let branch = Branch { ledger_id: LEDGER, id, parent, began_at_us };
        self.put(&branch_object(id), branch.encode());
    }

    /// Puts the frames behind `after`: tails of so many frames, and the sealed segments.
    pub(crate) fn put_log(&self, branch: BranchId, log: &Log, (tails, logs): (Option<usize>, bool), after: u64) {
        for segment in 0..log.headers.len() {
            let frames: Vec<FrameAt> = log.frames.iter().filter(|frame| frame.segment == segment).cloned().collect();
            let is_sealed = segment + 1 < log.headers.len();
            let own: Vec<FrameAt> = frames.iter().filter(|frame| frame.end.event > after).cloned().collect();
            if own.is_empty() {
                continue;
            }
            if let Some(size) = tails.or((!is_sealed).then_some(2)) {
                for piece in own.chunks(size) {
                    self.put_tail(branch, log, piece);
                }
            }
            if is_sealed && logs {
                self.put(&Name::Log(own[0].before.event + 1).in_branch(branch), log.object(&own));
            }
        }
    }

    pub(crate) fn put_tail(&self, branch: BranchId, log: &Log, frames: &[FrameAt]) {
        self.put(&Name::Tail(frames[0].before.event + 1).in_branch(branch), log.object(frames));
    }

    /// Puts the snapshot at the end of a frame.
    pub(crate) fn put_snapshot(&self, branch: BranchId, frame: &FrameAt) -> String {
        let disk = SimDisk::new(1);
        let end = frame.end;
        let header = BlockHeader { ledger_id: LEDGER, event: end.event, kind: *b"STATE\0\0\x02", chain: end.chain };
        blockfile::write(&disk, "file", &header, [&b"a block"[..], &[end.event as u8; 300]]).unwrap();
        let name = Name::Snapshot(end.event).in_branch(branch);
        self.put(&name, disk.get("file").unwrap());
        name
    }

    /// Puts a table of keys from an event to the end of a frame.
    pub(crate) fn put_table(&self, branch: BranchId, from: u64, frame: &FrameAt) -> String {
        let disk = SimDisk::new(1);
        let end = frame.end;
        let header = BlockHeader { ledger_id: LEDGER, event: end.event, kind: *b"KEYS\0\0\0\x02", chain: end.chain };
        let (range, count) = ((from, end.event), end.event + 1 - from);
        let spec = TableSpec { name: "file".to_owned(), header, range, count, bits_per_slot: 14 };
        let mut writer = TableWriter::create(&disk, spec).unwrap();
        (from..=end.event).for_each(|event| writer.push(slot(u128::from(event) << 60, event)).unwrap());
        writer.finish().unwrap();
        let name = Name::Keys(from, end.event).in_branch(branch);
        self.put(&name, disk.get("file").unwrap());
        name
    }

    pub(crate) fn verify(&self) -> Verified {
        verify(&self.remote, &mut |_| {}).unwrap()
    }

    /// Restores into an empty directory.
    pub(crate) fn restore(&self, until: Option<Until>, branch: Option<BranchId>) -> Outcome {
        let disk = SimDisk::new(1);
        let restored = self.restore_on(&disk, until, branch);
        Outcome { disk, restored }
    }

    pub(crate) fn restore_on(
        &self,
        disk: &SimDisk,
        until: Option<Until>,
        branch: Option<BranchId>,
    ) -> std::result::Result<Restored, RestoreError> {
        let asked = Asked {
            from: "memory".to_owned(),
            branch: branch.map(|branch| branch.to_string()),
            until: until.map(|until| format!("{until:?}")),
        };
        let records = Records { blob_offset, is_joined_to_next: is_joined };
        let request = Request { until, branch, records, asked, command: "tocos restore --from memory".to_owned() };
        let disk: Arc<dyn Disk> = Arc::new(disk.clone());
        restore(&self.remote, &disk, &request, &mut |_| {})
    }
}

/// What a restore left.
pub(crate) struct Outcome {
    pub disk: SimDisk,
    pub restored: std::result::Result<Restored, RestoreError>,
}

impl Outcome {
    /// The events that are there, as whoever opens the directory reads them. The next write goes on.
    #[track_caller]
    pub(crate) fn events(&self) -> Vec<Event> {
        if let Err(error) = &self.restored {
            panic!("not restored: {error}");
        }
        // Whatever was not durable is lost here.
        self.disk.crash();
        let options = Options::new(NewLedger { ledger_id: [1; 16], seed: [1; 16] });
        let mut replay = Journal::open(Arc::new(self.disk.clone()), options).unwrap().replay(None).unwrap();
        let mut events = Vec::new();
        while let Some(frame) = replay.next_frame().unwrap() {
            for record in frame.records() {
                let text = match blob_offset(record) {
                    Some(offset) => frame.blob(offset).unwrap().to_vec(),
                    None => record[16..].iter().copied().take_while(|byte| *byte != 0).collect(),
                };
                let text = String::from_utf8(text).unwrap();
                events.push(Event { at_us: frame.at_us(), text, is_joined: is_joined(record) });
            }
        }
        let (mut appender, reader, tail) = replay.finish().unwrap();
        assert_eq!(tail.bytes_cut, 0);
        let mut next = Frame::new(tail.after_event + 1, 2_000_000_000);
        next.push(&[7; 64]);
        appender.append(&next).unwrap();
        assert_eq!(reader.last_event(), events.len() as u64 + 1);
        events
    }

    pub(crate) fn error(&self) -> String {
        self.restored.as_ref().unwrap_err().to_string()
    }

    pub(crate) fn files(&self) -> BTreeSet<String> {
        self.disk.list().unwrap().into_iter().collect()
    }
}

/// All places where a byte of an object may be flipped, or so many of them.
pub(crate) fn places(length: usize, step: usize) -> impl Iterator<Item = usize> {
    let all: Range<usize> = 0..length;
    all.step_by(step)
}

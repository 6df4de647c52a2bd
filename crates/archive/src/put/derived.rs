//! Putting snapshots and tables, as they are in the data directory. They make a restore faster and hold nothing of their own.
//!
//! A file of more than 8 MiB is put in parts, which no store can do only if the name is free. It is begun only when the name
//! is free, and two that put the same name have verified the same history, so that each file is as good as the other.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tocos_journal::{Disk, DiskFile};
use tokio::time::Instant;

use super::error::PutError;
use crate::branch::BranchId;
use crate::names::Name;
use crate::store::{Parts, Put, Store};

/// How often the directory is looked at for new files.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// The longest rest behind a part. Rests are as long as the part took, so that clients come first on disk and network.
const REST_MAX: Duration = Duration::from_secs(1);
/// How long a store may take to let go of what was not completed.
const ABORT_PATIENCE: Duration = Duration::from_secs(5);

/// What a step did.
#[derive(Debug)]
pub(super) enum DerivedStep {
    /// There is nothing to put.
    Nothing,
    /// A part of a file; the next one after a rest.
    Part(Duration),
    /// The rest of a file, with so many bytes in all; the next one after a rest.
    Put(u64, Duration),
}

/// The files of a directory on their way to a branch.
#[derive(Debug)]
pub(super) struct Derived {
    /// What is put in one request, and held in memory.
    part_bytes: u64,
    /// Files that are in the archive.
    done: BTreeSet<Name>,
    copying: Option<Copying>,
    looked_at: Option<Instant>,
}

#[derive(Debug)]
struct Copying {
    name: Name,
    file: Arc<dyn DiskFile>,
    bytes: u64,
    offset: u64,
    parts: Parts,
}

/// The last event that a file includes, of those that are put.
fn event(name: Name) -> Option<u64> {
    match name {
        Name::Snapshot(to) | Name::Keys(_, to) | Name::Over(_, to) | Name::Mentions(_, to) => Some(to),
        Name::Log(_) | Name::Tail(_) => None,
    }
}

impl Derived {
    pub(super) fn new(part_bytes: u64) -> Self {
        Self { part_bytes, done: BTreeSet::new(), copying: None, looked_at: None }
    }

    /// Puts a part of a file whose events are behind the root of the branch, and in the archive.
    pub(super) async fn step(
        &mut self,
        store: &Store,
        branch: BranchId,
        disk: &dyn Disk,
        (root, tip): (u64, u64),
    ) -> Result<DerivedStep, PutError> {
        if let Some(copying) = self.copying.take() {
            return self.copy(copying, disk).await;
        }
        if self.looked_at.is_some_and(|at| at.elapsed() < LOOK_EVERY) {
            return Ok(DerivedStep::Nothing);
        }
        let names = disk.list().map_err(|source| PutError::File { place: disk.place(""), source })?;
        let names: BTreeSet<Name> = names.iter().filter_map(|name| Name::parse(name)).collect();
        self.done.retain(|name| names.contains(name));
        let is_due = |name: &Name| event(*name).is_some_and(|event| root < event && event <= tip);
        let due: Vec<Name> = names.into_iter().filter(|name| is_due(name) && !self.done.contains(name)).collect();
        for name in due {
            if store.size(&name.in_branch(branch)).await?.is_some() {
                self.done.insert(name);
                continue;
            }
            let file = match disk.open(&name.file()) {
                Ok(file) => file,
                // Merged, or too old, since the directory was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(source) => return Err(PutError::File { place: disk.place(&name.file()), source }),
            };
            return self.begin(store, branch, disk, (name, file)).await;
        }
        self.looked_at = Some(Instant::now());
        Ok(DerivedStep::Nothing)
    }

    /// Puts a small file, or begins a large one.
    async fn begin(
        &mut self,
        store: &Store,
        branch: BranchId,
        disk: &dyn Disk,
        (name, file): (Name, Arc<dyn DiskFile>),
    ) -> Result<DerivedStep, PutError> {
        let begun = Instant::now();
        let bytes = file.len().map_err(|source| PutError::File { place: disk.place(&name.file()), source })?;
        let object = name.in_branch(branch);
        if bytes <= self.part_bytes {
            let content =
                read(&*file, 0, bytes).map_err(|source| PutError::File { place: disk.place(&name.file()), source })?;
            let put = store.put_new(&object, content).await?;
            self.done.insert(name);
            return Ok(match put {
                Put::Done => DerivedStep::Put(bytes, rest(begun)),
                Put::Exists => DerivedStep::Part(Duration::ZERO),
            });
        }
        let parts = store.put_in_parts(&object).await?;
        self.copying = Some(Copying { name, file, bytes, offset: 0, parts });
        Ok(DerivedStep::Part(Duration::ZERO))
    }

    async fn copy(&mut self, mut copying: Copying, disk: &dyn Disk) -> Result<DerivedStep, PutError> {
        let begun = Instant::now();
        let result = copying.next(disk, self.part_bytes).await;
        match result {
            Ok(true) => {
                self.done.insert(copying.name);
                Ok(DerivedStep::Put(copying.bytes, rest(begun)))
            }
            Ok(false) => {
                self.copying = Some(copying);
                Ok(DerivedStep::Part(rest(begun)))
            }
            Err(error) => {
                // The next look at the directory begins it again.
                let _left = tokio::time::timeout(ABORT_PATIENCE, copying.parts.abort()).await;
                Err(error)
            }
        }
    }
}

impl Copying {
    /// Puts the next part; says whether the object is complete.
    async fn next(&mut self, disk: &dyn Disk, part_bytes: u64) -> Result<bool, PutError> {
        let wanted = (self.bytes - self.offset).min(part_bytes);
        let failed = |source| PutError::File { place: disk.place(&self.name.file()), source };
        let part = read(&*self.file, self.offset, wanted).map_err(failed)?;
        self.parts.put(part).await?;
        self.offset += wanted;
        if self.offset < self.bytes {
            return Ok(false);
        }
        self.parts.complete().await?;
        Ok(true)
    }
}

fn read(file: &dyn DiskFile, offset: u64, bytes: u64) -> io::Result<Bytes> {
    let mut buffer = vec![0; bytes as usize];
    if (file.read_at(&mut buffer, offset)? as u64) < bytes {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Bytes::from(buffer))
}

fn rest(begun: Instant) -> Duration {
    begun.elapsed().min(REST_MAX)
}

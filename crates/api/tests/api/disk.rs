//! A disk that waits: whoever reads a certain file beyond its header is held until let go.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use tocos_journal::sim::SimDisk;
use tocos_journal::{Disk, DiskFile, DiskLock, LockError};

/// The disk with the gate in it.
#[derive(Debug)]
pub(crate) struct GatedDisk {
    disk: SimDisk,
    gate: Arc<Gate>,
}

/// The other side of the gate.
pub(crate) struct Keeper {
    /// Says so when somebody stands at it.
    pub reached: Receiver<()>,
    open: Sender<()>,
}

impl Keeper {
    /// Lets everybody through from now on.
    pub(crate) fn open(self) {
        drop(self.open);
    }
}

#[derive(Debug)]
struct Gate {
    file: String,
    ends: Mutex<(Sender<()>, Receiver<()>)>,
}

impl GatedDisk {
    pub(crate) fn new(disk: SimDisk, file: &str) -> (Self, Keeper) {
        let (tell, reached) = channel();
        let (open, opened) = channel();
        let gate = Gate { file: file.to_owned(), ends: Mutex::new((tell, opened)) };
        (Self { disk, gate: Arc::new(gate) }, Keeper { reached, open })
    }

    fn gated(&self, name: &str, file: Arc<dyn DiskFile>) -> Arc<dyn DiskFile> {
        if name == self.gate.file { Arc::new(GatedFile { file, gate: Arc::clone(&self.gate) }) } else { file }
    }
}

impl Disk for GatedDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        Ok(self.gated(name, self.disk.open(name)?))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.create(name)
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }

    fn sync_dir(&self) -> io::Result<()> {
        self.disk.sync_dir()
    }

    fn lock(&self) -> Result<Box<dyn DiskLock>, LockError> {
        self.disk.lock()
    }

    fn place(&self, name: &str) -> String {
        self.disk.place(name)
    }
}

#[derive(Debug)]
struct GatedFile {
    file: Arc<dyn DiskFile>,
    gate: Arc<Gate>,
}

impl DiskFile for GatedFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        if offset > 0 {
            let ends = self.gate.ends.lock().unwrap();
            // Whoever kept the gate is gone: it stands open.
            let _untold = ends.0.send(());
            let _open = ends.1.recv();
        }
        self.file.read_at(buf, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_at(bytes, offset)
    }

    fn write_durable_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_durable_at(bytes, offset)
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

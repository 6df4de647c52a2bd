//! The journal on a file system.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

use tocos_journal::{Appender, Disk, FileDisk, Frame, Journal, LockError, OpenError, Options, Reader, TailReport};

use crate::chance::Chance;
use crate::story::{Batch, LEDGER};

fn disk(dir: &Path) -> Arc<dyn Disk> {
    Arc::new(FileDisk::open(dir).unwrap())
}

fn open(dir: &Path) -> Result<(Appender, Reader, TailReport), OpenError> {
    let options = Options { segment_bytes: 1 << 20, ..Options::new(LEDGER) };
    Journal::open(disk(dir), options)?.replay(None)?.finish()
}

#[test]
fn a_log_on_files_is_written_read_and_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let mut chance = Chance::new(1);
    let (mut appender, reader, tail) = open(dir.path()).unwrap();
    assert_eq!((tail.after_event, tail.offset, tail.bytes_cut), (0, 128, 0));
    let mut batches = Vec::new();
    let mut next = 1;
    for _ in 0..60 {
        let count = chance.between(1, 1500);
        let batch = Batch::random(&mut chance, next, count, 100);
        appender.append(&batch.frame()).unwrap();
        next = batch.last() + 1;
        batches.push(batch);
    }
    drop((appender, reader));
    let (_appender, reader, tail) = open(dir.path()).unwrap();
    assert_eq!((tail.after_event, tail.bytes_cut), (next - 1, 0));
    let mut frames = reader.frames(1);
    for batch in &batches {
        assert!(&Batch::read(&frames.next_frame().unwrap().unwrap()) == batch);
    }
    for _ in 0..500 {
        let number = chance.between(1, next - 1);
        let nth = batches.partition_point(|batch| batch.last() < number);
        let expected = batches[nth].events[(number - batches[nth].first) as usize].record;
        assert_eq!(reader.event(number).unwrap().record, expected);
    }
}

#[test]
fn a_torn_file_is_cut_and_extended_again() {
    let dir = tempfile::tempdir().unwrap();
    let (mut appender, reader, _) = open(dir.path()).unwrap();
    for first in 1..=3 {
        appender.append(&Batch::plain(first, 1).frame()).unwrap();
    }
    drop((appender, reader));
    let name = dir.path().join("log-00000000000000000001.tocos");
    let mut bytes = fs::read(&name).unwrap();
    assert_eq!(bytes.len(), 1 << 20, "a segment is allocated whole");
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    bytes[end - 20] ^= 1;
    fs::write(&name, &bytes).unwrap();
    let (mut appender, _reader, tail) = open(dir.path()).unwrap();
    assert_eq!(tail.after_event, 2);
    assert!(tail.bytes_cut > 0 && tail.file == name.display().to_string());
    let bytes = fs::read(&name).unwrap();
    assert_eq!(bytes.len(), 1 << 20);
    assert!(bytes[tail.offset as usize..].iter().all(|byte| *byte == 0));
    appender.append(&Batch::plain(3, 4).frame()).unwrap();
}

#[test]
fn a_second_opener_is_told_who_has_the_directory() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).unwrap();
    let error = open(dir.path()).err().unwrap();
    let pid = std::process::id();
    assert!(matches!(error, OpenError::Locked { pid: Some(found), .. } if found == pid), "{error}");
    assert!(error.to_string().contains(&dir.path().display().to_string()), "{error}");
    assert!(matches!(disk(dir.path()).lock(), Err(LockError::Held(Some(found))) if found == pid));
    drop(first);
    open(dir.path()).unwrap();
}

#[test]
fn a_directory_is_made_for_its_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    let inner = dir.path().join("a").join("b");
    let _log = open(&inner).unwrap();
    for path in [&inner, inner.parent().unwrap()] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o700);
    }
    let segment = inner.join("log-00000000000000000001.tocos");
    assert_eq!(fs::metadata(segment).unwrap().permissions().mode() & 0o077, 0);
}

#[test]
fn a_directory_that_cannot_be_used_is_refused_in_the_words_of_the_system() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, b"in the way").unwrap();
    for place in [file.clone(), file.join("below"), "/proc/tocos-data".into()] {
        // Whoever asked says which directory it is and what to do.
        let error = FileDisk::open(&place).unwrap_err();
        assert!(error.raw_os_error().is_some(), "{error}");
    }
    // Whoever may write anywhere, as a superuser may, is not stopped by a mode.
    let closed = dir.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o500)).unwrap();
    let may_write = fs::write(closed.join("probe"), b"").is_ok();
    assert_eq!(FileDisk::open(&closed).is_ok(), may_write);
}

#[test]
fn looking_at_a_directory_that_is_not_there_makes_none() {
    let dir = tempfile::tempdir().unwrap();
    let mistyped = dir.path().join("mistyped");
    let error = FileDisk::existing(&mistyped).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::NotFound);
    assert!(!mistyped.exists(), "{error}");
    let file = dir.path().join("file");
    fs::write(&file, b"").unwrap();
    assert!(FileDisk::existing(&file).is_err());
    drop(open(dir.path()).unwrap());
    let disk: Arc<dyn Disk> = Arc::new(FileDisk::existing(dir.path()).unwrap());
    assert!(Journal::inspect(disk, None).unwrap().next_frame().unwrap().is_none());
}

#[test]
fn the_disk_does_what_its_trait_says() {
    let dir = tempfile::tempdir().unwrap();
    let disk = disk(dir.path());
    let file = disk.create("one").unwrap();
    assert!(file.is_empty().unwrap());
    file.allocate(10_000).unwrap();
    assert_eq!(file.len().unwrap(), 10_000);
    file.allocate(100).unwrap();
    assert_eq!(file.len().unwrap(), 10_000, "allocating never cuts");
    file.write_at(b"plain", 0).unwrap();
    file.write_durable_at(b"durable", 9_998).unwrap();
    assert_eq!(file.len().unwrap(), 10_005);
    file.sync().unwrap();
    let mut bytes = [9; 12];
    assert_eq!(file.read_at(&mut bytes, 9_995).unwrap(), 10);
    assert_eq!(&bytes, b"\0\0\0durable\x09\x09");
    assert_eq!(file.read_at(&mut bytes, 20_000).unwrap(), 0);
    file.set_len(3).unwrap();
    disk.rename("one", "two").unwrap();
    disk.sync_dir().unwrap();
    assert!(disk.open("one").is_err());
    assert_eq!(disk.open("two").unwrap().len().unwrap(), 3);
    let mut names = disk.list().unwrap();
    names.sort();
    assert_eq!(names, ["lock", "two"]);
    disk.remove("two").unwrap();
    assert_eq!(file.read_at(&mut bytes, 0).unwrap(), 3, "an open file stays readable");
    assert!(disk.create("two").unwrap().is_empty().unwrap());
}

#[test]
fn a_frame_of_many_megabytes_goes_the_whole_way() {
    let dir = tempfile::tempdir().unwrap();
    let (mut appender, reader, _) = open(dir.path()).unwrap();
    let mut frame = Frame::new(1, 5);
    let blob = Chance::new(1).bytes(100_000);
    let offsets: Vec<u32> = (0..30).map(|_| frame.blob(&blob)).collect();
    (0..50_000u32).for_each(|nth| frame.push(&[nth as u8; 64]));
    appender.append(&frame).unwrap();
    appender.append(&Batch::plain(50_001, 2).frame()).unwrap();
    drop((appender, reader));
    let (_appender, reader, tail) = open(dir.path()).unwrap();
    assert_eq!(tail.after_event, 50_002);
    let stored = reader.event(44_444).unwrap();
    assert_eq!(stored.record, [(44_443 % 256) as u8; 64]);
    assert!(stored.blob(offsets[29]).unwrap() == blob);
    let mut frames = reader.frames(49_000);
    assert_eq!(frames.next_frame().unwrap().unwrap().records(), frame.records());
}

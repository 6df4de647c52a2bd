//! Index files: events of old segments are found by them, and whatever happens to one changes nothing but the time it takes.

use tocos_journal::sim::SimDisk;
use tocos_journal::{Disk as _, Journal};

use crate::story::{Batch, Open, arc, open, segments, small, written};

fn index_files(disk: &SimDisk) -> Vec<String> {
    let mut names = disk.list().unwrap();
    names.retain(|name| name.starts_with("index-"));
    names.sort();
    names
}

fn write_all(log: &Open) -> usize {
    let mut count = 0;
    while log.reader.write_index_file().unwrap() {
        count += 1;
    }
    count
}

fn read_all(log: &Open) {
    for number in 1..=log.reader.last_event() {
        assert_eq!(log.reader.event(number).unwrap().number, number);
    }
}

/// A log of many segments with an index file for each but the last, opened from its end.
fn old_log(disk: &SimDisk) -> (Open, Vec<Batch>) {
    let batches = written(disk, 60, 3);
    let log = open(disk, small(), None).unwrap();
    assert!(segments(disk).len() > 5);
    assert_eq!(write_all(&log), segments(disk).len() - 1);
    read_all(&log);
    let end = log.reader.position();
    drop(log);
    (open(disk, small(), Some(end)).unwrap(), batches)
}

fn check(disk: &SimDisk) -> bool {
    let mut inspection = Journal::inspect(arc(disk), None).unwrap();
    while inspection.next_frame().unwrap().is_some() {}
    inspection.finish().unwrap().0.check_index_files().is_ok()
}

#[test]
fn events_of_old_segments_are_found_by_index_files() {
    let disk = SimDisk::new(1);
    let (log, _) = old_log(&disk);
    assert_eq!(index_files(&disk).len(), segments(&disk).len() - 1);
    read_all(&log);
    assert_eq!(write_all(&log), 0);
    drop(log);
    assert!(check(&disk));
}

#[test]
fn several_threads_may_write_index_files_at_once() {
    for seed in 0..20 {
        let disk = SimDisk::new(seed);
        written(&disk, 60, 3);
        let log = open(&disk, small(), None).unwrap();
        let written: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| write_all(&log))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).sum()
        });
        assert_eq!(written, segments(&disk).len() - 1, "each is written once");
        assert_eq!(index_files(&disk).len(), written);
    }
}

#[test]
fn an_index_file_that_is_damaged_cut_missing_or_of_another_segment_is_made_again() {
    for case in 0..5 {
        let disk = SimDisk::new(case);
        let (log, _) = old_log(&disk);
        let end = log.reader.position();
        drop(log);
        let files = index_files(&disk);
        let bytes = disk.get(&files[2]).unwrap();
        match case {
            0 => disk.delete(&files[2]),
            1 => disk.put(&files[2], &bytes[..bytes.len() - 1]),
            2 => disk.put(&files[2], &disk.get(&files[1]).unwrap()),
            3 => assert!(disk.flip_bit(&files[2], bytes.len() as u64 / 2, 3)),
            _ => disk.put(&files[2], b""),
        }
        assert_eq!(check(&disk), case == 0, "case {case}");
        let log = open(&disk, small(), Some(end)).unwrap();
        read_all(&log);
        assert_eq!(write_all(&log), 1, "case {case}");
        drop(log);
        assert!(check(&disk), "case {case}");
    }
}

#[test]
fn an_index_file_of_another_history_of_the_same_segment_is_not_believed() {
    let disk = SimDisk::new(1);
    drop(written(&disk, 2, 3));
    let backup = segments(&disk)[0].clone();
    let bytes = disk.get(&backup).unwrap();
    let grow = |events: u64| {
        let mut log = open(&disk, small(), None).unwrap();
        while segments(&disk).len() < 4 {
            let batch = Batch::plain(log.appender.last_event() + 1, events);
            log.appender.append(&batch.frame()).unwrap();
        }
        write_all(&log);
        read_all(&log);
    };
    grow(1);
    // The backup comes back, and other events follow it; the index files are still those of the first history.
    for name in segments(&disk) {
        disk.delete(&name);
    }
    disk.put(&backup, &bytes);
    grow(4);
    let end = open(&disk, small(), None).unwrap().reader.position();
    read_all(&open(&disk, small(), Some(end)).unwrap());
    assert!(check(&disk));
}

#[test]
fn a_segment_that_is_still_appended_to_has_no_index_file() {
    let disk = SimDisk::new(1);
    let (mut log, batches) = old_log(&disk);
    let next = batches.last().unwrap().last() + 1;
    for number in next..next + 40 {
        log.appender.append(&Batch::plain(number, 1).frame()).unwrap();
    }
    write_all(&log);
    assert_eq!(index_files(&disk).len(), segments(&disk).len() - 1);
    read_all(&log);
    drop(log);
    assert!(check(&disk));
}

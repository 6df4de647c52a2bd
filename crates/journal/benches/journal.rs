//! What the journal costs on this machine: `cargo bench -p tocos-journal [-- DIRECTORY]`. The directory should be on the disk
//! that is to be measured; files made in it are removed again.

#![expect(clippy::print_stdout, reason = "the figures are what it is run for")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tocos_journal::{Appender, Disk, FileDisk, Frame, Journal, NewLedger, Options, Reader};

type Done = Result<(), Box<dyn std::error::Error>>;

fn main() -> Done {
    let named = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    let base = named.map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    let dir = tempfile::tempdir_in(base)?;
    // First, for the syncs of a new ledger wait for whatever else was written just before.
    start_empty(&dir.path().join("empty"))?;
    push();
    for (events, frames) in [(1, 10_000), (64, 10_000), (1000, 2_000)] {
        append(&dir.path().join(format!("append-{events}")), events, frames)?;
    }
    for events in [1, 64, 1000] {
        read(&dir.path().join(format!("read-{events}")), events, 2_000_000)?;
    }
    Ok(())
}

fn options() -> Options {
    Options::new(NewLedger { ledger_id: [1; 16], seed: [2; 16] })
}

fn open(dir: &Path) -> Result<(Appender, Reader), Box<dyn std::error::Error>> {
    let disk: Arc<dyn Disk> = Arc::new(FileDisk::open(dir)?);
    let (appender, reader, _) = Journal::open(disk, options())?.replay(None)?.finish()?;
    Ok((appender, reader))
}

fn fill(frame: &mut Frame, first: u64, events: u64) {
    frame.reset(first, 0);
    for number in first..first + events {
        let mut record = [7; 64];
        record[..8].copy_from_slice(&number.to_le_bytes());
        frame.push(&record);
    }
}

fn push() {
    let mut frame = Frame::new(1, 0);
    fill(&mut frame, 1, 10_000);
    let start = Instant::now();
    for _ in 0..2000 {
        fill(black_box(&mut frame), 1, 10_000);
    }
    println!("push                      {:8.2} ns/event", start.elapsed().as_secs_f64() * 1e9 / 20e6);
}

fn append(dir: &Path, events: u64, frames: u32) -> Done {
    let (mut appender, _reader) = open(dir)?;
    let mut frame = Frame::new(1, 0);
    let mut times = Vec::new();
    let start = Instant::now();
    for _ in 0..frames {
        fill(&mut frame, appender.last_event() + 1, events);
        let one = Instant::now();
        appender.append(&frame)?;
        times.push(one.elapsed());
    }
    let seconds = start.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_micros();
    println!(
        "append {events:>4} events/frame  {:8.0} frames/s  {:9.0} events/s   p50 {} us  p99 {} us  p99.9 {} us",
        f64::from(frames) / seconds,
        f64::from(frames) * events as f64 / seconds,
        at(0.5),
        at(0.99),
        at(0.999)
    );
    Ok(())
}

/// Puts a log together without syncing each frame, and reads it.
fn read(dir: &Path, events: u64, total: u64) -> Done {
    let (mut appender, _) = open(dir)?;
    // Large frames are quick to write; the wanted ones are copied from a log in memory.
    drop(appender);
    let memory = tocos_journal::sim::SimDisk::new(1);
    let disk: Arc<dyn Disk> = Arc::new(memory.clone());
    let quiet = Options { zero_ahead_bytes: 0, ..options() };
    (appender, _) = {
        let (appender, reader, _) = Journal::open(Arc::clone(&disk), quiet)?.replay(None)?.finish()?;
        (appender, reader)
    };
    let mut frame = Frame::new(1, 0);
    while appender.last_event() < total {
        fill(&mut frame, appender.last_event() + 1, events);
        appender.append(&frame)?;
    }
    drop(appender);
    for name in disk.list()? {
        std::fs::write(dir.join(&name), memory.get(&name).unwrap_or_default())?;
    }

    let start = Instant::now();
    let files: Arc<dyn Disk> = Arc::new(FileDisk::open(dir)?);
    let mut replay = Journal::open(files, options())?.replay(None)?;
    let mut seen = 0;
    while let Some(view) = replay.next_frame()? {
        seen += black_box(view.records()).len() as u64;
    }
    let replayed = start.elapsed();
    let start = Instant::now();
    let (_appender, reader, _) = replay.finish()?;
    let finished = start.elapsed();
    let bytes = reader.log_bytes() as f64;

    let start = Instant::now();
    let mut frames = reader.frames(1);
    while let Some(view) = frames.next_frame()? {
        black_box(view.records());
    }
    let walked = start.elapsed();

    let mut number = 1;
    let lookups = 1_000_000;
    let start = cpu();
    for _ in 0..lookups {
        number = (number + 777_777_777) % seen + 1;
        black_box(reader.event(number)?);
    }
    let looked_up = cpu() - start;
    println!(
        "read   {events:>4} events/frame  replay {:.1} M events/s ({:.2} GB/s)  frames() {:.1} M events/s  event(n) {:.0} ns of processor  finish {finished:?}",
        seen as f64 / replayed.as_secs_f64() / 1e6,
        bytes / replayed.as_secs_f64() / 1e9,
        seen as f64 / walked.as_secs_f64() / 1e6,
        looked_up.as_secs_f64() * 1e9 / f64::from(lookups)
    );
    Ok(())
}

/// The time this thread has had a processor, which other processes on a busy machine do not lengthen.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(stat.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or_default())
}

fn start_empty(dir: &Path) -> Done {
    let time = || -> Result<Duration, Box<dyn std::error::Error>> {
        let start = Instant::now();
        drop(open(dir)?);
        Ok(start.elapsed())
    };
    println!("open   new ledger {:?}, again {:?}", time()?, time()?);
    Ok(())
}

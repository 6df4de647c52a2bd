//! Group commit on the disk alone: what one or several frames on their way at once bring, without HTTP and a ledger.
//!
//! Clients share frames. One thread takes some microseconds for each request, as a runtime does; then the request waits for a
//! frame. A frame is sealed when that thread has nothing else to do, or enough requests wait. Its clients are answered when it and
//! all frames before it are durable.

use crate::report::line;
use crate::workspace;
use anyhow::{Context, Result};
use clap::Args;
use hdrhistogram::Histogram;
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tocos_journal::{Disk, DiskFile, FileDisk};

#[derive(Args)]
pub(crate) struct DiskArgs {
    /// Clients, each with one request at a time. With --rate: how many may be on their way at most.
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// Requests a second, due at fixed times; without it each client is a closed loop.
    #[arg(long)]
    rate: Option<f64>,
    /// Microseconds that the one thread takes for a request.
    #[arg(long, default_value_t = 8.0)]
    work_us: f64,
    /// Bytes that a request adds to its frame.
    #[arg(long, default_value_t = 104)]
    request_bytes: usize,
    /// Seconds of a turn.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Turns of each number of frames on their way.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// The file that is written, zeroed before: as a segment is.
const FILE_BYTES: u64 = 64 << 20;
/// The header of a frame.
const HEADER_BYTES: usize = 112;
/// Numbers of frames on their way at once that are compared.
const ON_THEIR_WAY: [usize; 3] = [1, 2, 4];

/// Measures each number of frames on their way, in turns.
pub(crate) fn run(args: &DiskArgs) -> Result<Value> {
    let directory = workspace::fresh()?;
    let disk = FileDisk::open(directory.path()).context("the directory can't be opened")?;
    let file = disk.create("segment").context("the file can't be made")?;
    let zeros = vec![0; 1 << 20];
    for at in (0..FILE_BYTES).step_by(zeros.len()) {
        file.write_at(&zeros, at)?;
    }
    file.sync()?;
    let mut turns = Vec::new();
    for round in 0..args.rounds {
        for lanes in ON_THEIR_WAY {
            let turn = Turn::run(args, &file, lanes)?;
            line(format_args!(
                "round {round}, {lanes} on their way: {:>7.0} requests/s in {:>6.0} frames/s, sync p50 {:>5} us, response p50 {:>5} us, p99 {:>5} us, p99.9 {:>6} us",
                turn.per_second,
                turn.frames_per_second,
                turn.sync.value_at_quantile(0.5),
                turn.response.value_at_quantile(0.5),
                turn.response.value_at_quantile(0.99),
                turn.response.value_at_quantile(0.999)
            ));
            turns.push((lanes, turn));
        }
    }
    let median = |lanes: usize, of: &dyn Fn(&Turn) -> f64| {
        let mut all: Vec<f64> = turns.iter().filter(|(one, _)| *one == lanes).map(|(_, turn)| of(turn)).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or(f64::NAN)
    };
    let quantile = |at: f64| move |turn: &Turn| turn.response.value_at_quantile(at) as f64;
    let mut rows = Vec::new();
    for lanes in ON_THEIR_WAY {
        let row = json!({
            "on_their_way": lanes,
            "per_second": median(lanes, &|turn| turn.per_second),
            "frames_per_second": median(lanes, &|turn| turn.frames_per_second),
            "sync_p50_us": median(lanes, &|turn| turn.sync.value_at_quantile(0.5) as f64),
            "response_us": {"p50": median(lanes, &quantile(0.5)), "p99": median(lanes, &quantile(0.99)), "p99.9": median(lanes, &quantile(0.999))},
        });
        line(format_args!("median, {lanes} on their way: {row}"));
        rows.push(row);
    }
    Ok(json!({"clients": args.clients, "rate": args.rate, "work_us": args.work_us, "rows": rows}))
}

/// What one turn came to.
struct Turn {
    per_second: f64,
    frames_per_second: f64,
    sync: Histogram<u64>,
    response: Histogram<u64>,
}

/// Requests by the time that they were due.
#[derive(Default)]
struct Queues {
    /// Answered clients, or those whose request is due: to be served by the one thread.
    ready: VecDeque<Instant>,
    /// Served, and in no frame yet.
    waiting: Vec<Instant>,
    is_idle: bool,
    on_their_way: usize,
    /// The number of the next frame, and that of the oldest one that is not durable.
    next_frame: u64,
    oldest: u64,
    /// Written, behind one that is not.
    done: BTreeMap<u64, Vec<Instant>>,
    offset: u64,
    ended: bool,
}

struct Commit {
    queues: Mutex<Queues>,
    sealable: Condvar,
    served: Condvar,
    clients: usize,
    lanes: usize,
    is_closed_loop: bool,
}

impl Turn {
    fn run(args: &DiskArgs, file: &Arc<dyn DiskFile>, lanes: usize) -> Result<Self> {
        let commit = Arc::new(Commit {
            queues: Mutex::new(Queues::default()),
            sealable: Condvar::new(),
            served: Condvar::new(),
            clients: args.clients,
            lanes,
            is_closed_loop: args.rate.is_none(),
        });
        let threads: Vec<_> = (0..lanes)
            .map(|_| {
                let (commit, file, bytes) = (Arc::clone(&commit), Arc::clone(file), args.request_bytes);
                std::thread::spawn(move || commit.write_frames(&*file, bytes))
            })
            .collect();
        let started = Instant::now();
        let served = commit.serve(started, Duration::from_secs_f64(args.seconds), args);
        let took = started.elapsed().as_secs_f64();
        let (mut sync, mut response) = (Histogram::new(3)?, Histogram::new(3)?);
        let mut frames = 0.0;
        for thread in threads {
            let (syncs, responses) = thread.join().map_err(|_| anyhow::anyhow!("a thread that writes ended"))??;
            frames += syncs.len() as f64;
            sync.add(syncs)?;
            response.add(responses)?;
        }
        Ok(Self { per_second: served as f64 / took, frames_per_second: frames / took, sync, response })
    }
}

impl Commit {
    fn lock(&self) -> std::sync::MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one thread that serves requests. Returns how many.
    fn serve(&self, started: Instant, length: Duration, args: &DiskArgs) -> u64 {
        let work = Duration::from_secs_f64(args.work_us / 1e6);
        let mut due = 0;
        let mut served = 0;
        let mut queues = self.lock();
        if self.is_closed_loop {
            queues.ready.extend(std::iter::repeat_n(started, self.clients));
        }
        while started.elapsed() < length {
            if let Some(rate) = args.rate {
                let by_now = (started.elapsed().as_secs_f64() * rate) as u64;
                queues.ready.extend((due..by_now).map(|nth| started + Duration::from_secs_f64(nth as f64 / rate)));
                due = by_now;
            }
            let Some(since) = queues.ready.pop_front() else {
                queues.is_idle = true;
                if !queues.waiting.is_empty() {
                    self.sealable.notify_one();
                }
                let pause = if self.is_closed_loop { Duration::from_millis(1) } else { Duration::from_micros(20) };
                queues = self.served.wait_timeout(queues, pause).unwrap_or_else(PoisonError::into_inner).0;
                continue;
            };
            queues.is_idle = false;
            drop(queues);
            let until = Instant::now() + work;
            while Instant::now() < until {
                std::hint::spin_loop();
            }
            served += 1;
            queues = self.lock();
            queues.waiting.push(since);
            if self.may_seal(&queues) {
                self.sealable.notify_one();
            }
        }
        queues.ended = true;
        self.sealable.notify_all();
        served
    }

    fn may_seal(&self, queues: &Queues) -> bool {
        let enough = queues.waiting.len() * 4 * (self.lanes + 1) >= self.clients * 6;
        !queues.waiting.is_empty() && (queues.is_idle || enough)
    }

    /// One of the threads that write frames: latencies of its syncs, and of responses.
    fn write_frames(&self, file: &dyn DiskFile, request_bytes: usize) -> Result<(Histogram<u64>, Histogram<u64>)> {
        let (mut syncs, mut responses) = (Histogram::new(3)?, Histogram::new(3)?);
        let mut buffer = Vec::new();
        let mut queues = self.lock();
        loop {
            if queues.ended {
                return Ok((syncs, responses));
            }
            if !self.may_seal(&queues) {
                queues = self.sealable.wait(queues).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let frame = std::mem::take(&mut queues.waiting);
            let number = queues.next_frame;
            queues.next_frame += 1;
            queues.on_their_way += 1;
            buffer.resize((HEADER_BYTES + frame.len() * request_bytes).next_multiple_of(8), 1);
            if queues.offset + buffer.len() as u64 > FILE_BYTES {
                queues.offset = 0;
            }
            let offset = queues.offset;
            queues.offset += buffer.len() as u64;
            drop(queues);
            let began = Instant::now();
            file.write_durable_at(&buffer, offset)?;
            syncs.record(began.elapsed().as_micros() as u64)?;
            queues = self.lock();
            queues.on_their_way -= 1;
            queues.done.insert(number, frame);
            let now = Instant::now();
            while let Some(answered) = {
                let oldest = queues.oldest;
                queues.done.remove(&oldest)
            } {
                queues.oldest += 1;
                for since in &answered {
                    responses.record(now.duration_since(*since).as_micros() as u64)?;
                }
                if self.is_closed_loop {
                    queues.ready.extend(answered.iter().map(|_| now));
                }
            }
            self.served.notify_one();
        }
    }
}

//! How fast one core decides, applies and encodes, one operation after the other, and what a user and a key cost in
//! memory. `cargo bench -p tocos-ledger`, with another number of users as `cargo bench -p tocos-ledger -- 100000`, and
//! only the rows with a word in their name as `cargo bench -p tocos-ledger -- staged`.
//!
//! Requests are made ahead in small batches, as they would lie in a network buffer, and only the ledger's part is timed.
//! The output is the median batch, and the batch that a tenth of them undercut: on a machine with other work to do the
//! first says what one gets, the second what there would be to get.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark is for people at a terminal")]

use std::fmt::Write;
use std::time::Instant;
use tocos_ledger::{
    Decision, Event, Ledger, Marks, Micros, Mode, Operation, Recalled, Request, STAGED_AT_ONCE, Staged,
};

const NOW: Micros = 1_800_000_000_000_000;
const USERS_DEFAULT: u64 = 1_000_000;
const OPERATIONS: u64 = 4_000_000;
/// Requests made ahead.
const BATCH: u64 = 1_024;
/// What is timed on a full ledger: its name, what is asked, whether with a key, and whether what it names is looked up in stages before, as
/// the engine does for a batch.
const ROWS: &[(&str, Kind, bool, bool)] = &[
    ("plain transfer, no key, one by one", Kind::Transfer, false, false),
    ("plain spend, no key, one by one", Kind::Spend, false, false),
    ("plain transfer with a key, one by one", Kind::Transfer, true, false),
    ("plain transfer, no key, staged", Kind::Transfer, false, true),
    ("plain spend, no key, staged", Kind::Spend, false, true),
    ("plain transfer with a key, staged", Kind::Transfer, true, true),
];
const SHARED: &str = "plain transfer, staged, chunks shared with the copy";

fn main() {
    let users = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(USERS_DEFAULT);
    let mut bench = Bench::new();
    let empty = resident_bytes();
    println!("{:<44} {:>12} {:>12} {:>12}", "", "a second", "ns each", "best tenth");
    let made = bench.time(users, |n, words| words.user(n));
    row("make a user", made);
    let granted = bench.time(users, |n, words| words.grant(n));
    row("grant, the user's first coins", granted);
    let full = resident_bytes();
    let wanted = std::env::args().skip(1).find(|word| word.parse::<u64>().is_err() && !word.starts_with("--"));
    let wants = |what: &str| wanted.as_deref().is_none_or(|word| what.contains(word));
    let mut dice = Dice(1);
    let mut next_key = 0;
    let (mut unkeyed, mut keyed) = (full, full);
    for (what, kind, has_key, stages) in ROWS {
        if !wants(what) {
            continue;
        }
        bench.stages = *stages;
        let before = resident_bytes();
        let took = bench.time(OPERATIONS, |_, words| {
            let (from, to) = (dice.below(users), dice.below(users));
            let words = if *kind == Kind::Spend { words.spend(from) } else { words.transfer(from, to) };
            next_key += u64::from(*has_key);
            if *has_key { words.key(next_key) } else { words }
        });
        row(what, took);
        if *has_key {
            keyed += resident_bytes() - before;
        } else {
            unkeyed += resident_bytes() - before;
        }
    }
    if wants(SHARED) {
        bench.stages = true;
        let started = Instant::now();
        let copy = bench.ledger.state().clone();
        row("copy the state, once", vec![started.elapsed().as_secs_f64() * 1e9]);
        let took = bench.time(OPERATIONS, |_, words| words.transfer(dice.below(users), dice.below(users)));
        row(SHARED, took);
        drop(copy);
    }
    println!();
    println!("{:<44} {:>12}", "", "bytes");
    bytes("an empty ledger, the process included", empty, 1);
    bytes("a user with one account", full - empty, users);
    bytes("  the same after the transfers and spends", unkeyed - empty, users);
    bytes("an idempotency key", keyed - full, bench.ledger.key_count());
    bytes("a record, blob included", bench.written, bench.events);
}

fn row(what: &str, mut batches: Vec<f64>) {
    batches.sort_by(f64::total_cmp);
    let (median, tenth) = (batches[batches.len() / 2], batches[batches.len() / 10]);
    println!("{what:<44} {:>12.0} {median:>12.0} {tenth:>12.0}", 1e9 / median);
}

fn bytes(what: &str, bytes: u64, of: u64) {
    println!("{what:<44} {:>12.1}", bytes as f64 / of.max(1) as f64);
}

/// What of the process is in memory, on Linux; 0 elsewhere.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0) * 1_024
}

/// What a request is made of.
struct Words {
    kind: Kind,
    a: String,
    b: String,
    key: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    User,
    Grant,
    Transfer,
    Spend,
}

impl Words {
    fn new() -> Self {
        Self { kind: Kind::User, a: String::with_capacity(32), b: String::with_capacity(32), key: None }
    }

    fn of(&mut self, kind: Kind, a: u64) -> &mut Self {
        self.kind = kind;
        self.key = None;
        self.a.clear();
        write!(self.a, "user-{a:07}").unwrap();
        self
    }

    fn user(&mut self, n: u64) -> &mut Self {
        self.of(Kind::User, n)
    }

    fn grant(&mut self, n: u64) -> &mut Self {
        self.of(Kind::Grant, n)
    }

    fn spend(&mut self, n: u64) -> &mut Self {
        self.of(Kind::Spend, n)
    }

    fn transfer(&mut self, from: u64, to: u64) -> &mut Self {
        self.b.clear();
        write!(self.b, "user-{:07}", if to == from { to.saturating_sub(1) + u64::from(to == 0) } else { to }).unwrap();
        self.of(Kind::Transfer, from)
    }

    fn key(&mut self, n: u64) -> &mut Self {
        self.key = Some(format!("order-{n:014}"));
        self
    }

    fn request(&self) -> Request<'_> {
        let (a, b, coin) = (self.a.as_str(), self.b.as_str(), "toco");
        let operation = match self.kind {
            Kind::User => Operation::PutUser { user: a, name: None },
            Kind::Grant => Operation::Grant { user: a, coin, amount: 1_000_000, marks: Marks::PLAIN, lot: false },
            Kind::Transfer => Operation::Transfer { from: a, to: b, coin, amount: 1 },
            Kind::Spend => Operation::Spend { user: a, coin, amount: 1, to: None, mode: Mode::Exact },
        };
        Request { operation, key: self.key.as_deref(), metadata: None, reference: None, by: 0 }
    }
}

struct Bench {
    ledger: Ledger,
    batch: Vec<Words>,
    records: Vec<u8>,
    blobs: Vec<u8>,
    scratch: Vec<u8>,
    events: u64,
    written: u64,
    stages: bool,
}

impl Bench {
    fn new() -> Self {
        let batch = (0..BATCH).map(|_| Words::new()).collect();
        let (records, blobs, scratch) = (Vec::new(), Vec::new(), Vec::new());
        Self { ledger: Ledger::new([7; 16]), batch, records, blobs, scratch, events: 0, written: 0, stages: false }
    }

    /// Makes `count` requests and returns how long the ledger took for one of them, in nanoseconds, for each batch.
    fn time(&mut self, count: u64, mut make: impl FnMut(u64, &mut Words) -> &mut Words) -> Vec<f64> {
        let mut took = Vec::new();
        let mut batch = std::mem::take(&mut self.batch);
        for first in (0..count).step_by(BATCH as usize) {
            let size = BATCH.min(count - first);
            for (n, words) in (first..first + size).zip(&mut batch) {
                make(n, words);
            }
            let started = Instant::now();
            if self.stages {
                self.all_staged(&batch[..size as usize]);
            } else {
                for words in &batch[..size as usize] {
                    self.one(&words.request(), &Staged::default());
                }
            }
            took.push(started.elapsed().as_secs_f64() * 1e9 / size as f64);
            self.events += size;
            self.written += (self.records.len() + self.blobs.len()) as u64;
            self.records.clear();
            self.blobs.clear();
        }
        self.batch = batch;
        took
    }

    fn all_staged(&mut self, batch: &[Words]) {
        for words in batch.chunks(STAGED_AT_ONCE) {
            let requests: Vec<Request<'_>> = words.iter().map(Words::request).collect();
            let staged = self.ledger.stage(&requests, None);
            for (request, staged) in requests.iter().zip(&staged) {
                self.one(request, staged);
            }
        }
    }

    fn one(&mut self, request: &Request<'_>, staged: &Staged) {
        match self.ledger.decide_recalled(request, staged, &Recalled::default(), NOW) {
            Ok(Decision::Do(event)) => {
                self.ledger.apply(&event).unwrap();
                self.write(&event);
            }
            Ok(Decision::Known(event)) => panic!("event {event} was done before"),
            Err(refusal) => panic!("{refusal}"),
        }
    }

    fn write(&mut self, event: &Event<'_>) {
        let blobs = &mut self.blobs;
        let record = event.encode(&mut self.scratch, |blob| {
            let offset = blobs.len() as u32;
            blobs.extend_from_slice(blob);
            offset
        });
        self.records.extend_from_slice(&record);
    }
}

/// Xorshift: the same numbers in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

//! How fast frames are appended to a shared log in PostgreSQL, one at a time and four at a time:
//!
//! ```text
//! cargo run --release -p tocos-sharedlog --example append_speed -- 'postgres://postgres@localhost/postgres?ledger=speed'
//! ```
//!
//! It makes the ledger if it is not there, and leaves its frames in it.

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::collections::VecDeque;
use std::error::Error;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tocos_sharedlog::postgres::{Log, init};
use tocos_sharedlog::{Appended, Head, Identity, NewFrame, SharedLog};

/// For each line of the result.
const SECONDS: u64 = 5;

/// What was measured.
struct Figures {
    per_second: f64,
    p50: Duration,
    p99: Duration,
}

fn next(before: &Head, bytes: &Bytes) -> NewFrame {
    let hash = *blake3::Hasher::new().update(&before.hash).update(&bytes[..64]).finalize().as_bytes();
    let event = before.last_event + 1;
    let head = Head { n: before.n + 1, epoch: 1, first_event: event, last_event: event, hash };
    NewFrame { head, prev: before.hash, bytes: bytes.clone() }
}

/// Appends with so many under way, each from its call to its return.
async fn measure(log: &Log, bytes: &Bytes, under_way: usize) -> Result<Figures, Box<dyn Error>> {
    let mut tip = log.tip().await?;
    let mut waiting = VecDeque::new();
    let mut took = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(SECONDS) {
        while waiting.len() < under_way {
            let frame = next(&tip, bytes);
            tip = frame.head;
            let sent = Instant::now();
            let append = log.append(frame);
            waiting.push_back(tokio::spawn(async move { (append.await, sent.elapsed()) }));
        }
        if let Some(first) = waiting.pop_front() {
            let (outcome, elapsed) = first.await?;
            if outcome? != Appended::Durable {
                return Err("somebody else appends to this ledger".into());
            }
            took.push(elapsed);
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    for rest in waiting {
        rest.await?.0?;
    }
    let per_second = f64::from(u32::try_from(took.len())?) / seconds;
    took.sort_unstable();
    let at = |per_cent: usize| took.get(took.len() * per_cent / 100).copied().unwrap_or_default();
    Ok(Figures { per_second, p50: at(50), p99: at(99) })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::args().nth(1).ok_or("the URL of a PostgreSQL database, with ledger=speed")?;
    let identity = Identity { ledger: "speed".to_owned(), ledger_id: [5; 16], seed: [5; 16] };
    init(&url, &identity, None).await?;
    let log = Log::connect(&url).await?;
    println!("{}", log.durability().await?.because);
    println!("{:>8} {:>10} {:>12} {:>10} {:>10} {:>8}", "KiB", "under way", "appends/s", "p50 ms", "p99 ms", "MB/s");
    for kib in [4, 64, 512] {
        let bytes = Bytes::from(vec![0xa5; kib * 1024]);
        for under_way in [1, 4] {
            let Figures { per_second, p50, p99 } = measure(&log, &bytes, under_way).await?;
            let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
            let mb = per_second * f64::from(u32::try_from(bytes.len())?) / 1e6;
            println!("{kib:>8} {under_way:>10} {per_second:>12.0} {:>10.2} {:>10.2} {mb:>8.1}", ms(p50), ms(p99));
        }
    }
    Ok(())
}

//! Whether memory grows while nothing new is there: grants that are spent or expire, holds that are captured, released or expire,
//! transfers there and back, spends that are reversed. Users, accounts, keys, lots and open holds are as many at the end of each part as at its beginning.

use crate::LoadArgs;
use crate::memory::quiet_rss_bytes;
use crate::metrics::metric;
use crate::report::line;
use crate::scenario::user;
use crate::server::Server;
use crate::workspace;
use anyhow::{Context, Result, ensure};
use clap::Args;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::io::Write;
use std::time::{Duration, Instant};

#[derive(Args)]
pub(crate) struct SteadyArgs {
    /// Events before the first look, apart from those of the clock: until the allocator has what it needs at its worst.
    #[arg(long, default_value_t = 21_600_000)]
    warm: u64,
    /// Events then: an hour's at 4,000 a second.
    #[arg(long, default_value_t = 14_400_000)]
    events: u64,
    /// Memory is read so often during these.
    #[arg(long, default_value_t = 16)]
    looks: u64,
    #[command(flatten)]
    load: LoadArgs,
}

/// What is done for one user in a row, in two batches: the second one ends what the first began.
const FIRST: u64 = 9;
const SECOND: u64 = 3;
/// Users in one pair of batches.
const AT_ONCE: u64 = 500;
/// After so long everything that expires has: lots and holds of one second.
const EXPIRED: Duration = Duration::from_millis(2_500);

/// Writes, and looks at the memory again and again.
pub(crate) fn run(args: &SteadyArgs) -> Result<Value> {
    ensure!(args.load.url.is_none(), "the memory of a server of our own is read");
    ensure!(args.looks >= 4 && args.load.users > 1, "at least 4 looks and 2 users are needed");
    let home = workspace::fresh()?;
    let data = home.path().join("data");
    let addresses = home.path().join("addresses");
    let mut load = LoadArgs { data_dir: Some(data.clone()), ..args.load.clone() };
    load.server_args.extend(["--address-file".to_owned(), addresses.display().to_string()]);
    let server = Server::for_run(&load)?;
    let process = server.process_id().context("the server is our own")?;
    let begun = Instant::now();
    let (mut next, mut written, mut looks, mut tables) = (0, 0, Vec::new(), Vec::new());
    for look in 0..=args.looks {
        while written < args.warm + args.events * look / args.looks {
            written += pair(&server, &mut next, args.load.users)?;
        }
        std::thread::sleep(EXPIRED);
        let rss = quiet_rss_bytes(process, &data)?;
        let last_event = server.last_event()?;
        let table_bytes = metric(&addresses, "tocos_table_memory_bytes")? as u64;
        line(format_args!(
            "{written} events and {} of the clock: {:.1} MB, of which {:.1} are for what is found in tables",
            last_event.saturating_sub(written),
            rss as f64 / 1e6,
            table_bytes as f64 / 1e6
        ));
        looks.push((last_event, rss));
        tables.push((last_event, table_bytes));
    }
    let (slope, table_slope) = (slope(&looks), slope(&tables));
    let seconds = begun.elapsed().as_secs_f64();
    line(format_args!(
        "memory grows by {slope:.2} bytes an event, by least squares over {} looks, tables by {table_slope:.2}; {seconds:.0} s",
        looks.len()
    ));
    let looks: Vec<Value> = looks
        .iter()
        .zip(&tables)
        .map(|((event, rss), (_, tables))| json!({"event": event, "rss_bytes": rss, "table_bytes": tables}))
        .collect();
    Ok(
        json!({"warm": args.warm, "events": args.events, "users": args.load.users, "looks": looks, "bytes_per_event": slope, "table_bytes_per_event": table_slope}),
    )
}

/// Two batches. Returns how many events they are.
fn pair(server: &Server, next: &mut u64, users: u32) -> Result<u64> {
    let soon = Timestamp::now().checked_add(SignedDuration::from_secs(1))?.to_string();
    let grant = |user: &str, expires_at: &str| {
        format!(r#"{{"op":"grant","user":"{user}","coin":"toco","amount":10,"expires_at":"{expires_at}"}}"#)
    };
    let mut body = Vec::new();
    for _ in 0..AT_ONCE {
        let at = (*next % u64::from(users / 2)) as u32;
        *next += 1;
        // Coins that expire soon go to the second half of the users only: the first half would spend them instead of those that last.
        let (who, other) = (user(at), user(at + users / 2));
        writeln!(body, "{}", grant(&who, "2199-01-01T00:00:00Z"))?;
        writeln!(body, r#"{{"op":"spend","user":"{who}","coin":"toco","amount":10}}"#)?;
        writeln!(body, "{}", grant(&other, &soon))?;
        for timeout_s in [900, 900, 1] {
            let hold = format!(r#"{{"op":"hold","user":"{other}","coin":"toco","amount":5,"timeout_s":{timeout_s}}}"#);
            writeln!(body, "{hold}")?;
        }
        writeln!(body, r#"{{"op":"transfer","from":"{other}","to":"{who}","coin":"toco","amount":1}}"#)?;
        writeln!(body, r#"{{"op":"transfer","from":"{who}","to":"{other}","coin":"toco","amount":1}}"#)?;
        writeln!(body, r#"{{"op":"spend","user":"{other}","coin":"toco","amount":1}}"#)?;
    }
    let first = batch(server, &body, AT_ONCE * FIRST)?;
    body.clear();
    for of in (0..AT_ONCE).map(|at| first + at * FIRST) {
        writeln!(body, r#"{{"op":"capture","hold":{},"amount":3}}"#, of + 3)?;
        writeln!(body, r#"{{"op":"release","hold":{}}}"#, of + 4)?;
        writeln!(body, r#"{{"op":"reverse","event":{}}}"#, of + 8)?;
    }
    batch(server, &body, AT_ONCE * SECOND)?;
    Ok(AT_ONCE * (FIRST + SECOND))
}

/// Sends a batch of which every operation must be applied. Returns its first event; the others follow it.
fn batch(server: &Server, body: &[u8], operations: u64) -> Result<u64> {
    let mut request = Vec::new();
    server.asker.send(&mut request, "POST", "/v1/batch", "application/x-ndjson", None, body);
    let (status, answer) = server.ask(&request)?;
    let result: Value = serde_json::from_str(&answer)?;
    let event = |name: &str| result["events"][name].as_u64();
    ensure!(result["applied"].as_u64() == Some(operations), "a batch was refused: {status} {answer}");
    let (first, last) = event("first").zip(event("last")).context("a batch says not which events it is")?;
    ensure!(last - first + 1 == operations, "other events are between those of a batch");
    Ok(first)
}

/// Bytes an event, by least squares.
fn slope(looks: &[(u64, u64)]) -> f64 {
    let count = looks.len() as f64;
    let mean = |of: fn(&(u64, u64)) -> u64| looks.iter().map(|look| of(look) as f64).sum::<f64>() / count;
    let (x_mean, y_mean) = (mean(|look| look.0), mean(|look| look.1));
    let (mut over, mut under) = (0.0, 0.0);
    for (event, rss) in looks {
        let (x, y) = (*event as f64 - x_mean, *rss as f64 - y_mean);
        over += x * y;
        under += x * x;
    }
    over / under
}

#[cfg(test)]
mod tests {
    use super::slope;

    #[test]
    fn a_line_has_its_own_slope_and_a_look_beside_it_changes_it_little() {
        assert_eq!(slope(&[(0, 7), (10, 27), (20, 47)]), 2.0);
        let level = slope(&[(0, 100), (10, 101), (20, 99), (30, 100)]);
        assert!(level.abs() < 0.05, "{level}");
    }
}

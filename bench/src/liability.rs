//! The liability report over very many events: the first one, later ones, and what writes lose while one is made.

use crate::LoadArgs;
use crate::load::{Group, Plan, run_plan};
use crate::report::{RunResult, line, print};
use crate::scenario::{Name, user};
use crate::server::Server;
use crate::workspace;
use anyhow::{Context, Result, ensure};
use clap::Args;
use fastrand::Rng;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

#[derive(Args)]
pub(crate) struct ReportArgs {
    /// Events: grants of both categories, most of which expire, spends, payments and transfers.
    #[arg(long, default_value_t = 10_000_000)]
    events: u64,
    /// Days over which they are spread.
    #[arg(long, default_value_t = 180)]
    days: u32,
    /// Later reports of each kind; medians are shown.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Single writes a second, where they come at a fixed rate.
    #[arg(long, default_value_t = 5_000.0)]
    written: f64,
    #[command(flatten)]
    load: LoadArgs,
}

/// Writes the ledger, and measures reports alone and beside writes.
pub(crate) fn run(args: &ReportArgs) -> Result<Value> {
    ensure!(args.load.url.is_none(), "the ledger is made here, and its summaries are removed between reports");
    let home = workspace::fresh()?;
    let data = args.load.data_dir.clone().unwrap_or_else(|| home.path().join("data"));
    let mut load = LoadArgs { data_dir: Some(data.clone()), ..args.load.clone() };
    load.server_args.push("--test-clock".to_owned());
    let server = Server::for_run(&load)?;
    let begun = Instant::now();
    let (events, middle) = fill(&server, args)?;
    line(format_args!("{events} events over {} days written in {:.0} s", args.days, begun.elapsed().as_secs_f64()));
    let first = report(&server, "")?;
    let median = |query: &str| -> Result<Duration> {
        let mut took = (0..args.rounds.max(1)).map(|_| report(&server, query)).collect::<Result<Vec<_>>>()?;
        took.sort_unstable();
        Ok(took[took.len() / 2])
    };
    let whole = median("")?;
    let by_month = median("&by=month")?;
    let amid = median(&format!("&by=category&from={middle}"))?;
    let ms = |took: Duration| took.as_secs_f64() * 1e3;
    line(format_args!(
        "first report {:.0} ms; later ones {:.1} ms, by month {:.1} ms, from amid a day {:.1} ms",
        ms(first),
        ms(whole),
        ms(by_month),
        ms(amid)
    ));
    let closed = beside(&server, &data, None, &load)?;
    let fixed = beside(&server, &data, Some(args.written), &load)?;
    line(format_args!(
        "writes one after the other: {:.0}/s while a first report is made, {:.0}/s between them: {:.3}",
        closed.busy,
        closed.quiet,
        closed.busy / closed.quiet
    ));
    for (what, beside) in [("one after the other", &closed), (&*format!("{:.0}/s", args.written), &fixed)] {
        let (Some(busy), Some(quiet)) = (&beside.result.latency_busy_us, &beside.result.latency_quiet_us) else {
            continue;
        };
        line(format_args!(
            "{what}: median {} us and p99 {} us beside {} first reports of {:.0} ms, {} us and {} us between them",
            busy.p50,
            busy.p99,
            beside.reports,
            ms(beside.took),
            quiet.p50,
            quiet.p99
        ));
    }
    Ok(json!({
        "events": events, "first_ms": ms(first), "later_ms": ms(whole), "by_month_ms": ms(by_month), "amid_ms": ms(amid),
        "rate_ratio": closed.busy / closed.quiet, "first_beside_ms": ms(closed.took), "first_beside_fixed_ms": ms(fixed.took), "closed": closed.result,
        "fixed": fixed.result,
    }))
}

fn ask(server: &Server, method: &str, path: &str, body: &[u8]) -> Result<Value> {
    let mut request = Vec::new();
    match method {
        "GET" => server.asker.get(&mut request, path),
        _ => {
            let media = if path == "/v1/batch" { "application/x-ndjson" } else { "application/json" };
            server.asker.send(&mut request, method, path, media, None, body);
        }
    }
    let (status, answer) = server.ask(&request)?;
    ensure!(status == 200, "{method} {path} was refused: {status} {answer}");
    Ok(serde_json::from_str(&answer)?)
}

/// Writes the events. Returns how many there are, and an instant amid a day in the middle of them.
fn fill(server: &Server, args: &ReportArgs) -> Result<(u64, String)> {
    let mut rng = Rng::with_seed(args.load.seed);
    let every = (args.events / u64::from(args.days.max(1))).max(1);
    let mut now: Timestamp = Timestamp::now();
    let (mut last, mut day, mut middle) = (0, 0, None);
    while last < args.events {
        if last / every > day {
            day += 1;
            let answer = ask(server, "POST", "/v1/test-clock/advance", br#"{"seconds":86400}"#)?;
            now = answer["now"].as_str().context("the clock says no time")?.parse()?;
        }
        if last > args.events / 2 {
            middle.get_or_insert(now);
        }
        let mut body = Vec::with_capacity(args.load.batch * 128);
        for at in 0..args.load.batch {
            operation(&mut body, &mut rng, args.load.users, now)?;
            writeln!(body, r#","idempotency_key":"{last}-{at}"}}"#)?;
        }
        let answer = ask(server, "POST", "/v1/batch", &body)?;
        last = answer["events"]["last"].as_u64().context("a batch changed nothing")?;
    }
    Ok((last, middle.unwrap_or(now).to_string()))
}

/// One operation, without its end.
fn operation(body: &mut Vec<u8>, rng: &mut Rng, users: u32, now: Timestamp) -> Result<()> {
    let who = user(rng.u32(0..users));
    let amount = rng.u32(1..100);
    match rng.u32(0..20) {
        face @ 0..7 => {
            let expires_at = now + SignedDuration::from_secs(rng.i64(3_600..60 * 86_400));
            let category = if face % 2 == 0 { "promotional" } else { "paid" };
            write!(
                body,
                r#"{{"op":"grant","user":"{who}","coin":"toco","amount":{amount},"category":"{category}","expires_at":"{expires_at}""#
            )?;
        }
        7..9 => write!(body, r#"{{"op":"grant","user":"{who}","coin":"toco","amount":{amount}"#)?,
        9..17 => write!(body, r#"{{"op":"spend","user":"{who}","coin":"toco","amount":{amount},"mode":"up_to""#)?,
        17 => {
            let to = user(rng.u32(0..users));
            write!(body, r#"{{"op":"spend","user":"{who}","coin":"toco","amount":{amount},"mode":"up_to""#)?;
            if to != who {
                write!(body, r#","to":"{to}""#)?;
            }
        }
        _ => {
            let to = user(rng.u32(0..users - 1));
            let to = if to == who { user(users - 1) } else { to };
            let from = if to == who { user(0) } else { who };
            write!(body, r#"{{"op":"transfer","from":"{from}","to":"{to}","coin":"toco","amount":1"#)?;
        }
    }
    Ok(())
}

/// How long a report takes.
fn report(server: &Server, query: &str) -> Result<Duration> {
    let begun = Instant::now();
    let answer = ask(server, "GET", &format!("/v1/reports/liability?coin=toco{query}"), b"")?;
    ensure!(answer["check"]["equal"] == true, "the report does not add up: {answer}");
    Ok(begun.elapsed())
}

/// What writes come to while first reports are made, and between them.
struct Beside {
    result: RunResult,
    /// Writes a second.
    busy: f64,
    quiet: f64,
    reports: u32,
    /// The median report.
    took: Duration,
}

fn beside(server: &Server, data: &Path, rate: Option<f64>, load: &LoadArgs) -> Result<Beside> {
    let (busy, ended) = (AtomicBool::new(false), AtomicBool::new(false));
    let groups = [Group { name: Name::Single, connections: load.connections, rate }];
    let seconds = load.seconds.max(20.0);
    let (result, reports) = std::thread::scope(|scope| {
        let reporting = scope.spawn(|| {
            let mut took = Vec::new();
            std::thread::sleep(Duration::from_secs_f64(seconds / 5.0));
            while !ended.load(Ordering::Relaxed) {
                remove_summaries(data)?;
                busy.store(true, Ordering::Relaxed);
                took.push(report(server, "")?);
                busy.store(false, Ordering::Relaxed);
                // As long without one.
                std::thread::sleep(took[took.len() - 1]);
            }
            anyhow::Ok(took)
        });
        let plan = Plan { groups: &groups, seconds, requests_max: None, busy: Some(&busy) };
        let result = run_plan(server, &plan, load);
        ended.store(true, Ordering::Relaxed);
        (result, reporting.join())
    });
    let result = result?.swap_remove(0);
    let mut took = reports.map_err(|_panicked| anyhow::anyhow!("making reports failed"))??;
    print(std::slice::from_ref(&result));
    let busy_count = result.latency_busy_us.as_ref().map_or(0, |latency| latency.count);
    // The last one may have gone on behind the end.
    let all: Duration = took.iter().sum();
    let measured = Duration::from_secs_f64(result.seconds);
    let mut left = measured;
    let mut in_reports = Duration::ZERO;
    for one in &took {
        in_reports += (*one).min(left);
        left = left.saturating_sub(*one * 2);
    }
    ensure!(!all.is_zero() && busy_count > 0, "no report was made beside the writes");
    let quiet_s = (measured.saturating_sub(in_reports)).as_secs_f64();
    let answers = result.latency_us.count;
    took.sort_unstable();
    Ok(Beside {
        busy: busy_count as f64 / in_reports.as_secs_f64(),
        quiet: (answers - busy_count) as f64 / quiet_s,
        reports: u32::try_from(took.len())?,
        took: took[took.len() / 2],
        result,
    })
}

fn remove_summaries(data: &Path) -> Result<()> {
    for entry in std::fs::read_dir(data)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("flows-")) {
            std::fs::remove_file(path)?;
        }
    }
    Ok(())
}

//! Finding users by a part of their names and by their ids, and the open holds of one: alone, and beside writes at a fixed rate.

use crate::LoadArgs;
use crate::load::{Group, Plan, run_plan};
use crate::report::{RunResult, line, print, rss_bytes};
use crate::scenario::{Name, user};
use crate::server::Server;
use anyhow::{Result, ensure};
use clap::Args;
use serde_json::{Value, json};
use std::io::Write;
use std::time::Instant;

/// Half of the last names contain what the scenario `found-half` searches for.
const FIRST: [&str; 8] = ["Ana", "José", "Mária", "Nguyễn", "Olu", "Sven", "Yuki", "Zoë"];
const LAST: [&str; 8] = ["Andersson", "Baptiste", "Eriksson", "Fernández", "Johnson", "Kowalski", "Wilson", "Yılmaz"];

/// One user in so many has the name that the scenario `found-few` searches for.
const RARE_EVERY: u32 = 50_000;

#[derive(Args)]
pub(crate) struct SearchArgs {
    /// Open holds of one user.
    #[arg(long, default_value_t = 100_000)]
    holds: u32,
    /// Single writes a second beside the reads.
    #[arg(long, default_value_t = 5_000.0)]
    written: f64,
    #[command(flatten)]
    load: LoadArgs,
}

/// Names users, makes holds, and reads in each way, alone and beside writes.
pub(crate) fn run(args: &SearchArgs) -> Result<Value> {
    let server = Server::for_run(&args.load)?;
    name_users(&server, args.load.users)?;
    hold(&server, args.holds)?;
    let rss = || server.process_id().and_then(rss_bytes);
    let (before, begun) = (rss(), Instant::now());
    let mut request = Vec::new();
    server.asker.get(&mut request, "/v1/users?q=first");
    let (status, answer) = server.ask(&request)?;
    ensure!(status == 200, "searching was refused: {status} {answer}");
    let first_s = begun.elapsed().as_secs_f64();
    let grown = before.zip(rss()).map(|(before, after)| after.saturating_sub(before));
    line(format_args!(
        "the first search of {} users took {first_s:.2} s; memory grew by {:.1} MB\n\nalone, one request at a time:",
        args.load.users,
        grown.unwrap_or(0) as f64 / 1e6
    ));
    let reads = [Name::FoundHalf, Name::FoundFew, Name::FoundNone, Name::Named, Name::Holds];
    let plan = |groups: &[Group]| -> Result<Vec<RunResult>> {
        let seconds = args.load.seconds;
        run_plan(&server, &Plan { groups, seconds, requests_max: None, busy: None }, &args.load)
    };
    let read = |name| Group { name, connections: 1, rate: None };
    let mut alone = Vec::new();
    for name in reads {
        alone.extend(plan(&[read(name)])?);
    }
    print(&alone);
    line(format_args!("\nbeside {} writes a second:", args.written));
    let writes = Group { name: Name::Single, connections: args.load.connections, rate: Some(args.written) };
    let mut beside = plan(&[writes])?;
    for name in reads {
        beside.extend(plan(&[read(name), writes])?);
    }
    print(&beside);
    Ok(json!({"first_s": first_s, "grown_bytes": grown, "alone": alone, "beside": beside}))
}

/// Sends a batch of which every operation must be applied.
pub(crate) fn batch(server: &Server, lines: &[u8], count: usize) -> Result<()> {
    let mut request = Vec::new();
    server.asker.send(&mut request, "POST", "/v1/batch", "application/x-ndjson", None, lines);
    let (status, answer) = server.ask(&request)?;
    let applied = serde_json::from_str::<Value>(&answer).ok().and_then(|answer| answer["applied"].as_u64());
    ensure!(applied == Some(count as u64), "a batch was refused: {status} {answer}");
    Ok(())
}

fn name_users(server: &Server, users: u32) -> Result<()> {
    let numbers: Vec<u32> = (0..users).collect();
    for chunk in numbers.chunks(8_000) {
        let mut body = Vec::new();
        for number in chunk {
            let at = *number as usize;
            let (first, last) = (FIRST[at / LAST.len() % FIRST.len()], LAST[at % LAST.len()]);
            let rare = if number % RARE_EVERY == RARE_EVERY - 1 { " Quixote" } else { "" };
            writeln!(body, r#"{{"op":"user","user":"{}","name":"{first} {last}{rare}"}}"#, user(*number))?;
        }
        batch(server, &body, chunk.len())?;
    }
    Ok(())
}

fn hold(server: &Server, holds: u32) -> Result<()> {
    let numbers: Vec<u32> = (0..holds).collect();
    for chunk in numbers.chunks(8_000) {
        let mut body = Vec::new();
        for _ in chunk {
            let who = user(0);
            writeln!(body, r#"{{"op":"hold","user":"{who}","coin":"toco","amount":1,"timeout_s":8640000}}"#)?;
        }
        batch(server, &body, chunk.len())?;
    }
    Ok(())
}

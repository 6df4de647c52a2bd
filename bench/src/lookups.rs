//! Events found by their idempotency key and by their reference among very many, alone and beside writes at a fixed rate.

use crate::LoadArgs;
use crate::load::{Group, Plan, run_plan};
use crate::report::{RunResult, line, print};
use crate::scenario::{Name, user};
use crate::search::batch;
use crate::server::Server;
use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use std::io::Write;

#[derive(Args)]
pub(crate) struct LookupsArgs {
    /// Single writes a second beside the lookups.
    #[arg(long, default_value_t = 5_000.0)]
    written: f64,
    #[command(flatten)]
    load: LoadArgs,
}

/// Writes a transfer with a reference for each user, and looks them and the users' grants up.
pub(crate) fn run(args: &LookupsArgs) -> Result<Value> {
    let server = Server::for_run(&args.load)?;
    let numbers: Vec<u32> = (0..args.load.users).collect();
    for chunk in numbers.chunks(8_000) {
        let mut body = Vec::new();
        for number in chunk {
            let (from, to) = (user(*number), user((number + 1) % args.load.users));
            let fields = format!(r#""from":"{from}","to":"{to}","coin":"toco","amount":1"#);
            writeln!(body, r#"{{"op":"transfer",{fields},"reference":"bench order {from}"}}"#)?;
        }
        batch(&server, &body, chunk.len())?;
    }
    let reads = [Name::FoundByKey, Name::FoundByReference];
    let read = |name| Group { name, connections: 1, rate: None };
    let plan = |groups: &[Group]| -> Result<Vec<RunResult>> {
        let seconds = args.load.seconds;
        run_plan(&server, &Plan { groups, seconds, requests_max: None, busy: None }, &args.load)
    };
    line(format_args!(
        "among {} keys and {} references, alone, one request at a time:",
        args.load.users * 2,
        args.load.users
    ));
    let mut alone = Vec::new();
    for name in reads {
        alone.extend(plan(&[read(name)])?);
    }
    print(&alone);
    line(format_args!("\nbeside {} writes a second:", args.written));
    let writes = Group { name: Name::Keyed, connections: args.load.connections, rate: Some(args.written) };
    let mut beside = Vec::new();
    for name in reads {
        beside.extend(plan(&[read(name), writes])?);
    }
    print(&beside);
    Ok(json!({"users": args.load.users, "written": args.written, "alone": alone, "beside": beside}))
}

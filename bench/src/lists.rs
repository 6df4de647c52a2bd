//! The first page of the list of users while others write: what each takes from the other.

use crate::LoadArgs;
use crate::load::{Group, Plan, run_plan};
use crate::report::{RunResult, line, print};
use crate::scenario::Name;
use crate::server::Server;
use anyhow::Result;
use serde_json::{Value, json};

/// Runs readers and writers alone and together, on one server.
pub(crate) fn run(args: &LoadArgs) -> Result<Value> {
    let server = Server::for_run(args)?;
    let half = (args.connections / 2).max(1);
    let group = |name, rate| Group { name, connections: half, rate };
    let run = |groups: &[Group]| -> Result<Vec<RunResult>> {
        let results = run_plan(&server, &Plan { groups, seconds: args.seconds, requests_max: None, busy: None }, args)?;
        print(&results);
        Ok(results)
    };
    line(format_args!("alone:"));
    let noop = run(&[group(Name::Noop, None)])?.swap_remove(0);
    let list = run(&[group(Name::List, None)])?.swap_remove(0);
    let writes = run(&[group(Name::Single, None)])?.swap_remove(0);
    line(format_args!("\nboth in a closed loop:"));
    let both = run(&[group(Name::Single, None), group(Name::List, None)])?;
    // Half of what the server does at most is a busy server that still has time for something else.
    let rate = Some(writes.requests_per_second / 2.0);
    line(format_args!("\nwrites at half of that rate, alone, then with the list:"));
    let paced = run(&[group(Name::Single, rate)])?.swap_remove(0);
    let beside = run(&[group(Name::Single, rate), group(Name::List, None)])?;
    let (of_noop, kept) = (
        beside[1].requests_per_second / noop.requests_per_second,
        beside[0].requests_per_second / paced.requests_per_second,
    );
    let kept_unpaced = both[0].requests_per_second / writes.requests_per_second;
    let p99 = beside[0].latency_us.p99 as f64 / paced.latency_us.p99 as f64;
    line(format_args!(
        "\nlist beside paced writes / no-op: {of_noop:.2}; the writes kept {kept:.2} of their rate, their p99 was {p99:.2} times as long"
    ));
    line(format_args!("both in a closed loop: the writes kept {kept_unpaced:.2} of their rate"));
    Ok(json!({
        "noop": noop, "list": list, "writes": writes, "both": both, "paced": paced, "beside": beside,
        "list_of_noop": of_noop, "writes_kept": kept, "writes_kept_unpaced": kept_unpaced, "p99_ratio": p99,
    }))
}

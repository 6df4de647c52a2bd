//! Turns the JSON files of a whole run into the tables of `bench/README.md` and into pictures, so that no figure there is
//! typed by hand.

use crate::plot::{Line, bars, lines, short};
use crate::report::line;
use anyhow::{Context, Result};
use clap::Args;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

#[derive(Args)]
pub(crate) struct PageArgs {
    /// Where the JSON files are and the pictures go.
    #[arg(default_value = "bench/results")]
    directory: PathBuf,
    /// The page whose results are replaced.
    #[arg(long, default_value = "bench/README.md")]
    page: PathBuf,
}

/// Transfers a second of TigerBeetle's own benchmark over ten million transfers, once measured on a machine of this kind; it is not part of a run.
const TIGERBEETLE_PER_SECOND: f64 = 311_000.0;

const BEGIN: &str = "<!-- results: written by tocos-bench page -->\n";
const END: &str = "<!-- end of results -->\n";

/// Writes pictures and tables.
pub(crate) fn run(args: &PageArgs) -> Result<()> {
    let files = Files::read(&args.directory)?;
    let page = std::fs::read_to_string(&args.page).with_context(|| format!("{} can't be read", args.page.display()))?;
    let mut results = String::new();
    files.machine(&mut results);
    files.aims(&mut results);
    files.pictures(&args.directory, &mut results)?;
    files.runs(&mut results);
    files.peer(&mut results);
    std::fs::write(&args.page, replaced(&page, &results)?)?;
    line(format_args!("{} has the results of {} files", args.page.display(), files.0.len()));
    Ok(())
}

/// The page with other results between its marks.
fn replaced(page: &str, results: &str) -> Result<String> {
    let (before, rest) = page.split_once(BEGIN).context("the page has no mark where results begin")?;
    let (_, after) = rest.split_once(END).context("the page has no mark where results end")?;
    Ok(format!("{before}{BEGIN}\n{results}\n{END}{after}"))
}

/// The files by name without `.json`.
struct Files(BTreeMap<String, Value>);

impl Files {
    fn read(directory: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        for entry in std::fs::read_dir(directory).with_context(|| format!("{} can't be read", directory.display()))? {
            let path = entry?.path();
            let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json")) else { continue };
            let value = serde_json::from_str(&std::fs::read_to_string(&path)?);
            files.insert(name.to_owned(), value.with_context(|| format!("{} is no JSON", path.display()))?);
        }
        Ok(Self(files))
    }

    /// What a run came to; null where there is no such file, and null of null is null.
    fn of(&self, name: &str) -> &Value {
        self.0.get(name).map_or(&Value::Null, |file| &file["results"])
    }

    fn machine(&self, out: &mut String) {
        let machine = self.0.values().map(|file| &file["machine"]).find(|machine| machine.is_object());
        let Some(machine) = machine else { return };
        let word = |name: &str| machine[name].as_str().unwrap_or("unknown").to_owned();
        put(
            out,
            format_args!(
                "Machine: {} cores of {}, {} of memory, Linux {}. The generator has one of the cores for most of the time.\n\n",
                machine["cores"],
                word("processor"),
                word("memory"),
                word("kernel")
            ),
        );
    }

    /// Each aim beside what was measured.
    fn aims(&self, out: &mut String) {
        put(out, format_args!("| what | measured | aim |\n|---|---|---|\n"));
        let mut row = |what: &str, measured: Option<String>, aim: &str| {
            if let Some(measured) = measured {
                put(out, format_args!("| {what} | {measured} | {aim} |\n"));
            }
        };
        for (connections, aim) in [(64, "at least 0.75"), (256, "at least 0.90")] {
            let compared = self.of(&format!("compare-{connections}"));
            let what = format!("single durable transfers / the no-op route, {connections} connections");
            row(&what, ratio(compared, "single", "noop"), aim);
            let what = format!("the no-op route / a bare loop, {connections} connections");
            row(&what, ratio(compared, "noop", "bare"), "at least 0.80");
        }
        let hot = ratio(self.of("compare-64"), "hot", "single");
        row("single transfers into one hot account / at random", hot, "at least 0.9");
        let p99 = median(self.of("compare-64"), "single").and_then(|run| run["latency_us"]["p99"].as_f64());
        row("p99 of single durable transfers, 64 connections", p99.map(ms), "at most 2.5 ms");
        for (name, what) in [("batch", "NDJSON"), ("batch-json", "JSON")] {
            let rate = median(self.of("batches"), name).and_then(|run| run["operations_per_second"].as_f64());
            let what = format!("batches of 8,000 with keys, {what}, durable");
            row(&what, rate.map(a_second), "at least 1.5 M/s");
        }
        let core = &self.of("core")["rates"];
        let rate = |at: usize| core[at]["per_second"].as_f64();
        row("the core alone, no keys", rate(0).map(a_second), "at least 4 M/s");
        row("the core alone, with keys", rate(1).map(a_second), "");
        let over = |a: Option<f64>, b: Option<f64>| Some(format!("{:.2}", a? / b?));
        row("the core into one hot account / at random", over(rate(2), rate(1)), "at least 0.9");
        let behind = core[3]["events"].as_f64().map(short).unwrap_or_default();
        row(&format!("the core in a ledger of {behind} events / in a new one"), over(rate(3), rate(1)), "at least 0.9");
        let milestones = self.of("grow")["milestones"].as_array();
        if let Some([first, .., last]) = milestones.map(Vec::as_slice) {
            let behind = last["events"].as_f64().map(short).unwrap_or_default();
            for (what, name) in [("batches over HTTP", "batch"), ("single transfers", "single")] {
                let rate = |milestone: &Value| milestone[name]["operations_per_second"].as_f64();
                row(
                    &format!("{what} in a ledger of {behind} events / in a new one"),
                    over(rate(last), rate(first)),
                    "at least 0.9",
                );
            }
            let rate = |name: &str| first[name]["operations_per_second"].as_f64();
            row("batches into one hot account / at random", over(rate("batch_hot"), rate("batch")), "at least 0.9");
        }
        let past = self.of("past");
        let entries = past["entries"].as_f64().map(short).unwrap_or_default();
        for (at, what) in ["a page of 100 of the history", "the balance at any event"].into_iter().enumerate() {
            let latency = &past["results"][at]["latency_us"];
            let measured = latency["p50"].as_f64().zip(latency["p99"].as_f64());
            let measured = measured.map(|(p50, p99)| format!("p50 {}, p99 {}", ms(p50), ms(p99)));
            row(&format!("{what}, account of {entries} entries"), measured, "under 1 ms");
        }
        self.more_aims(&mut row);
        put(out, format_args!("\n"));
    }

    fn more_aims(&self, row: &mut impl FnMut(&str, Option<String>, &str)) {
        let number = |value: &Value, digits: usize| value.as_f64().map(|value| format!("{value:.digits$}"));
        let lists = self.of("lists");
        let users = lists["list"]["users"].as_f64().map(short).unwrap_or_default();
        let what = format!("list of {users} users, first page of 100, with paced writes / the no-op route");
        row(&what, number(&lists["list_of_noop"], 2), "at least 0.5");
        row(
            "writes at half of their highest rate: with those reads / alone",
            number(&lists["writes_kept"], 2),
            "at least 0.9",
        );
        row("writes in a closed loop: with those reads / alone", number(&lists["writes_kept_unpaced"], 2), "");
        let snapshots = self.of("snapshots");
        let users = snapshots["users"].as_f64().map(short).unwrap_or_default();
        let what = format!("p99 of writes while a snapshot of {users} users is written / otherwise");
        row(&what, number(&snapshots["p99_ratio"], 2), "at most 2");
        let recovery = self.of("recovery");
        row("reading the log back", recovery["log_events_per_second"].as_f64().map(a_second), "at least 5 M/s");
        let users = recovery["users"].as_f64().map(short).unwrap_or_default();
        let took = recovery["snapshot_us"].as_f64().map(ms);
        row(&format!("starting from a snapshot of {users} users"), took, "under 300 ms");
        let footprint = self.of("footprint");
        row("memory for a user with an account, bytes", number(&footprint["bytes_per_user"], 0), "at most 200");
        row("memory for a remembered key, bytes", number(&footprint["bytes_per_key"], 0), "at most 40");
        let base = footprint["empty_rss_bytes"].as_f64().map(|bytes| format!("{:.1} MB", bytes / 1e6));
        row("memory of an empty ledger", base, "at most 30 MB");
        row("a plain transfer on disk, bytes", number(&footprint["disk_bytes_per_transfer"], 1), "");
        let age = self.of("age");
        let old = ["keys", "holds"].map(|what| age[what].as_f64().map(short).unwrap_or_default());
        let behind = format!("{} old keys and {} ended holds", old[0], old[1]);
        row(&format!("starting with {behind}"), age["old_ready_us"].as_f64().map(ms), "at most 1.5 s");
        let memory = age["old_rss_bytes"].as_f64().map(|bytes| format!("{:.0} MB", bytes / 1e6));
        row(&format!("memory with {behind}"), memory, "at most 2,000 MB");
        row("memory for an old key or an ended hold, bytes", number(&age["memory_bytes_per_old"], 2), "at most 2");
        row("batches with these behind / without", number(&age["batches"]["ratio"], 2), "at least 0.9");
        let p99 = age["repeated"][0]["latency_us"]["p99"].as_f64().map(ms);
        row("p99 of a repeated old key, beside writes", p99, "under 2 ms");
        self.archive_aims(row);
        self.later_aims(row);
    }

    /// What users feel at a rate, what years of use leave behind, and what is found among very much.
    fn later_aims(&self, row: &mut impl FnMut(&str, Option<String>, &str)) {
        let paced = self.of("paced");
        let rate = paced["rate"].as_f64().map(short).unwrap_or_default();
        for (at, what) in [(1, "keyed transfers"), (2, "single transfers")] {
            for (quantile, words, aim) in [("p99_us", "p99", "at most 1 ms"), ("p999_us", "p99.9", "at most 3 ms")] {
                let more = paced["more"][at][quantile].as_f64().map(|us| format!("{:+.2} ms", us / 1e3));
                row(&format!("{words} of {what} at {rate} a second, more than the no-op route's"), more, aim);
            }
        }
        let ratio = self.of("threads")["results"][1]["ratio"].as_f64().map(|ratio| format!("{ratio:.2}"));
        row("keyed transfers with two threads for connections / with one", ratio, "at least 0.95 on two cores");
        let steady = self.of("steady");
        let events = steady["events"].as_f64().map(short).unwrap_or_default();
        let grown = steady["bytes_per_event"].as_f64().map(|bytes| format!("{bytes:.2} bytes"));
        let what = format!("memory that an event leaves behind, {events} events in which what is there stays constant");
        row(&what, grown, "at most 1 byte");
        let users = self.of("recovery-users");
        let [many, behind] = ["users", "events"].map(|what| users[what].as_f64().map(short).unwrap_or_default());
        let what = format!("starting from a snapshot of {many} users, {behind} events behind it, keys among them");
        row(&what, users["snapshot_us"].as_f64().map(ms), "at most 2.5 s");
        let rate = self.of("ten-million")["operations_per_second"].as_f64();
        let ratio = rate.map(|rate| format!("{} = {:.1} times", a_second(rate), rate / TIGERBEETLE_PER_SECOND));
        row(
            "ten million transfers in batches, beside 311 k/s by TigerBeetle's own benchmark",
            ratio,
            "at least 4 times",
        );
        let lookups = self.of("lookups");
        for (at, what) in [(0, "key"), (2, "reference")] {
            let p99 = lookups["beside"][at]["latency_us"]["p99"].as_f64().map(ms);
            row(&format!("p99 of finding an event by its {what}, beside writes"), p99, "under 2 ms");
        }
        let found = self.of("search")["beside"].as_array();
        let p99 = |run: &Value| run["latency_us"]["p99"].as_f64().filter(|_| is_found(run));
        let slowest = found.and_then(|runs| runs.iter().filter_map(p99).max_by(f64::total_cmp)).map(ms);
        row("p99 of the slowest first page of found users, beside writes", slowest, "under 20 ms");
        let report = self.of("report");
        let seconds = |name: &str| report[name].as_f64().map(|ms| format!("{:.1} s", ms / 1e3));
        let events = report["events"].as_f64().map(short).unwrap_or_default();
        row(&format!("the first liability report over {events} events, alone"), seconds("first_ms"), "under 5 s");
        row("the same beside 5,000 writes a second", seconds("first_beside_fixed_ms"), "under 5 s");
        row("the same beside writes in a closed loop", seconds("first_beside_ms"), "none");
        let kept = report["rate_ratio"].as_f64().map(|ratio| format!("{ratio:.2}"));
        row("writes in a closed loop beside first reports / between them", kept, "at least 0.9");
        row(
            "occurrences of schedules, all due at one instant",
            self.of("due")["rate"].as_f64().map(a_second),
            "at least 300 k/s",
        );
        let p99 = self.of("due")["result"]["latency_busy_us"]["p99"].as_f64().map(ms);
        row("p99 of other writes meanwhile", p99, "at most 100 ms");
    }

    fn archive_aims(&self, row: &mut impl FnMut(&str, Option<String>, &str)) {
        let archive = self.of("archive");
        let ratio = archive["singles"]["ratio"].as_f64().map(|ratio| format!("{ratio:.2}"));
        row("single transfers with an archive / without", ratio, "at least 0.97");
        let more = archive["singles"]["p99_more_us"].as_f64().map(|us| format!("{:+.2} ms", us / 1e3));
        row("their p99 with an archive, more than without", more, "at most 0.5 ms");
        let at_rate = &archive["at_rate"];
        let written = at_rate["per_second"].as_f64().map(short).unwrap_or_default();
        let lag = at_rate["lag_s"].as_f64().map(|seconds| format!("{seconds:.1} s"));
        row(&format!("the archive behind, at {written} transfers a second"), lag, "at most 10 s");
        let memory = at_rate["memory_more_bytes"].as_f64().map(|bytes| format!("{:.0} MB", bytes / 1e6));
        row("memory for the archive then", memory, "at most 32 MB");
        let until = archive["restore"]["until"].as_f64().map(short).unwrap_or_default();
        let took = archive["restore"]["seconds"].as_f64().map(|seconds| format!("{seconds:.1} s"));
        row(&format!("a restore of the first {until} events"), took, "at most 30 s for 10 M");
        let share = archive["pages"]["share_archived"].as_f64().unwrap_or_default() * 100.0;
        let p50 = archive["pages"]["results"][0]["latency_us"]["p50"].as_f64().map(ms);
        row(&format!("p50 of a page of 100 of a history of which {share:.0} % is in the archive alone"), p50, "20 ms");
    }

    fn pictures(&self, directory: &Path, out: &mut String) -> Result<()> {
        let mut rates = Vec::new();
        let mut rate = |label: String, run: Option<&Value>| {
            rates.extend(run.and_then(|run| run["operations_per_second"].as_f64()).map(|rate| (label, rate)));
        };
        for connections in [64, 256] {
            for name in ["bare", "noop", "single", "keyed"] {
                rate(
                    format!("{name}, {connections} connections"),
                    median(self.of(&format!("compare-{connections}")), name),
                );
            }
        }
        rates.extend(
            self.of("postgres")["results"][0]["postgres"]["per_second"]
                .as_f64()
                .map(|rate| ("PostgreSQL, keyed, 64".to_owned(), rate)),
        );
        if !rates.is_empty() {
            let svg = bars("One request, one answer: requests a second", "/s", &rates);
            std::fs::write(directory.join("single.svg"), svg)?;
            put(out, format_args!("![Requests a second of each run](results/single.svg)\n\n"));
        }
        self.picture_of_age(directory, out)?;
        let milestones = self.of("grow")["milestones"].as_array().map_or(&[][..], Vec::as_slice);
        let of = |name: &str, label: &str| {
            let rate = |at: &Value| at[name]["operations_per_second"].as_f64();
            let fresh = milestones.first().and_then(rate).unwrap_or(1.0);
            let points = milestones.iter().filter_map(|at| Some((at["events"].as_f64()?, rate(at)? / fresh)));
            Line { label: format!("{label}: 1 = {}", a_second(fresh)), points: points.collect() }
        };
        if !milestones.is_empty() {
            let grown = [of("batch", "batches"), of("batch_hot", "into one account"), of("single", "single")];
            let svg = lines(
                "Transfers a second as the ledger grows, beside the fresh ledger's",
                "events behind it",
                "",
                &grown,
            );
            std::fs::write(directory.join("grow.svg"), svg)?;
            put(out, format_args!("![Transfers a second as the ledger grows](results/grow.svg)\n\n"));
        }
        Ok(())
    }

    /// What a ledger costs by how many old keys are behind it, each as a share of its aim or of the young ledger's.
    fn picture_of_age(&self, directory: &Path, out: &mut String) -> Result<()> {
        let mut ages: Vec<&Value> = ["age-20", "age-72", "age-200", "age"]
            .map(|name| self.of(name))
            .into_iter()
            .filter(|age| age.is_object())
            .collect();
        ages.sort_by(|a, b| a["keys"].as_f64().unwrap_or(0.0).total_cmp(&b["keys"].as_f64().unwrap_or(0.0)));
        let Some(young) = ages.first() else { return Ok(()) };
        let line = |label: &str, young: Option<f64>, old: &str, whole: f64| {
            let first = young.map(|young| (0.0, young / whole));
            let older =
                ages.iter().filter_map(|age| Some((age["keys"].as_f64()?, age.pointer(old)?.as_f64()? / whole)));
            Line { label: label.to_owned(), points: first.into_iter().chain(older).collect() }
        };
        let drawn = [
            line("time of a start: 1 = 1.5 s", young["young_ready_us"].as_f64(), "/old_ready_us", 1.5e6),
            line("memory: 1 = 2 GB", young["young_rss_bytes"].as_f64(), "/old_rss_bytes", 2e9),
            line("batches: 1 = a young ledger's", Some(1.0), "/batches/ratio", 1.0),
        ];
        std::fs::write(
            directory.join("age.svg"),
            lines("What a ledger costs as it ages", "old keys behind it", "", &drawn),
        )?;
        put(out, format_args!("![What a ledger costs by how many old keys are behind it](results/age.svg)\n\n"));
        Ok(())
    }

    /// Every run of scenarios, as it was measured.
    fn runs(&self, out: &mut String) {
        let mut rows = Vec::new();
        for name in ["compare-64", "compare-256", "paced", "batches"] {
            rows.extend(self.of(name)["medians"].as_array().into_iter().flatten());
        }
        rows.extend([self.of("mixed")].into_iter().filter(|run| run.is_object()));
        rows.extend(self.of("past")["results"].as_array().into_iter().flatten());
        if rows.is_empty() {
            return;
        }
        put(
            out,
            format_args!(
                "| scenario | connections | requests/s | operations/s | p50 | p99 | p99.9 |\n|---|--:|--:|--:|--:|--:|--:|\n"
            ),
        );
        for run in rows {
            let rate = |name: &str| run[name].as_f64().map(short).unwrap_or_default();
            let latency = |name: &str| run["latency_us"][name].as_f64().map(ms).unwrap_or_default();
            put(
                out,
                format_args!(
                    "| `{}`{} | {} | {} | {} | {} | {} | {} |\n",
                    run["scenario"].as_str().unwrap_or_default(),
                    run["asked_per_second"].as_f64().map(|rate| format!(" at {}", a_second(rate))).unwrap_or_default(),
                    run["connections"],
                    rate("requests_per_second"),
                    rate("operations_per_second"),
                    latency("p50"),
                    latency("p99"),
                    latency("p999")
                ),
            );
        }
        put(out, format_args!("\n"));
    }

    fn peer(&self, out: &mut String) {
        let postgres = self.of("postgres");
        let Some(results) = postgres["results"].as_array() else { return };
        let peer = postgres["peer"].as_str().unwrap_or("PostgreSQL");
        put(out, format_args!("Compared with {peer}, {} users, alternating:\n\n", postgres["users"]));
        put(
            out,
            format_args!(
                "| transfers with keys | PostgreSQL | its p99 | Tocos | its p99 | Tocos / PostgreSQL |\n|---|--:|--:|--:|--:|--:|\n"
            ),
        );
        for result in results {
            let rate = |who: &str| result[who]["per_second"].as_f64().map(a_second).unwrap_or_default();
            let p99 = |who: &str| result[who]["p99_us"].as_f64().map(ms).unwrap_or_default();
            let ratio = result["ratio"].as_f64().unwrap_or_default();
            put(
                out,
                format_args!(
                    "| {} | {} | {} | {} | {} | {ratio:.1} |\n",
                    result["what"].as_str().unwrap_or_default(),
                    rate("postgres"),
                    p99("postgres"),
                    rate("tocos"),
                    p99("tocos")
                ),
            );
        }
    }
}

/// Whether a run searched for users.
fn is_found(run: &Value) -> bool {
    run["scenario"].as_str().is_some_and(|name| name.starts_with("found-"))
}

/// The median run of a scenario.
fn median<'v>(compared: &'v Value, scenario: &str) -> Option<&'v Value> {
    compared["medians"].as_array()?.iter().find(|run| run["scenario"] == scenario)
}

/// The median over rounds of what one scenario did for each request of another.
fn ratio(compared: &Value, scenario: &str, to: &str) -> Option<String> {
    let of = |round: &Value, name: &str| {
        let run = round.as_array()?.iter().find(|run| run["scenario"] == name)?;
        run["requests_per_second"].as_f64()
    };
    let rounds = compared["rounds"].as_array()?;
    let mut ratios =
        rounds.iter().map(|round| Some(of(round, scenario)? / of(round, to)?)).collect::<Option<Vec<_>>>()?;
    ratios.sort_by(f64::total_cmp);
    ratios.get(ratios.len() / 2).map(|ratio| format!("{ratio:.2}"))
}

fn ms(us: f64) -> String {
    if us < 1_000.0 { format!("{:.2} ms", us / 1e3) } else { format!("{:.1} ms", us / 1e3) }
}

fn a_second(rate: f64) -> String {
    format!("{}/s", short(rate))
}

/// Writing to memory can't fail.
fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _in_memory = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::{ratio, replaced};
    use serde_json::json;

    #[test]
    fn results_are_replaced_between_their_marks_and_nowhere_else() {
        let page = format!("before\n{}old\n{}after\n", super::BEGIN, super::END);
        let page = replaced(&page, "new").ok();
        assert_eq!(page, Some(format!("before\n{}\nnew\n{}after\n", super::BEGIN, super::END)));
        assert!(replaced("no marks", "new").is_err());
    }

    #[test]
    fn a_ratio_is_the_median_of_the_rounds_ratios() {
        let run = |scenario, rate| json!({"scenario": scenario, "requests_per_second": rate});
        let round = |single, noop| json!([run("noop", noop), run("single", single)]);
        // Of rates one would compare 30 with 40; the rounds say 0.5, 0.75 and 0.9.
        let compared = json!({"rounds": [round(30.0, 40.0), round(5.0, 10.0), round(90.0, 100.0)]});
        assert_eq!(ratio(&compared, "single", "noop").as_deref(), Some("0.75"));
        assert_eq!(ratio(&compared, "single", "bare"), None);
    }
}

//! Counts the instructions of fixed work and compares them with what was accepted: a guard against growing slower
//! that does not depend on what else the machine does. The work is in `bench/src/work.rs`; `served` adds the running
//! service.

use crate::gate::{execute, root, say};
use crate::served;
use anyhow::{Context, Result, bail, ensure};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

/// The file with the accepted counts.
const ACCEPTED: &str = "bench/instructions.txt";
pub(crate) const PROGRAM: &str = "target/release/tocos-bench";
/// By this much a count may grow before the check fails: moving code about changes inlining by a percent or so.
const GROWTH: f64 = 0.03;
/// The same where another compiler than the accepted counts' built the program: it may be a little better or worse.
const GROWTH_WITH_ANOTHER_COMPILER: f64 = 0.10;
/// A count that fell by more than this is worth accepting, so that it can't creep back.
const FALL: f64 = 0.03;

/// Counts, and either compares with the accepted counts or accepts the new ones.
pub(crate) fn run(accept: bool) -> Result<()> {
    let root = root()?;
    if cfg!(not(target_arch = "x86_64")) {
        bail!("the accepted counts are those of x86_64; run this check there");
    }
    find_valgrind(&root)?;
    execute(
        &["cargo", "build", "--release", "--locked", "--quiet", "--package=tocos", "--package=tocos-bench"],
        &root,
    )?;
    let compiler = output(Command::new("rustc").arg("--version"))?.trim().to_owned();
    let names = output(Command::new(root.join(PROGRAM)).arg("work"))?;
    let folder = root.join("target/instructions");
    std::fs::create_dir_all(&folder)?;
    let mut counts = BTreeMap::new();
    for name in names.lines() {
        counts.insert(name.to_owned(), count(name, &folder, &root)?);
    }
    ensure!(!counts.is_empty(), "{PROGRAM} work names no work");
    for asked in served::ASKED {
        counts.insert(asked.name.to_owned(), served::count(asked, &folder, &root)?);
    }
    if accept {
        return write_accepted(&counts, &compiler, &root);
    }
    compare(&counts, &Accepted::read(&root)?, &compiler)
}

/// Instructions an operation of one work.
fn count(name: &str, folder: &Path, root: &Path) -> Result<f64> {
    let profile = folder.join(format!("{name}.callgrind"));
    let said = output(
        Command::new("valgrind")
            .args(["--tool=callgrind", "--quiet", "--demangle=no", "--toggle-collect=*4work8measured*"])
            .arg(format!("--callgrind-out-file={}", profile.display()))
            .arg(root.join(PROGRAM))
            .args(["work", name]),
    )?;
    let operations: f64 = number_behind(&said, "operations ").context("the work does not say how much it was")?;
    let profile = std::fs::read_to_string(&profile)?;
    let instructions: f64 = number_behind(&profile, "totals: ").context("callgrind gives no total")?;
    ensure!(
        instructions > 0.0,
        "{name}: nothing was counted; is the function measured in bench/src/work.rs still there?"
    );
    Ok(instructions / operations)
}

pub(crate) fn number_behind(text: &str, word: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(word)).and_then(|number| number.trim().parse().ok())
}

/// What `bench/instructions.txt` says.
struct Accepted {
    compiler: String,
    counts: BTreeMap<String, f64>,
}

impl Accepted {
    fn read(root: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(root.join(ACCEPTED))
            .with_context(|| format!("{ACCEPTED} can't be read; cargo xtask instructions --accept writes it"))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self> {
        let mut lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let compiler = lines.next().with_context(|| format!("{ACCEPTED} is empty"))?.to_owned();
        let mut counts = BTreeMap::new();
        for line in lines {
            let (name, count) = line.split_once(' ').with_context(|| format!("{ACCEPTED}: {line}: no count"))?;
            let count = count.trim().parse().with_context(|| format!("{ACCEPTED}: {line}: the count is no number"))?;
            counts.insert(name.to_owned(), count);
        }
        Ok(Self { compiler, counts })
    }
}

fn write_accepted(counts: &BTreeMap<String, f64>, compiler: &str, root: &Path) -> Result<()> {
    let mut text = String::from(
        "# Instructions an operation of the work in bench/src/work.rs and xtask/src/served.rs, and the compiler it was built with.\n\
         # Written by cargo xtask instructions --accept, compared by cargo xtask ci instructions.\n",
    );
    writeln!(text, "{compiler}")?;
    for (name, count) in counts {
        writeln!(text, "{name:<16} {count:>9.1}")?;
    }
    std::fs::write(root.join(ACCEPTED), &text)?;
    say(&format!("{text}accepted: {ACCEPTED} was written; commit it with the change that it belongs to"))
}

/// Prints each count beside the accepted one; an error if any grew too much.
fn compare(counts: &BTreeMap<String, f64>, accepted: &Accepted, compiler: &str) -> Result<()> {
    let same = accepted.compiler == compiler;
    let growth = if same { GROWTH } else { GROWTH_WITH_ANOTHER_COMPILER };
    if !same {
        say(&format!(
            "counted with {compiler}, accepted with {}: up to +{:.0} % is let pass",
            accepted.compiler,
            growth * 100.0
        ))?;
    }
    let verdicts = verdicts(counts, &accepted.counts, growth);
    let mut failures = Vec::new();
    for (name, verdict) in &verdicts {
        match verdict {
            Verdict::Within(line) => say(&format!("ok      {name:<16} {line}"))?,
            Verdict::Fell(line) => {
                say(&format!("ok      {name:<16} {line}: keep it with cargo xtask instructions --accept"))?;
            }
            Verdict::Grew(line) => {
                say(&format!("FAILED  {name:<16} {line}"))?;
                failures.push(format!("{name}: {line}"));
            }
        }
    }
    say(&format!("{} passed, {} failed", verdicts.len() - failures.len(), failures.len()))?;
    ensure!(
        failures.is_empty(),
        "instructions an operation grew beyond +{:.0} %:\n  {}\nSee where with callgrind_annotate target/instructions/NAME.callgrind. If it is worth it, cargo xtask instructions --accept and commit {ACCEPTED}",
        growth * 100.0,
        failures.join("\n  ")
    );
    Ok(())
}

#[derive(Debug, PartialEq)]
enum Verdict {
    Within(String),
    Fell(String),
    Grew(String),
}

fn verdicts(counts: &BTreeMap<String, f64>, accepted: &BTreeMap<String, f64>, growth: f64) -> Vec<(String, Verdict)> {
    let mut verdicts: Vec<(String, Verdict)> = Vec::new();
    for (name, count) in counts {
        let Some(before) = accepted.get(name) else {
            verdicts.push((name.clone(), Verdict::Grew(format!("{count:.1}, and no count was accepted yet"))));
            continue;
        };
        let change = count / before - 1.0;
        let line = format!("{count:.1}, accepted {before:.1}, {:+.1} %", change * 100.0);
        let verdict = match change {
            change if change > growth => Verdict::Grew(line),
            change if change < -FALL => Verdict::Fell(line),
            _ => Verdict::Within(line),
        };
        verdicts.push((name.clone(), verdict));
    }
    for name in accepted.keys().filter(|name| !counts.contains_key(*name)) {
        verdicts.push((name.clone(), Verdict::Grew("accepted, and no longer counted".to_owned())));
    }
    verdicts
}

fn find_valgrind(root: &Path) -> Result<()> {
    let is_there = || Command::new("valgrind").arg("--version").output().is_ok_and(|out| out.status.success());
    if is_there() {
        return Ok(());
    }
    say("valgrind is not there; installing it with apt-get")?;
    let installed = execute(&["apt-get", "install", "--yes", "--quiet", "valgrind"], root).or_else(|_| {
        execute(&["apt-get", "update", "--quiet"], root)?;
        execute(&["apt-get", "install", "--yes", "--quiet", "valgrind"], root)
    });
    installed
        .context("valgrind can't be installed here; install it, on Debian as root with apt-get install valgrind")?;
    ensure!(is_there(), "valgrind was installed and does not run");
    Ok(())
}

/// What a command printed.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("{shown} could not be started"))?;
    ensure!(
        output.status.success(),
        "{shown} ended with {}:\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use super::{Accepted, Verdict, number_behind, verdicts};
    use std::collections::BTreeMap;

    fn counts(of: &[(&str, f64)]) -> BTreeMap<String, f64> {
        of.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }

    #[test]
    fn growth_fails_beyond_its_bound_and_a_fall_is_told() {
        let accepted = counts(&[("grew", 100.0), ("same", 100.0), ("less", 100.0), ("gone", 1.0)]);
        let now = counts(&[("grew", 103.1), ("same", 102.9), ("less", 96.0), ("new", 5.0)]);
        let verdicts: BTreeMap<_, _> = verdicts(&now, &accepted, 0.03).into_iter().collect();
        assert!(matches!(&verdicts["grew"], Verdict::Grew(line) if line == "103.1, accepted 100.0, +3.1 %"));
        assert!(matches!(verdicts["same"], Verdict::Within(_)));
        assert!(matches!(verdicts["less"], Verdict::Fell(_)));
        assert!(matches!(verdicts["new"], Verdict::Grew(_)), "work without a bound is not guarded");
        assert!(matches!(verdicts["gone"], Verdict::Grew(_)), "work that is no longer counted is not guarded");
        assert_eq!(verdicts.len(), 5);
    }

    #[test]
    fn accepted_counts_are_read_and_broken_ones_refused() {
        let accepted = Accepted::parse("# why\nrustc 1.95.0\nholds    12.5\n").ok();
        let accepted = accepted.map(|accepted| (accepted.compiler, accepted.counts));
        assert_eq!(accepted, Some(("rustc 1.95.0".to_owned(), counts(&[("holds", 12.5)]))));
        assert!(Accepted::parse("rustc 1.95.0\nholds many\n").is_err());
        assert!(Accepted::parse("# nothing\n").is_err());
        assert_eq!(number_behind("x\ntotals: 12\n", "totals: "), Some(12.0));
    }
}

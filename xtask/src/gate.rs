//! The checks of `cargo xtask ci`. Each is a command that can also be run by hand.

use crate::lanes;
use anyhow::{Context, Result, bail, ensure};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

struct Check {
    name: &'static str,
    proves: &'static str,
    command: &'static [&'static str],
    turn: Turn,
}

/// When a check runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// Before everything that takes long, alone.
    First,
    /// Beside those of other lanes, after those of its own.
    Beside(Lane),
}

/// What checks wait for each other for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lane {
    /// The processors: they compile and count.
    Work,
    /// The engine of containers, and the machine that images are deployed to. Others are here because there is time.
    Containers,
    /// Emulated clouds, which respond slowly.
    Emulators,
}

const LANES: [Lane; 3] = [Lane::Work, Lane::Containers, Lane::Emulators];

/// In each lane what needs no further build comes first: cargo builds one thing at a time in a target folder.
const CHECKS: &[Check] = &[
    Check {
        name: "format",
        proves: "all Rust is formatted",
        command: &["cargo", "fmt", "--all", "--check"],
        turn: Turn::First,
    },
    Check {
        name: "lint",
        proves: "clippy finds nothing, with the workspace's lints",
        command: &["cargo", "clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"],
        turn: Turn::First,
    },
    Check {
        name: "dependencies",
        proves: "licences, sources and duplicates of all crates are as deny.toml allows",
        command: &["cargo", "deny", "--offline", "check", "bans", "licenses", "sources"],
        turn: Turn::First,
    },
    Check {
        name: "test",
        proves: "all tests pass: rules, log, crashes, API, command line, rules of the repository",
        command: &["cargo", "test", "--workspace", "--locked"],
        turn: Turn::First,
    },
    Check {
        name: "openapi",
        proves: "the running service keeps to its own OpenAPI document",
        command: &["scripts/test-openapi.sh"],
        turn: Turn::Beside(Lane::Work),
    },
    Check {
        name: "console",
        proves: "the console's bundle is what its sources give, and people can do with it what they need, in Chromium",
        command: &["scripts/test-console.sh"],
        turn: Turn::Beside(Lane::Work),
    },
    Check {
        name: "client-typescript",
        proves: "the TypeScript client has every operation and code, and on a bad network does nothing twice",
        command: &["scripts/test-client-typescript.sh"],
        turn: Turn::Beside(Lane::Containers),
    },
    Check {
        name: "client-go",
        proves: "the Go client has every operation and code, and on a bad network does nothing twice",
        command: &["scripts/test-client-go.sh"],
        turn: Turn::Beside(Lane::Containers),
    },
    Check {
        name: "webhooks",
        proves: "receivers verify what arrives with the reference libraries, through kills and restarts, in order and without a gap",
        command: &["scripts/test-webhooks.sh"],
        turn: Turn::Beside(Lane::Work),
    },
    Check {
        name: "proxies",
        proves: "a service without keys is not open to the world behind a real proxy",
        command: &["scripts/test-proxies.sh"],
        turn: Turn::Beside(Lane::Work),
    },
    Check {
        name: "disk",
        proves: "a full disk refuses writes, serves reads and goes on by itself",
        command: &["scripts/test-disk.sh"],
        turn: Turn::Beside(Lane::Work),
    },
    Check {
        name: "groups",
        proves: "nodes of a group, PostgreSQL and Patroni through kills, stops, cuts and fail-overs: no acknowledged operation is lost",
        command: &["scripts/test-groups.sh"],
        turn: Turn::Beside(Lane::Work),
    },
    Check {
        name: "sharedlog",
        proves: "frames that PostgreSQL acknowledged stay, through restarts, cancelled waits and promotions",
        command: &["scripts/test-sharedlog.sh"],
        turn: Turn::Beside(Lane::Work),
    },
    Check {
        name: "copy",
        proves: "tables in PostgreSQL that follow a ledger are equal to it, through kills, faults and changes; hledger and beancount read its journals",
        command: &["scripts/test-copy.sh"],
        turn: Turn::Beside(Lane::Containers),
    },
    Check {
        name: "workflows",
        proves: "the pipeline's files are sound and grant least rights",
        command: &["scripts/test-workflows.sh"],
        turn: Turn::Beside(Lane::Work),
    },
    Check {
        name: "mac",
        proves: "what a laptop runs uses only what macOS has",
        command: &["scripts/test-mac.sh"],
        turn: Turn::Beside(Lane::Work),
    },
    Check {
        name: "instructions",
        proves: "fixed work through the core and the service takes no more instructions than was accepted",
        command: &["cargo", "xtask", "instructions"],
        turn: Turn::Beside(Lane::Work),
    },
    Check {
        name: "monitoring",
        proves: "real Prometheus and Alertmanager on the real service: every query, rule and alert",
        command: &["scripts/test-monitoring.sh"],
        turn: Turn::Beside(Lane::Work),
    },
    Check {
        name: "archive",
        proves: "a ledger comes back from its archive, through kills, a bad network and damaged objects",
        command: &["scripts/test-archive.sh"],
        turn: Turn::Beside(Lane::Containers),
    },
    Check {
        name: "image",
        proves: "the container image: built, used, ended, killed, pushed and pulled",
        command: &["scripts/test-image.sh"],
        turn: Turn::Beside(Lane::Containers),
    },
    Check {
        name: "release",
        proves: "the binary that ships, and its way to a channel: pushed by digest, joined, promoted, waited for",
        command: &["scripts/test-release.sh"],
        turn: Turn::Beside(Lane::Containers),
    },
    Check {
        name: "deploy",
        proves: "images good and bad reach, or don't reach, a real machine that pulls them",
        command: &["scripts/test-deploy.sh"],
        turn: Turn::Beside(Lane::Containers),
    },
    Check {
        name: "generators",
        proves: "the OpenAPI document is one from which well-known generators make clients that work",
        command: &["scripts/test-generators.sh"],
        turn: Turn::Beside(Lane::Emulators),
    },
    Check {
        name: "client-python",
        proves: "the Python client and its example on the real service, behind a proxy that fails: nothing is done twice",
        command: &["scripts/test-client-python.sh"],
        turn: Turn::Beside(Lane::Emulators),
    },
    Check {
        name: "terraform",
        proves: "every switch of the infrastructure, planned; applied to emulators and read back",
        command: &["scripts/test-terraform.sh"],
        turn: Turn::Beside(Lane::Emulators),
    },
    Check {
        name: "local",
        proves: "from tflocal apply on LocalStack and moto to a request, a push, an apply, a destroy; a group on moto",
        command: &["scripts/test-local.sh"],
        turn: Turn::Beside(Lane::Emulators),
    },
    Check {
        name: "tools",
        proves: "a machine with nothing but Docker does that walk inside a container",
        command: &["scripts/test-tools.sh"],
        turn: Turn::Beside(Lane::Emulators),
    },
];

/// Runs the checks named, or all.
pub(crate) fn run(only: &[String]) -> Result<()> {
    for name in only {
        ensure!(CHECKS.iter().any(|check| check.name == name), "there is no check {name}; see cargo xtask checks");
    }
    let wanted = |check: &&Check| only.is_empty() || only.iter().any(|name| name == check.name);
    let root = root()?;
    let started = Instant::now();
    for check in CHECKS.iter().filter(wanted).filter(|check| check.turn == Turn::First) {
        say(&format!("== {}: {}", check.name, check.proves))?;
        prepare(check, &root)?;
        let begun = Instant::now();
        execute(check.command, &root).with_context(|| format!("the check {} failed", check.name))?;
        say(&format!("== {} passed in {} s", check.name, begun.elapsed().as_secs()))?;
    }
    let lanes: Vec<Vec<&Check>> = LANES
        .map(|lane| CHECKS.iter().filter(wanted).filter(|check| check.turn == Turn::Beside(lane)).collect())
        .into();
    let failed = lanes::run(&lanes, |check| beside(check, &root));
    for failure in &failed {
        say(&format!("== {failure:#}"))?;
    }
    ensure!(failed.is_empty(), "{} of the checks failed; what they said stands above", failed.len());
    say(&format!("the gate passed in {} s", started.elapsed().as_secs()))
}

/// Runs a check beside others: what it says is kept, and said as a whole at its end.
fn beside(check: &Check, root: &Path) -> Result<()> {
    say(&format!("== {} begins: {}", check.name, check.proves))?;
    let begun = Instant::now();
    let mut said = tempfile::tempfile().context("no temporary file can be made")?;
    let Some((program, arguments)) = check.command.split_first() else { bail!("a check has no command") };
    let status = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(said.try_clone()?)
        .stderr(said.try_clone()?)
        .status()
        .with_context(|| format!("{program} could not be started"))?;
    let mut text = Vec::new();
    said.rewind()?;
    said.read_to_end(&mut text)?;
    let end = if status.success() { "passed" } else { "FAILED" };
    let text = String::from_utf8_lossy(&text);
    say(&format!(
        "== {}, as it was said:\n{}\n== {} {end} in {} s",
        check.name,
        text.trim_end(),
        check.name,
        begun.elapsed().as_secs()
    ))?;
    ensure!(status.success(), "the check {} failed: {} ended with {status}", check.name, check.command.join(" "));
    Ok(())
}

/// Prints what there is to run.
pub(crate) fn list() -> Result<()> {
    for check in CHECKS {
        say(&format!("{:<18} {}\n{:<18} {}", check.name, check.proves, "", check.command.join(" ")))?;
    }
    Ok(())
}

pub(crate) fn say(line: &str) -> Result<()> {
    // One write, so that checks side by side don't mix their lines.
    std::io::stdout().write_all(format!("{line}\n").as_bytes()).context("standard output is closed")
}

/// The root of the repository: where this package's folder lies.
pub(crate) fn root() -> Result<PathBuf> {
    Ok(Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("xtask lies in a folder of the repository")?.to_owned())
}

/// Installs the one cargo tool that a check needs and Rust does not bring.
fn prepare(check: &Check, root: &Path) -> Result<()> {
    let is_there =
        |tool: &str| Command::new("cargo").args([tool, "--version"]).output().is_ok_and(|out| out.status.success());
    if check.name == "dependencies" && !is_there("deny") {
        say("cargo-deny is not there; installing it, which takes some minutes once")?;
        execute(&["cargo", "install", "cargo-deny", "--version", "0.20.2", "--locked"], root)?;
    }
    if check.name == "dependencies" {
        // It reads the manifests of all crates, without network access.
        execute(&["cargo", "fetch", "--locked"], root)?;
    }
    Ok(())
}

pub(crate) fn execute(command: &[&str], root: &Path) -> Result<()> {
    let Some((program, arguments)) = command.split_first() else { bail!("a check has no command") };
    let status = Command::new(program)
        .args(arguments)
        .current_dir(root)
        .status()
        .with_context(|| format!("{program} could not be started"))?;
    ensure!(status.success(), "{} ended with {status}", command.join(" "));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{CHECKS, LANES, Turn};
    use std::collections::BTreeSet;

    #[test]
    fn every_check_has_its_turn_once() {
        let names: BTreeSet<&str> = CHECKS.iter().map(|check| check.name).collect();
        assert_eq!(names.len(), CHECKS.len());
        let first = CHECKS.iter().filter(|check| check.turn == Turn::First).count();
        let beside: Vec<usize> =
            LANES.map(|lane| CHECKS.iter().filter(|check| check.turn == Turn::Beside(lane)).count()).into();
        assert_eq!(first + beside.iter().sum::<usize>(), CHECKS.len());
        assert!(beside.iter().all(|count| *count > 0), "{beside:?}");
    }

    #[test]
    fn what_is_quick_and_what_says_most_comes_first() {
        let first: Vec<&str> =
            CHECKS.iter().filter(|check| check.turn == Turn::First).map(|check| check.name).collect();
        assert_eq!(first, ["format", "lint", "dependencies", "test"]);
    }
}

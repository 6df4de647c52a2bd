//! The gate: a list of checks, each a command that anybody can run by hand.

use anyhow::{Context, Result, bail, ensure};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

struct Check {
    name: &'static str,
    proves: &'static str,
    command: &'static [&'static str],
}

const CHECKS: &[Check] = &[
    Check { name: "format", proves: "all Rust is formatted", command: &["cargo", "fmt", "--all", "--check"] },
    Check {
        name: "lint",
        proves: "clippy finds nothing, with the workspace's lints",
        command: &["cargo", "clippy", "--workspace", "--all-targets", "--locked", "--", "--deny", "warnings"],
    },
    Check {
        name: "dependencies",
        proves: "licences, sources and duplicates of all crates are as deny.toml allows",
        command: &["cargo", "deny", "--offline", "check", "bans", "licenses", "sources"],
    },
    Check {
        name: "test",
        proves: "all tests pass: rules, log, crashes, API, command line, rules of the repository",
        command: &["cargo", "test", "--workspace", "--locked"],
    },
    Check {
        name: "instructions",
        proves: "fixed work through the core and the service takes no more instructions than was accepted",
        command: &["cargo", "xtask", "instructions"],
    },
    Check {
        name: "openapi",
        proves: "the running service keeps to its own OpenAPI document",
        command: &["scripts/test-openapi.sh"],
    },
    Check {
        name: "proxies",
        proves: "a service without keys is not open to the world behind a real proxy",
        command: &["scripts/test-proxies.sh"],
    },
    Check {
        name: "image",
        proves: "the container image: built, used, ended, killed, pushed and pulled",
        command: &["scripts/test-image.sh"],
    },
    Check {
        name: "release",
        proves: "the binary that ships, and its way to a channel: pushed by digest, joined, promoted, waited for",
        command: &["scripts/test-release.sh"],
    },
    Check {
        name: "monitoring",
        proves: "real Prometheus and Alertmanager on the real service: every query, rule and alert",
        command: &["scripts/test-monitoring.sh"],
    },
    Check {
        name: "workflows",
        proves: "the pipeline's files are sound and grant least rights",
        command: &["scripts/test-workflows.sh"],
    },
    Check {
        name: "terraform",
        proves: "every switch of the infrastructure, planned; applied to emulators and read back",
        command: &["scripts/test-terraform.sh"],
    },
    Check {
        name: "deploy",
        proves: "images good and bad reach, or don't reach, a real machine that pulls them",
        command: &["scripts/test-deploy.sh"],
    },
];

/// Runs the checks named, or all.
pub(crate) fn run(only: &[String]) -> Result<()> {
    for name in only {
        ensure!(CHECKS.iter().any(|check| check.name == name), "there is no check {name}; see cargo xtask checks");
    }
    let wanted = |check: &Check| only.is_empty() || only.iter().any(|name| name == check.name);
    let root = root()?;
    let started = Instant::now();
    for check in CHECKS.iter().filter(|check| wanted(check)) {
        say(&format!("== {}: {}", check.name, check.proves))?;
        prepare(check, &root)?;
        let begun = Instant::now();
        execute(check.command, &root).with_context(|| format!("the check {} failed", check.name))?;
        say(&format!("== {} passed in {} s", check.name, begun.elapsed().as_secs()))?;
    }
    say(&format!("the gate passed in {} s", started.elapsed().as_secs()))
}

/// Prints what there is to run.
pub(crate) fn list() -> Result<()> {
    for check in CHECKS {
        say(&format!("{:<14} {}\n{:<14} {}", check.name, check.proves, "", check.command.join(" ")))?;
    }
    Ok(())
}

pub(crate) fn say(line: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{line}").context("standard output is closed")
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
        // It reads the manifests of all crates, and asks for none over the network.
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

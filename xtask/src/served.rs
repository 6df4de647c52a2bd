//! Instructions that the running service takes for a request, from socket to log: counted over a few and over many
//! requests, so that what starting and ending take cancels out.

use crate::instructions::{PROGRAM, number_behind, output};
use anyhow::{Context, Result, ensure};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The requests to the service, over one connection.
pub(crate) struct Asked {
    pub(crate) name: &'static str,
    scenario: &'static str,
    few: u32,
    many: u32,
    /// Operations in a request.
    operations: u32,
    /// The only function whose instructions are counted, with what it calls; all if there is none.
    within: Option<&'static str>,
}

/// `Engine::submit`, which has the ledger's lock from its first line to its last, in the names of the compiler.
const UNDER_THE_LOCK: &str = "*6engine6Engine6submit17h*";

/// Together they stay below what makes a snapshot when the service ends.
pub(crate) const ASKED: &[Asked] = &[
    Asked { name: "http-noop", scenario: "noop", few: 100, many: 2_100, operations: 1, within: None },
    Asked { name: "http-keyed", scenario: "keyed", few: 100, many: 2_100, operations: 1, within: None },
    Asked {
        name: "locked-keyed",
        scenario: "keyed",
        few: 100,
        many: 2_100,
        operations: 1,
        within: Some(UNDER_THE_LOCK),
    },
    Asked { name: "http-ndjson", scenario: "batch", few: 1, many: 5, operations: 8_000, within: None },
    Asked { name: "http-json", scenario: "batch-json", few: 1, many: 5, operations: 8_000, within: None },
];

/// Instructions an operation.
pub(crate) fn count(asked: &Asked, folder: &Path, root: &Path) -> Result<f64> {
    let few = whole(asked, asked.few, folder, root)?;
    let many = whole(asked, asked.many, folder, root)?;
    ensure!(many > 0.0, "{}: nothing was counted; is the function {:?} still there?", asked.name, asked.within);
    Ok((many - few) / f64::from((asked.many - asked.few) * asked.operations))
}

/// Instructions of a service that is started, gets this many requests, and ends.
fn whole(asked: &Asked, requests: u32, folder: &Path, root: &Path) -> Result<f64> {
    let (data, address) = (folder.join("data"), folder.join("address"));
    let profile = folder.join(format!("{}.callgrind", asked.name));
    if data.exists() {
        std::fs::remove_dir_all(&data)?;
    }
    for old in [&address, &profile] {
        if old.exists() {
            std::fs::remove_file(old)?;
        }
    }
    let mut service = Service(
        Command::new("valgrind")
            .args(["--tool=callgrind", "--quiet", "--demangle=no"])
            .args(asked.within.map(|function| format!("--toggle-collect={function}")))
            .arg(format!("--callgrind-out-file={}", profile.display()))
            .arg(root.join("target/release/tocos"))
            .args([
                "serve",
                "--bench-routes",
                "--listen=127.0.0.1:0",
                "--internal-listen=127.0.0.1:0",
                "--log-level=warn",
            ])
            .arg("--data-dir")
            .arg(&data)
            .arg("--address-file")
            .arg(&address)
            .stdout(Stdio::null())
            .spawn()
            .context("valgrind could not be started")?,
    );
    let url = service.url(&address)?;
    output(
        Command::new(root.join(PROGRAM))
            .args(["http", asked.scenario, "--connections=1", "--users=1000", "--seconds=300", "--url", &url])
            .arg(format!("--requests={requests}")),
    )?;
    service.end()?;
    let profile = std::fs::read_to_string(&profile).context("callgrind wrote no profile")?;
    std::fs::remove_dir_all(&data)?;
    number_behind(&profile, "totals: ").context("callgrind gives no total")
}

/// Ends with the value, so that a failed check leaves nothing running.
struct Service(Child);

impl Service {
    fn url(&mut self, address: &Path) -> Result<String> {
        const PATIENCE_S: u32 = 60;
        for _ in 0..PATIENCE_S * 20 {
            let said = std::fs::read_to_string(address).unwrap_or_default();
            // The line is whole when the next has begun or it ends.
            if let Some(url) = said.lines().find_map(|line| line.strip_prefix("api ")).filter(|_| said.ends_with('\n'))
            {
                return Ok(url.to_owned());
            }
            ensure!(self.0.try_wait()?.is_none(), "the service ended under valgrind before it listened");
            std::thread::sleep(Duration::from_millis(50));
        }
        anyhow::bail!("the service did not listen within {PATIENCE_S} s under valgrind")
    }

    /// In good order, so that callgrind writes what it counted.
    fn end(&mut self) -> Result<()> {
        output(Command::new("kill").args(["-TERM", &self.0.id().to_string()]))?;
        let status = self.0.wait()?;
        ensure!(status.success(), "the service ended with {status} under valgrind");
        Ok(())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It has ended already, unless something went wrong.
        let _ended = self.0.kill();
        let _reaped = self.0.wait();
    }
}

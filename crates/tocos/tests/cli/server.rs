//! A server of its own for each test, and the command line that talks to it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long anything may take before a test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// The binary, with nothing of this machine's settings.
pub(crate) fn tocos() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tocos"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("TOCOS_") || name.starts_with("OTEL_")) {
        command.env_remove(name);
    }
    command
}

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

impl Outcome {
    /// The output of a command that must have succeeded.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, 0, "{self:?}");
        self.stdout
    }

    /// What a command that must have failed with `code` said on stderr.
    #[track_caller]
    pub(crate) fn fails(self, code: i32) -> String {
        assert_eq!(self.code, code, "{self:?}");
        self.stderr
    }
}

/// Runs the binary without a server.
pub(crate) fn run(arguments: &[&str]) -> Outcome {
    tocos().args(arguments).stdin(Stdio::null()).output().unwrap().into()
}

/// A running `tocos serve`; it dies with this value, and so does its ledger.
pub(crate) struct Server {
    folder: TempDir,
    child: Child,
    options: Vec<String>,
    variables: Vec<(String, String)>,
    pub url: String,
    pub internal: String,
}

impl Server {
    /// A server with an empty ledger.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same, with further options of `tocos serve`.
    pub(crate) fn start_with(options: &[&str]) -> Self {
        Self::start_on("127.0.0.1:0", options)
    }

    /// The same, listening on this address.
    pub(crate) fn start_on(listen: &str, options: &[&str]) -> Self {
        Self::start_at(tempfile::tempdir().unwrap(), listen, options)
    }

    /// The same, with the ledger in the folder `data` of `folder`.
    pub(crate) fn start_at(folder: TempDir, listen: &str, options: &[&str]) -> Self {
        Self::start_in(&[], folder, listen, options)
    }

    /// The same, in an environment with these variables.
    pub(crate) fn start_in(variables: &[(&str, &str)], folder: TempDir, listen: &str, options: &[&str]) -> Self {
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        let variables: Vec<(String, String)> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let (child, url, internal) = launch(folder.path(), listen, &options, &variables);
        Self { folder, child, options, variables, url, internal }
    }

    /// Ends the server as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The number of its process.
    pub(crate) fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Sends the server SIGTERM, and returns its exit code.
    pub(crate) fn terminate(&mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }

    /// Starts it again on the same ledger and the same port.
    pub(crate) fn restart(&mut self) {
        let listen = self.url.strip_prefix("http://").unwrap().to_owned();
        let (child, url, internal) = launch(self.folder.path(), &listen, &self.options, &self.variables);
        (self.child, self.url, self.internal) = (child, url, internal);
    }

    /// Where its ledger lies.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A file of its own with this content.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.folder.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// A name for a file that is not there yet.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }

    /// The command line, pointed at this server.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = tocos();
        command.env("TOCOS_URL", &self.url).args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the command line against this server.
    pub(crate) fn cli(&self, arguments: &[&str]) -> Outcome {
        self.command(arguments).output().unwrap().into()
    }

    /// The same, with something to read on stdin.
    pub(crate) fn cli_with(&self, input: impl AsRef<[u8]>, arguments: &[&str]) -> Outcome {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        // A command that stops early closes the pipe; what it says is what counts.
        let _unread = child.stdin.take().unwrap().write_all(input.as_ref());
        child.wait_with_output().unwrap().into()
    }

    /// All that was ever issued of a coin, in smallest units.
    pub(crate) fn issued(&self, coin: &str) -> u64 {
        let coins: serde_json::Value = serde_json::from_str(&self.cli(&["coins", "--json"]).ok()).unwrap();
        let found = coins["coins"].as_array().unwrap().iter().find(|one| one["code"] == coin);
        found.map_or(0, |coin| coin["issued"].as_u64().unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn launch(folder: &Path, listen: &str, options: &[String], variables: &[(String, String)]) -> (Child, String, String) {
    let address_file = folder.join("addresses");
    drop(fs::remove_file(&address_file));
    let mut child = tocos()
        .args(["serve", "--listen", listen, "--internal-listen", "127.0.0.1:0", "--log-level", "warn"])
        .arg("--data-dir")
        .arg(folder.join("data"))
        .arg("--address-file")
        .arg(&address_file)
        .args(options)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let mut text = String::new();
    wait_until("the server listens", || {
        assert!(child.try_wait().unwrap().is_none(), "the server ended at once");
        text = fs::read_to_string(&address_file).unwrap_or_default();
        !text.is_empty()
    });
    let of = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
    (child, of("api "), of("internal "))
}

/// Asks again and again until it is so.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "gave up waiting until {what}");
        sleep(Duration::from_millis(5));
    }
}

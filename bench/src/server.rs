//! The server that is measured: one that runs already, or one of our own.

use crate::LoadArgs;
use crate::http::Asker;
use crate::scenario::{Name, user};
use crate::workspace;
use anyhow::{Context, Result, bail, ensure};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Where requests go.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) asker: Asker,
    process: Option<Child>,
    _data: Option<TempDir>,
}

impl Server {
    /// The server that the options name, with users who have coins.
    pub(crate) fn for_run(args: &LoadArgs) -> Result<Self> {
        let server = match &args.url {
            Some(url) => Self::running(url, args.key.clone())?,
            None => Self::start(args)?,
        };
        server.make_users(args.users)?;
        Ok(server)
    }

    /// The server that a scenario is about.
    pub(crate) fn of(name: Name, args: &LoadArgs) -> Result<Self> {
        if name == Name::Bare { Self::bare() } else { Self::for_run(args) }
    }

    /// A bare loop without a ledger, in a process of its own like the server that it is compared with.
    pub(crate) fn bare() -> Result<Self> {
        let mut process = Command::new(std::env::current_exe()?).arg("bare").stdout(Stdio::piped()).spawn()?;
        let mut said = String::new();
        BufReader::new(process.stdout.take().context("the bare loop says nothing")?).read_line(&mut said)?;
        let address = said.trim_end().parse().with_context(|| format!("the bare loop listens on {said}"))?;
        Ok(Self {
            address,
            asker: Asker { host: format!("{address}"), key: None },
            process: Some(process),
            _data: None,
        })
    }

    fn running(url: &str, key: Option<String>) -> Result<Self> {
        let host = url.strip_prefix("http://").context("a server to measure is named as http://HOST:PORT")?;
        let host = host.trim_end_matches('/').to_owned();
        let address = host.to_socket_addrs()?.next().with_context(|| format!("{host} has no address"))?;
        Ok(Self { address, asker: Asker { host, key }, process: None, _data: None })
    }

    /// Starts a server; users it has if its directory has them.
    pub(crate) fn start(args: &LoadArgs) -> Result<Self> {
        let binary = args.binary.clone().map_or_else(beside_this_program, Ok)?;
        let data = workspace::fresh()?;
        let directory = args.data_dir.clone().unwrap_or_else(|| data.path().join("data"));
        let mut process = Command::new(&binary)
            .args(["serve", "--bench-routes", "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0"])
            .args(&args.server_args)
            .arg("--data-dir")
            .arg(directory)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| {
                format!("{} could not be started; build it with cargo build --release", binary.display())
            })?;
        let mut log = BufReader::new(process.stderr.take().context("the server has no log")?);
        let mut said = String::new();
        let address = loop {
            let start = said.len();
            ensure!(log.read_line(&mut said)? > 0, "the server ended before it listened:\n{said}");
            if let Some((_, rest)) = said[start..].split_once("listening on http://") {
                break rest.trim_end().parse().with_context(|| format!("the server listens on {rest}"))?;
            }
        };
        // The server's log must go somewhere, or it would stop when the pipe is full.
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        let asker = Asker { host: format!("{address}"), key: None };
        Ok(Self { address, asker, process: Some(process), _data: Some(data) })
    }

    /// Ends the server as an operator does, and waits until it has written what it writes then.
    pub(crate) fn end(mut self) -> Result<()> {
        let mut process = self.process.take().context("the server is our own")?;
        let sent = Command::new("kill").arg("-TERM").arg(process.id().to_string()).status()?;
        ensure!(sent.success(), "the server could not be told to end");
        let ended = process.wait()?;
        ensure!(ended.success(), "the server ended with {ended}");
        Ok(())
    }

    /// The server's process, if it is our own.
    pub(crate) fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// The last event, found by adding one: a transfer between the first two users.
    pub(crate) fn last_event(&self) -> Result<u64> {
        let body = format!(r#"{{"from":"{}","to":"{}","coin":"toco","amount":1}}"#, user(1), user(0));
        let mut request = Vec::new();
        self.asker.send(&mut request, "POST", "/v1/transfers", "application/json", None, body.as_bytes());
        let (status, answer) = self.ask(&request)?;
        let event = serde_json::from_str(&answer).ok().and_then(|event: serde_json::Value| event["event"].as_u64());
        event.with_context(|| format!("a transfer was refused: {status} {answer}"))
    }

    fn make_users(&self, users: u32) -> Result<()> {
        let numbers: Vec<u32> = (0..users).collect();
        for chunk in numbers.chunks(4_000) {
            let mut body = Vec::new();
            for number in chunk {
                let user = user(*number);
                writeln!(body, r#"{{"op":"user","user":"{user}","idempotency_key":"bench-user-{user}"}}"#)?;
                writeln!(
                    body,
                    r#"{{"op":"grant","user":"{user}","coin":"toco","amount":1000000000,"idempotency_key":"bench-grant-{user}"}}"#
                )?;
            }
            let mut request = Vec::new();
            self.asker.send(&mut request, "POST", "/v1/batch", "application/x-ndjson", None, &body);
            let (status, answer) = self.ask(&request)?;
            ensure!(status == 200, "users could not be made: {status} {answer}");
        }
        Ok(())
    }

    /// Asks once, on a connection of its own.
    pub(crate) fn ask(&self, request: &[u8]) -> Result<(u16, String)> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.write_all(request)?;
        let mut buffer = Vec::new();
        let mut piece = vec![0; 1 << 16];
        loop {
            let read = stream.read(&mut piece)?;
            if read == 0 {
                bail!("the server hung up");
            }
            buffer.extend_from_slice(&piece[..read]);
            if let Some(answer) = crate::http::parse_answer(&buffer)? {
                return Ok((answer.status, String::from_utf8_lossy(&buffer[answer.body]).into_owned()));
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(process) = &mut self.process {
            // It ends with the run; its data goes with the directory.
            let _ended = process.kill();
            let _reaped = process.wait();
        }
    }
}

pub(crate) fn beside_this_program() -> Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name("tocos");
    ensure!(
        path.exists(),
        "{} is not there; build it with cargo build --release, or name one with --binary",
        path.display()
    );
    Ok(path)
}

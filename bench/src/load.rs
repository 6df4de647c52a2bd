//! One thread, many connections, one request at a time on each.

use crate::LoadArgs;
use crate::http::parse_answer;
use crate::report::RunResult;
use crate::scenario::{Name, Source};
use crate::server::Server;
use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressStyle};
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

struct Connection {
    stream: TcpStream,
    out: Vec<u8>,
    written: usize,
    buffer: Vec<u8>,
    /// When the request that is under way was sent, or should have been.
    since: Option<Instant>,
    hold: Option<u64>,
}

/// What was counted, from when the warm-up ended.
struct Count {
    from: Instant,
    latency_us: Histogram<u64>,
    requests: u64,
    refused: u64,
    failed: u64,
    example: Option<String>,
}

/// When requests are sent that are not simply sent as soon as the one before is answered.
struct Schedule {
    start: Instant,
    every: Duration,
    sent: u32,
}

impl Schedule {
    fn due(&self) -> Instant {
        self.start + self.every * self.sent
    }
}

struct Generator<'s> {
    source: Source,
    server: &'s Server,
    connections: Vec<Connection>,
    count: Count,
    schedule: Option<Schedule>,
    idle: Vec<usize>,
}

/// Runs a scenario and says what it came to.
#[expect(clippy::disallowed_methods, reason = "the time of a run keeps its idempotency keys apart from another's")]
pub(crate) fn run(server: &Server, name: Name, args: &LoadArgs) -> Result<RunResult> {
    ensure!(args.users >= 3 && args.connections > 0, "a run needs 3 users and a connection at least");
    let run = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros() as u64;
    let source = Source::new(name, server.asker.clone(), args.seed, args.users, args.batch, run);
    let warm_up = Duration::from_secs_f64(args.seconds / 5.0);
    let start = Instant::now();
    let end = start + warm_up + Duration::from_secs_f64(args.seconds);
    let count = Count {
        from: start + warm_up,
        latency_us: Histogram::new_with_bounds(1, 60_000_000, 3)?,
        requests: 0,
        refused: 0,
        failed: 0,
        example: None,
    };
    let schedule = args.rate.map(|rate| Schedule { start, every: Duration::from_secs_f64(1.0 / rate), sent: 0 });
    let mut generator = Generator { source, server, connections: Vec::new(), count, schedule, idle: Vec::new() };
    generator.drive(args.connections, end)?;
    let Count { from, latency_us, requests, refused, failed, example, .. } = generator.count;
    ensure!(failed == 0, "{failed} requests failed, the first with {}", example.unwrap_or_default());
    let seconds = (Instant::now() - from).as_secs_f64();
    let operations = requests as f64 * name.operations(args.batch) as f64;
    Ok(RunResult::new(name, args, seconds, requests, refused, operations, &latency_us, server.process_id()))
}

impl Generator<'_> {
    fn drive(&mut self, connections: usize, end: Instant) -> Result<()> {
        let mut poll = Poll::new()?;
        let mut events = Events::with_capacity(1_024);
        let total = (end - Instant::now()).as_millis() as u64;
        let bar = ProgressBar::new(total).with_style(ProgressStyle::with_template("{bar:40} {elapsed}")?);
        for at in 0..connections {
            let mut stream = TcpStream::connect(self.server.address)?;
            poll.registry().register(&mut stream, Token(at), Interest::READABLE | Interest::WRITABLE)?;
            stream.set_nodelay(true)?;
            let (out, buffer) = (Vec::new(), Vec::new());
            self.connections.push(Connection { stream, out, written: 0, buffer, since: None, hold: None });
            self.idle.push(at);
        }
        let mut shown = Instant::now();
        loop {
            self.send_what_is_due()?;
            let now = Instant::now();
            if now >= end {
                break;
            }
            if now - shown > Duration::from_millis(200) {
                shown = now;
                bar.set_position(total.saturating_sub((end - now).as_millis() as u64));
            }
            let until = self.schedule.as_ref().filter(|_| !self.idle.is_empty()).map_or(end, Schedule::due).min(end);
            poll.poll(&mut events, Some(until.saturating_duration_since(now)))?;
            for event in &events {
                self.serve(event)?;
            }
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// Gives idle connections their next request, if it is time.
    fn send_what_is_due(&mut self) -> Result<()> {
        while let Some(at) = self.idle.last().copied() {
            let now = Instant::now();
            let since = match &mut self.schedule {
                None => now,
                Some(schedule) if schedule.due() > now => break,
                Some(schedule) => {
                    let due = schedule.due();
                    schedule.sent += 1;
                    due
                }
            };
            self.idle.pop();
            let connection = &mut self.connections[at];
            connection.out.clear();
            connection.written = 0;
            let hold = connection.hold.take();
            self.source.next(&mut connection.out, hold);
            connection.since = Some(since);
            connection.flush()?;
        }
        Ok(())
    }

    fn serve(&mut self, event: &Event) -> Result<()> {
        let at = event.token().0;
        let connection = &mut self.connections[at];
        if event.is_writable() {
            connection.flush()?;
        }
        if event.is_readable() && connection.fill()? {
            self.take_answer(at)?;
        }
        Ok(())
    }

    fn take_answer(&mut self, at: usize) -> Result<()> {
        let connection = &mut self.connections[at];
        let Some(answer) = parse_answer(&connection.buffer)? else { return Ok(()) };
        let since = connection.since.take().context("the server answered what was not asked")?;
        let body = &connection.buffer[answer.body.clone()];
        let now = Instant::now();
        if now >= self.count.from {
            let count = &mut self.count;
            count.latency_us.saturating_record((now - since).as_micros() as u64);
            match answer.status {
                200..300 => count.requests += 1,
                402 | 409 => count.refused += 1,
                status => {
                    count.failed += 1;
                    count.example.get_or_insert_with(|| format!("{status} {}", String::from_utf8_lossy(body)));
                }
            }
        }
        connection.hold = self.source.hold_in(answer.status, body);
        connection.buffer.drain(..answer.body.end);
        self.idle.push(at);
        self.send_what_is_due()
    }
}

impl Connection {
    fn flush(&mut self) -> Result<()> {
        while self.written < self.out.len() {
            match self.stream.write(&self.out[self.written..]) {
                Ok(written) => self.written += written,
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => break,
                Err(error) => return Err(error).context("the server can't be written to"),
            }
        }
        Ok(())
    }

    /// Reads all there is; says whether there was anything.
    fn fill(&mut self) -> Result<bool> {
        let before = self.buffer.len();
        let mut piece = [0; 1 << 14];
        loop {
            match self.stream.read(&mut piece) {
                Ok(0) => anyhow::bail!("the server hung up"),
                Ok(read) => self.buffer.extend_from_slice(&piece[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(self.buffer.len() > before),
                Err(error) => return Err(error).context("the server can't be read from"),
            }
            if self.buffer.len() - before < piece.len() {
                // A short read emptied the socket; the next readiness is told anew.
                return Ok(true);
            }
        }
    }
}

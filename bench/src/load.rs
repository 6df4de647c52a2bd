//! One thread, many connections, one request at a time on each; several groups of them may send different requests.

use crate::LoadArgs;
use crate::http::parse_answer;
use crate::report::{Latency, RunResult, processor_seconds, rss_bytes};
use crate::scenario::{Name, Source};
use crate::server::Server;
use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressStyle};
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use std::io::{ErrorKind, Read, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

struct Connection {
    group: usize,
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
    /// Latencies; of those responses that came while `busy` said so in `latency_busy_us`.
    latency_us: Histogram<u64>,
    latency_busy_us: Histogram<u64>,
    requests: u64,
    refused: u64,
    failed: u64,
    example: Option<String>,
}

impl Count {
    fn new(from: Instant) -> Result<Self> {
        let histogram = || Histogram::new_with_bounds(1, 60_000_000, 3);
        let (latency_us, latency_busy_us) = (histogram()?, histogram()?);
        Ok(Self { from, latency_us, latency_busy_us, requests: 0, refused: 0, failed: 0, example: None })
    }
}

impl Count {
    fn latency_quiet_us(&self) -> Result<Latency> {
        let mut quiet = self.latency_us.clone();
        quiet.subtract(&self.latency_busy_us)?;
        Ok(Latency::of(&quiet))
    }
}

/// When requests are sent, if not as soon as the response to the previous one is there.
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

/// Connections that all send the same requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    pub(crate) name: Name,
    pub(crate) connections: usize,
    /// Requests a second in all; `None` sends as soon as the previous response is there.
    pub(crate) rate: Option<f64>,
}

/// How a run goes.
pub(crate) struct Plan<'p> {
    pub(crate) groups: &'p [Group],
    pub(crate) seconds: f64,
    /// Ends a run after this many responses to the first group, without warm-up. No more are sent.
    pub(crate) requests_max: Option<u64>,
    /// Answers that come while this is set are counted apart as well.
    pub(crate) busy: Option<&'p AtomicBool>,
}

struct Asking {
    source: Source,
    count: Count,
    schedule: Option<Schedule>,
    idle: Vec<usize>,
    /// Requests that may still be sent.
    left: u64,
}

struct Generator<'s> {
    server: &'s Server,
    asking: Vec<Asking>,
    connections: Vec<Connection>,
    requests_max: u64,
    busy: Option<&'s AtomicBool>,
    /// Where a socket is read into.
    piece: Vec<u8>,
}

/// Runs one scenario as the options say.
pub(crate) fn run(server: &Server, name: Name, args: &LoadArgs) -> Result<RunResult> {
    let group = Group { name, connections: args.connections, rate: args.rate };
    let plan = Plan { groups: &[group], seconds: args.seconds, requests_max: args.requests, busy: None };
    Ok(run_plan(server, &plan, args)?.swap_remove(0))
}

/// Runs several groups of connections at once and says what each came to.
#[expect(clippy::disallowed_methods, reason = "the time of a run keeps its idempotency keys apart from another's")]
pub(crate) fn run_plan(server: &Server, plan: &Plan<'_>, args: &LoadArgs) -> Result<Vec<RunResult>> {
    let connections: usize = plan.groups.iter().map(|group| group.connections).sum();
    ensure!(args.users >= 3 && connections > 0, "a run needs 3 users and a connection at least");
    let run = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros() as u64;
    let warm_up = if plan.requests_max.is_some() { 0.0 } else { plan.seconds / 5.0 };
    let start = Instant::now();
    let from = start + Duration::from_secs_f64(warm_up);
    let end = from + Duration::from_secs_f64(plan.seconds);
    let mut asking = Vec::new();
    for group in plan.groups {
        let events = if group.name.needs_events() { server.last_event()? } else { 0 };
        let seed = args.seed + asking.len() as u64;
        let source = Source::new(group.name, server.asker.clone(), seed, args.users, args.batch, run, events);
        let schedule = group.rate.map(|rate| Schedule { start, every: Duration::from_secs_f64(1.0 / rate), sent: 0 });
        let left = plan.requests_max.filter(|_| asking.is_empty()).unwrap_or(u64::MAX);
        asking.push(Asking { source, count: Count::new(from)?, schedule, idle: Vec::new(), left });
    }
    let requests_max = plan.requests_max.unwrap_or(u64::MAX);
    let mut generator =
        Generator { server, asking, connections: Vec::new(), requests_max, busy: plan.busy, piece: vec![0; 1 << 16] };
    let (own, process) = (std::process::id(), server.process_id());
    let processor = || (processor_seconds(own), process.and_then(processor_seconds));
    let before = processor();
    let begun = Instant::now();
    generator.drive(plan.groups, start, end)?;
    let (whole, after) = (begun.elapsed().as_secs_f64(), processor());
    let cores = |before: Option<f64>, after: Option<f64>| Some((after? - before?) / whole);
    let seconds = (Instant::now() - from).as_secs_f64();
    let rss = process.and_then(rss_bytes);
    let mut results = Vec::new();
    for (group, asking) in plan.groups.iter().zip(generator.asking) {
        let count = asking.count;
        ensure!(
            count.failed == 0,
            "{} requests failed, the first with {}",
            count.failed,
            count.example.unwrap_or_default()
        );
        let operations = count.requests as f64 * group.name.operations(args.batch) as f64;
        results.push(RunResult {
            scenario: group.name.as_str(),
            connections: group.connections,
            users: args.users,
            asked_per_second: group.rate,
            seconds,
            requests: count.requests,
            refused: count.refused,
            requests_per_second: count.requests as f64 / seconds,
            operations_per_second: operations / seconds,
            latency_us: Latency::of(&count.latency_us),
            latency_quiet_us: plan.busy.map(|_| count.latency_quiet_us()).transpose()?,
            latency_busy_us: plan.busy.map(|_| Latency::of(&count.latency_busy_us)),
            generator_cores: cores(before.0, after.0).unwrap_or(f64::NAN),
            server_cores: cores(before.1, after.1),
            server_rss_bytes: rss,
        });
    }
    Ok(results)
}

impl Generator<'_> {
    fn drive(&mut self, groups: &[Group], start: Instant, end: Instant) -> Result<()> {
        let mut poll = Poll::new()?;
        let mut events = Events::with_capacity(1_024);
        for (group, Group { connections, .. }) in groups.iter().enumerate() {
            for _ in 0..*connections {
                let at = self.connections.len();
                let mut stream = TcpStream::connect(self.server.address)?;
                poll.registry().register(&mut stream, Token(at), Interest::READABLE | Interest::WRITABLE)?;
                stream.set_nodelay(true)?;
                let (out, buffer) = (Vec::new(), Vec::new());
                self.connections.push(Connection { group, stream, out, written: 0, buffer, since: None, hold: None });
                self.asking[group].idle.push(at);
            }
        }
        let total = if self.requests_max < u64::MAX { self.requests_max } else { (end - start).as_millis() as u64 };
        let names: Vec<String> = groups.iter().map(|group| group.name.as_str()).collect();
        let style = ProgressStyle::with_template("{msg:24} {bar:40} {elapsed}")?;
        let bar = ProgressBar::new(total).with_style(style).with_message(names.join(" + "));
        let mut shown = Instant::now();
        loop {
            for group in 0..self.asking.len() {
                self.send_what_is_due(group)?;
            }
            let (now, done) = (Instant::now(), self.asking[0].count.requests);
            if now >= end || done >= self.requests_max {
                break;
            }
            if now - shown > Duration::from_millis(200) {
                shown = now;
                bar.set_position(if self.requests_max < u64::MAX { done } else { (now - start).as_millis() as u64 });
            }
            let waiting = self.asking.iter().filter(|asking| !asking.idle.is_empty());
            let until =
                waiting.filter_map(|asking| asking.schedule.as_ref()).map(Schedule::due).fold(end, Instant::min);
            poll.poll(&mut events, Some(until.saturating_duration_since(now)))?;
            for event in &events {
                self.serve(event)?;
            }
        }
        bar.finish_and_clear();
        Ok(())
    }

    /// Gives idle connections their next request, if it is time.
    fn send_what_is_due(&mut self, group: usize) -> Result<()> {
        let Asking { source, schedule, idle, left, .. } = &mut self.asking[group];
        while let Some(at) = idle.last().copied().filter(|_| *left > 0) {
            let now = Instant::now();
            let since = match schedule {
                None => now,
                Some(schedule) if schedule.due() > now => break,
                Some(schedule) => {
                    let due = schedule.due();
                    schedule.sent += 1;
                    due
                }
            };
            idle.pop();
            *left -= 1;
            let connection = &mut self.connections[at];
            connection.out.clear();
            connection.written = 0;
            let hold = connection.hold.take();
            source.next(&mut connection.out, hold);
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
        if event.is_readable() && connection.fill(&mut self.piece)? {
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
        let Asking { source, count, idle, .. } = &mut self.asking[connection.group];
        if now >= count.from {
            let took_us = (now - since).as_micros() as u64;
            count.latency_us.saturating_record(took_us);
            if self.busy.is_some_and(|busy| busy.load(Ordering::Relaxed)) {
                count.latency_busy_us.saturating_record(took_us);
            }
            match answer.status {
                200..300 => count.requests += 1,
                402 | 409 => count.refused += 1,
                status => {
                    count.failed += 1;
                    count.example.get_or_insert_with(|| format!("{status} {}", String::from_utf8_lossy(body)));
                }
            }
        }
        connection.hold = source.hold_in(answer.status, body);
        connection.buffer.drain(..answer.body.end);
        idle.push(at);
        let group = connection.group;
        self.send_what_is_due(group)
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
    fn fill(&mut self, piece: &mut [u8]) -> Result<bool> {
        let before = self.buffer.len();
        loop {
            let read = match self.stream.read(piece) {
                Ok(0) => anyhow::bail!("the server hung up"),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(self.buffer.len() > before),
                Err(error) => return Err(error).context("the server can't be read from"),
            };
            self.buffer.extend_from_slice(&piece[..read]);
            if read < piece.len() {
                // A short read emptied the socket; epoll reports the next bytes.
                return Ok(true);
            }
        }
    }
}

//! The liability report: what is outstanding of a coin at the ends of a span, and what changed it in between.
//!
//! The log alone says what changed and as of when ([`Event::flows`](tocos_ledger::Event::flows)). So that a report need not read all of it
//! again, the flows of each segment behind which there is another one are added up by day in a small file beside the log, a
//! *summary*, made when a report first needs it. A report adds up the summaries, and reads again only the rest of
//! the log and the segments whose flows of one day lie on both sides of an end of the span. In the end it compares all flows with what the accounts
//! have.

mod basis;
mod pacing;
mod spans;
mod stretch;
mod summary;
mod walk;

pub use basis::ReportBasis;
pub use spans::{LiabilitySpan, SpanFlows, There};
pub(crate) use summary::{Compared, compared};

use crate::engine::Engine;
use crate::error::EventError;
use crate::throttle::{lower_priority, only_when_idle};
use pacing::Pacing;
use spans::Spans;
use std::fmt;
use std::io;
use std::sync::mpsc::{self, Sender};
use stretch::{Stretch, stretches};
use summary::{Found, Summary};
use tocos_journal::blockfile::BlockHeader;
use tocos_ledger::{CoinId, Micros, days_between, months_between};
use walk::Walk;

/// What a report is about.
#[derive(Clone, Copy, Debug)]
pub struct LiabilityQuery {
    /// The coin.
    pub coin: CoinId,
    /// The beginning of the span; the first event's time if it is not given.
    pub from: Option<Micros>,
    /// The end of the span: flows as of this instant are no longer in it.
    pub until: Micros,
    /// What is a span of its own.
    pub step: Step,
}

/// The spans of a report, of the calendar in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// All of it is one span.
    Whole,
    /// Each month is one.
    Month,
    /// Each day is one.
    Day,
}

/// A report. All of it is as of the event of its [`ReportBasis`].
#[derive(Clone, Debug)]
pub struct Liability {
    /// Without gaps between them, the earliest first. One, unless it is by month or by day.
    pub spans: Vec<LiabilitySpan>,
    /// What all accounts and open holds have at the event, which is what all flows up to it come to.
    pub there: There,
    /// Summaries that could not be used or not be written, and why. The report is right all the same.
    pub problems: Vec<String>,
}

/// Why there is no report.
#[derive(Debug)]
pub enum ReportError {
    /// The log can't be read.
    Log(EventError),
    /// The flows do not come to what the accounts have: the log, a summary or the state is wrong.
    Unequal {
        /// What all accounts and open holds have.
        balances: Box<There>,
        /// What all flows come to.
        counted: Box<There>,
        /// The event.
        event: u64,
    },
    /// The span ends where it begins, or before; it begins here.
    Empty {
        /// Where it begins.
        from: Micros,
    },
    /// It is by month or by day, and there are more of them than this.
    TooManySpans {
        /// The most there may be.
        most: usize,
    },
    /// The caller has gone, or the ledger is being closed.
    Ended,
    /// A thread could not be started.
    Thread(io::Error),
}

impl From<EventError> for ReportError {
    fn from(error: EventError) -> Self {
        Self::Log(error)
    }
}

impl fmt::Display for ReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(error) => error.fmt(f),
            Self::Unequal { balances, counted, event } => write!(
                f,
                "the report does not add up: at event {event} all accounts have {}, of which {} are held, and the events of the log \
                 come to {}, of which {} are held. Stop the service and run tocos verify",
                balances.outstanding.total(),
                balances.held.total(),
                counted.outstanding.total(),
                counted.held.total()
            ),
            Self::Empty { .. } => f.write_str("the span ends where it begins, or before"),
            Self::TooManySpans { most } => write!(f, "the report has more than {most} rows"),
            Self::Ended => f.write_str("the report was cancelled"),
            Self::Thread(error) => write!(f, "a thread could not be started: {error}"),
        }
    }
}

impl std::error::Error for ReportError {}

/// The months or days that a report may have.
const SPANS_MAX: usize = 1_200;

/// What a report says of summaries, and those that it made.
type Noted<'n> = (&'n mut Vec<String>, &'n Sender<(BlockHeader, Summary)>);

impl Engine {
    /// Makes a report, on a thread that works when the processors have nothing else to do, and waits for it. It reads the log, which may have to be fetched. `ends` is asked
    /// often whether to give up. Everything up to the event of the basis must be durable.
    ///
    /// # Errors
    /// [`ReportError`].
    pub fn liability(
        &self,
        basis: ReportBasis,
        query: &LiabilityQuery,
        ends: &(dyn Fn() -> bool + Sync),
    ) -> Result<Liability, ReportError> {
        let ends = || ends() || self.is_closing();
        let disk = &**self.reader().disk();
        let (made, summaries) = mpsc::channel();
        std::thread::scope(|scope| {
            let make = move || {
                lower_priority();
                self.make_report(basis, query, &ends, &made)
            };
            let thread = std::thread::Builder::new().name("tocos-report".to_owned());
            let making = thread.spawn_scoped(scope, make).map_err(ReportError::Thread)?;
            // Not on that thread: others would wait for what it locks in the file system. What could not be written is made again by the next report.
            let write = |(header, summary)| summary::write(disk, &header, &summary).err();
            let failed: Vec<String> = summaries.iter().filter_map(write).collect();
            let mut report = making.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            report.problems.extend(failed);
            Ok(report)
        })
    }

    fn make_report(
        &self,
        basis: ReportBasis,
        query: &LiabilityQuery,
        ends: &dyn Fn() -> bool,
        made: &Sender<(BlockHeader, Summary)>,
    ) -> Result<Liability, ReportError> {
        let event = basis.event();
        let basis = basis.count(query.coin);
        // The state, which the writer shares, is let go of.
        only_when_idle();
        let mut walk = Walk::new(self.reader(), &basis.coins, ends, Pacing::beside(self.progress()));
        let stretches = stretches(self.reader(), event);
        let mut problems = Vec::new();
        let from = match query.from {
            Some(from) => from,
            // Before everything, where there is nothing.
            None => self.first_time(&stretches, query.until)?,
        };
        let mut spans = Spans::new(query.coin, cuts(from, query)?);
        for stretch in &stretches {
            self.add_stretch(stretch, &mut walk, &mut spans, (&mut problems, made))?;
        }
        basis.dead.iter().for_each(|flow| spans.add(flow));
        let counted = spans.all();
        if counted != basis.there {
            return Err(ReportError::Unequal { balances: Box::new(basis.there), counted: Box::new(counted), event });
        }
        Ok(Liability { spans: spans.into_spans(), there: counted, problems })
    }

    /// Adds the flows of a stretch of the log, by its summary if that will do.
    fn add_stretch(
        &self,
        stretch: &Stretch,
        walk: &mut Walk<'_>,
        spans: &mut Spans,
        noted: Noted<'_>,
    ) -> Result<(), ReportError> {
        walk.check()?;
        let range = (stretch.first, stretch.last);
        let summary = match &stretch.header {
            Some(header) => Some(self.summary_of(header, walk, range, noted)?),
            None => None,
        };
        if summary.is_some_and(|summary| spans.add_totals(&summary.totals)) {
            return Ok(());
        }
        walk.read(range, |flow| spans.add(flow)).map(|_began_at| ())
    }

    /// The summary of a stretch of the log, made if it is not there.
    fn summary_of(
        &self,
        header: &BlockHeader,
        walk: &mut Walk<'_>,
        range: (u64, u64),
        (problems, made): Noted<'_>,
    ) -> Result<Summary, ReportError> {
        let disk = &**self.reader().disk();
        match summary::read(disk, header) {
            Found::Good(summary) => return Ok(summary),
            Found::Missing => {}
            Found::Unreadable(reason) => problems.push(reason),
            Found::Unusable(reason) => problems.push(summary::set_aside(disk, header, &reason)),
        }
        let mut summary = Summary::default();
        summary.began_at = walk.read(range, |flow| summary.totals.add(flow))?;
        // Who waits for the report writes it.
        made.send((*header, summary.clone())).ok();
        Ok(summary)
    }

    /// The time of the ledger's first event.
    fn first_time(&self, stretches: &[Stretch], until: Micros) -> Result<Micros, ReportError> {
        let Some(stretch) = stretches.first() else { return Ok(until - 1) };
        if let Some(header) = &stretch.header
            && let Found::Good(summary) = summary::read(&**self.reader().disk(), header)
        {
            return Ok(summary.began_at);
        }
        Ok(self.event(stretch.first)?.at)
    }
}

/// The instants between the spans of a report, its beginning and its end among them.
fn cuts(from: Micros, query: &LiabilityQuery) -> Result<Vec<Micros>, ReportError> {
    if from >= query.until {
        return Err(ReportError::Empty { from });
    }
    let mut cuts = vec![from];
    match query.step {
        Step::Whole => {}
        Step::Month => cuts.extend(months_between(from, query.until).take(SPANS_MAX + 1)),
        Step::Day => cuts.extend(days_between(from, query.until).take(SPANS_MAX + 1)),
    }
    if cuts.len() > SPANS_MAX {
        return Err(ReportError::TooManySpans { most: SPANS_MAX });
    }
    cuts.push(query.until);
    Ok(cuts)
}

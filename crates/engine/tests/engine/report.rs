//! The liability report beside a naive sum over all events, and beside what the accounts had at the time.

use crate::Bench;
use crate::naive::{self, Sums};
use fastrand::Rng;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tocos_engine::{
    Engine, Liability, LiabilityQuery, LiabilitySpan, ReportBasis, ReportError, Step, There, Unavailable,
    VerifyFailure, verify,
};
use tocos_journal::blockfile::{BlockReader, write};
use tocos_journal::{Disk, FileDisk};
use tocos_ledger::{
    Category, CoinId, DAY_US, Every, Excess, FlowKind, Lasting, Marks, Micros, Mode, Operation, Plan, Request,
    Rollover, Taking, Until,
};

const USERS: [&str; 5] = ["ana", "bob", "cem", "dia", "shop"];
const COINS: [&str; 2] = ["toco", "gem"];

/// What a ledger is read at, when all that was due has been done.
pub(crate) fn basis(engine: &Engine) -> ReportBasis {
    loop {
        match engine.read_settled(ReportBasis::of) {
            Ok(seen) => {
                engine.seal();
                engine.durable(seen.seen).wait().unwrap();
                return seen.value;
            }
            Err(Unavailable::CatchingUp) => std::thread::sleep(Duration::from_millis(1)),
            Err(other) => panic!("{other}"),
        }
    }
}

pub(crate) fn report(engine: &Engine, from: Option<Micros>, until: Option<Micros>) -> Result<Liability, ReportError> {
    let basis = basis(engine);
    let until = until.unwrap_or(basis.now() + 1);
    engine.liability(basis, &LiabilityQuery { coin: CoinId(0), from, until, step: Step::Whole }, &|| false)
}

/// A ledger with a test clock over some months, and what its accounts had at times.
struct Year {
    bench: Bench,
    rng: Rng,
    /// At each time, when all that was due had been done: what was outstanding and held of the first coin.
    known: Vec<(Micros, There)>,
}

impl Year {
    fn new(seed: u64, steps: usize) -> Self {
        let bench = Bench::with(|options| options.test_clock = true);
        bench.users(&USERS);
        bench.ask(Operation::PutCoin { coin: "gem", decimals: 0 });
        for user in ["ana", "bob"] {
            let limits = Operation::PutLimits {
                user,
                coin: "toco",
                floor: -50,
                ceiling: tocos_ledger::MAX_AMOUNT,
                frozen: false,
            };
            bench.ask(limits);
        }
        let mut year = Self { bench, rng: Rng::with_seed(seed), known: Vec::new() };
        for step in 0..steps {
            year.step();
            if step % 8 == 0 {
                year.pass();
            }
        }
        year.note();
        year
    }

    fn now(&self) -> Micros {
        basis(self.bench.engine()).now()
    }

    /// Time passes: seconds, or weeks in which nobody looks.
    fn pass(&mut self) {
        self.note();
        let seconds = match self.rng.u8(0..20) {
            0..12 => self.rng.u32(1..7_200),
            12..18 => self.rng.u32(1..86_400),
            _ => self.rng.u32(1..1_000_000),
        };
        self.bench.engine().advance_clock(seconds).unwrap();
    }

    fn note(&mut self) {
        let engine = self.bench.engine();
        // With nothing on its way, the next time is the clock's.
        drop(basis(engine));
        let seen = loop {
            let there = engine.read_settled(|ledger, now| {
                let state = ledger.state();
                let outstanding = state.outstanding(CoinId(0), now, |flow| panic!("{flow:?} is still to come"));
                (now, There { outstanding, held: state.held(CoinId(0)) })
            });
            match there {
                Ok(seen) => break seen.value,
                Err(Unavailable::CatchingUp) => std::thread::sleep(Duration::from_millis(1)),
                Err(other) => panic!("{other}"),
            }
        };
        self.known.push(seen);
    }

    /// Any operation. Those that are refused are as well.
    fn step(&mut self) {
        let now = self.bench.engine().clock().system;
        let last = self.bench.engine().reader().last_event();
        let rng = &mut self.rng;
        let (user, other) = (USERS[rng.usize(..5)], USERS[rng.usize(..5)]);
        let coin = if rng.u8(0..8) == 0 { COINS[1] } else { COINS[0] };
        let amount = rng.u64(1..200);
        let category = if rng.bool() { Category::Promotional } else { Category::Paid };
        let event = rng.u64(1..=last.max(2)).max(last.saturating_sub(60));
        let to = rng.bool().then_some(other);
        let operation = match rng.u8(0..100) {
            0..30 => {
                let expires_at = rng.bool().then(|| now + rng.i64(1..40 * DAY_US));
                let marks = Marks { expires_at, priority: rng.u8(40..60), category };
                Operation::Grant { user, coin, amount, marks, lot: rng.bool() }
            }
            30..45 => Operation::Spend { user, coin, amount, to, mode: Mode::UpTo },
            45..52 => Operation::Spend { user, coin, amount, to, mode: Mode::Exact },
            52..62 => Operation::Transfer { from: user, to: other, coin, amount },
            62..70 => Operation::Hold { user, coin, amount, until: Until::InSeconds(rng.u32(1..400_000)), to },
            70..77 => {
                let (excess, last) = (if rng.bool() { Excess::TakeAvailable } else { Excess::Reject }, rng.bool());
                Operation::Capture { hold: event, amount: rng.bool().then_some(amount), last, excess }
            }
            77..79 => Operation::Release { hold: event },
            79..95 => {
                let mode = if rng.bool() { Mode::UpTo } else { Mode::Exact };
                let taking = Taking { mode, debt: rng.u8(0..3) == 0 };
                let renew_expires_at = rng.bool().then_some(now + DAY_US);
                let amount = rng.bool().then_some(amount);
                Operation::Reverse { event, original: None, amount, renew_expires_at, taking }
            }
            95..99 => {
                let every = if rng.bool() { Every::Days(rng.u16(1..9)) } else { Every::Months(1) };
                let rollover = rng.bool().then_some(Rollover { max: 50, lasting: Lasting::AtNext });
                let lasting = if rollover.is_some() { Lasting::AtNext } else { Lasting::After(rng.u32(1..900_000)) };
                let (anchor, starts_at, ends_at, occurrences) = (None, None, None, None);
                let plan = Plan {
                    amount,
                    every,
                    anchor,
                    starts_at,
                    ends_at,
                    occurrences,
                    lasting,
                    priority: 50,
                    category,
                    rollover,
                    now: rng.bool(),
                };
                Operation::PutSchedule { schedule: &format!("plan-{user}"), user, coin: COINS[0], plan }
            }
            _ => Operation::EndSchedule { schedule: &format!("plan-{user}") },
        };
        let request = Request { operation, key: None, metadata: None, reference: None, by: 0 };
        if self.bench.engine().submit(&request, false, |_, _| ()).is_ok() {
            self.bench.engine().seal();
        }
    }

    fn summaries(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.bench.data()).unwrap().map(|entry| entry.unwrap().path());
        let mut found: Vec<PathBuf> = entries
            .filter(|path| {
                let name = path.file_name().unwrap().to_str().unwrap();
                name.starts_with("flows-") && name.ends_with(".tocos")
            })
            .collect();
        found.sort();
        found
    }

    /// An instant that is worth being an end of a span.
    fn instant(&mut self, sums: &Sums, now: Micros) -> Micros {
        let at = match self.rng.u8(0..4) {
            0 => self.known[self.rng.usize(..self.known.len())].0,
            1 => sums.instant(self.rng.usize(..sums.len())),
            2 => sums.instant(self.rng.usize(..sums.len())) / DAY_US * DAY_US,
            _ => self.rng.i64(sums.instant(0) - DAY_US..=now),
        };
        (at + self.rng.i64(0..2)).min(now + 1)
    }

    /// Compares reports of some spans with a naive sum over all events, and with what the accounts had.
    fn check(&mut self, spans: usize) {
        let (engine, now) = (self.bench.engine().clone(), self.now());
        let sums = naive::sums(&engine);
        for at in 0..spans {
            let (one, other) = (self.instant(&sums, now), self.instant(&sums, now));
            let (from, until) = (one.min(other), one.max(other));
            if from == until {
                continue;
            }
            let query =
                LiabilityQuery { coin: CoinId(0), from: Some(from), until, step: [Step::Month, Step::Day][at % 2] };
            let report = engine.liability(basis(&engine), &query, &|| false).unwrap();
            assert_eq!(report.problems, Vec::<String>::new());
            assert_eq!((report.spans[0].from, report.spans[report.spans.len() - 1].until), (from, until));
            for span in &report.spans {
                sums.check(span);
            }
            for pair in report.spans.windows(2) {
                assert_eq!((pair[0].until, pair[0].closing), (pair[1].from, pair[1].opening));
            }
        }
        let (known, all) = (self.known.clone(), report(&engine, None, None).unwrap());
        assert_eq!(Some((now, all.there)), known.last().copied());
        assert_eq!(all.spans[0].opening, There::default());
        for (at, there) in known.iter().step_by(known.len() / 20 + 1) {
            let closing = report(&engine, None, Some(at + 1)).unwrap().spans[0].closing;
            // What happened later at the very same instant is there too.
            let is_last = known.iter().filter(|(other, _)| other == at).all(|(_, other)| other == there);
            assert!(closing == *there || !is_last, "at {at}: {closing:?}, and the accounts had {there:?}");
        }
    }
}

#[test]
fn reports_of_any_span_are_what_a_naive_sum_gives() {
    for seed in [1, 2, Rng::new().u64(..)] {
        println!("seed {seed}");
        let mut year = Year::new(seed, 2_500);
        let kinds = naive::sums(year.bench.engine()).kinds();
        for kind in FlowKind::ALL {
            assert!(kinds.contains(&kind), "{kind:?} never came up");
        }
        year.check(30);
        let summaries = year.summaries().len();
        assert!(summaries >= 3, "only {summaries} summaries were made");
        year.check(30);
        year.bench.reopen();
        year.check(5);
        year.bench.stop();
        assert_eq!(verify(year.bench.data()).unwrap().summaries, summaries);
    }
}

#[test]
fn summaries_that_are_gone_damaged_or_of_another_ledger_are_made_again() {
    let mut year = Year::new(7, 1_500);
    let mut other = Year::new(8, 1_500);
    let expected = report(year.bench.engine(), None, None).unwrap().spans;
    report(other.bench.engine(), None, None).unwrap();
    let (paths, foreign) = (year.summaries(), other.summaries());
    let good = std::fs::read(&paths[1]).unwrap();
    let mut flipped = good.clone();
    flipped[200] ^= 1;
    // Another summary of the same ledger under this name.
    let renamed = std::fs::read(&paths[0]).unwrap();
    let bad = [
        (Vec::new(), "damaged"),
        (flipped, "damaged"),
        (good[..good.len() - 1].to_vec(), "damaged"),
        (renamed, "damaged"),
    ];
    for (content, reason) in bad {
        std::fs::write(&paths[1], &content).unwrap();
        let again = report(year.bench.engine(), None, None).unwrap();
        assert_eq!(again.spans, expected);
        let name = paths[1].file_name().unwrap().to_str().unwrap();
        assert!(again.problems.len() == 1 && again.problems[0].contains(name), "{:?}", again.problems);
        assert!(again.problems[0].contains(reason), "{:?}", again.problems);
        assert_eq!(std::fs::read(paths[1].with_file_name(format!("{name}.damaged"))).unwrap(), content);
        assert_eq!(std::fs::read(&paths[1]).unwrap(), good, "it is made again as it was");
        assert_eq!(report(year.bench.engine(), None, None).unwrap().problems, Vec::<String>::new());
    }
    // The bytes of another ledger's summary under the name of one of ours.
    let theirs = BlockReader::open(&disk(&other), name(&foreign[0])).unwrap();
    let mut header = *theirs.header();
    header.event = BlockReader::open(&disk(&year), name(&paths[0])).unwrap().header().event;
    write(&disk(&year), name(&paths[0]), &header, [blocks(&disk(&other), &foreign[0])]).unwrap();
    let again = report(year.bench.engine(), None, None).unwrap();
    assert!(again.spans == expected && again.problems[0].contains("another ledger"), "{:?}", again.problems);
    // As they are when the log was restored to an earlier event and has gone on otherwise.
    header.ledger_id = year.bench.engine().reader().ledger_id();
    write(&disk(&year), name(&paths[0]), &header, [blocks(&disk(&year), &paths[0])]).unwrap();
    let again = report(year.bench.engine(), None, None).unwrap();
    assert!(again.spans == expected && again.problems[0].contains("no segment"), "{:?}", again.problems);
    for path in year.summaries() {
        std::fs::remove_file(path).unwrap();
    }
    assert_eq!(report(year.bench.engine(), None, None).unwrap().spans, expected);
    assert_eq!(year.summaries(), paths);
    other.bench.stop();
    year.bench.stop();
    assert_eq!(verify(year.bench.data()).unwrap().summaries, paths.len());
}

fn disk(year: &Year) -> FileDisk {
    FileDisk::existing(year.bench.data()).unwrap()
}

fn name(path: &std::path::Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// The one block of a summary.
fn blocks(disk: &dyn Disk, path: &std::path::Path) -> Vec<u8> {
    BlockReader::open(disk, name(path)).unwrap().next_block().unwrap().unwrap().to_vec()
}

#[test]
fn a_summary_that_lies_gives_no_report_and_verifying_names_it() {
    let mut year = Year::new(9, 1_500);
    report(year.bench.engine(), None, None).unwrap();
    let path = year.summaries().swap_remove(1);
    let disk = disk(&year);
    let header = *BlockReader::open(&disk, name(&path)).unwrap().header();
    let mut block = blocks(&disk, &path);
    // The amount of the first total: behind the time, and its first and last instants.
    block[8 + 16] ^= 1;
    write(&disk, name(&path), &header, [block]).unwrap();
    let failed = report(year.bench.engine(), None, None).unwrap_err();
    assert!(matches!(&failed, ReportError::Unequal { balances, counted, .. } if balances != counted), "{failed}");
    year.bench.stop();
    let failure = verify(year.bench.data()).unwrap_err();
    assert!(matches!(&failure, VerifyFailure::TableDiffers { file, .. } if file.contains(name(&path))), "{failure}");
    std::fs::remove_file(&path).unwrap();
    verify(year.bench.data()).unwrap();
    let (engine, _) = Engine::open(&year.bench.options).unwrap();
    report(&engine, None, None).unwrap();
    engine.close().unwrap();
}

#[test]
fn reports_are_right_while_others_write() {
    let bench = Bench::new();
    bench.users(&USERS);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for user in ["ana", "bob"] {
            let (bench, done) = (&bench, &done);
            scope.spawn(move || {
                let mut amount = 0;
                while !done.load(Ordering::Relaxed) {
                    amount += 1;
                    bench.grant(user, amount);
                    let spend =
                        Operation::Spend { user, coin: "toco", amount: amount / 2 + 1, to: None, mode: Mode::UpTo };
                    bench.ask(spend);
                }
            });
        }
        let mut before: Option<LiabilitySpan> = None;
        let mut reports = 0;
        while bench.engine().reader().segments().len() < 4 || reports < 20 {
            let span = report(bench.engine(), None, None).unwrap().spans[0];
            let granted = |span: &LiabilitySpan| span.flows.of(Category::Paid, FlowKind::Granted);
            assert!(before.is_none_or(|before| granted(&before) <= granted(&span)), "{before:?} {span:?}");
            before = Some(span);
            reports += 1;
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn a_report_that_nobody_waits_for_ends_and_one_of_nothing_is_refused() {
    let year = Year::new(10, 600);
    let engine = year.bench.engine();
    let basis_of = || basis(engine);
    let query = LiabilityQuery { coin: CoinId(0), from: None, until: year.now() + 1, step: Step::Month };
    let ended = engine.liability(basis_of(), &query, &|| true).unwrap_err();
    assert!(matches!(ended, ReportError::Ended), "{ended}");
    let begin = engine.event(1).unwrap().at;
    for until in [begin, begin - 1] {
        let empty = engine.liability(basis_of(), &LiabilityQuery { until, ..query }, &|| false).unwrap_err();
        assert!(matches!(empty, ReportError::Empty { from } if from == begin), "{empty}");
    }
    let from = Some(begin - 1_300 * 31 * DAY_US);
    let many = engine.liability(basis_of(), &LiabilityQuery { from, ..query }, &|| false).unwrap_err();
    assert!(matches!(many, ReportError::TooManySpans { .. }), "{many}");
}

#[test]
fn a_ledger_without_events_owes_nothing() {
    let bench = Bench::new();
    let nothing = report(bench.engine(), None, None).unwrap();
    assert_eq!((nothing.there, nothing.spans.len()), (There::default(), 1));
    assert!(nothing.spans[0].from < nothing.spans[0].until);
}

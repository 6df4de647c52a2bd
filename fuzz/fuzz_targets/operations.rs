//! Any operations of three users, with time that passes between them. Each event that follows is read back from its record as it was; and a
//! second ledger that replays the records, and a third that goes on from a snapshot of the first, are the same as the first.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use tocos_ledger::{
    Category, CoinId, Decision, Event, Every, Excess, Flow, Lasting, Ledger, Marks, Micros, Mode, Operation, Plan,
    RECORD_BYTES, Request, Rollover, SECOND_US, SnapshotError, SpendLimit, Taking, Thresholds, Until, Window,
};

const SEED: [u8; 16] = [3; 16];
const USERS: [&str; 3] = ["ana", "bob", "cleo"];
const SCHEDULES: [&str; 2] = ["plan", "bonus"];
/// The step at which a snapshot is made.
const HALF: usize = 24;
/// 2026-01-31 12:00 UTC: months of several lengths follow.
const START: Micros = 1_769_860_800_000_000;

#[derive(Arbitrary, Debug)]
struct Input {
    steps: Vec<(Step, Option<bool>)>,
}

#[derive(Arbitrary, Debug)]
enum Step {
    Pass { minutes: u16 },
    Grant { who: u8, amount: u16, minutes: Option<u16>, priority: u8, paid: bool, lot: bool },
    Spend { who: u8, amount: u16, to: Option<u8>, up_to: bool },
    Transfer { from: u8, to: u8, amount: u16 },
    Hold { who: u8, amount: u16, minutes: u16, to: Option<u8> },
    Capture { hold: u8, amount: Option<u16>, last: bool, more: bool },
    Release { hold: u8 },
    Extend { hold: u8, minutes: u16 },
    Reverse { event: u8, amount: Option<u16>, minutes: Option<u16>, up_to: bool, debt: bool },
    Schedule(Schedule),
    Change { which: u8, how: u8 },
    Limits { who: u8, floor: i16, ceiling: u16, frozen: bool },
    Thresholds { who: Option<u8>, amounts: Vec<i16> },
    SpendLimit { who: Option<u8>, amount: Option<u16>, per: u8 },
    Close { who: u8 },
}

#[derive(Arbitrary, Debug)]
struct Schedule {
    which: u8,
    who: u8,
    amount: u16,
    every: u8,
    periods: u8,
    at_next: bool,
    minutes: Option<u16>,
    starts_in_days: Option<i8>,
    ends_in_days: Option<u8>,
    occurrences: Option<u8>,
    rollover: Option<u16>,
    now: bool,
}

fn user(who: u8) -> &'static str {
    USERS[usize::from(who) % USERS.len()]
}

fn after(now: Micros, minutes: u16) -> Micros {
    now + Micros::from(minutes) * 60 * SECOND_US
}

impl Schedule {
    fn plan(&self, now: Micros) -> Plan {
        let days = |days: i64| now + days * 86_400 * SECOND_US;
        let periods = u16::from(self.periods);
        let own = self.minutes.map_or(Lasting::Never, |minutes| Lasting::After(u32::from(minutes) * 60));
        Plan {
            amount: self.amount.into(),
            every: match self.every % 3 {
                0 => Every::Once,
                1 => Every::Days(periods),
                _ => Every::Months(periods),
            },
            anchor: None,
            starts_at: self.starts_in_days.map(|until| days(until.into())),
            ends_at: self.ends_in_days.map(|until| days(until.into())),
            occurrences: self.occurrences.map(u32::from),
            lasting: if self.at_next { Lasting::AtNext } else { own },
            priority: 50,
            category: Category::Promotional,
            rollover: self.rollover.map(|max| Rollover { max: max.into(), lasting: own }),
            now: self.now,
        }
    }
}

/// A ledger, and what it wrote.
struct Written {
    ledger: Ledger,
    now: Micros,
    records: Vec<(Micros, [u8; RECORD_BYTES], Vec<u8>)>,
}

impl Written {
    fn write(&mut self, event: &Event<'_>) {
        let (mut scratch, mut blob) = (Vec::new(), Vec::new());
        let record = event.encode(&mut scratch, |bytes| {
            blob.extend_from_slice(bytes);
            0
        });
        let again = self.ledger.decode_event(event.number, event.at, &record, &blob);
        assert_eq!(again.as_ref(), Ok(event));
        let mut read = Vec::new();
        Event::read_flows(event.at, &record, &blob, |_| Some(CoinId(0)), |flow| read.push(*flow))
            .expect("it can be read");
        let flows: Vec<Flow> = event.flows(|_| Some(CoinId(0))).expect("its account is known").collect();
        assert_eq!(read, flows);
        self.ledger.apply(event).expect("what was decided can be applied");
        self.records.push((event.at, record, blob));
    }

    fn do_what_is_due(&mut self) {
        while let Some(occasion) = self.ledger.next_occasion(self.now) {
            let event = self.ledger.expire(&occasion, self.now);
            self.write(&event);
        }
    }

    fn ask(&mut self, operation: Operation<'_>, key: Option<&str>) {
        self.do_what_is_due();
        let request = Request { operation, key, metadata: None, reference: key, by: 0 };
        if let Ok(Decision::Do(event)) = self.ledger.decide(&request, self.now) {
            self.write(&event);
        }
    }

    fn step(&mut self, step: &Step, key: Option<&str>) {
        let now = self.now;
        let coin = "toco";
        let operation = match *step {
            Step::Pass { minutes } => {
                self.now = after(now, minutes);
                return;
            }
            Step::Grant { who, amount, minutes, priority, paid, lot } => {
                let category = if paid { Category::Paid } else { Category::Promotional };
                let marks = Marks { expires_at: minutes.map(|minutes| after(now, minutes)), priority, category };
                Operation::Grant { user: user(who), coin, amount: amount.into(), marks, lot }
            }
            Step::Spend { who, amount, to, up_to } => {
                let mode = if up_to { Mode::UpTo } else { Mode::Exact };
                Operation::Spend { user: user(who), coin, amount: amount.into(), to: to.map(user), mode }
            }
            Step::Transfer { from, to, amount } => {
                Operation::Transfer { from: user(from), to: user(to), coin, amount: amount.into() }
            }
            Step::Hold { who, amount, minutes, to } => {
                let until = Until::InSeconds(u32::from(minutes) * 60);
                Operation::Hold { user: user(who), coin, amount: amount.into(), until, to: to.map(user) }
            }
            Step::Capture { hold, amount, last, more } => {
                let excess = if more { Excess::TakeAvailable } else { Excess::Reject };
                Operation::Capture { hold: hold.into(), amount: amount.map(u64::from), last, excess }
            }
            Step::Release { hold } => Operation::Release { hold: hold.into() },
            Step::Extend { hold, minutes } => Operation::Extend { hold: hold.into(), expires_at: after(now, minutes) },
            Step::Reverse { event, amount, minutes, up_to, debt } => {
                let Some((at, record, blob)) =
                    usize::from(event).checked_sub(1).and_then(|at| self.records.get(at)).cloned()
                else {
                    return;
                };
                let original = Event::decode(event.into(), at, &record, &blob).expect("it was decoded before");
                let mode = if up_to { Mode::UpTo } else { Mode::Exact };
                return self.ask(
                    Operation::Reverse {
                        event: event.into(),
                        original: Some(&original),
                        amount: amount.map(u64::from),
                        renew_expires_at: minutes.map(|minutes| after(now, minutes)),
                        taking: Taking { mode, debt },
                    },
                    key,
                );
            }
            Step::Schedule(ref asked) => {
                let schedule = SCHEDULES[usize::from(asked.which) % SCHEDULES.len()];
                Operation::PutSchedule { schedule, user: user(asked.who), coin, plan: asked.plan(now) }
            }
            Step::Change { which, how } => {
                let schedule = SCHEDULES[usize::from(which) % SCHEDULES.len()];
                match how % 3 {
                    0 => Operation::EndSchedule { schedule },
                    1 => Operation::PauseSchedule { schedule },
                    _ => Operation::ResumeSchedule { schedule },
                }
            }
            Step::Limits { who, floor, ceiling, frozen } => {
                Operation::PutLimits { user: user(who), coin, floor: floor.into(), ceiling: ceiling.into(), frozen }
            }
            Step::Thresholds { who, ref amounts } => {
                let amounts: Vec<i64> = amounts.iter().copied().map(i64::from).collect();
                Operation::PutThresholds { user: who.map(user), coin, thresholds: Thresholds::new(&amounts).ok() }
            }
            Step::SpendLimit { who, amount, per } => {
                let per = match per {
                    0 => Window::Day,
                    1 => Window::Month,
                    hours => Window::Hours(hours.into()),
                };
                let limit = amount.map(|amount| SpendLimit { amount: amount.into(), per });
                Operation::PutSpendLimit { user: who.map(user), coin, limit }
            }
            Step::Close { who } => Operation::CloseUser { user: user(who) },
        };
        self.ask(operation, key);
    }
}

fn blocks(ledger: &Ledger) -> Vec<Vec<u8>> {
    ledger.state().blocks().collect()
}

fn restored(blocks: Vec<Vec<u8>>) -> Ledger {
    Ledger::from_blocks(SEED, blocks.into_iter().map(Ok::<_, SnapshotError>)).expect("a snapshot can be read")
}

fuzz_target!(|input: Input| {
    let mut half = (0, Vec::new());
    let mut written = Written { ledger: Ledger::new(SEED), now: START, records: Vec::new() };
    written.ask(Operation::PutCoin { coin: "toco", decimals: 0 }, None);
    for user in USERS {
        written.ask(Operation::PutUser { user, name: None }, None);
    }
    for (at, (step, keyed)) in input.steps.iter().take(64).enumerate() {
        // A key that comes twice names what was done under it first.
        let key = keyed.map(|again| if again { "again".to_owned() } else { format!("step-{at}") });
        written.step(step, key.as_deref());
        if at == HALF {
            half = (written.records.len(), blocks(&written.ledger));
        }
    }
    // The same without what is known only since a start.
    let expected = blocks(&written.ledger);
    assert_eq!(blocks(&restored(expected.clone())), expected);
    let (events, then) = half;
    let others = [(0, Ledger::new(SEED)), (events, if events == 0 { Ledger::new(SEED) } else { restored(then) })];
    for (events, mut ledger) in others {
        for ((at, record, blob), number) in written.records.iter().zip(1..).skip(events) {
            let replayed = ledger.replay(number, *at, std::slice::from_ref(record), |_| Some(blob.as_slice()));
            replayed.expect("what was written can be replayed");
        }
        assert_eq!(blocks(&ledger), expected);
    }
});

//! The document of the rules, `docs/rules.md`: its examples are run unchanged, and every rule has rows.

use crate::asking::plan;
use crate::bench::{Answer, Bench};
use crate::request::{Ask, Op, START, seconds};
use std::collections::BTreeMap;
use tocos_ledger::{
    Amount, Category, Every, Excess, Lasting, MAX_AMOUNT, Marks, Mode, Plan, Refusal, Rollover, SpendLimit, Taking,
    Until, Window,
};

const RULES: usize = 36;

fn rule_book() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/rules.md");
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path} can't be read: {error}"))
}

#[test]
fn every_example_is_true() {
    let book = rule_book();
    let mut examples = 0;
    let mut reader: Option<Reader> = None;
    for (number, line) in (1..).zip(book.lines()) {
        match (line, &mut reader) {
            ("```example", _) => (reader, examples) = (Some(Reader::new()), examples + 1),
            ("```", _) => reader = None,
            (line, Some(reader)) => {
                reader.line(line).unwrap_or_else(|error| panic!("docs/rules.md:{number}: {line}\n  {error}"));
            }
            (_, None) => {}
        }
    }
    assert!(examples >= 12, "only {examples} examples were found");
}

#[test]
fn every_rule_is_in_the_book_and_has_rows() {
    let book = rule_book();
    // The clock is the engine's.
    let folders =
        ["/tests/rules", "/../engine/tests/engine"].map(|folder| format!("{}{folder}", env!("CARGO_MANIFEST_DIR")));
    let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap()).map(|file| file.unwrap().path());
    let sources: String =
        files.filter(|path| path.is_file()).map(|path| std::fs::read_to_string(path).unwrap()).collect();
    for rule in 1..=RULES {
        assert!(book.contains(&format!("\n**{rule}.** ")), "rule {rule} is not in docs/rules.md");
        assert!(sources.contains(&format!("\nfn r{rule:02}_")), "rule {rule} has no row");
    }
}

/// Runs the lines of one example.
struct Reader {
    bench: Bench,
    /// What `as A` called an event.
    names: BTreeMap<String, u64>,
}

/// The words of a request: `spend ana 40 to=shop as S`.
struct Words<'w> {
    plain: Vec<&'w str>,
    options: BTreeMap<&'w str, &'w str>,
    name: Option<&'w str>,
}

impl<'w> Words<'w> {
    fn of(request: &'w str) -> Self {
        let mut words = Self { plain: Vec::new(), options: BTreeMap::new(), name: None };
        let mut rest = request.split_whitespace();
        while let Some(word) = rest.next() {
            match word.split_once('=') {
                Some((option, value)) => drop(words.options.insert(option, value)),
                None if word == "as" => words.name = rest.next(),
                None => words.plain.push(word),
            }
        }
        words
    }

    /// An option's value, which then has been heard.
    fn option<T: std::str::FromStr>(&mut self, option: &str) -> Result<Option<T>, String> {
        let value = self.options.remove(option);
        value.map(|value| value.parse().map_err(|_| format!("{option}={value} is not understood"))).transpose()
    }
}

fn lasting(word: Option<&str>) -> Result<Lasting, String> {
    match word {
        None | Some("never") => Ok(Lasting::Never),
        Some("at_next") => Ok(Lasting::AtNext),
        Some(word) => {
            let count = word.strip_prefix("after_s=").unwrap_or(word);
            Ok(Lasting::After(count.parse().map_err(|_| format!("{word} is no time for coins to expire"))?))
        }
    }
}

fn amount(word: &str) -> Result<Amount, String> {
    word.parse().map_err(|_| format!("{word} is no amount"))
}

impl Reader {
    fn new() -> Self {
        Self { bench: Bench::with(&["ana", "bob", "shop"]), names: BTreeMap::new() }
    }

    fn line(&mut self, line: &str) -> Result<(), String> {
        let (request, expected) = match line.split_once("=>") {
            Some((request, expected)) => (request.trim(), expected.trim()),
            None => (line.trim(), ""),
        };
        let mut words = Words::of(request);
        let found = match words.plain[..] {
            ["wait", count] => {
                self.bench.pass(i64::try_from(amount(count)?).unwrap()).sweep();
                if let Some(name) = words.name {
                    // What the time brought: the last of its events.
                    self.names.insert(name.to_owned(), self.bench.log.len() as u64);
                }
                String::new()
            }
            ["system"] => {
                let system = self.bench.system();
                format!("{} issued, {} spent, {} expired", system.issued, system.spent, system.expired)
            }
            [user, "lots"] => self.lots(self.bench.lots(user)),
            [user] if self.bench.ledger.find_user(user).is_some() => {
                let purse = self.bench.balance(user, "toco");
                format!("{} total, {} held, {} available", purse.total, purse.held, purse.available)
            }
            _ => self.ask(&mut words, expected)?,
        };
        if let Some(word) = words.options.keys().next() {
            return Err(format!("{word} is not understood"));
        }
        if found == expected { Ok(()) } else { Err(format!("it is: {found}")) }
    }

    /// Asks, and says what came of it in as many words as are expected.
    fn ask(&mut self, words: &mut Words<'_>, expected: &str) -> Result<String, String> {
        let key = words.option("key")?;
        let ask = Ask { key, ..Ask::of(self.op(words)?) };
        match self.bench.ask(&ask) {
            Err(refusal) => Ok(format!("refused {}", Refusal::code(&refusal))),
            Ok(answer) => {
                if let Some(name) = words.name {
                    self.names.insert(name.to_owned(), answer.event);
                }
                // What a schedule has to do at once.
                self.bench.sweep();
                Ok(self.outcome(&answer, expected))
            }
        }
    }

    fn outcome(&self, answer: &Answer, expected: &str) -> String {
        let taken = format!("takes {}", self.lots(answer.lots()));
        match expected {
            "" => String::new(),
            expected if expected.contains("crosses") => {
                let entry = answer.movement.as_ref().map(|movement| &movement.a);
                let crossed = entry.and_then(|entry| entry.crossed.as_deref()).unwrap_or_default();
                let way = |is_up| if is_up { "up" } else { "down" };
                let words: Vec<String> =
                    crossed.iter().map(|one| format!("crosses {} {}", one.threshold, way(one.is_up))).collect();
                words.join(", ")
            }
            "replayed" if answer.replayed => "replayed".to_owned(),
            expected if expected.contains("expired") => format!("{taken}, expired {}", answer.expired()),
            _ => taken,
        }
    }

    fn lots(&self, lots: Vec<(u64, Amount)>) -> String {
        let name = |grant: u64| self.names.iter().find(|(_, event)| **event == grant).map_or("plain", |(name, _)| name);
        let words: Vec<String> = lots.into_iter().map(|(grant, amount)| format!("{amount} {}", name(grant))).collect();
        if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
    }

    fn op(&self, words: &mut Words<'_>) -> Result<Op, String> {
        let coin = || "toco".to_owned();
        Ok(match words.plain[..] {
            ["grant", user, count] => {
                let (marks, lot) = (self.marks(words)?, words.option("lot")?.unwrap_or(false));
                Op::Grant { user: user.into(), coin: coin(), amount: amount(count)?, marks, lot }
            }
            ["spend", user, count] => {
                let mode = match words.option::<String>("mode")?.as_deref() {
                    Some("up_to") => Mode::UpTo,
                    _ => Mode::Exact,
                };
                Op::Spend { user: user.into(), coin: coin(), amount: amount(count)?, to: words.option("to")?, mode }
            }
            ["transfer", from, to, count] => {
                Op::Transfer { from: from.into(), to: to.into(), coin: coin(), amount: amount(count)? }
            }
            ["hold", user, count] => {
                let until = Until::InSeconds(words.option("timeout_s")?.unwrap_or(900));
                Op::Hold { user: user.into(), coin: coin(), amount: amount(count)?, until, to: words.option("to")? }
            }
            ["capture", hold] => {
                let excess = match words.option::<String>("excess")?.as_deref() {
                    Some("take_available") => Excess::TakeAvailable,
                    _ => Excess::Reject,
                };
                let (hold, last) = (self.event(hold)?, words.option("final")?.unwrap_or(true));
                Op::Capture { hold, amount: words.option("amount")?, last, excess }
            }
            ["release", hold] => Op::Release { hold: self.event(hold)? },
            ["reverse", event] => {
                let renew_expires_at = words.option("renew_in")?.map(|count: i64| self.bench.in_seconds(count));
                let mode = match words.option::<String>("mode")?.as_deref() {
                    Some("up_to") => Mode::UpTo,
                    _ => Mode::Exact,
                };
                let taking = Taking { mode, debt: words.option("debt")?.unwrap_or(false) };
                let (event, amount) = (self.event(event)?, words.option("amount")?);
                Op::Reverse { event, amount, renew_expires_at, taking }
            }
            ["thresholds", user, list] => Op::PutThresholds {
                user: (user != "everyone").then(|| user.to_owned()),
                coin: coin(),
                thresholds: Some(
                    list.split(',')
                        .map(|word| word.parse().map_err(|_| format!("{word} is no amount")))
                        .collect::<Result<_, _>>()?,
                ),
            },
            ["spend_limit", user, count] => {
                let per = match words.option::<String>("per")?.as_deref() {
                    Some("day") => Window::Day,
                    Some("month") => Window::Month,
                    _ => Window::Hours(words.option("hours")?.ok_or("a window is missing")?),
                };
                let limit = Some(SpendLimit { amount: amount(count)?, per });
                Op::PutSpendLimit { user: (user != "everyone").then(|| user.to_owned()), coin: coin(), limit }
            }
            ["limits", user] => Op::PutLimits {
                user: user.into(),
                coin: coin(),
                floor: words.option("floor")?.unwrap_or(0),
                ceiling: words.option("ceiling")?.unwrap_or(MAX_AMOUNT),
                frozen: words.option("frozen")?.unwrap_or(false),
            },
            ["schedule", schedule, user, count] => {
                let plan = self.plan(words, amount(count)?)?;
                Op::PutSchedule { schedule: schedule.into(), user: user.into(), coin: coin(), plan }
            }
            ["delete_schedule", schedule] => Op::EndSchedule { schedule: schedule.into() },
            ["pause", schedule] => Op::PauseSchedule { schedule: schedule.into() },
            ["resume", schedule] => Op::ResumeSchedule { schedule: schedule.into() },
            ["close", user] => Op::CloseUser { user: user.into() },
            _ => return Err("this is no request".to_owned()),
        })
    }

    fn marks(&self, words: &mut Words<'_>) -> Result<Marks, String> {
        let expires_at = words.option("expires_in")?.map(|count: i64| self.bench.in_seconds(count));
        let priority = words.option("priority")?.unwrap_or(Marks::PRIORITY_DEFAULT);
        let category = match words.option::<String>("category")?.as_deref() {
            Some("promotional") => Category::Promotional,
            _ => Category::Paid,
        };
        Ok(Marks { expires_at, priority, category })
    }

    fn plan(&self, words: &mut Words<'_>, count: Amount) -> Result<Plan, String> {
        let every = match words.option::<String>("every")? {
            None => Every::Once,
            Some(every) => match (every.strip_suffix('d'), every.strip_suffix("mo")) {
                (Some(days), _) => Every::Days(days.parse().map_err(|_| format!("{every} is no period"))?),
                (_, Some(months)) => Every::Months(months.parse().map_err(|_| format!("{every} is no period"))?),
                _ => return Err(format!("{every} is no period")),
            },
        };
        let max: Option<Amount> = words.option("rollover")?;
        let after = lasting(words.option::<String>("rollover_expires")?.as_deref())?;
        let rollover = max.map(|max| Rollover { max, lasting: after });
        let anchor = words.option("anchor_in")?.map(|count: i64| self.bench.in_seconds(count));
        let (lasting, occurrences) =
            (lasting(words.option::<String>("expires")?.as_deref())?, words.option("occurrences")?);
        let now = words.option::<String>("takes_effect")?.as_deref() == Some("now");
        Ok(Plan { every, anchor, occurrences, lasting, rollover, now, ..plan(count) })
    }

    fn event(&self, name: &str) -> Result<u64, String> {
        self.names.get(name).copied().ok_or_else(|| format!("nothing is called {name}"))
    }
}

#[test]
fn an_example_that_is_not_true_is_found_out() {
    let after = |lines: &[&str]| {
        let mut reader = Reader::new();
        lines.iter().try_for_each(|line| reader.line(line))
    };
    assert_eq!(after(&["grant ana 5", "ana => 5 total, 0 held, 5 available"]), Ok(()));
    for wrong in [
        ["grant ana 5", "ana => 6 total, 0 held, 6 available"],
        ["grant ana 5", "spend ana 6"],
        ["grant ana 5", "spend ana 5 => takes 4 plain"],
        ["grant ana 5", "spend ana 5 => replayed"],
        ["grant ana 5", "spend ana 6 => refused hold_ended"],
        ["grant ana 5", "spend ana 5 => refused insufficient_funds"],
        ["grant ana 5", "spend ana 5 too=shop"],
        ["grant ana 5", "spent ana 5"],
        ["grant ana 5", "reverse A"],
        ["grant ana 5 expires_in=60", "ana lots => nothing"],
    ] {
        assert!(after(&wrong).is_err(), "{wrong:?} passed");
    }
    assert_eq!(Reader::new().bench.now, START + seconds(0));
}

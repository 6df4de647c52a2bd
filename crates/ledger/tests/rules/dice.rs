//! Dice that become requests. A row of small numbers says everything about a step, so that proptest can shrink a
//! failing sequence by leaving rows out and making numbers smaller; all zeroes is the plainest step there is.

use crate::model::{Model, instant_of};
use crate::request::{Ask, Hook, Op, seconds, secret};
use tocos_ledger::{
    Amount, Category, Every, Excess, Lasting, MAX_AMOUNT, Marks, Micros, Mode, Plan, Right, Rollover, SpendLimit,
    Taking, Until, WebhookChange, WebhookOff, Window,
};

/// One step's dice.
pub(crate) type Row = [u16; 11];

/// What is done in a step.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every step is the largest")]
pub(crate) enum Step {
    Ask(Ask),
    /// Time passes, in seconds.
    Pass(i64),
    /// A node leads, after so many seconds.
    Lead {
        epoch: u64,
        node: &'static str,
        after: i64,
    },
    /// From here on everything can be taken back.
    Begin,
    Keep,
    RollBack,
    /// The ledger is written to blocks and read back from them.
    Reopen,
}

/// A name of 63 bytes.
const LONGEST_NODE: &str = "abcdefghijklmnopqrstuvwxyz_ABCDEFGHIJKLMNOPQRSTUVWXYZ-123456789";

const DAY: i64 = 86_400;
/// The last day of a month, and of a leap year's February, in the time that the dice pass through.
const LATE_DAYS: [Micros; 2] = [seconds(1_801_396_800), seconds(1_835_438_400)];

/// Dice that are thrown one after the other.
struct Dice<'d> {
    row: &'d Row,
    at: usize,
}

impl Dice<'_> {
    fn throw(&mut self, sides: usize) -> usize {
        let face = self.row[self.at];
        self.at += 1;
        usize::from(face) % sides
    }

    /// One of `items`; the first is the plainest.
    fn choose<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.throw(items.len())]
    }
}

/// The step that a row of dice stands for, given what there is.
pub(crate) fn step(row: &Row, model: &Model, now: Micros) -> Step {
    let mut dice = Dice { row, at: 0 };
    match dice.throw(64) {
        0..48 => Step::Ask(ask(&mut dice, model, now)),
        48..50 => Step::Ask(asked_again(&mut dice, model, now)),
        50..57 => Step::Pass(pass(&mut dice)),
        57 => Step::Lead {
            after: dice.choose(&[0, 0, 10, 20, 60]),
            node: dice.choose(&["a", "node-b.2", LONGEST_NODE]),
            epoch: dice.choose(&[1, 2, 3, 1 << 40, u64::MAX]),
        },
        58 | 59 => Step::Begin,
        60 | 61 => Step::Keep,
        62 => Step::RollBack,
        _ => Step::Reopen,
    }
}

fn pass(dice: &mut Dice<'_>) -> i64 {
    match dice.throw(64) {
        face @ 0..35 => [10, 0, 20, 30, 1, 5, 60][face % 7],
        face @ 35..52 => DAY + [0, 10, -10, 20, 60][face % 5],
        52..56 => 7 * DAY,
        56..60 => 31 * DAY,
        _ => 400 * DAY,
    }
}

fn ask(dice: &mut Dice<'_>, model: &Model, now: Micros) -> Ask {
    let op = match dice.throw(123) {
        0..20 => grant(dice, model, now),
        20..34 => spend(dice),
        34..50 => transfer(dice),
        50..62 => hold(dice, model, now),
        62..78 if model.holds.is_empty() && !model.last_event().is_multiple_of(8) => hold(dice, model, now),
        62..72 => capture(dice, model),
        72..75 => Op::Release { hold: hold_id(dice, model) },
        75..78 => Op::Extend { hold: hold_id(dice, model), expires_at: instant(dice, model, now) },
        78..90 => reverse(dice, model, now),
        90..92 => limits(dice),
        92 => thresholds(dice),
        93 => spend_limit(dice),
        94..97 => {
            Op::PutUser { user: user(dice), name: dice.choose(&[None, Some("Ann"), Some("Ben")]).map(Into::into) }
        }
        97 => Op::CloseUser { user: user(dice) },
        98 => Op::PutCoin { coin: coin(dice), decimals: dice.choose(&[0, 2, 9, 10]) },
        99 => api_key(dice, model, now),
        100..110 => put_schedule(dice, model, now),
        110 | 111 => Op::PauseSchedule { schedule: schedule(dice) },
        112 | 113 => Op::ResumeSchedule { schedule: schedule(dice) },
        115..118 => put_webhook(dice, model),
        118 => Op::DeleteWebhook { webhook: webhook(dice) },
        119..123 => change_webhook(dice, model),
        _ => Op::EndSchedule { schedule: schedule(dice) },
    };
    dice.at = 8;
    let key = match dice.throw(64) {
        0..40 => None,
        face => Some(format!("key {}", face + model.keys.len() / 8 * 64)),
    };
    let metadata = dice.choose(&[None, None, None, Some(r#"{"order":"17"}"#), Some(r#"{"order":"18"}"#)]);
    let reference = dice.choose(&[None, None, None, Some("order 17"), Some("Bestellung 18, Größe L")]);
    Ask { op, key, metadata: metadata.map(Into::into), reference: reference.map(Into::into) }
}

/// A request that was done under a key, mostly word for word.
fn asked_again(dice: &mut Dice<'_>, model: &Model, now: Micros) -> Ask {
    let face = dice.throw(usize::from(u16::MAX));
    let Some((_, first)) = model.keys.values().nth(face % model.keys.len().max(1)) else {
        return ask(&mut Dice { row: dice.row, at: 1 }, model, now);
    };
    match dice.throw(8) {
        0..6 => first.clone(),
        6 if dice.throw(2) == 0 => Ask { reference: Some("order 19".into()), ..first.clone() },
        6 => Ask { metadata: Some(r#"{"order":"19"}"#.into()), ..first.clone() },
        _ => Ask { op: ask(&mut Dice { row: dice.row, at: 1 }, model, now).op, ..first.clone() },
    }
}

fn user(dice: &mut Dice<'_>) -> String {
    let names = ["ana", "bob", "Cem Ç. <cem+1@example.com> 山 💥", "dia"];
    match dice.throw(60) {
        56..59 => "eve".into(),
        59 => "fay".into(),
        face => names[face % 4].into(),
    }
}

fn coin(dice: &mut Dice<'_>) -> String {
    match dice.throw(32) {
        0..24 => "toco".into(),
        24..31 => "gem".into(),
        _ => "none".into(),
    }
}

fn payee(dice: &mut Dice<'_>) -> Option<String> {
    match dice.throw(16) {
        0..11 => None,
        11 | 12 => Some("bob".into()),
        13 | 14 => Some("dia".into()),
        _ => Some("eve".into()),
    }
}

fn amount(dice: &mut Dice<'_>) -> Amount {
    match dice.throw(256) {
        250 => 0,
        251 => MAX_AMOUNT,
        252 => MAX_AMOUNT + 1,
        253 => MAX_AMOUNT / 2,
        254 => 1_000,
        face => 1 + (face % 60) as Amount,
    }
}

/// Every instant is a whole multiple of ten seconds off, so that many fall together; the past is rare.
fn instant(dice: &mut Dice<'_>, model: &Model, now: Micros) -> Micros {
    let off = [60, 10, 20, 30, 40, 50, 70, 80, 100, 200, 0, -10, 400 * DAY, 400 * DAY + 1];
    let off = match dice.throw(64) {
        face @ 0..14 => off[face],
        face @ 14..32 if !model.schedules.is_empty() => return of_schedule(model, face),
        face => off[face % 10],
    };
    now + seconds(off)
}

/// An instant at which a schedule has an occurrence, the next one or one of those after it.
fn of_schedule(model: &Model, face: usize) -> Micros {
    let table = model.schedules.values().nth(face % model.schedules.len()).unwrap();
    instant_of(&table.plan, table.anchor, table.next.0 + [0, 0, 1, 0, 3, 0][face % 6])
}

fn grant(dice: &mut Dice<'_>, model: &Model, now: Micros) -> Op {
    let (user, coin, amount) = (user(dice), coin(dice), amount(dice));
    let marks = match dice.throw(64) {
        0..16 => Marks::PLAIN,
        63 => Marks { priority: 101, ..Marks::PLAIN },
        face => {
            let expires_at = (face % 4 != 0).then(|| instant(dice, model, now));
            let priority = [50, 50, 10, 90][face / 4 % 4];
            let category = if face / 16 == 1 { Category::Promotional } else { Category::Paid };
            Marks { expires_at, priority, category }
        }
    };
    let lot = dice.throw(8) == 7;
    Op::Grant { user, coin, amount, marks, lot }
}

fn spend(dice: &mut Dice<'_>) -> Op {
    let (user, coin, amount, to) = (user(dice), coin(dice), amount(dice), payee(dice));
    let mode = dice.choose(&[Mode::Exact, Mode::Exact, Mode::UpTo]);
    Op::Spend { user, coin, amount, to, mode }
}

fn transfer(dice: &mut Dice<'_>) -> Op {
    Op::Transfer { from: user(dice), to: user(dice), coin: coin(dice), amount: amount(dice) }
}

fn hold(dice: &mut Dice<'_>, model: &Model, now: Micros) -> Op {
    let (user, coin, amount, to) = (user(dice), coin(dice), amount(dice), payee(dice));
    let face = dice.throw(64);
    // Coins that may roll over, in a hold across the instant.
    let mut rolling = model.schedules.values().filter(|table| table.plan.rollover.is_some() && table.lot.is_some());
    if let (Some(table), 46..62) = (rolling.next(), face) {
        let (user, coin, until) = (table.user.clone(), table.coin.clone(), Until::InSeconds(2 * 86_400));
        let to = to.filter(|to| *to != user);
        return Op::Hold { user, coin, amount: amount.min(20), until, to };
    }
    let until = match face {
        0..32 => Until::At(instant(&mut Dice { row: dice.row, at: 6 }, model, now)),
        32..62 => Until::InSeconds(30),
        62 => Until::InSeconds(0),
        _ => Until::InSeconds(400 * 86_400 + 1),
    };
    Op::Hold { user, coin, amount, until, to }
}

/// Mostly an open hold, sometimes one that has ended, rarely none.
fn hold_id(dice: &mut Dice<'_>, model: &Model) -> u64 {
    let nth = |ids: Vec<u64>, face: usize| if ids.is_empty() { 0 } else { ids[face % ids.len()] };
    let face = dice.throw(usize::from(u16::MAX));
    match face % 16 {
        0..12 => nth(model.holds.keys().copied().collect(), face / 16),
        12..15 => nth(model.ended.keys().copied().collect(), face / 16),
        _ => face as u64 / 16,
    }
}

fn capture(dice: &mut Dice<'_>, model: &Model) -> Op {
    let hold = hold_id(dice, model);
    let amount = [None, Some(amount(dice))][dice.throw(2)];
    let last = dice.choose(&[true, false]);
    let excess = dice.choose(&[Excess::Reject, Excess::TakeAvailable]);
    Op::Capture { hold, amount, last, excess }
}

fn reverse(dice: &mut Dice<'_>, model: &Model, now: Micros) -> Op {
    let face = dice.throw(usize::from(u16::MAX));
    let moved: Vec<u64> = model.moved.keys().copied().collect();
    let event = match face % 16 {
        0..15 if !moved.is_empty() => moved[moved.len() - 1 - face / 16 % moved.len()],
        _ => face as u64 / 16 % (model.last_event() + 2),
    };
    let amount = [None, Some(amount(dice))][dice.throw(2)];
    let renew_expires_at = (dice.throw(3) == 2).then(|| instant(dice, model, now));
    let taking = Taking { mode: dice.choose(&[Mode::Exact, Mode::Exact, Mode::UpTo]), debt: dice.throw(4) == 3 };
    Op::Reverse { event, amount, renew_expires_at, taking }
}

fn limits(dice: &mut Dice<'_>) -> Op {
    let (user, coin) = (user(dice), coin(dice));
    let large = -i64::try_from(MAX_AMOUNT).unwrap();
    let floor = dice.choose(&[0, 0, -20, -100, -20, -100, large, 1]);
    let ceiling = dice.choose(&[MAX_AMOUNT, MAX_AMOUNT, MAX_AMOUNT, 100, 40, 0, MAX_AMOUNT + 1]);
    let frozen = dice.throw(6) == 5;
    Op::PutLimits { user, coin, floor, ceiling, frozen }
}

/// Of one account, or of a coin.
fn whose(dice: &mut Dice<'_>) -> (Option<String>, String) {
    let user = user(dice);
    ((dice.throw(3) > 0).then_some(user), coin(dice))
}

fn thresholds(dice: &mut Dice<'_>) -> Op {
    let (user, coin) = whose(dice);
    let lists: [Option<&[i64]>; 5] = [Some(&[20]), Some(&[50, 0, 20, 20]), Some(&[-10, 10, 100]), Some(&[]), None];
    Op::PutThresholds { user, coin, thresholds: dice.choose(&lists).map(Into::into) }
}

fn spend_limit(dice: &mut Dice<'_>) -> Op {
    let (user, coin) = whose(dice);
    let per = dice.choose(&[
        Window::Day,
        Window::Hours(1),
        Window::Month,
        Window::Day,
        Window::Hours(744),
        Window::Hours(745),
    ]);
    let amount = dice.choose(&[100, 40, 0, 1_000, MAX_AMOUNT, MAX_AMOUNT + 1]);
    let limit = (dice.throw(6) != 5).then_some(SpendLimit { amount, per });
    Op::PutSpendLimit { user, coin, limit }
}

fn api_key(dice: &mut Dice<'_>, model: &Model, now: Micros) -> Op {
    match dice.throw(2) {
        0 => {
            let right = dice.choose(&[Right::Read, Right::Spend, Right::Grant, Right::Admin]);
            let expires_at = [None, Some(instant(dice, model, now))][dice.throw(2)];
            Op::CreateKey { name: "ci".into(), right, expires_at }
        }
        _ => Op::RevokeKey { id: u16::try_from(dice.throw(4)).unwrap() },
    }
}

fn schedule(dice: &mut Dice<'_>) -> String {
    dice.choose(&["plan", "plan", "extra", "extra", "Top-up 山", "none"]).into()
}

fn webhook(dice: &mut Dice<'_>) -> String {
    dice.choose(&["shop", "crm", "shop", "crm", "none"]).into()
}

fn put_webhook(dice: &mut Dice<'_>, model: &Model) -> Op {
    let mut sides = Sides(dice.throw(usize::from(u16::MAX)));
    let id = sides.choose(&["shop", "crm", "shop", "crm", "x-1", "no dots."]).to_owned();
    let url = sides.choose(&["https://example.com/hook", "http://[::1]:9/", "https://a.example/?x=1", "ftp://a", ""]);
    let kinds = sides.choose(&[&[][..], &["grant", "spend"], &["webhook_failing"], &["spend", "grant"]]).to_vec();
    let coins = sides.choose(&[&[][..], &["toco"], &["gem", "toco", "gem"], &["toco", "gem"], &["none"]]);
    let coins = coins.iter().map(|coin| (*coin).to_owned()).collect();
    let mut sides = Sides(dice.throw(usize::from(u16::MAX)));
    let prefix = sides.choose(&[None, Some("a"), Some("Cem Ç"), Some("")]).map(str::to_owned);
    let (crossed, batch) = (sides.choose(&[false, true]), sides.choose(&[1, 100, 7, 0, 101]));
    let secret = sides.choose(&[None, Some(1), None, Some(2)]).map(secret);
    let last = model.last_event();
    let from_event = sides.choose(&[None, Some(1), Some(last), Some(last + 1), Some(last + 2), Some(0)]);
    let url = url.to_owned();
    Op::PutWebhook(Hook { id, url, kinds, coins, prefix, crossed, batch, secret, from_event })
}

fn change_webhook(dice: &mut Dice<'_>, model: &Model) -> Op {
    let webhook = webhook(dice);
    let (since, through) = model.webhooks.get(&webhook).map_or((1, 0), |receiver| (receiver.since, receiver.through));
    let last = model.last_event();
    let mut sides = Sides(dice.throw(usize::from(u16::MAX)));
    // Now and then from before deliveries began where they are.
    let since = sides.choose(&[since, since, since, since.saturating_sub(1)]);
    let ahead = sides.choose(&[through + 1, last, last / 2 + 1, last + 1, through]);
    let from_event = sides.choose(&[1, last, last + 1, last / 2 + 1, last + 2, 0]);
    let keep_s = sides.choose(&[60, 0, 86_400, u32::MAX]);
    let (brought, byte) = (sides.choose(&[false, true]), sides.choose(&[3, 4]));
    let why = sides.choose(&[WebhookOff::Gone, WebhookOff::Failing]);
    let change = match dice.throw(12) {
        0..5 => WebhookChange::Progress { since, through: ahead },
        5 => WebhookChange::Failing { since },
        6 => WebhookChange::Disable { why: WebhookOff::Requested, since: None },
        7 => WebhookChange::Disable { why, since: Some(since.max(1)) },
        8 => WebhookChange::Enable,
        9 | 10 => WebhookChange::Redeliver { from_event },
        _ => WebhookChange::Rotate { secret: secret(byte), brought, keep_s },
    };
    Op::ChangeWebhook { webhook, change }
}

/// One die thrown for several small choices.
struct Sides(usize);

impl Sides {
    fn choose<T: Copy>(&mut self, items: &[T]) -> T {
        let item = items[self.0 % items.len()];
        self.0 /= items.len();
        item
    }
}

fn put_schedule(dice: &mut Dice<'_>, model: &Model, now: Micros) -> Op {
    let mut sides = Sides(dice.throw(usize::from(u16::MAX)));
    let schedule = sides.choose(&["plan", "extra", "plan", "extra", "Top-up 山", "more", "many", ""]);
    let (priority, paid) = (sides.choose(&[50, 50, 50, 10, 90, 101]), sides.choose(&[true, true, false]));
    let starts_at = sides.choose(&[None, None, None, None, Some(20), Some(DAY), Some(-DAY), Some(30 * DAY)]);
    let ends_at = sides.choose(&[None, None, None, Some(3 * DAY), Some(60 * DAY), Some(20), Some(-10)]);
    // A schedule stays with its user, so a change is mostly for the same.
    let before = model.schedules.values().find(|table| table.id == schedule);
    let (user, coin) = (user(dice), coin(dice));
    let (user, coin) = match before {
        Some(table) if sides.choose(&[true, true, false]) => (table.user.clone(), table.coin.clone()),
        _ => (user, coin),
    };
    let amount = amount(dice);
    let mut sides = Sides(dice.throw(usize::from(u16::MAX)));
    let (days, months) = (Every::Days, Every::Months);
    let every = sides.choose(&[days(1), Every::Once, months(1), days(7), days(1), months(1), days(30), months(12)]);
    let lasting = sides.choose(&[
        Lasting::AtNext,
        Lasting::Never,
        Lasting::AtNext,
        Lasting::After(30),
        Lasting::AtNext,
        Lasting::After(86_400),
        Lasting::AtNext,
    ]);
    let max = sides.choose(&[None, Some(5), Some(10), Some(40), Some(5), Some(MAX_AMOUNT), None]);
    let after = sides.choose(&[Lasting::Never, Lasting::AtNext, Lasting::After(86_400), Lasting::AtNext]);
    let rollover = max.filter(|_| lasting == Lasting::AtNext).map(|max| Rollover { max, lasting: after });
    let mut sides = Sides(dice.throw(usize::from(u16::MAX)));
    let anchor = match sides.choose(&[0, 0, 1, 2, 3, 4, 5, 6]) {
        0 | 1 => None,
        2 => Some(now + seconds(20)),
        3 => Some(now - seconds(3 * DAY - 10)),
        4 if !model.schedules.is_empty() => Some(of_schedule(model, sides.0)),
        5 => Some(LATE_DAYS[1] + seconds(20)),
        _ => Some(LATE_DAYS[0] + seconds(10)),
    };
    let at = |off: Option<i64>| off.map(|off| now + seconds(off));
    let (starts_at, ends_at) = (at(starts_at), at(ends_at));
    // So many days would make a long pass a slow one.
    let mut occurrences = sides.choose(&[None, None, Some(2), Some(5), Some(1), Some(40)]);
    if every == days(1) && anchor.is_none() {
        occurrences = occurrences.or(Some(10));
    }
    let ends_at = if every == days(1) { ends_at.or(Some(now + seconds(8 * DAY))) } else { ends_at };
    let now = sides.choose(&[false, true, true]);
    let category = if paid { Category::Paid } else { Category::Promotional };
    let plan =
        Plan { amount, every, anchor, starts_at, ends_at, occurrences, lasting, priority, category, rollover, now };
    let plan = if sides.choose(&[0, 0, 0, 0, 0, 0, 0, 1]) == 1 { out_of_bounds(plan, sides.0) } else { plan };
    Op::PutSchedule { schedule: schedule.into(), user, coin, plan }
}

/// A plan that there can't be.
fn out_of_bounds(plan: Plan, face: usize) -> Plan {
    let rollover = |max| Some(Rollover { max, lasting: Lasting::Never });
    match face % 12 {
        0 => Plan { every: Every::Days(0), ..plan },
        1 => Plan { every: Every::Days(3_661), ..plan },
        2 => Plan { every: Every::Months(0), ..plan },
        3 => Plan { every: Every::Months(121), ..plan },
        4 => Plan { every: Every::Once, lasting: Lasting::AtNext, ..plan },
        5 => Plan { every: Every::Once, lasting: Lasting::Never, rollover: rollover(5), ..plan },
        6 => Plan { anchor: Some(-1), ..plan },
        7 => Plan { starts_at: Some(plan.ends_at.unwrap_or(1)), ends_at: plan.ends_at.or(Some(1)), ..plan },
        8 => Plan { occurrences: Some(0), ..plan },
        9 => Plan { lasting: Lasting::After(0), rollover: None, ..plan },
        10 => Plan { every: Every::Days(1), lasting: Lasting::AtNext, rollover: rollover(MAX_AMOUNT + 1), ..plan },
        _ => Plan { every: Every::Days(1), lasting: Lasting::Never, rollover: rollover(5), ..plan },
    }
}

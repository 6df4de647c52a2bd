//! Dice that become requests. A row of small numbers says everything about a step, so that proptest can shrink a
//! failing sequence by leaving rows out and making numbers smaller; all zeroes is the plainest step there is.

use crate::model::Model;
use crate::request::{Ask, Op, seconds};
use tocos_ledger::{Amount, Category, Excess, MAX_AMOUNT, Marks, Micros, Mode, Right, Until};

/// One step's dice.
pub(crate) type Row = [u16; 10];

/// What is done in a step.
#[derive(Debug)]
pub(crate) enum Step {
    Ask(Ask),
    /// Time passes, in seconds.
    Pass(i64),
    /// From here on everything can be taken back.
    Begin,
    Keep,
    RollBack,
    /// The ledger is written to blocks and read back from them.
    Reopen,
}

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
        50..58 => Step::Pass([10, 0, 20, 30, 1, 5, 60, 400 * 86_400][dice.throw(64).min(7)]),
        58 | 59 => Step::Begin,
        60 | 61 => Step::Keep,
        62 => Step::RollBack,
        _ => Step::Reopen,
    }
}

fn ask(dice: &mut Dice<'_>, model: &Model, now: Micros) -> Ask {
    let op = match dice.throw(100) {
        0..20 => grant(dice, now),
        20..34 => spend(dice),
        34..50 => transfer(dice),
        50..62 => hold(dice, now),
        62..78 if model.holds.is_empty() && !model.last_event().is_multiple_of(8) => hold(dice, now),
        62..72 => capture(dice, model),
        72..75 => Op::Release { hold: hold_id(dice, model) },
        75..78 => Op::Extend { hold: hold_id(dice, model), expires_at: instant(dice, now) },
        78..90 => reverse(dice, model, now),
        90..94 => limits(dice),
        94..97 => {
            Op::PutUser { user: user(dice), name: dice.choose(&[None, Some("Ann"), Some("Ben")]).map(Into::into) }
        }
        97 => Op::CloseUser { user: user(dice) },
        98 => Op::PutCoin { coin: coin(dice), decimals: dice.choose(&[0, 2, 9, 10]) },
        _ => api_key(dice, now),
    };
    dice.at = 8;
    let key = match dice.throw(64) {
        0..40 => None,
        face => Some(format!("key {}", face + model.keys.len() / 8 * 64)),
    };
    let metadata = dice.choose(&[None, None, None, Some(r#"{"order":"17"}"#), Some(r#"{"order":"18"}"#)]);
    Ask { op, key, metadata: metadata.map(Into::into) }
}

/// A request that was done under a key, mostly word for word.
fn asked_again(dice: &mut Dice<'_>, model: &Model, now: Micros) -> Ask {
    let face = dice.throw(usize::from(u16::MAX));
    let Some((_, first)) = model.keys.values().nth(face % model.keys.len().max(1)) else {
        return ask(&mut Dice { row: dice.row, at: 1 }, model, now);
    };
    match dice.throw(8) {
        0..6 => first.clone(),
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
fn instant(dice: &mut Dice<'_>, now: Micros) -> Micros {
    let off = [60, 10, 20, 30, 40, 50, 70, 80, 100, 200, 0, -10, 400 * 86_400, 400 * 86_400 + 1];
    let off = match dice.throw(64) {
        face @ 0..14 => off[face],
        face => off[face % 10],
    };
    now + seconds(off)
}

fn grant(dice: &mut Dice<'_>, now: Micros) -> Op {
    let (user, coin, amount) = (user(dice), coin(dice), amount(dice));
    let marks = match dice.throw(64) {
        0..16 => Marks::PLAIN,
        63 => Marks { priority: 101, ..Marks::PLAIN },
        face => {
            let expires_at = (face % 4 != 0).then(|| instant(dice, now));
            let priority = [50, 50, 10, 90][face / 4 % 4];
            let category = if face / 16 == 1 { Category::Promotional } else { Category::Paid };
            Marks { expires_at, priority, category }
        }
    };
    Op::Grant { user, coin, amount, marks }
}

fn spend(dice: &mut Dice<'_>) -> Op {
    let (user, coin, amount, to) = (user(dice), coin(dice), amount(dice), payee(dice));
    let mode = dice.choose(&[Mode::Exact, Mode::Exact, Mode::UpTo]);
    Op::Spend { user, coin, amount, to, mode }
}

fn transfer(dice: &mut Dice<'_>) -> Op {
    Op::Transfer { from: user(dice), to: user(dice), coin: coin(dice), amount: amount(dice) }
}

fn hold(dice: &mut Dice<'_>, now: Micros) -> Op {
    let (user, coin, amount, to) = (user(dice), coin(dice), amount(dice), payee(dice));
    let until = match dice.throw(64) {
        0..32 => Until::At(instant(&mut Dice { row: dice.row, at: 6 }, now)),
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
    let renew_expires_at = (dice.throw(3) == 2).then(|| instant(dice, now));
    Op::Reverse { event, amount, renew_expires_at }
}

fn limits(dice: &mut Dice<'_>) -> Op {
    let (user, coin) = (user(dice), coin(dice));
    let large = -i64::try_from(MAX_AMOUNT).unwrap();
    let floor = dice.choose(&[0, 0, -20, -100, -20, -100, large, 1]);
    let ceiling = dice.choose(&[MAX_AMOUNT, MAX_AMOUNT, MAX_AMOUNT, 100, 40, 0, MAX_AMOUNT + 1]);
    let frozen = dice.throw(6) == 5;
    Op::PutLimits { user, coin, floor, ceiling, frozen }
}

fn api_key(dice: &mut Dice<'_>, now: Micros) -> Op {
    match dice.throw(2) {
        0 => {
            let right = dice.choose(&[Right::Read, Right::Spend, Right::Grant, Right::Admin]);
            let expires_at = [None, Some(instant(dice, now))][dice.throw(2)];
            Op::CreateKey { name: "ci".into(), right, expires_at }
        }
        _ => Op::RevokeKey { id: u16::try_from(dice.throw(4)).unwrap() },
    }
}

//! What is asked of a ledger whose disk fails.

use fastrand::Rng;
use tocos_ledger::{
    Category, EventKinds, Every, Excess, Lasting, Marks, Mode, Operation, Plan, PutWebhook, Rollover, Taking, Until,
    WebhookChange, WebhookOff, WebhookSecret,
};

const USERS: [&str; 6] = ["ana", "bob", "cem", "dao", "eve", "fay"];
const COINS: [&str; 2] = ["toco", "gem"];
const SCHEDULES: [&str; 9] = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];

pub(super) fn operation(rng: &mut Rng, last: u64, hold: u64, now: i64) -> Operation<'static> {
    let user = USERS[rng.usize(0..USERS.len())];
    let other = USERS[rng.usize(0..USERS.len())];
    let coin = COINS[rng.usize(0..COINS.len())];
    let amount = rng.u64(1..50);
    let to = rng.bool().then_some(other).filter(|other| *other != user);
    match rng.u32(0..30) {
        0 | 1 => Operation::PutUser { user, name: Some("Somebody") },
        2 => Operation::PutCoin { coin, decimals: 2 },
        3..=5 => Operation::Grant { user, coin, amount: amount * 3, marks: Marks::PLAIN, lot: false },
        6..=8 => {
            let expires_at = Some(now + rng.i64(1..60) * 1_000_000);
            let category = if rng.bool() { Category::Promotional } else { Category::Paid };
            Operation::Grant {
                user,
                coin,
                amount,
                marks: Marks { expires_at, priority: rng.u8(40..60), category },
                lot: false,
            }
        }
        9 | 10 => {
            let mode = if rng.bool() { Mode::UpTo } else { Mode::Exact };
            Operation::Spend { user, coin, amount, to, mode }
        }
        11..=14 => Operation::Transfer { from: user, to: other, coin, amount },
        15..=17 => Operation::Hold { user, coin, amount, until: Until::InSeconds(rng.u32(1..50)), to },
        18 | 19 => {
            let excess = if rng.bool() { Excess::TakeAvailable } else { Excess::Reject };
            Operation::Capture { hold, amount: rng.bool().then_some(amount), last: rng.bool(), excess }
        }
        20 => Operation::Release { hold },
        21 => Operation::Extend { hold, expires_at: now + 70_000_000 },
        22 => Operation::Reverse {
            event: rng.u64(last.saturating_sub(200)..=last),
            original: None,
            amount: rng.bool().then_some(amount),
            renew_expires_at: None,
            taking: Taking { mode: if rng.bool() { Mode::Exact } else { Mode::UpTo }, debt: rng.u8(0..8) == 0 },
        },
        23 | 24 => {
            let every = if rng.u8(0..4) == 0 { Every::Once } else { Every::Days(rng.u16(1..3)) };
            let lasting = if every == Every::Once { Lasting::After(rng.u32(1..100_000)) } else { Lasting::AtNext };
            let rollover = (every != Every::Once && rng.bool()).then_some(Rollover { max: amount, lasting });
            let plan = Plan {
                amount: amount * 2,
                every,
                anchor: rng.bool().then(|| now + rng.i64(0..40) * 1_000_000),
                starts_at: None,
                ends_at: None,
                occurrences: rng.bool().then(|| rng.u32(1..6)),
                lasting,
                priority: 50,
                category: Category::Promotional,
                rollover,
                now: rng.bool(),
            };
            // Another user's is refused.
            Operation::PutSchedule { schedule: SCHEDULES[rng.usize(0..SCHEDULES.len())], user, coin, plan }
        }
        25 => {
            let schedule = SCHEDULES[rng.usize(0..SCHEDULES.len())];
            match rng.u8(0..4) {
                0 => Operation::EndSchedule { schedule },
                1 => Operation::PauseSchedule { schedule },
                _ => Operation::ResumeSchedule { schedule },
            }
        }
        26 => webhook(rng, last),
        _ => {
            let floor = -rng.i64(0..30);
            Operation::PutLimits { user, coin, floor, ceiling: 5_000, frozen: rng.u32(0..8) == 0 }
        }
    }
}

/// Something about one of three webhooks; most of what a node would report is out of date.
fn webhook(rng: &mut Rng, last: u64) -> Operation<'static> {
    let webhook = ["shop", "crm", "x"][rng.usize(0..3)];
    let Some(secret) = WebhookSecret::new(&[rng.u8(..); 32]) else { return Operation::DeleteWebhook { webhook } };
    let since = rng.u64(last.saturating_sub(20)..=last);
    let change = match rng.u32(0..12) {
        0..4 => {
            return Operation::PutWebhook(Box::new(PutWebhook {
                webhook,
                url: "https://example.com/hook",
                kinds: EventKinds::default(),
                coins: if rng.bool() { vec!["toco"] } else { Vec::new() },
                prefix: rng.bool().then_some("a"),
                crossed: rng.bool(),
                batch: rng.u16(1..=100),
                secret: rng.bool().then_some(secret),
                fresh: secret,
                from_event: rng.bool().then(|| rng.u64(1..=last + 1)),
            }));
        }
        4 => return Operation::DeleteWebhook { webhook },
        5 => WebhookChange::Redeliver { from_event: rng.u64(1..=last + 1) },
        6 => WebhookChange::Enable,
        7 => WebhookChange::Disable { why: WebhookOff::Requested, since: None },
        8 => WebhookChange::Failing { since },
        9 | 10 => WebhookChange::Progress { since, through: since + 1 },
        _ => WebhookChange::Rotate { secret, brought: rng.bool(), keep_s: 60 },
    };
    Operation::ChangeWebhook { webhook, change }
}

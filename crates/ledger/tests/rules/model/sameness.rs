//! Whether two requests are one, field by field in the order in which the API names them.

use crate::request::{Ask, Op};
use std::collections::BTreeSet;
use tocos_ledger::{WebhookChange, Window};

/// A request as a list of named words.
fn words(ask: &Ask) -> (&'static str, Vec<(&'static str, String)>) {
    let word = |field: &'static str, value: &dyn core::fmt::Debug| (field, format!("{value:?}"));
    let (op, mut words) = match &ask.op {
        Op::PutUser { user, name } => ("user", vec![word("user", user), word("name", name)]),
        Op::CloseUser { user } => ("close", vec![word("user", user)]),
        Op::PutCoin { coin, decimals } => ("coin", vec![word("coin", coin), word("decimals", decimals)]),
        Op::PutLimits { user, coin, floor, ceiling, frozen } => (
            "limits",
            vec![
                word("user", user),
                word("coin", coin),
                word("floor", floor),
                word("ceiling", ceiling),
                word("frozen", frozen),
            ],
        ),
        Op::PutThresholds { user, coin, thresholds } => {
            let mut sorted = thresholds.clone();
            if let Some(sorted) = &mut sorted {
                sorted.sort_unstable();
                sorted.dedup();
            }
            let op = if user.is_some() { "thresholds" } else { "coin_thresholds" };
            (op, vec![word("user", user), word("coin", coin), word("thresholds", &sorted)])
        }
        Op::PutSpendLimit { user, coin, limit } => {
            let op = if user.is_some() { "spend_limit" } else { "coin_spend_limit" };
            let kind = limit.map(|limit| match limit.per {
                Window::Day => "day",
                Window::Month => "month",
                Window::Hours(_) => "hours",
            });
            let amount = limit.map(|limit| limit.amount);
            let words = vec![
                word("user", user),
                word("coin", coin),
                word("amount", &amount),
                word("per", &kind),
                word("hours", &limit.map(|limit| limit.per)),
            ];
            (op, words)
        }
        Op::Grant { user, coin, amount, marks, lot } => (
            "grant",
            vec![
                word("user", user),
                word("coin", coin),
                word("amount", amount),
                word("expires_at", &marks.expires_at),
                word("priority", &marks.priority),
                word("category", &marks.category),
                word("lot", lot),
            ],
        ),
        Op::Spend { user, coin, amount, to, mode } => (
            "spend",
            vec![word("user", user), word("coin", coin), word("amount", amount), word("to", to), word("mode", mode)],
        ),
        Op::Transfer { from, to, coin, amount } => {
            ("transfer", vec![word("from", from), word("to", to), word("coin", coin), word("amount", amount)])
        }
        Op::Hold { user, coin, amount, until, to } => {
            let end = match until {
                tocos_ledger::Until::At(at) => word("expires_at", at),
                tocos_ledger::Until::InSeconds(count) => word("timeout_s", count),
            };
            ("hold", vec![word("user", user), word("coin", coin), word("amount", amount), end, word("to", to)])
        }
        Op::Capture { hold, amount, last, excess } => {
            ("capture", vec![word("hold", hold), word("amount", amount), word("final", last), word("excess", excess)])
        }
        Op::Release { hold } => ("release", vec![word("hold", hold)]),
        Op::Extend { hold, expires_at } => ("extend", vec![word("hold", hold), word("expires_at", expires_at)]),
        Op::Reverse { event, amount, renew_expires_at, taking } => (
            "reverse",
            vec![
                word("event", event),
                word("amount", amount),
                word("renew_expires_at", renew_expires_at),
                word("mode", &taking.mode),
                word("debt", &taking.debt),
            ],
        ),
        Op::PutSchedule { schedule, user, coin, plan } => (
            "schedule",
            vec![
                word("schedule", schedule),
                word("user", user),
                word("coin", coin),
                word("amount", &plan.amount),
                word("every", &plan.every),
                word("anchor", &plan.anchor),
                word("starts_at", &plan.starts_at),
                word("ends_at", &plan.ends_at),
                word("occurrences", &plan.occurrences),
                word("expires", &plan.lasting),
                word("priority", &plan.priority),
                word("category", &plan.category),
                word("rollover", &plan.rollover),
                word("takes_effect", &plan.now),
            ],
        ),
        Op::EndSchedule { schedule } => ("schedule_deleted", vec![word("schedule", schedule)]),
        Op::PauseSchedule { schedule } => ("schedule_paused", vec![word("schedule", schedule)]),
        Op::ResumeSchedule { schedule } => ("schedule_resumed", vec![word("schedule", schedule)]),
        Op::PutWebhook(hook) => (
            "webhook",
            vec![
                word("webhook", &hook.id),
                word("url", &hook.url),
                word("kinds", &hook.kinds.iter().collect::<BTreeSet<_>>()),
                word("coins", &hook.coins.iter().collect::<BTreeSet<_>>()),
                word("user_prefix", &hook.prefix),
                word("crossed_only", &hook.crossed),
                word("batch", &hook.batch),
                word("secret", &hook.secret.map(|secret| secret.bytes().to_vec())),
                word("from_event", &hook.from_event),
            ],
        ),
        Op::DeleteWebhook { webhook } => ("webhook_deleted", vec![word("webhook", webhook)]),
        Op::ChangeWebhook { webhook, change } => {
            let words = match change {
                WebhookChange::Rotate { secret, brought, keep_s } => {
                    let secret = brought.then(|| secret.bytes().to_vec());
                    vec![word("webhook", webhook), word("secret", &secret), word("keep_s", keep_s)]
                }
                WebhookChange::Redeliver { from_event } => {
                    vec![word("webhook", webhook), word("from_event", from_event)]
                }
                // What nodes report has no key; tests give it one, and then all of it is one word.
                other => vec![word("webhook", webhook), word("op", other)],
            };
            (change.as_str(), words)
        }
        Op::CreateKey { name, right, expires_at } => {
            ("key", vec![word("name", name), word("right", right), word("expires_at", expires_at)])
        }
        Op::RevokeKey { id } => ("revoke", vec![word("id", id)]),
    };
    words.push(word("metadata", &ask.metadata));
    words.push(word("reference", &ask.reference));
    (op, words)
}

/// The first field in which `now` differs from `then`.
pub(super) fn first_difference(then: &Ask, now: &Ask) -> Option<&'static str> {
    let ((op_then, then), (op_now, now)) = (words(then), words(now));
    if op_then != op_now {
        return Some("op");
    }
    // The fields differ themselves only where a request can say a thing in two ways: then the newer word is named.
    let differing = now.iter().zip(&then).find(|(now, then)| now != then);
    differing.map(|((field, _), _)| *field)
}

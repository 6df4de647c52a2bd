//! What a read asks for beyond its route: to be no older than an event, or to be the leader's. And which roles of a node in its group
//! answer at all.

use std::time::Duration;

use http::Method;
use tocos_group::Role;
use tocos_http::Head;

use crate::app::App;
use crate::rendering::{Code, Problem};
use crate::resources;
use crate::routing::{EXACT_MAX, Handler, reached};

/// How long a read waits for an event.
const WAIT_MAX: Duration = Duration::from_secs(5);

/// When asking again makes sense, in seconds.
const RETRY_AFTER_S: u32 = 1;

/// What a read asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    /// The event that must be here: `Tocos-Min-Event`.
    pub min_event: Option<u64>,
    /// The leader is to answer: `Tocos-Read: leader`.
    pub from_leader: bool,
}

impl Wishes {
    /// What a request asks for, if it reads the ledger.
    ///
    /// # Errors
    /// A header that makes no sense.
    pub(super) fn of(handler: &Handler, head: &Head<'_>) -> Result<Self, Problem> {
        let is_read = handler.right().is_some() && (head.method == Method::GET || head.method == Method::HEAD);
        if !is_read {
            return Ok(Self::default());
        }
        let min_event = match head.min_event {
            Some(value) => Some(number(value).ok_or_else(|| {
                Problem::invalid("Tocos-Min-Event", "the number of an event was expected, as in Tocos-Event")
            })?),
            None => None,
        };
        let from_leader = match head.read_from {
            Some(b"leader") => true,
            Some(_) => return Err(Problem::invalid("Tocos-Read", "the only value is leader")),
            None => false,
        };
        Ok(Self { min_event, from_leader })
    }

    /// Waits until the event is here.
    pub(super) async fn wait(&self, app: &App) -> Result<(), Problem> {
        let Some(wanted) = self.min_event else { return Ok(()) };
        tokio::select! {
            reached = reached(app, wanted) => reached,
            () = tokio::time::sleep(WAIT_MAX) => Err(behind(app, wanted)),
        }
    }
}

fn behind(app: &App, wanted: u64) -> Problem {
    let event = app.engine.durable_event();
    let number = |event: u64| i64::try_from(event).unwrap_or(i64::MAX);
    let detail = format!(
        "Event {wanted} was to be here and is not: this node has events up to {event}. Retry in a moment, or ask another node."
    );
    Problem::new(Code::Behind, detail)
        .with_integer("event", number(event))
        .with_integer("min_event", number(wanted))
        .retry_after_s(RETRY_AFTER_S)
}

/// The number of an event: digits alone, and no more than any event can have.
fn number(value: &[u8]) -> Option<u64> {
    let digits = str::from_utf8(value).ok()?;
    let number: Option<u64> = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten();
    number.filter(|number| i64::try_from(*number).is_ok_and(|number| number <= EXACT_MAX))
}

/// Whether a node with this role answers.
///
/// # Errors
/// Not this request.
pub(super) fn check_role(role: Role, handler: &Handler) -> Result<(), Problem> {
    if handler.right().is_none() || resources::is_about_the_node(handler) {
        return Ok(());
    }
    match role {
        Role::Diverged => Err(Problem::new(
            Code::Diverged,
            "The group went on without events that this node has: it serves nothing until an operator has looked at it. Ask another \
             node.",
        )
        .retry_after_s(RETRY_AFTER_S)),
        Role::Joining if handler.leading().is_none() => Err(Problem::new(
            Code::Recovering,
            "This node has not found its place in its group yet. Retry in a moment, or ask another node.",
        )
        .retry_after_s(RETRY_AFTER_S)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_digits_alone() {
        for (text, expected) in [
            ("0", Some(0)),
            ("007", Some(7)),
            ("9007199254740991", Some(9_007_199_254_740_991)),
            ("9007199254740992", None),
            ("18446744073709551616", None),
            ("", None),
            ("+1", None),
            ("-1", None),
            ("1 ", None),
            ("1.0", None),
            ("0x1", None),
        ] {
            assert_eq!(number(text.as_bytes()), expected, "{text:?}");
        }
    }
}

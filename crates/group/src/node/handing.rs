//! Handing the lead over: to whom, and how far it has come.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::select;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use super::handle::HandedOver;
use crate::local::Local;
use crate::status::NodeStatus;

/// The node that is furthest of those that were there lately; of several the first by name.
pub(super) fn successor(members: &[NodeStatus], node: &str, lately: Duration) -> Option<String> {
    let others = members.iter().filter(|member| member.node != node && member.seen_ago <= lately);
    others.min_by_key(|member| (u64::MAX - member.last_event, &member.node)).map(|member| member.node.clone())
}

/// A handover under way.
pub(super) struct Handing {
    /// Who wants to know what comes of it.
    pub(super) replies: Vec<oneshot::Sender<HandedOver>>,
    /// Whether the node ends afterwards.
    pub(super) stops: bool,
    stopping: Pin<Box<dyn Future<Output = ()> + Send>>,
    is_given_out: bool,
    until: Instant,
}

impl fmt::Debug for Handing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handing").field("stops", &self.stops).field("until", &self.until).finish_non_exhaustive()
    }
}

impl Handing {
    /// Stops deciding. What was decided may take until then to be appended.
    pub(super) fn begin(local: Arc<dyn Local>, until: Instant) -> Self {
        let stopping = Box::pin(async move { local.stop_deciding().await });
        Self { replies: Vec::new(), stops: false, stopping, is_given_out: false, until }
    }

    /// Waits until everything that was decided has been given out; and then, or if that takes too long, whether it is time to hand over.
    /// Can be dropped and called again.
    pub(super) async fn run(&mut self, is_all_appended: bool) -> Drained {
        loop {
            if self.is_given_out && is_all_appended {
                return Drained::All;
            }
            select! {
                biased;
                () = &mut self.stopping, if !self.is_given_out => self.is_given_out = true,
                () = sleep_until(self.until) => return Drained::TooLate,
            }
        }
    }
}

/// What came of stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Drained {
    /// Everything that was decided is acknowledged.
    All,
    /// It took too long.
    TooLate,
}

//! The group of nodes that this one belongs to, where there is one. The protocol is not known here: it hands in its status, and what
//! to call for handing the lead over.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tocos_group::{Leader, Status};
use tocos_http::Client;
use tokio::sync::Semaphore;

use super::settings::Limits;

/// Handing the lead over, in progress.
pub type HandingOver = Pin<Box<dyn Future<Output = Result<Leader, NotHandedOver>> + Send>>;

/// Why this node's lead was not handed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotHandedOver {
    /// This node does not lead.
    NotLeader,
    /// No other node can take it: why, in words.
    NoSuccessor(String),
}

/// What the API needs of a group. Clones share it.
#[derive(Clone)]
pub struct GroupHandle {
    /// What this node knows about itself and its group.
    pub status: Status,
    hand_over: Arc<dyn Fn() -> HandingOver + Send + Sync>,
}

impl GroupHandle {
    /// `hand_over` hands the lead over to the node that is furthest on, and is ready with the new leader.
    pub fn new(status: Status, hand_over: impl Fn() -> HandingOver + Send + Sync + 'static) -> Self {
        Self { status, hand_over: Arc::new(hand_over) }
    }

    pub(crate) fn hand_over(&self) -> HandingOver {
        (self.hand_over)()
    }
}

impl fmt::Debug for GroupHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.status.fmt(f)
    }
}

/// The group as the service uses it.
#[derive(Debug)]
pub(crate) struct Group {
    pub handle: GroupHandle,
    /// Passes requests on to other nodes.
    pub client: Client,
    /// Bytes of large bodies that may still be kept for another try.
    pub kept_bytes: Semaphore,
}

impl Group {
    /// # Errors
    /// In words: TLS can't be set up.
    pub(crate) fn new(handle: GroupHandle, limits: &Limits) -> Result<Self, String> {
        let kept_bytes = Semaphore::new(limits.http.bodies_in_flight_bytes_max);
        Ok(Self { handle, client: Client::new()?, kept_bytes })
    }

    pub(crate) fn status(&self) -> &Status {
        &self.handle.status
    }
}

//! How the rest of the process speaks with its node.

use tokio::sync::{mpsc, oneshot, watch};

use super::Ended;
use crate::status::Status;

/// What came of a handover.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HandedOver {
    /// This node follows now, and the lease waits for that node.
    To(String),
    /// No other node was there lately. This node leads on.
    NoSuccessor,
    /// This node did not lead.
    NotLeading,
    /// It lost the lease before it could hand it over, and follows.
    Lost,
}

impl HandedOver {
    pub(super) fn send(self, reply: oneshot::Sender<Self>) {
        // Who asked may have gone.
        let _ = reply.send(self);
    }
}

/// What a node can be told.
#[derive(Debug)]
pub(super) enum Command {
    HandOver(oneshot::Sender<HandedOver>),
    Stop,
}

type Outcome = Option<Result<(), Ended>>;

/// A running node. Clones are the same node; it ends when the last of them is dropped.
#[derive(Clone, Debug)]
pub struct Handle {
    status: Status,
    commands: mpsc::Sender<Command>,
    ended: watch::Receiver<Outcome>,
}

impl Handle {
    pub(super) fn new(status: Status, commands: mpsc::Sender<Command>, ended: watch::Receiver<Outcome>) -> Self {
        Self { status, commands, ended }
    }

    /// What the node knows; shared, and written on.
    #[must_use]
    pub fn status(&self) -> Status {
        self.status.clone()
    }

    /// If it leads, lets another node lead: it decides no more, appends what it has decided, and hands the lease to the node that is
    /// furthest. Ready when it follows, or when that can't be.
    pub async fn hand_over(&self) -> HandedOver {
        let (reply, replied) = oneshot::channel();
        if self.commands.send(Command::HandOver(reply)).await.is_err() {
            return HandedOver::NotLeading;
        }
        replied.await.unwrap_or(HandedOver::Lost)
    }

    /// Hands over if it leads, leaves the group, and ends. Takes a bit more than a lease at most.
    ///
    /// # Errors
    ///
    /// If the node had ended for another reason.
    pub async fn stop(&self) -> Result<(), Ended> {
        // It may have ended already.
        let _ = self.commands.send(Command::Stop).await;
        self.ended().await
    }

    /// Waits until the node has ended.
    ///
    /// # Errors
    ///
    /// If it ended without being told to; the reason.
    pub async fn ended(&self) -> Result<(), Ended> {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Ok(())),
            Err(_) => Err(Ended::Broken("the node's task ended half-way".to_owned())),
        }
    }
}

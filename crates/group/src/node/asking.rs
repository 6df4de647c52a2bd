//! Calls of the shared log that may fail. While they take their time, commands are obeyed.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tocos_sharedlog::Fault;
use tokio::select;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::handle::{Command, HandedOver};
use super::{Exit, Node};
use crate::local::LocalFault;

/// What went wrong with something that needs the shared log and the local ledger.
#[derive(Debug)]
pub(super) enum Trouble {
    Log(Fault),
    Local(LocalFault),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Log(fault)
    }
}

impl From<LocalFault> for Trouble {
    fn from(fault: LocalFault) -> Self {
        Self::Local(fault)
    }
}

/// Whether the shared log can be reached, and since when again.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Contact {
    is_lost: bool,
    back_at: Option<Instant>,
}

impl Contact {
    pub(super) fn lost(&mut self) {
        self.is_lost = true;
    }

    /// True if it was lost before.
    fn made(&mut self) -> bool {
        let was_lost = self.is_lost;
        if was_lost {
            *self = Self { is_lost: false, back_at: Some(Instant::now()) };
        }
        was_lost
    }

    /// Whether the shared log was away, and has come back less than so long ago.
    pub(super) fn is_fresh(&self, than: Duration) -> bool {
        self.is_lost || self.back_at.is_some_and(|at| at.elapsed() < than)
    }
}

/// Waits, unless the node is told to stop. For what can be dropped half-way.
pub(super) async fn unless_stopped<F: Future>(
    commands: &mut mpsc::Receiver<Command>,
    waiting: F,
) -> Result<F::Output, Exit> {
    let mut waiting = pin!(waiting);
    loop {
        select! {
            biased;
            command = commands.recv() => match command {
                Some(Command::HandOver(reply)) => HandedOver::NotLeading.send(reply),
                Some(Command::Stop) | None => return Err(Exit::Stop),
            },
            output = &mut waiting => return Ok(output),
        }
    }
}

impl Node {
    /// Asks the shared log once; none if it could not respond.
    pub(super) async fn attempt<T, E>(&mut self, call: impl Future<Output = Result<T, E>>) -> Result<Option<T>, Exit>
    where
        Trouble: From<E>,
    {
        match unless_stopped(&mut self.commands, call).await?.map_err(Trouble::from) {
            Ok(response) => {
                if self.contact.made() {
                    // The others want to know who is there, and how far, before one of them leads.
                    self.announce_at = Instant::now();
                }
                Ok(Some(response))
            }
            Err(Trouble::Log(fault)) => {
                self.contact.lost();
                self.status.fault(&fault);
                Ok(None)
            }
            Err(Trouble::Local(fault)) => Err(fault.into()),
        }
    }

    /// Asks the shared log until it responds.
    pub(super) async fn ask<T, E, F>(&mut self, call: impl Fn() -> F) -> Result<T, Exit>
    where
        F: Future<Output = Result<T, E>>,
        Trouble: From<E>,
    {
        let mut backoff = self.options.backoff();
        loop {
            if let Some(response) = self.attempt(call()).await? {
                return Ok(response);
            }
            self.pause(backoff.next()).await?;
        }
    }

    pub(super) async fn pause(&mut self, duration: Duration) -> Result<(), Exit> {
        unless_stopped(&mut self.commands, sleep(duration)).await
    }
}

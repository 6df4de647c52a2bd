//! What every log that several machines share can do.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;

use crate::fault::Fault;
use crate::frame::{Appended, Head, Identity, NewFrame, Read};
use crate::lease::{Candidate, Lease};
use crate::member::{Announced, Announcement};

/// What the engine promises about an acknowledged append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Durability {
    /// Whether an acknowledged append is on more than one machine.
    pub is_synchronous: bool,
    /// The settings that it was found out from, in words.
    pub because: String,
}

/// An append under way.
pub type Appending = Pin<Box<dyn Future<Output = Result<Appended, Fault>> + Send>>;

/// A log that several machines share. All clocks in here are the engine's. After [`Fault::Away`] the next call connects again.
#[async_trait]
pub trait SharedLog: Send + Sync + fmt::Debug + 'static {
    /// What the log belongs to.
    fn identity(&self) -> &Identity;

    /// Appends a frame. It is in line behind the appends before it when the result has been polled once; several may be under
    /// way. When one was refused, or its outcome is not known, those behind it give [`Appended::Durable`] no more, until all of them
    /// have returned (or were dropped). Its outcome after [`Fault::Away`] is found out by reading its number, and counts as durable
    /// only when a later append is. One that was sent twice may be refused because it is there already.
    fn append(&self, frame: NewFrame) -> Appending;

    /// The last frame.
    async fn tip(&self) -> Result<Head, Fault>;

    /// The first frame that is still there.
    async fn first(&self) -> Result<Head, Fault>;

    /// A frame without its bytes, if it is there.
    async fn head(&self, n: u64) -> Result<Option<Head>, Fault>;

    /// The frames behind number `after` in order, as many as have no more than `bytes_max` bytes together; at least one if there is
    /// one. A first frame with a number other than `after + 1` means that what is between was pruned.
    async fn read(&self, after: u64, bytes_max: usize) -> Result<Read, Fault>;

    /// Returns when there may be a frame behind number `after`, or after so long.
    async fn wait(&self, after: u64, at_most: Duration) -> Result<(), Fault>;

    /// The lease as it is; none if nobody ever had it.
    async fn lease(&self) -> Result<Option<Lease>, Fault>;

    /// Takes the lease under a new epoch if it has expired (or was handed over to this node); gives the epoch.
    async fn take_lease(&self, candidate: &Candidate) -> Result<Option<u64>, Fault>;

    /// Makes the lease last for `duration` from now on. False if the node no longer has it under this epoch.
    async fn renew_lease(&self, node: &str, epoch: u64, duration: Duration) -> Result<bool, Fault>;

    /// Ends the lease now; for `duration` only node `to` may take it. With an empty `to` and no duration anybody may at once. False if the node no longer has it under this epoch.
    async fn hand_over(&self, node: &str, epoch: u64, to: &str, duration: Duration) -> Result<bool, Fault>;

    /// Says where a node is and how far it has come.
    async fn announce(&self, announcement: &Announcement) -> Result<Announced, Fault>;

    /// Takes a node off the list of members.
    async fn leave(&self, node: &str, instance: u64) -> Result<(), Fault>;

    /// Drops frames from the front, as far as their events are before `event` and they are older than `age`; never the last
    /// one, and never one behind a frame that stays. Gives how many went.
    async fn prune(&self, event: u64, age: Duration) -> Result<u64, Fault>;

    /// Whether an acknowledged append is on more than one machine.
    async fn durability(&self) -> Result<Durability, Fault>;
}

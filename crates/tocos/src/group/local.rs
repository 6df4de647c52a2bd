//! The engine as the group's protocol sees it.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tocos_archive::{ReadError, Sealed};
use tocos_engine::{ClockOptions, FollowError, Member};
use tocos_group::{Local, LocalFault, LocalFrame, Outgoing, Position};

/// How long a follower with a full disk waits before it tries again.
const FULL_RETRY: Duration = Duration::from_millis(500);

/// A node's own ledger.
#[derive(Debug)]
pub(crate) struct LocalLedger {
    member: Member,
    clock: ClockOptions,
}

impl LocalLedger {
    pub(crate) fn new(member: Member, clock: ClockOptions) -> Self {
        Self { member, clock }
    }
}

#[async_trait]
impl Local for LocalLedger {
    fn position(&self) -> Position {
        of_journal(self.member.position())
    }

    fn durable_event(&self) -> u64 {
        self.member.known_durable()
    }

    async fn frame_ending_at(&self, event: u64) -> Result<Option<Position>, LocalFault> {
        let member = self.member.clone();
        let found = blocking(move || member.position_at(event).map_err(|error| unreadable(&error))).await?;
        Ok(found.map(of_journal))
    }

    async fn frames_after(&self, event: u64, bytes_max: usize) -> Result<Vec<LocalFrame>, LocalFault> {
        let member = self.member.clone();
        let frames =
            blocking(move || member.frames_after(event, bytes_max).map_err(|error| unreadable(&error))).await?;
        Ok(frames.iter().map(local_frame).collect())
    }

    async fn follow(&self, frames: Vec<Bytes>) -> Result<(), LocalFault> {
        for bytes in frames {
            let frame = Sealed::parse(bytes.into()).map_err(|fault| LocalFault::NotNext(fault.to_string()))?;
            loop {
                let (member, again) = (self.member.clone(), frame.clone());
                match blocking(move || Ok(member.follow(&again))).await? {
                    Ok(()) => break,
                    Err(FollowError::Full(_)) => tokio::time::sleep(FULL_RETRY).await,
                    Err(error) => return Err(fault(error)),
                }
            }
        }
        Ok(())
    }

    async fn lead(&self, epoch: u64) -> Result<(), LocalFault> {
        self.member.lead(epoch, self.clock).map_err(fault)
    }

    async fn next_outgoing(&self) -> Outgoing {
        local_frame(&poll_fn(|context| self.member.poll_outgoing(context)).await)
    }

    async fn confirm_lead(&self) -> Result<(), LocalFault> {
        self.member.confirm_lead().map_err(fault)
    }

    async fn acknowledge(&self) -> Result<(), LocalFault> {
        self.member.acknowledge().map_err(fault)
    }

    async fn stop_deciding(&self) {
        poll_fn(|context| self.member.poll_stop_deciding(context)).await;
    }

    async fn step_down(&self) -> Result<(), LocalFault> {
        let member = self.member.clone();
        blocking(move || member.step_down().map_err(fault)).await
    }
}

/// Does what may wait for the disk on a thread for that.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, LocalFault> + Send + 'static,
) -> Result<T, LocalFault> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_panicked) => Err(LocalFault::Broken("the ledger's thread failed; see the lines above".to_owned())),
    }
}

fn fault(error: FollowError) -> LocalFault {
    match error {
        FollowError::NotNext(reason) => LocalFault::NotNext(reason),
        FollowError::Full(place) => LocalFault::Broken(format!("the disk is full: there is no room for {place}")),
        FollowError::Broken(reason) => LocalFault::Broken(reason),
    }
}

fn unreadable(error: &ReadError) -> LocalFault {
    LocalFault::Broken(error.to_string())
}

fn of_journal(position: tocos_archive::Position) -> Position {
    Position { event: position.event, hash: position.chain }
}

/// Bytes that the journal and the shared log have in common.
struct Shared(Arc<Vec<u8>>);

impl AsRef<[u8]> for Shared {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

fn local_frame(frame: &Sealed) -> LocalFrame {
    let header = frame.header();
    LocalFrame {
        first_event: header.first,
        last_event: header.last(),
        prev: header.prev,
        hash: header.hash,
        durable: header.durable,
        bytes: Bytes::from_owner(Shared(Arc::clone(frame.bytes()))),
    }
}

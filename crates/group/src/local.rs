//! The node's own ledger, as the protocol sees it. The real one is the engine; simulations have one of their own.

use std::fmt;

use async_trait::async_trait;
use bytes::Bytes;
use tocos_sharedlog::Hash;

/// A place between two frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The last event before it; 0 at the start of the log.
    pub event: u64,
    /// The hash of the frame that ends with it; at the start of the log that of the ledger id.
    pub hash: Hash,
}

/// A frame of the local files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalFrame {
    /// Its first event.
    pub first_event: u64,
    /// Its last event.
    pub last_event: u64,
    /// The hash of the frame before.
    pub prev: Hash,
    /// Its own.
    pub hash: Hash,
    /// The last event that its writer knew to be durable when it began this frame.
    pub durable: u64,
    /// As the journal writes it.
    pub bytes: Bytes,
}

/// A frame that the leader has decided and that is to be appended. They come in order, each built on the one before.
pub type Outgoing = LocalFrame;

/// Why the local ledger can't go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalFault {
    /// The frame does not follow the last one here, or is damaged. Nothing of it was applied.
    NotNext(String),
    /// The disk failed, or the ledger met something impossible. Only a restart helps.
    Broken(String),
}

impl fmt::Display for LocalFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNext(reason) | Self::Broken(reason) => f.write_str(reason),
        }
    }
}

impl std::error::Error for LocalFault {}

/// The node's own ledger. Its files never have a frame that the shared log has not acknowledged or that was not read from it: they are a
/// copy. At the start it follows.
#[async_trait]
pub trait Local: Send + Sync + fmt::Debug + 'static {
    /// Where the local files end.
    fn position(&self) -> Position;

    /// The last event that the local files, or the leader's acknowledgements, say was durable in the shared log.
    fn durable_event(&self) -> u64;

    /// The end of the frame of the local files that ends with this event; none if no frame ends there or it has left this disk. Event 0
    /// is the start of the log.
    async fn frame_ending_at(&self, event: u64) -> Result<Option<Position>, LocalFault>;

    /// Frames of the local files behind an event at which a frame ends (0 is the start of the log), in order, until their bytes are more
    /// than `bytes_max`. Empty if there are none, or they have left this disk.
    async fn frames_after(&self, event: u64, bytes_max: usize) -> Result<Vec<LocalFrame>, LocalFault>;

    /// Verifies and applies frames of the shared log, in order, and writes them to the local files. Only while it follows.
    async fn follow(&self, frames: Vec<Bytes>) -> Result<(), LocalFault>;

    /// Begins to decide behind the end of the local files. The first frame says which node leads under which epoch, and does nothing
    /// else. Frames come out of [`next_outgoing`](Self::next_outgoing).
    async fn lead(&self, epoch: u64) -> Result<(), LocalFault>;

    /// The next frame that was decided and has not been given out yet. Waits for one; pending for good while it follows. Safe to
    /// drop while it waits.
    async fn next_outgoing(&self) -> Outgoing;

    /// Decides a frame that says again who leads, so that there is something to append. May also come after
    /// [`stop_deciding`](Self::stop_deciding).
    async fn confirm_lead(&self) -> Result<(), LocalFault>;

    /// The oldest frame that was given out and not acknowledged is durable: it is written to the local files, and what waits for it is
    /// answered. Never called for a frame that was not given out.
    async fn acknowledge(&self) -> Result<(), LocalFault>;

    /// Takes no new operations any more, and gives out what was decided. Ready when all of it has been given out. May be dropped before;
    /// what was decided is given out all the same.
    async fn stop_deciding(&self);

    /// Ends leading: what was decided and not acknowledged is dropped, whoever waits for it hears that the outcome is not known,
    /// and the state goes back to the end of the local files. Then it follows. Calls are not interrupted while they change something: only
    /// [`next_outgoing`](Self::next_outgoing), [`stop_deciding`](Self::stop_deciding) and those that only read are dropped half-way.
    async fn step_down(&self) -> Result<(), LocalFault>;
}

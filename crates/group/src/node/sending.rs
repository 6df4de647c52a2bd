//! The frames that were decided and are not acknowledged yet, in order.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::task::Poll;

use tocos_sharedlog::{Appended, Appending, Fault, Hash, Head};
use tokio::time::Instant;

/// What is known of a frame.
pub(super) enum Fate {
    /// It is being appended.
    OnItsWay(Appending),
    /// What came of the append, which nobody has looked at yet.
    Settled(Result<Appended, Fault>),
    /// It may be in the shared log or not.
    Unknown,
    /// It was read there. That alone does not make it durable: a later append has to be acknowledged.
    Visible,
}

/// A frame that the shared log has not acknowledged.
pub(super) struct Sent {
    /// As it is to be in the shared log.
    pub(super) head: Head,
    /// The hash of the frame before.
    pub(super) prev: Hash,
    /// The frame.
    pub(super) bytes: bytes::Bytes,
    /// When it was appended first.
    pub(super) begun: Instant,
    /// What is known of it.
    pub(super) fate: Fate,
}

/// All of them.
#[derive(Default)]
pub(super) struct Sending {
    pub(super) frames: VecDeque<Sent>,
}

impl fmt::Debug for Sending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.frames.iter().map(|sent| sent.head)).finish()
    }
}

impl Sending {
    /// How many frames are on their way, and their bytes.
    pub(super) fn on_their_way(&self) -> (usize, usize) {
        let on_their_way = self.frames.iter().filter(|sent| matches!(sent.fate, Fate::OnItsWay(_) | Fate::Settled(_)));
        on_their_way.fold((0, 0), |(frames, bytes), sent| (frames + 1, bytes + sent.bytes.len()))
    }

    /// What came of the first append whose outcome is not known yet, and where it stands. Lets all of them go on, in their order. Can be
    /// dropped and called again.
    pub(super) async fn first_outcome(&mut self) -> (usize, Result<Appended, Fault>) {
        poll_fn(|context| {
            for sent in &mut self.frames {
                if let Fate::OnItsWay(appending) = &mut sent.fate
                    && let Poll::Ready(outcome) = appending.as_mut().poll(context)
                {
                    sent.fate = Fate::Settled(outcome);
                }
            }
            let at = self.frames.iter().position(|sent| !matches!(sent.fate, Fate::Visible));
            let Some((at, sent)) = at.and_then(|at| Some((at, self.frames.get_mut(at)?))) else { return Poll::Pending };
            match std::mem::replace(&mut sent.fate, Fate::Unknown) {
                Fate::Settled(outcome) => Poll::Ready((at, outcome)),
                other => {
                    sent.fate = other;
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Drops all appends that are on their way. They may arrive or not.
    pub(super) fn doubt(&mut self) {
        for sent in &mut self.frames {
            sent.fate = Fate::Unknown;
        }
    }
}

//! Walking whole frames in order.

use crate::error::ReadError;
use crate::layout::FrameView;

/// Whole verified frames in order, from [`crate::Reader::frames`]. It can be kept: when more has been appended,
/// the next call finds it.
#[derive(Debug)]
pub struct Frames {}

impl Frames {
    /// The next frame, or nothing while there is no more that is durable. Hash, number and the link to the frame
    /// before are verified. The view lasts until the next call.
    ///
    /// # Errors
    /// [`ReadError::Broken`], and then again on every later call: the walk does not go past damage.
    /// [`ReadError::NoSuchEvent`] if the walk was to start at event 0.
    pub fn next_frame(&mut self) -> Result<Option<FrameView<'_>>, ReadError> {
        todo!()
    }
}

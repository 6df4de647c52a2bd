//! The shared log has forgotten frames that this node has: they are appended again, the same bytes under the same numbers.

use tocos_sharedlog::{Appended, Head, NewFrame, SharedLog};

use super::asking::Trouble;
use crate::local::{Local, LocalFrame};
use crate::status::Status;

/// The frame that goes behind another one.
pub(super) fn frame_behind(before: &Head, frame: &LocalFrame, epoch: u64) -> NewFrame {
    let head =
        Head { n: before.n + 1, epoch, first_event: frame.first_event, last_event: frame.last_event, hash: frame.hash };
    NewFrame { head, prev: frame.prev, bytes: frame.bytes.clone() }
}

/// What came of it.
#[derive(Debug)]
pub(super) enum Healed {
    /// The shared log has all that this node has.
    All,
    /// Somebody else went on, or the log changed again.
    Changed,
    /// This node has the events, but not the frames; in words.
    NotHere(String),
}

/// Appends what the local files have behind the end of the shared log. One frame at a time: it happens rarely. A frame whose outcome is not known is found when the place is found again.
pub(super) async fn heal(
    log: &dyn SharedLog,
    local: &dyn Local,
    status: &Status,
    tip: Head,
    (epoch, bytes_max): (u64, usize),
) -> Result<Healed, Trouble> {
    let mut last = tip;
    let end = local.position().event;
    while last.last_event < end {
        let frames = local.frames_after(last.last_event, bytes_max).await?;
        if frames.is_empty() {
            return Ok(Healed::NotHere(format!(
                "the shared log forgot events from {}, and this node has them no more in files of its own",
                last.last_event + 1
            )));
        }
        for frame in frames {
            let frame = frame_behind(&last, &frame, epoch);
            let head = frame.head;
            if log.append(frame).await? == Appended::Refused {
                return Ok(Healed::Changed);
            }
            last = head;
            status.update(|figures| {
                figures.healed_frames += 1;
                figures.tip_event = head.last_event;
                figures.note =
                    format!("the shared log had forgotten events: up to {} they were appended again", head.last_event);
            });
        }
    }
    Ok(Healed::All)
}

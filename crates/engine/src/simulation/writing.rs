//! Frames on their way to the disk, written in any order, with crashes in between.

use super::World;
use std::sync::Arc;
use tocos_journal::{AppendError, Appender, Begun, Frame};

impl World {
    /// Writes frames, two at once where they may be, whichever first. False if the process is to die, perhaps in between.
    pub(super) fn write(&mut self, frames: Vec<Arc<Frame>>, appender: &mut Appender) -> bool {
        let mut on_their_way = Vec::new();
        for frame in frames {
            loop {
                if on_their_way.len() == 2 && !self.write_one(&mut on_their_way, appender) {
                    return false;
                }
                match appender.begin(&frame) {
                    Ok(begun) => {
                        on_their_way.push(begun);
                        break;
                    }
                    Err(AppendError::Busy) if !on_their_way.is_empty() => {
                        if !self.write_one(&mut on_their_way, appender) {
                            return false;
                        }
                    }
                    // It is tried again until there is room; here the process ends before that, or there is some.
                    Err(AppendError::Full { .. }) if self.rng.bool() => return false,
                    Err(AppendError::Full { .. }) => {
                        self.disk.set_full(false);
                        self.disk.clear_faults();
                    }
                    Err(error) => {
                        let next = appender.begin(&frame).unwrap_err();
                        assert!(appender.is_poisoned(), "after {error} came {next}");
                        return false;
                    }
                }
            }
        }
        while !on_their_way.is_empty() {
            if !self.write_one(&mut on_their_way, appender) {
                return false;
            }
        }
        true
    }

    /// Writes one of those on their way. False if the process is to die.
    fn write_one(&mut self, on_their_way: &mut Vec<Begun>, appender: &mut Appender) -> bool {
        let at = self.rng.usize(0..on_their_way.len());
        let begun = on_their_way.remove(at);
        let written = begun.write();
        let is_written = written.is_ok();
        // It may die before it takes note of that.
        if self.rng.u32(0..40) == 0 {
            self.written_behind_a_gap += u32::from(is_written && at > 0);
            return false;
        }
        match appender.finish(begun, written) {
            Ok(durable) => {
                assert!(durable.event >= self.witness.durable);
                self.witness.durable = durable.event;
                true
            }
            Err(error) => {
                assert!(appender.is_poisoned(), "{error}");
                for begun in on_their_way.drain(..) {
                    let written = begun.write();
                    self.written_behind_a_gap += u32::from(written.is_ok());
                    appender.finish(begun, written).unwrap_err();
                }
                false
            }
        }
    }
}

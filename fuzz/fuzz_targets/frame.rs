//! Any bytes as a frame and as a segment header: a view or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tocos_journal::{FrameHeader, FrameView, SegmentHeader};

fuzz_target!(|bytes: &[u8]| {
    let _header = FrameHeader::parse(bytes);
    let _segment = SegmentHeader::parse(bytes);
    if let Ok(frame) = FrameView::parse(bytes) {
        for offset in 0..64 {
            let _blob = frame.blob(offset);
        }
        assert_eq!(frame.records().len(), frame.count() as usize);
    }
});

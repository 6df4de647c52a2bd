//! Heads of requests as the fast path reads them: never a panic, and what is plain says what hyper reads.

#![no_main]

use libfuzzer_sys::fuzz_target;
use tocos_http::Head;
use tocos_http::plain::{Parsed, no_lines, parse};

fuzz_target!(|bytes: &[u8]| {
    let mut lines = no_lines();
    if let Parsed::Plain(plain) = parse(bytes, &mut lines) {
        let parts = plain.parts().expect("hyper takes what is plain");
        assert_eq!(format!("{:?}", plain.head), format!("{:?}", Head::of(&parts)));
        assert!(plain.head_bytes <= bytes.len());
    }
});

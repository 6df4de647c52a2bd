//! JSON text, written front to back into one buffer.

use bytes::Bytes;

use super::time;

/// The text so far. Commas and brackets are the caller's: what is written has a fixed shape.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes) }
    }

    /// Text that is JSON already.
    #[inline]
    pub(crate) fn raw(&mut self, json: &str) {
        self.bytes.extend_from_slice(json.as_bytes());
    }

    /// A word of the API, in quotes.
    #[inline]
    pub(crate) fn word(&mut self, word: &'static str) {
        self.plain(word);
    }

    /// Text whose characters need no escapes, in quotes: codes of coins, cursors. Never what a client may choose freely,
    /// as user ids are.
    #[inline]
    pub(crate) fn plain(&mut self, text: &str) {
        debug_assert!(text.bytes().all(is_plain), "{text} needs escapes");
        self.bytes.push(b'"');
        self.raw(text);
        self.bytes.push(b'"');
    }

    /// Any text, in quotes.
    #[inline]
    pub(crate) fn text(&mut self, text: &str) {
        self.bytes.push(b'"');
        if all_plain(text.as_bytes()) {
            self.raw(text);
        } else {
            self.escaped(text);
        }
        self.bytes.push(b'"');
    }

    #[cold]
    fn escaped(&mut self, text: &str) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut from = 0;
        for (at, byte) in text.bytes().enumerate() {
            let short = match byte {
                b'"' => b'"',
                b'\\' => b'\\',
                b'\n' => b'n',
                b'\r' => b'r',
                b'\t' => b't',
                0x8 => b'b',
                0xc => b'f',
                0..=0x1f => 0,
                _ => continue,
            };
            self.raw(&text[from..at]);
            from = at + 1;
            if short != 0 {
                self.bytes.extend_from_slice(&[b'\\', short]);
            } else {
                self.raw("\\u00");
                self.bytes.push(HEX[usize::from(byte >> 4)]);
                self.bytes.push(HEX[usize::from(byte & 15)]);
            }
        }
        self.raw(&text[from..]);
    }

    /// An integer.
    #[inline]
    pub(crate) fn integer(&mut self, value: impl itoa::Integer) {
        self.raw(itoa::Buffer::new().format(value));
    }

    /// An instant, in quotes.
    #[inline]
    pub(crate) fn time(&mut self, at: tocos_ledger::Micros) {
        self.bytes.push(b'"');
        self.bytes.extend_from_slice(&time::rfc3339(at));
        self.bytes.push(b'"');
    }

    /// An instant, or `null`.
    pub(crate) fn time_or_null(&mut self, at: Option<tocos_ledger::Micros>) {
        match at {
            Some(at) => self.time(at),
            None => self.raw("null"),
        }
    }

    /// A text, or `null`.
    pub(crate) fn text_or_null(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.raw("null"),
        }
    }

    pub(crate) fn bool(&mut self, value: bool) {
        self.raw(if value { "true" } else { "false" });
    }

    /// How much has been written, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// A stretch of what was written, between places that [`Writer::len`] gave.
    pub(crate) fn written(&self, range: std::ops::Range<usize>) -> &str {
        // Only whole texts were written, so this is UTF-8.
        self.bytes.get(range).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        Bytes::from(self.bytes)
    }

    pub(crate) fn into_string(self) -> String {
        // Only whole texts were written, so this never replaces anything.
        String::from_utf8(self.bytes).unwrap_or_default()
    }
}

/// Whether a byte needs no escape in JSON.
const fn is_plain(byte: u8) -> bool {
    byte >= 0x20 && byte != b'"' && byte != b'\\'
}

/// Whether no byte needs an escape, eight at a time.
#[inline]
fn all_plain(bytes: &[u8]) -> bool {
    const ONES: u64 = u64::MAX / 255;
    // The top bit of each byte of `word` that is below `bound`, for bytes and bounds below 128; exact as to whether there is
    // one at all (Bit Twiddling Hacks, "Determine if a word has a byte less than n").
    const fn any_below(word: u64, bound: u64) -> u64 {
        word.wrapping_sub(ONES * bound) & !word & (ONES << 7)
    }
    let (words, rest) = bytes.as_chunks::<8>();
    let odd = words.iter().fold(0, |odd, word| {
        let word = u64::from_le_bytes(*word);
        let quote = word ^ (ONES * u64::from(b'"'));
        let backslash = word ^ (ONES * u64::from(b'\\'));
        odd | any_below(word, 0x20) | any_below(quote, 1) | any_below(backslash, 1)
    });
    odd == 0 && rest.iter().all(|byte| is_plain(*byte))
}

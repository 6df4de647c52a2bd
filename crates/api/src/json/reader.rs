//! A strict JSON pull parser: the caller requests the type that is expected next. It never copies text without escapes.

use std::borrow::Cow;
use std::fmt;

/// Arrays and objects deeper than this are refused, to limit recursion; no real metadata is that deep.
const DEPTH_MAX: u32 = 32;

/// Where a text stops being JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Syntax {
    /// Offset in bytes.
    pub at: usize,
    /// What is wrong there.
    pub reason: &'static str,
}

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the JSON is malformed at byte {}: {}", self.at, self.reason)
    }
}

/// What a value begins like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Object,
    Array,
    Text,
    Number,
    Bool,
    Null,
}

impl Token {
    /// For error texts.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::Array => "an array",
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Bool => "true or false",
            Self::Null => "null",
        }
    }
}

/// Reads one text from front to back.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// What has not been read yet.
    pub(crate) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(crate) fn fault<T>(&self, reason: &'static str) -> Result<T, Syntax> {
        Err(Syntax { at: self.at, reason })
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Skips whitespace and shows the byte behind it.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.byte() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                other => return other,
            }
        }
    }

    /// What the next value is.
    pub(crate) fn token(&mut self) -> Result<Token, Syntax> {
        match self.peek() {
            Some(b'{') => Ok(Token::Object),
            Some(b'[') => Ok(Token::Array),
            Some(b'"') => Ok(Token::Text),
            Some(b'-' | b'0'..=b'9') => Ok(Token::Number),
            Some(b't' | b'f') => Ok(Token::Bool),
            Some(b'n') => Ok(Token::Null),
            Some(_) => self.fault("a value was expected"),
            None => self.fault("it ends where a value was expected"),
        }
    }

    /// Whether the next byte is this one; it is then consumed.
    #[inline]
    pub(crate) fn eat(&mut self, byte: u8) -> bool {
        let there = self.peek() == Some(byte);
        self.at += usize::from(there);
        there
    }

    fn need(&mut self, byte: u8, reason: &'static str) -> Result<(), Syntax> {
        if self.eat(byte) { Ok(()) } else { self.fault(reason) }
    }

    /// Nothing but whitespace may follow.
    pub(crate) fn end(&mut self) -> Result<(), Syntax> {
        if self.peek().is_none() { Ok(()) } else { self.fault("there is more behind the value") }
    }

    /// Begins an object or array.
    pub(crate) fn open(&mut self, bracket: u8) -> Result<(), Syntax> {
        self.need(bracket, if bracket == b'{' { "an object was expected" } else { "an array was expected" })
    }

    /// The name of an object's next member, its colon consumed; `None` when the object ends. `first` says
    /// whether nothing of it has been read yet.
    pub(crate) fn next_name(&mut self, first: &mut bool) -> Result<Option<Cow<'a, str>>, Syntax> {
        if self.eat(b'}') {
            return Ok(None);
        }
        if !std::mem::replace(first, false) {
            self.need(b',', "a comma or the end of the object was expected")?;
        }
        if self.peek() != Some(b'"') {
            return self.fault("a name in double quotes was expected");
        }
        let name = self.string()?;
        self.need(b':', "a colon was expected")?;
        Ok(Some(name))
    }

    /// Consumes the name of an object's next member and its colon if they are written just so, without spaces or
    /// escapes, as nearly every client writes them. If not, nothing is consumed, and [`Reader::next_name`] says what there is.
    #[inline]
    pub(crate) fn eat_name(&mut self, first: &mut bool, name: &str) -> bool {
        let rest = &self.text.as_bytes()[self.at..];
        let rest = if *first { Some(rest) } else { rest.strip_prefix(b",") };
        let behind = rest
            .and_then(|rest| rest.strip_prefix(b"\""))
            .and_then(|rest| rest.strip_prefix(name.as_bytes()))
            .and_then(|rest| rest.strip_prefix(b"\":"));
        let Some(behind) = behind else { return false };
        self.at = self.text.len() - behind.len();
        *first = false;
        true
    }

    /// Whether an array has another element. `first` says whether nothing of it has been read yet.
    pub(crate) fn next_element(&mut self, first: &mut bool) -> Result<bool, Syntax> {
        if self.eat(b']') {
            return Ok(false);
        }
        if !std::mem::replace(first, false) {
            self.need(b',', "a comma or the end of the array was expected")?;
        }
        if self.peek() == Some(b']') {
            return self.fault("a value was expected behind the comma");
        }
        Ok(true)
    }

    /// A text; borrowed if it has no escapes.
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, Syntax> {
        self.need(b'"', "a text in double quotes was expected")?;
        let start = self.at;
        self.run()?;
        if self.byte() == Some(b'"') {
            let text = &self.text[start..self.at];
            self.at += 1;
            return Ok(Cow::Borrowed(text));
        }
        let mut text = String::with_capacity(self.at - start + 16);
        let mut from = start;
        loop {
            text.push_str(&self.text[from..self.at]);
            match self.byte() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Cow::Owned(text));
                }
                _ => text.push(self.escape()?),
            }
            from = self.at;
            self.run()?;
        }
    }

    /// Goes on to the next quote or backslash.
    #[inline]
    fn run(&mut self) -> Result<(), Syntax> {
        let bytes = self.text.as_bytes();
        while let Some(eight) = bytes.get(self.at..).and_then(<[u8]>::first_chunk::<8>) {
            let special = first_special(*eight);
            self.at += special;
            if special < 8 {
                break;
            }
        }
        while let Some(byte) = bytes.get(self.at) {
            match byte {
                b'"' | b'\\' => return Ok(()),
                0..=0x1f => return self.fault("a text may not contain control characters unescaped"),
                _ => self.at += 1,
            }
        }
        self.fault("it ends inside a text")
    }

    fn escape(&mut self) -> Result<char, Syntax> {
        self.at += 1;
        let Some(byte) = self.byte() else { return self.fault("it ends inside a text") };
        self.at += 1;
        Ok(match byte {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode_escape(),
            _ => {
                self.at -= 1;
                return self.fault("no such escape");
            }
        })
    }

    fn unicode_escape(&mut self) -> Result<char, Syntax> {
        let first = self.four_digits()?;
        let code = match first {
            0xd800..=0xdbff => {
                if !self.text[self.at..].starts_with("\\u") {
                    return self.fault("half a surrogate pair");
                }
                self.at += 2;
                let second = self.four_digits()?;
                if !(0xdc00..=0xdfff).contains(&second) {
                    return self.fault("half a surrogate pair");
                }
                0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00)
            }
            _ => first,
        };
        char::from_u32(code).map_or_else(|| self.fault("half a surrogate pair"), Ok)
    }

    fn four_digits(&mut self) -> Result<u32, Syntax> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.byte().and_then(|byte| char::from(byte).to_digit(16));
            let Some(digit) = digit else { return self.fault("\\u needs four hexadecimal digits") };
            code = code << 4 | digit;
            self.at += 1;
        }
        Ok(code)
    }

    /// A number as it is written.
    pub(crate) fn number(&mut self) -> Result<&'a str, Syntax> {
        self.peek();
        let start = self.at;
        self.at += usize::from(self.byte() == Some(b'-'));
        if self.byte() == Some(b'0') {
            self.at += 1;
            if self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
                return self.fault("a number has no leading zeros");
            }
        } else {
            self.digits()?;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    fn digits(&mut self) -> Result<(), Syntax> {
        let start = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { self.fault("a digit was expected") } else { Ok(()) }
    }

    /// `true` or `false`.
    pub(crate) fn bool(&mut self) -> Result<bool, Syntax> {
        if self.peek() == Some(b't') {
            self.word("true")?;
            return Ok(true);
        }
        self.word("false")?;
        Ok(false)
    }

    /// `null`.
    pub(crate) fn null(&mut self) -> Result<(), Syntax> {
        self.peek();
        self.word("null")
    }

    fn word(&mut self, word: &str) -> Result<(), Syntax> {
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            return Ok(());
        }
        self.fault("a value was expected")
    }

    /// Reads over the next value and gives its text.
    pub(crate) fn skip(&mut self) -> Result<&'a str, Syntax> {
        self.peek();
        let start = self.at;
        self.skip_at(DEPTH_MAX)?;
        Ok(&self.text[start..self.at])
    }

    fn skip_at(&mut self, depth: u32) -> Result<(), Syntax> {
        let token = self.token()?;
        if depth == 0 && matches!(token, Token::Object | Token::Array) {
            return self.fault("it is nested too deeply; 32 levels are allowed");
        }
        let mut first = true;
        match token {
            Token::Object => {
                self.open(b'{')?;
                while self.next_name(&mut first)?.is_some() {
                    self.skip_at(depth - 1)?;
                }
            }
            Token::Array => {
                self.open(b'[')?;
                while self.next_element(&mut first)? {
                    self.skip_at(depth - 1)?;
                }
            }
            Token::Text => drop(self.string()?),
            Token::Number => drop(self.number()?),
            Token::Bool => drop(self.bool()?),
            Token::Null => self.null()?,
        }
        Ok(())
    }
}

/// Which of eight bytes is the first quote, backslash or control character; 8 if none is. Works on all at once: in
/// each byte that is one, the highest bit comes out set, and below the first such byte no bit does.
#[inline]
fn first_special(bytes: [u8; 8]) -> usize {
    const ONES: u64 = u64::from_le_bytes([0x01; 8]);
    const HIGHS: u64 = u64::from_le_bytes([0x80; 8]);
    let word = u64::from_le_bytes(bytes);
    let is_zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    let quote = is_zero(word ^ (ONES * u64::from(b'"')));
    let backslash = is_zero(word ^ (ONES * u64::from(b'\\')));
    let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
    ((quote | backslash | control).trailing_zeros() / 8) as usize
}

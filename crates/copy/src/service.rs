//! What a copy asks of the ledger's service.

use crate::trouble::Trouble;

/// The response to a request.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The body as it came.
    pub body: Vec<u8>,
    /// The event that it is as of, if it says so.
    pub event: Option<u64>,
}

/// Answers requests: whoever can reach the ledger's service.
pub trait Service: Send {
    /// The response to `GET` of this path and query. May block for as long as the request waits for events, and a bit longer.
    ///
    /// # Errors
    /// [`Trouble::Away`] while there is no response; [`Trouble::Stuck`] where the service refuses, as for a wrong key.
    fn get(&mut self, target: &str) -> Result<Reply, Trouble>;

    /// The same, where nothing may be found: `None` if the service says so.
    ///
    /// # Errors
    /// As `get`.
    fn find(&mut self, target: &str) -> Result<Option<Reply>, Trouble>;
}

/// A value in a path or a query.
#[must_use]
pub fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            write!(out, "%{byte:02X}").ok();
        }
    }
    out
}

//! The caller of a request, and its rights.

use tocos_ledger::Right;

use crate::rendering::{Code, Problem, right_word};

/// The caller of a request, and its rights.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller {
    /// The id of their key; 0 without one.
    pub key: u16,
    /// What the key allows.
    pub right: Right,
}

impl Caller {
    /// What this caller may not do is a problem.
    pub(crate) fn require(self, right: Right) -> Result<(), Problem> {
        if self.right >= right {
            return Ok(());
        }
        let (have, need) = (right_word(self.right), right_word(right));
        let detail =
            format!("API key {} has the right {have}, and this takes the right {need}. Use another key.", self.key);
        Err(Problem::new(Code::Forbidden, detail))
    }
}

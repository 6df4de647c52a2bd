//! A refusal of the server (`application/problem+json`), or its equivalent if a proxy between the client and
//! the server responded in another form.

use std::fmt;

use serde::Deserialize;

/// How much of a response that is no problem document is shown.
const SHOWN_CHARACTERS_MAX: usize = 200;

/// Why the server said no.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Problem {
    /// A few words, the same for all of its kind.
    #[serde(default)]
    pub title: String,
    /// A sentence about this one.
    #[serde(default)]
    pub detail: String,
    /// The stable name of its kind, such as `insufficient_funds`.
    #[serde(default)]
    pub code: String,
    /// Which field of the request it is about.
    #[serde(default)]
    pub field: Option<String>,
    /// Retrying the request unchanged may help.
    #[serde(default)]
    pub retryable: bool,
    /// The response's body as it came, for `--json`; empty inside of a batch.
    #[serde(skip)]
    pub body: Vec<u8>,
}

impl Problem {
    /// Reads the body of a response with this status.
    pub(crate) fn new(status: u16, body: Vec<u8>) -> Self {
        match serde_json::from_slice::<Self>(&body) {
            Ok(problem) if !problem.title.is_empty() => Self { body, ..problem },
            _ => Self {
                title: format!("the server answered with status {status}, which is not a response of Tocos"),
                detail: String::from_utf8_lossy(&body).chars().take(SHOWN_CHARACTERS_MAX).collect(),
                ..Self::default()
            },
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detail = self.detail.trim();
        if detail.is_empty() { f.write_str(&self.title) } else { write!(f, "{}: {detail}", self.title) }
    }
}

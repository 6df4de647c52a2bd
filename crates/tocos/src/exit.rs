//! How a command ends: the exit code and the last words on stderr.
//!
//! 0 done; 1 refused or failed; 2 the command line makes no sense; 3 no server, or it can't work now.

use std::fmt;
use std::io;
use std::process::ExitCode;

use crate::client::ClientError;
use crate::terminal::note;
use crate::usage::Usage;

/// Refused, or failed in a way that asking again won't mend.
const REFUSED: u8 = 1;
/// The command line or the configuration makes no sense.
const USAGE: u8 = 2;
/// No server responds, or it is temporarily unavailable.
const UNAVAILABLE: u8 = 3;

/// The command has already said all there is to say; only the exit code 1 is left.
#[derive(Debug)]
pub(crate) struct AlreadyTold;

impl fmt::Display for AlreadyTold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the command ended with a refusal")
    }
}

impl std::error::Error for AlreadyTold {}

/// Something other than the server that a command needs is away, such as a database; what, is in the text.
#[derive(Debug)]
pub(crate) struct Away(pub String);

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Away {}

/// Prints `outcome` on stderr, if it has a message, and turns it into an exit code.
pub(crate) fn code(outcome: anyhow::Result<()>) -> ExitCode {
    let Err(error) = outcome else { return ExitCode::SUCCESS };
    if is_broken_pipe(&error) {
        // Whoever read our output has had enough.
        return ExitCode::SUCCESS;
    }
    if !error.is::<AlreadyTold>() {
        note(&format!("tocos: {error:#}"));
    }
    ExitCode::from(number(&error))
}

fn number(error: &anyhow::Error) -> u8 {
    if error.chain().any(<dyn std::error::Error>::is::<Usage>) {
        return USAGE;
    }
    if error.chain().any(<dyn std::error::Error>::is::<Away>) {
        return UNAVAILABLE;
    }
    let client = error.chain().find_map(|cause| cause.downcast_ref::<ClientError>());
    match client {
        Some(ClientError::Unreachable { .. } | ClientError::Unavailable(_)) => UNAVAILABLE,
        Some(ClientError::Refused(_) | ClientError::Untrusted { .. }) | None => REFUSED,
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let kind = |io: &io::Error| io.kind() == io::ErrorKind::BrokenPipe;
        cause.downcast_ref::<io::Error>().is_some_and(kind)
            || cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind)
                == Some(io::ErrorKind::BrokenPipe)
    })
}

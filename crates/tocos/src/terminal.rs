//! Words for the person at the terminal, beside the output proper.

use std::io::{self, Write};

/// Prints one line on stderr. A closed stderr is ignored.
pub(crate) fn note(line: &str) {
    drop(writeln!(io::stderr(), "{line}"));
}

/// Writes output proper to stdout, at once.
///
/// # Errors
/// What writing may meet; a closed pipe ends the command quietly.
pub(crate) fn print(text: &str) -> io::Result<()> {
    print_bytes(text.as_bytes())
}

/// Writes output proper that may be anything, and ends its line.
///
/// # Errors
/// As `print`.
pub(crate) fn print_bytes(bytes: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    if !bytes.ends_with(b"\n") && !bytes.is_empty() {
        stdout.write_all(b"\n")?;
    }
    stdout.flush()
}

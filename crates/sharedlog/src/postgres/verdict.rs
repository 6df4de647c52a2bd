//! What an error of the engine or of the connection to it means: try again, or let somebody change something.

use std::error::Error as _;
use std::fmt::Write as _;
use std::io;

use tokio_postgres::Error;
use tokio_postgres::error::DbError;

use crate::fault::Fault;

/// Whether trying again may help, and what to do if not.
pub(super) fn fault(error: &Error) -> Fault {
    if let Some(refusal) = error.as_db_error() {
        return of_engine(refusal);
    }
    let text = in_full(error);
    if let Some(certificate) = certificate_error(error) {
        return Fault::Misused(format!(
            "the engine's certificate is not accepted: {certificate}. sslrootcert in the URL names the authorities"
        ));
    }
    // What kind of error it is, the library says by these texts alone.
    match &*error.to_string() {
        "authentication error" | "invalid configuration" => {
            Fault::Misused(format!("{text}; see user and password in the URL"))
        }
        "error performing TLS handshake" if text.contains("does not support TLS") => {
            Fault::Misused(format!("{text}; see sslmode in the URL"))
        }
        _ if text.starts_with("error serializing") || text.starts_with("error encoding") => Fault::Misused(text),
        _ if text.starts_with("error deserializing") || text.starts_with("invalid column") => damaged(&text),
        _ => Fault::Away(text),
    }
}

/// The tables hold something that Tocos does not write.
pub(super) fn damaged(what: &str) -> Fault {
    Fault::Misused(format!("the tables in schema tocos are not as Tocos writes them: {what}"))
}

fn of_engine(error: &DbError) -> Fault {
    let code = error.code().code();
    let mut text = format!("{} ({code})", error.message());
    for more in [error.detail(), error.hint()].into_iter().flatten() {
        // Writing to a string does not fail.
        write!(text, "; {more}").ok();
    }
    let next = match code {
        // No such schema or table, or one that is not right.
        "3F000" | "42P01" | "42703" | "42883" => "; `tocos shared-log init` makes what is missing",
        "42501" => "; the role needs the rights to schema tocos",
        "3D000" => "; create the database, then `tocos shared-log init`",
        _ if code.starts_with("28") => "; see user and password in the URL, and pg_hba.conf",
        // Syntax, limits, data, features: nothing that passes by itself.
        _ if ["0A", "22", "23", "42", "0L", "0P", "54"].iter().any(|class| code.starts_with(class)) => "",
        _ => return Fault::Away(text),
    };
    Fault::Misused(text + next)
}

/// The error and its causes.
fn in_full(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        write!(text, ": {inner}").ok();
        cause = inner.source();
    }
    text
}

/// If TLS failed because of the certificate.
fn certificate_error(error: &Error) -> Option<String> {
    let io = error.source()?.downcast_ref::<io::Error>()?;
    match io.get_ref()?.downcast_ref::<rustls::Error>()? {
        rustls::Error::InvalidCertificate(reason) => Some(reason.to_string()),
        _ => None,
    }
}

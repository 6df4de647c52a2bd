//! What an error of PostgreSQL means: wait, or let somebody change something.

use std::error::Error as _;
use std::fmt::Write as _;

use tocos_sharedlog::postgres::NotConnected;
use tokio_postgres::Error;
use tokio_postgres::error::DbError;

use crate::trouble::Trouble;

/// Why there is no connection.
pub(super) fn of_connecting(error: NotConnected) -> Trouble {
    match error {
        NotConnected::Url(text) => Trouble::Stuck(format!("--to: {text}")),
        NotConnected::Late(text) => Trouble::Away(format!("the database can't be reached: {text}")),
        NotConnected::Engine(host, error) => match in_words(&error) {
            Trouble::Away(text) => Trouble::Away(format!("{host}: {text}")),
            Trouble::Stuck(text) => Trouble::Stuck(format!("{host}: {text}")),
        },
    }
}

/// What an error of a statement means.
pub(crate) fn in_words(error: &Error) -> Trouble {
    if let Some(refusal) = error.as_db_error() {
        return of_database(refusal);
    }
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        // Writing to a string does not fail.
        write!(text, ": {inner}").ok();
        cause = inner.source();
    }
    if text.starts_with("error serializing")
        || text.starts_with("error deserializing")
        || text.starts_with("invalid column")
    {
        return Trouble::Stuck(format!("the tables are not as tocos copy makes them: {text}"));
    }
    Trouble::Away(format!("the database: {text}"))
}

fn of_database(error: &DbError) -> Trouble {
    let code = error.code().code();
    let mut text = format!("the database: {} ({code})", error.message());
    for more in [error.detail(), error.hint()].into_iter().flatten() {
        write!(text, "; {more}").ok();
    }
    let next = match code {
        "42501" => "; the role needs to create the schema or to own it, see docs/copy.md",
        "3D000" => "; create the database first",
        _ if code.starts_with("28") => "; see user and password in --to, and pg_hba.conf",
        // A row that is there already, a column that is not: somebody changed the tables.
        _ if ["22", "23", "42", "0A"].iter().any(|class| code.starts_with(class)) => {
            "; the tables are not as tocos copy left them. Undo the change, or drop the schema and copy again"
        }
        _ => return Trouble::Away(text),
    };
    Trouble::Stuck(text + next)
}

//! Lists that the server sends page by page.

use clap::Args;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::page_limit;
use crate::client::Request;
use crate::session::{Session, parse};
use crate::terminal::{note, print};

/// Which pages of a list are wanted.
#[derive(Args, Debug)]
pub(crate) struct PageArgs {
    /// Entries on a page, at most 1000
    #[arg(long, value_parser = page_limit, default_value = "100")]
    limit: u16,
    /// The `next_cursor` of an earlier page
    #[arg(long, conflicts_with = "all")]
    cursor: Option<String>,
    /// All pages, one after another
    #[arg(long)]
    all: bool,
}

/// What all pages say of what comes behind them.
#[derive(Deserialize)]
struct Behind {
    next_cursor: Option<String>,
}

impl PageArgs {
    /// Asks for pages and prints each as it comes. `words` also gets whether it is the first.
    pub(super) fn show<P: DeserializeOwned>(
        &self,
        session: &Session,
        list: &Request,
        words: impl Fn(&P, bool) -> String,
    ) -> anyhow::Result<()> {
        let list = list.clone().query("limit", if self.all { 1000 } else { self.limit });
        let mut cursor = self.cursor.clone();
        let mut is_first = true;
        loop {
            let response = session.send(&list.clone().query_if("cursor", cursor.as_deref()))?;
            session.show(&response, |page: &P| words(page, is_first))?;
            is_first = false;
            cursor = parse::<Behind>(&response)?.next_cursor;
            let Some(next) = &cursor else { return Ok(()) };
            if !self.all {
                if !session.json {
                    note(&format!("There are more: --all shows all of them, --cursor {next} the next page."));
                }
                return Ok(());
            }
            if !session.json {
                print("\n")?;
            }
        }
    }
}

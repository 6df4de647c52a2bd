//! The ledger's events as a journal for hledger or beancount.

use std::io::Write;

use anyhow::{Context, anyhow};
use tocos_copy::event::{Event, Page};
use tocos_copy::journal::{Format, Journal};

use crate::client::{Client, Request};

const PAGE: u16 = 1000;

/// What is written: the format and the span, in microseconds since 1970.
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub format: Format,
    pub from: Option<i64>,
    pub until: Option<i64>,
}

/// Reads event after event up to the last one that there is when it begins; gives how many are in the journal.
pub(super) fn write<W: Write>(client: &Client, span: Span, output: W) -> anyhow::Result<(u64, W)> {
    let mut journal = Journal::new(span.format, output, span.from, span.until)?;
    let mut after = 0;
    let mut last = None;
    'pages: loop {
        let response = client.send(&Request::get("/v1/events").query("after", after).query("limit", PAGE))?;
        let page: Page<'_> = serde_json::from_slice(&response.body)
            .map_err(|error| anyhow!(error))
            .context("the feed is not what this version of tocos expects; is --url the address of a Tocos server?")?;
        let last = *last.get_or_insert(page.last_event);
        if page.events.is_empty() {
            break;
        }
        for raw in page.events {
            let event = Event::parse(raw.get()).context("an event is not what this version of tocos expects")?;
            if event.number > last || !journal.event(&event)? {
                break 'pages;
            }
            after = event.number;
        }
    }
    let (output, count) = journal.finish()?;
    Ok((count, output))
}

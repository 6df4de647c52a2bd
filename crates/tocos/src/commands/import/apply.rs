//! Turns rows into operations, sends them, and sorts what came back.

use std::borrow::Cow;
use std::collections::HashSet;

use anyhow::anyhow;
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{OnError, Plan, Summary};
use crate::client::{Client, Problem, Request, Response, encoded, fresh_key};
use crate::exit::AlreadyTold;
use crate::list::{BadRow, Row};
use crate::response::{CoinList, User};
use crate::session::parse;
use crate::terminal::note;

/// Users sent at once.
pub(super) const CHUNK_USERS: usize = 1_000;
/// Operations sent at once; the server takes up to 10,000.
pub(super) const CHUNK_OPERATIONS: usize = 5_000;

/// One operation of a batch.
#[derive(Serialize)]
struct Operation<'a> {
    op: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    coin: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    amount: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    idempotency_key: Option<String>,
    /// Which row of the chunk it comes from.
    #[serde(skip)]
    row: Option<usize>,
}

impl<'a> Operation<'a> {
    fn new(op: &'static str) -> Self {
        Self { op, user: None, name: None, metadata: None, coin: None, amount: None, idempotency_key: None, row: None }
    }

    fn user(row: usize, from: &'a Row) -> Self {
        Self { user: Some(&from.id), name: from.name.as_deref(), row: Some(row), ..Self::new("user") }
    }
}

/// The response to a batch with all results.
#[derive(Deserialize)]
struct Applied {
    results: Vec<OneResult>,
}

/// The event of an operation, or the problem with it.
#[derive(Deserialize)]
struct OneResult {
    #[serde(default)]
    event: Option<u64>,
    #[serde(default)]
    created: bool,
    #[serde(default)]
    replayed: bool,
    #[serde(default)]
    code: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    detail: String,
    #[serde(default)]
    field: Option<String>,
    #[serde(default)]
    retryable: bool,
}

impl OneResult {
    fn refused(&self) -> bool {
        !self.code.is_empty()
    }

    fn problem(&self) -> Problem {
        Problem {
            code: self.code.clone(),
            title: self.title.clone(),
            detail: self.detail.clone(),
            field: self.field.clone(),
            retryable: self.retryable,
            ..Problem::default()
        }
    }
}

/// An import under way.
pub(super) struct Importer<'a> {
    client: &'a Client,
    plan: &'a Plan,
    bar: &'a ProgressBar,
    /// Sets the name changes of this run apart from those of others.
    run: Option<String>,
    known_coins: HashSet<String>,
    /// The first event that this run made: what is found done before with a higher number was done by this run.
    first_event: Option<u64>,
    pub(super) summary: Summary,
}

impl<'a> Importer<'a> {
    pub(super) fn new(client: &'a Client, plan: &'a Plan, bar: &'a ProgressBar) -> Self {
        Self {
            client,
            plan,
            bar,
            run: None,
            known_coins: HashSet::new(),
            first_event: None,
            summary: Summary::default(),
        }
    }

    /// Learns which coins there are; those that are not there yet are created when they are met.
    pub(super) fn look_at_coins(&mut self) -> anyhow::Result<()> {
        let list: CoinList = parse(&self.client.send(&Request::get("/v1/coins"))?)?;
        self.known_coins = list.coins.into_iter().map(|coin| coin.code).collect();
        Ok(())
    }

    /// Names a row that could not be read.
    pub(super) fn bad_row(&mut self, bad: &BadRow) {
        self.summary.bad_rows += 1;
        self.say(&format!("bad row: {bad}"));
    }

    fn say(&self, line: &str) {
        self.bar.suspend(|| note(line));
    }

    /// Deals with the rows of a chunk and empties it.
    pub(super) fn take(&mut self, chunk: &mut Vec<Row>) -> anyhow::Result<()> {
        if chunk.is_empty() {
            return Ok(());
        }
        let refused = if self.plan.check { 0 } else { self.apply(chunk)? };
        self.summary.rows += chunk.len() as u64;
        self.bar.set_message(format!("{} users", self.summary.rows));
        chunk.clear();
        if refused > 0 && self.plan.on_error == OnError::Stop {
            return Err(AlreadyTold.into());
        }
        Ok(())
    }

    /// Sends the operations of these rows; returns how many rows were refused.
    fn apply(&mut self, rows: &[Row]) -> anyhow::Result<u64> {
        let missing = self.missing(rows)?;
        let new_coins = self.new_coins(rows);
        let mut operations = Vec::with_capacity(new_coins.len() + rows.len() * 2);
        operations.extend(new_coins.iter().map(|coin| Operation {
            coin: Some(coin),
            idempotency_key: Some(format!("import:{}::{coin}", self.plan.label)),
            ..Operation::new("coin")
        }));
        for (number, row) in rows.iter().enumerate() {
            if missing[number] {
                let key = self.key(&row.id, "@user");
                operations.push(Operation { idempotency_key: Some(key), ..Operation::user(number, row) });
            } else if let Some(operation) = self.other_name(number, row)? {
                operations.push(operation);
            } else {
                self.summary.users_there += 1;
            }
            operations.extend(row.coins.iter().filter(|(_, amount)| *amount > 0).map(|(coin, amount)| Operation {
                user: Some(&row.id),
                coin: Some(coin),
                amount: Some(*amount),
                idempotency_key: Some(self.key(&row.id, coin)),
                row: Some(number),
                ..Operation::new("grant")
            }));
        }
        let mut refused_rows = HashSet::new();
        for part in operations.chunks(CHUNK_OPERATIONS) {
            let response = self.client.send(&batch(part, false)?)?;
            self.sort(rows, part, &response, &mut refused_rows)?;
        }
        self.summary.refused_rows += refused_rows.len() as u64;
        Ok(refused_rows.len() as u64)
    }

    /// The key that makes sure that this is done once under this label. A coin's code has neither `@` nor
    /// `:` and a label no `:`, so no two operations share a key.
    fn key(&self, user: &str, what: &str) -> String {
        format!("import:{}:{}:{what}", self.plan.label, in_key(user))
    }

    /// Which rows' users are not there yet. Asked as a dry run, so that users who are there keep what they have.
    fn missing(&self, rows: &[Row]) -> anyhow::Result<Vec<bool>> {
        let operations: Vec<_> = rows.iter().enumerate().map(|(number, row)| Operation::user(number, row)).collect();
        let applied: Applied = parse(&self.client.send(&batch(&operations, true)?)?)?;
        if applied.results.len() != rows.len() {
            return Err(anyhow!("the server answered {} of {} operations", applied.results.len(), rows.len()));
        }
        let mut seen = HashSet::new();
        // A user who occurs in the chunk twice is created once. A refused operation is sent for its reason.
        let missing = applied.results.iter().zip(rows).map(|(result, row)| {
            let closed = result.code == "user_closed";
            seen.insert(&row.id) && (result.created || (result.refused() && !closed))
        });
        Ok(missing.collect())
    }

    fn new_coins(&self, rows: &[Row]) -> Vec<String> {
        let mut new = Vec::new();
        for (coin, _) in rows.iter().flat_map(|row| &row.coins) {
            if !self.known_coins.contains(coin) && !new.contains(coin) {
                new.push(coin.clone());
            }
        }
        new
    }

    /// The operation that gives a user who is there the list's name, if that is wanted and another.
    fn other_name<'r>(&mut self, number: usize, row: &'r Row) -> anyhow::Result<Option<Operation<'r>>> {
        if !self.plan.update_names || row.name.is_none() {
            return Ok(None);
        }
        let user: User = parse(&self.client.send(&Request::get(format!("/v1/users/{}", encoded(&row.id))))?)?;
        if user.closed || user.name == row.name {
            return Ok(None);
        }
        let run = match &self.run {
            Some(run) => run.clone(),
            None => self.run.insert(fresh_key()?).clone(),
        };
        let key = self.key(&row.id, &format!("@name:{run}"));
        Ok(Some(Operation { metadata: user.metadata, idempotency_key: Some(key), ..Operation::user(number, row) }))
    }

    fn sort(
        &mut self,
        rows: &[Row],
        operations: &[Operation<'_>],
        response: &Response,
        refused_rows: &mut HashSet<usize>,
    ) -> anyhow::Result<()> {
        let applied: Applied = parse(response)?;
        if applied.results.len() != operations.len() {
            return Err(anyhow!("the server answered {} of {} operations", applied.results.len(), operations.len()));
        }
        for (operation, result) in operations.iter().zip(&applied.results) {
            if result.refused() {
                self.refusal(rows, operation, &result.problem(), refused_rows)?;
                continue;
            }
            if !result.replayed && self.first_event.is_none() {
                self.first_event = result.event;
            }
            let of_this_run = result.replayed && self.first_event.is_some_and(|first| result.event >= Some(first));
            match operation.op {
                "coin" => self.coin_there(operation, result),
                "grant" if !result.replayed => self.summary.grants += 1,
                // After a second try it is our own first one that is found.
                "grant" if of_this_run && response.tries > 1 => self.summary.grants += 1,
                "grant" if of_this_run => self.twice(rows, operation, refused_rows),
                "grant" => self.summary.grants_there += 1,
                _ if result.replayed && !of_this_run => self.summary.users_there += 1,
                _ if result.created => self.summary.users_created += 1,
                _ => self.summary.users_updated += 1,
            }
        }
        Ok(())
    }

    fn coin_there(&mut self, operation: &Operation<'_>, result: &OneResult) {
        let Some(coin) = operation.coin else { return };
        if self.known_coins.insert(coin.to_owned()) && result.created {
            self.summary.coins_created.push(coin.to_owned());
        }
    }

    fn twice(&self, rows: &[Row], operation: &Operation<'_>, refused_rows: &mut HashSet<usize>) {
        let (Some(number), Some(coin)) = (operation.row, operation.coin) else { return };
        let row = &rows[number];
        refused_rows.insert(number);
        self.say(&format!(
            "refused: {}: user {} occurs earlier in the list and got {coin} there; nothing more was granted",
            row.place, row.id
        ));
    }

    fn refusal(
        &self,
        rows: &[Row],
        operation: &Operation<'_>,
        problem: &Problem,
        refused_rows: &mut HashSet<usize>,
    ) -> anyhow::Result<()> {
        let Some(number) = operation.row else {
            return Err(anyhow!("the coin {} can't be created: {problem}", operation.coin.unwrap_or_default()));
        };
        if problem.retryable {
            return Err(anyhow!("the server stopped in the middle: {problem}"));
        }
        let row = &rows[number];
        let first = refused_rows.insert(number);
        if !first && problem.code == "user_not_found" {
            // The user was refused, so the coins are too; the reason has been printed.
            return Ok(());
        }
        let what = operation.coin.map(|coin| format!(", {coin}")).unwrap_or_default();
        let other_amount = problem.code == "idempotency_key_reused" && problem.field.as_deref() == Some("amount");
        let reason = if other_amount {
            format!(
                "already granted under the label \"{}\", but not {}; nothing more was granted (another --label grants anew)",
                self.plan.label,
                operation.amount.unwrap_or_default()
            )
        } else {
            problem.to_string()
        };
        self.say(&format!("refused: {}: user {}{what}: {reason}", row.place, row.id));
        Ok(())
    }
}

/// The request that carries these operations.
fn batch(operations: &[Operation<'_>], dry_run: bool) -> anyhow::Result<Request> {
    let mut body = Vec::with_capacity(operations.len() * 160);
    for operation in operations {
        serde_json::to_writer(&mut body, operation)?;
        body.push(b'\n');
    }
    let request = Request::post("/v1/batch")
        .query("results", "all")
        .query_if("dry_run", dry_run.then_some(true))
        .bytes(body, "application/x-ndjson");
    Ok(request)
}

/// A user's id as it stands in an idempotency key, which is ASCII and has at most 255 characters: as it is, else escaped as in a
/// path, else, if that is too long, its BLAKE3 hash. A `%` is always escaped, and no id that stands as it is begins with `#`.
fn in_key(user: &str) -> Cow<'_, str> {
    const LENGTH_MAX: usize = 128;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._~:-".contains(&byte);
    if user.bytes().all(is_plain) {
        return Cow::Borrowed(user);
    }
    let escaped = encoded(user);
    if escaped.len() <= LENGTH_MAX {
        return Cow::Owned(escaped);
    }
    Cow::Owned(format!("#{}", blake3::hash(user.as_bytes()).to_hex()))
}

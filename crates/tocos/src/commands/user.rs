//! `tocos user show|put|close`: one user.

use clap::{Args, Subcommand};

use super::limits::ceiling_words;
use crate::client::{Request, encoded};
use crate::describe::lot;
use crate::response::{Decimals, User};
use crate::session::{ConnectionArgs, Fields, WriteArgs};
use crate::table::{Side, Table};

/// Show, create, change or close one user
#[derive(Args, Debug)]
pub(crate) struct UserArgs {
    #[command(subcommand)]
    command: UserCommand,
}

#[derive(Debug, Subcommand)]
enum UserCommand {
    /// A user's coins, holds, limits and lots, now or at an earlier time
    Show(Show),
    /// Create a user, or replace the name and metadata of one
    Put(Put),
    /// Close a user who has no coins and no open holds
    Close(Close),
}

#[derive(Args, Debug)]
struct Show {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The user's id
    user: String,
    /// As it was after this event number or at this time (RFC 3339)
    #[arg(long, value_name = "EVENT|TIME")]
    at: Option<String>,
}

#[derive(Args, Debug)]
struct Put {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// The user's id
    user: String,
    /// The display name; if omitted, it is removed
    #[arg(long)]
    name: Option<String>,
}

#[derive(Args, Debug)]
struct Close {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// The user's id
    user: String,
}

impl UserArgs {
    /// Asks and prints the response.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command {
            UserCommand::Show(args) => args.run(),
            UserCommand::Put(args) => args.run(),
            UserCommand::Close(args) => args.run(),
        }
    }
}

impl Show {
    fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let request = Request::get(format!("/v1/users/{}", encoded(&self.user))).query_if("at", self.at.as_deref());
        let response = session.send(&request)?;
        session.show(&response, |user: &User| user_text(user, session.decimals()))
    }
}

fn user_text(user: &User, decimals: &Decimals) -> String {
    let mut text = user.id.clone();
    if let Some(name) = &user.name {
        text.push_str(&format!("  {name}"));
    }
    if user.closed {
        text.push_str("  (closed)");
    }
    if let Some(time) = &user.created_at {
        text.push_str(&format!("  since {time}"));
    }
    text.push('\n');
    if let Some(metadata) = &user.metadata {
        text.push_str(&format!("metadata {metadata}\n"));
    }
    if user.accounts.is_empty() {
        text.push_str("no coins\n");
        return text;
    }
    let right = |name| (name, Side::Right);
    let mut table = Table::new([
        ("coin", Side::Left),
        right("total"),
        right("held"),
        right("available"),
        right("floor"),
        right("ceiling"),
        ("", Side::Left),
    ]);
    for account in &user.accounts {
        let amount = |amount| decimals.amount(&account.coin, amount);
        table.row(vec![
            account.coin.clone(),
            amount(account.total),
            amount(account.held),
            amount(account.available),
            amount(account.floor),
            ceiling_words(account.ceiling, &account.coin, decimals),
            if account.frozen { "frozen".to_owned() } else { String::new() },
        ]);
    }
    text.push_str(&table.text());
    for account in &user.accounts {
        if account.lots.iter().any(|lot| lot.grant.is_some()) {
            text.push_str(&format!("{} by lot, first to be taken first:\n", account.coin));
            for each in &account.lots {
                text.push_str(&format!("  {}\n", lot(each, &account.coin, decimals)));
            }
        }
    }
    text
}

impl Put {
    fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let request = Request::put(format!("/v1/users/{}", encoded(&self.user)));
        let response = session.write(request, Fields::new().with_if("name", self.name), &self.write)?;
        session.show_event(&response, self.write.dry_run)
    }
}

impl Close {
    fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let request = Request::post(format!("/v1/users/{}/close", encoded(&self.user)));
        let response = session.write(request, Fields::new(), &self.write)?;
        session.show_event(&response, self.write.dry_run)
    }
}

//! `tocos limits show|set`: how far an account may go down and up, and whether it may give.

use clap::{Args, Subcommand};

use crate::client::{Request, encoded};
use crate::response::{Decimals, User};
use crate::session::{ConnectionArgs, Fields, WriteArgs};
use crate::table::{Side, Table};

/// The largest balance there is: a ceiling of this is none.
const CEILING_MAX: i64 = (1 << 53) - 1;

/// Show or set the limits of a user's accounts
#[derive(Args, Debug)]
pub(crate) struct LimitsArgs {
    #[command(subcommand)]
    command: LimitsCommand,
}

#[derive(Debug, Subcommand)]
enum LimitsCommand {
    /// Show floor, ceiling and frozen of each of a user's accounts
    Show(Show),
    /// Set all three for one account; omitted ones are reset to their defaults
    Set(Set),
}

#[derive(Args, Debug)]
struct Show {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The user's id
    user: String,
}

#[derive(Args, Debug)]
struct Set {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// The user's id
    user: String,
    /// Which coin
    #[arg(long, default_value = "toco")]
    coin: String,
    /// The lowest available balance allowed, 0 or below [default: 0]
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(-CEILING_MAX..=0))]
    floor: Option<i64>,
    /// The highest total allowed [default: 2^53-1]
    #[arg(long, value_name = "AMOUNT", value_parser = clap::value_parser!(i64).range(0..=CEILING_MAX))]
    ceiling: Option<i64>,
    /// Freeze the account: no coins can be taken from it; it can still receive
    #[arg(long)]
    frozen: bool,
}

impl LimitsArgs {
    /// Asks and prints the response.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command {
            LimitsCommand::Show(args) => {
                let session = args.connection.session()?;
                let response = session.send(&Request::get(format!("/v1/users/{}", encoded(&args.user))))?;
                session.show(&response, |user: &User| limits_table(user, session.decimals()))
            }
            LimitsCommand::Set(args) => {
                let session = args.connection.session()?;
                let path = format!("/v1/users/{}/limits/{}", encoded(&args.user), encoded(&args.coin));
                let fields = Fields::new()
                    .with_if("floor", args.floor)
                    .with_if("ceiling", args.ceiling)
                    .with_if("frozen", args.frozen.then_some(true));
                let response = session.write(Request::put(path), fields, &args.write)?;
                session.show_event(&response, args.write.dry_run)
            }
        }
    }
}

fn limits_table(user: &User, decimals: &Decimals) -> String {
    let mut table =
        Table::new([("coin", Side::Left), ("floor", Side::Right), ("ceiling", Side::Right), ("frozen", Side::Left)]);
    for account in &user.accounts {
        table.row(vec![
            account.coin.clone(),
            decimals.amount(&account.coin, account.floor),
            ceiling_words(account.ceiling, &account.coin, decimals),
            if account.frozen { "yes" } else { "no" }.to_owned(),
        ]);
    }
    if table.rows() == 0 { format!("{} has no accounts\n", user.id) } else { table.text() }
}

/// A ceiling as people read it.
pub(super) fn ceiling_words(ceiling: Option<i64>, coin: &str, decimals: &Decimals) -> String {
    match ceiling {
        None | Some(CEILING_MAX) => "none".to_owned(),
        Some(ceiling) => decimals.amount(coin, ceiling),
    }
}

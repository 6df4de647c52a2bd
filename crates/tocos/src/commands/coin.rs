//! `tocos coins` and `tocos coin show|put`: kinds of coins and their sums.

use clap::{Args, Subcommand};

use crate::client::{Request, encoded};
use crate::response::{Coin, CoinList, Decimals};
use crate::session::{ConnectionArgs, Fields, WriteArgs};
use crate::table::{Side, Table};

/// List the coins with what was issued, spent and expired
#[derive(Args, Debug)]
pub(crate) struct CoinsArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
}

/// Show, create or change one coin
#[derive(Args, Debug)]
pub(crate) struct CoinArgs {
    #[command(subcommand)]
    command: CoinCommand,
}

#[derive(Debug, Subcommand)]
enum CoinCommand {
    /// One coin with what was issued, spent and expired
    Show(Show),
    /// Create a coin, or change how many decimals it shows
    Put(Put),
}

#[derive(Args, Debug)]
struct Show {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The coin's code
    coin: String,
}

#[derive(Args, Debug)]
struct Put {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// The coin's code: 1 to 16 of a-z 0-9 _ - beginning with a letter
    coin: String,
    /// Decimal places of amounts when shown: 1234 with 2 decimals is 12.34
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=9))]
    decimals: Option<u8>,
}

impl CoinsArgs {
    /// Asks and prints the response.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let response = session.send(&Request::get("/v1/coins"))?;
        session.show(&response, |list: &CoinList| coins_table(&list.coins))
    }
}

impl CoinArgs {
    /// Asks and prints the response.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command {
            CoinCommand::Show(args) => {
                let session = args.connection.session()?;
                let response = session.send(&Request::get(format!("/v1/coins/{}", encoded(&args.coin))))?;
                session.show(&response, |coin: &Coin| coins_table(std::slice::from_ref(coin)))
            }
            CoinCommand::Put(args) => {
                let session = args.connection.session()?;
                let request = Request::put(format!("/v1/coins/{}", encoded(&args.coin)));
                let response = session.write(request, Fields::new().with_if("decimals", args.decimals), &args.write)?;
                session.show_event(&response, args.write.dry_run)
            }
        }
    }
}

fn coins_table(coins: &[Coin]) -> String {
    let numbers = ["decimals", "issued", "spent", "expired", "outstanding", "held"];
    let columns = [("coin", Side::Left)].into_iter().chain(numbers.map(|name| (name, Side::Right)));
    let mut table = Table::new(columns);
    let decimals = Decimals::of(coins);
    for coin in coins {
        let mut cells = vec![coin.code.clone(), coin.decimals.to_string()];
        let sums = [coin.issued, coin.spent, coin.expired, coin.outstanding, coin.held];
        cells.extend(sums.map(|sum| decimals.amount(&coin.code, sum)));
        table.row(cells);
    }
    table.text()
}

//! `tocos users`: the list of users and their coins.

use std::collections::BTreeSet;

use clap::Args;

use super::pages::PageArgs;
use crate::client::Request;
use crate::response::{Decimals, UserPage};
use crate::session::ConnectionArgs;
use crate::table::{Side, Table};

/// What the API takes as orders.
const ORDERS: [&str; 6] = ["id", "-id", "created", "-created", "balance", "-balance"];

/// List users and their coins
#[derive(Args, Debug)]
pub(crate) struct UsersArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Only users who have this coin, and only this coin
    #[arg(long)]
    coin: Option<String>,
    /// Only users whose id begins with this
    #[arg(long, conflicts_with_all = ["id", "q"])]
    prefix: Option<String>,
    /// Only this user; may be repeated, up to 1000 times, and the users are listed in that order
    #[arg(long, conflicts_with_all = ["q", "cursor"])]
    id: Vec<String>,
    /// Only users whose id or name contains this; case and accents make no difference
    #[arg(long, value_name = "TEXT")]
    q: Option<String>,
    /// By id, by creation or by the balance of --coin; with a minus the greatest first
    #[arg(long, value_name = "ORDER", value_parser = ORDERS, allow_hyphen_values = true, conflicts_with = "id")]
    order: Option<String>,
    /// Include closed users
    #[arg(long)]
    closed: bool,
    #[command(flatten)]
    pages: PageArgs,
}

impl UsersArgs {
    /// Asks for pages and prints each as it comes.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        self.pages.show(&session, &self.request(), |page: &UserPage, is_first| {
            match page.users.is_empty() && is_first {
                true => "no users\n".to_owned(),
                false => users_table(page, session.decimals()),
            }
        })
    }

    fn request(&self) -> Request {
        let named = self.id.iter().fold(Request::get("/v1/users"), |request, id| request.query("id", id));
        named
            .query_if("q", self.q.as_deref())
            .query_if("coin", self.coin.as_deref())
            .query_if("prefix", self.prefix.as_deref())
            .query_if("order", self.order.as_deref())
            .query_if("closed", self.closed.then_some(true))
    }
}

/// The users of a page, with a column for each coin that any of them has.
pub(crate) fn users_table(page: &UserPage, decimals: &Decimals) -> String {
    let coins: BTreeSet<&str> = page.users.iter().flat_map(|user| user.coins.keys().map(String::as_str)).collect();
    let columns = [("id", Side::Left), ("name", Side::Left)];
    let mut table = Table::new(columns.into_iter().chain(coins.iter().map(|coin| (*coin, Side::Right))));
    for user in &page.users {
        let mut cells = vec![user.id.clone(), user.name.clone().unwrap_or_default()];
        let amount = |coin: &&str| user.coins.get(*coin).map(|amount| decimals.amount(coin, *amount));
        cells.extend(coins.iter().map(|coin| amount(coin).unwrap_or_default()));
        table.row(cells);
    }
    table.text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_to_the_right_and_wide_names_do_not_push_them() {
        let page: UserPage = serde_json::from_str(
            r#"{"users":[{"id":"ana","name":"王小明","coins":{"toco":5}},
                {"id":"b","name":null,"coins":{"gems":12,"toco":1234}},
                {"id":"c","name":"สมชาย 👩‍🚀","coins":{}}],"next_cursor":null}"#,
        )
        .unwrap();
        let decimals: Decimals = Decimals::of(
            &serde_json::from_str::<Vec<crate::response::Coin>>(r#"[{"code":"gems","decimals":1}]"#).unwrap(),
        );
        let text = users_table(&page, &decimals);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            ["id   name      gems  toco", "ana  王小明             5", "b               1.2  1234", "c    สมชาย 👩‍🚀",]
        );
    }
}

//! `tocos key create|list|revoke`: who may do what.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::{Args, Subcommand};
use jiff::Span;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tocos_engine::Engine;

use crate::client::{Request, encoded};
use crate::first_key;
use crate::service::open;
use crate::session::ConnectionArgs;
use crate::settings::Config;
use crate::table::{Side, Table};
use crate::terminal::{note, print};
use crate::time::{after, instant, span};

/// Create, list and revoke API keys
#[derive(Args, Debug)]
pub(crate) struct KeyArgs {
    #[command(subcommand)]
    command: KeyCommand,
}

#[derive(Debug, Subcommand)]
enum KeyCommand {
    /// Create a key; its secret is shown this once
    Create(Create),
    /// Make the first key, with all rights, of a ledger whose service is not running
    First(First),
    /// Make another key with all rights, where the secrets of those there are lost and the service is not running
    Recover(First),
    /// List keys, without their secrets
    List(List),
    /// Revoke a key permanently
    Revoke(Revoke),
}

#[derive(Args, Debug)]
struct Create {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// What the key may do; each right includes the ones before it: read, spend, grant, admin
    #[arg(long, value_parser = ["read", "spend", "grant", "admin"])]
    right: String,
    /// What it is for
    #[arg(long)]
    name: Option<String>,
    /// The time at which it expires (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = instant, conflicts_with = "expires_in")]
    expires_at: Option<String>,
    /// The same, counted from now by this machine's clock: 30d, 1y
    #[arg(long, value_name = "SPAN", value_parser = span)]
    expires_in: Option<Span>,
}

#[derive(Args, Debug)]
struct First {
    /// The data directory of the ledger
    #[arg(long, env = "TOCOS_DATA_DIR", value_name = "DIR", default_value = "./tocos-data")]
    data_dir: PathBuf,
}

#[derive(Args, Debug)]
struct List {
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Args, Debug)]
struct Revoke {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The key's id, as `tocos key list` shows it
    id: String,
}

#[derive(Deserialize)]
struct Key {
    #[serde(deserialize_with = "text")]
    id: String,
    right: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    expires_at: Option<String>,
    #[serde(default)]
    created_at: Option<String>,
    #[serde(default)]
    revoked_at: Option<String>,
    #[serde(default, alias = "secret")]
    key: Option<String>,
}

#[derive(Deserialize)]
struct KeyList {
    keys: Vec<Key>,
}

/// An id is shown, never reckoned with: a number will do as well.
fn text<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => text,
        other => other.to_string(),
    })
}

impl KeyArgs {
    /// Asks and prints the response.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command {
            KeyCommand::Create(args) => args.run(),
            KeyCommand::First(args) => args.run(first_key::make),
            KeyCommand::Recover(args) => args.run(first_key::recover),
            KeyCommand::List(args) => {
                let session = args.connection.session()?;
                let response = session.send(&Request::get("/v1/keys"))?;
                session.show(&response, |list: &KeyList| keys_table(&list.keys))
            }
            KeyCommand::Revoke(args) => {
                let session = args.connection.session()?;
                let request = Request::post(format!("/v1/keys/{}/revoke", encoded(&args.id))).json(&json!({}));
                let response = session.send(&request)?;
                session.show(&response, |_: &Value| format!("key {} revoked\n", args.id))
            }
        }
    }
}

impl Create {
    fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let expires_at = match self.expires_in {
            Some(span) => Some(after(span)?),
            None => self.expires_at,
        };
        let mut body = Map::from_iter([("right".to_owned(), Value::from(self.right))]);
        for (field, value) in [("name", self.name), ("expires_at", expires_at)] {
            if let Some(value) = value {
                body.insert(field.to_owned(), value.into());
            }
        }
        // Sent once: a second time would make a second key, and the first one's secret would be lost.
        let response = session.send(&Request::post("/v1/keys").json(&Value::Object(body)).once())?;
        session.show(&response, |key: &Key| {
            format!(
                "key {} with the right {}{}\n{}\nThis is the only time it is shown. Use it as TOCOS_KEY or --key.\n",
                key.id,
                key.right,
                key.expires_at.as_deref().map(|time| format!(", until {time}")).unwrap_or_default(),
                key.key.as_deref().unwrap_or_default()
            )
        })
    }
}

impl First {
    fn run(self, make: impl FnOnce(&Engine) -> anyhow::Result<String>) -> anyhow::Result<()> {
        let engine = open(&Config { data_dir: self.data_dir, ..Config::default() })?;
        let token = make(&engine);
        engine.close().map_err(|error| anyhow!("the ledger was not closed cleanly: {error}"))?;
        print(&format!("{}\n", token?))?;
        note("This is the only time it is shown. Use it as TOCOS_KEY or --key.");
        Ok(())
    }
}

fn keys_table(keys: &[Key]) -> String {
    if keys.is_empty() {
        return "no keys: everyone who reaches the server may do everything\n".to_owned();
    }
    let left = ["id", "right", "name", "created", "expires", "revoked"].map(|name| (name, Side::Left));
    let mut table = Table::new(left);
    for key in keys {
        let optional = |value: &Option<String>| value.clone().unwrap_or_default();
        table.row(vec![
            key.id.clone(),
            key.right.clone(),
            optional(&key.name),
            optional(&key.created_at),
            optional(&key.expires_at),
            optional(&key.revoked_at),
        ]);
    }
    table.text()
}

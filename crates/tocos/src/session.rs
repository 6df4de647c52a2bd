//! What the client commands have in common: the options for reaching a server and for writing to it,
//! and one way to send a request and show its response.

use std::cell::OnceCell;
use std::path::PathBuf;

use anyhow::{Context, anyhow};
use clap::Args;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::client::{AgentOptions, Client, ClientError, Request, Response, fresh_key};
use crate::describe::{Done, written};
use crate::response::{CoinList, Decimals, Event};
use crate::terminal::{print, print_bytes};
use crate::usage::Usage;

/// Where the server is and how its responses are shown.
#[derive(Args, Clone, Debug)]
pub(crate) struct ConnectionArgs {
    /// Address of the server
    #[arg(long, env = "TOCOS_URL", default_value = "http://127.0.0.1:8080", help_heading = "Server")]
    pub url: String,
    /// API key, if the server requires one (the variable keeps it out of the process list)
    #[arg(long, env = "TOCOS_KEY", hide_env_values = true, help_heading = "Server")]
    pub key: Option<String>,
    /// Trust the certificates in this PEM file, and none of the operating system's or the public ones
    #[arg(long, env = "TOCOS_CA_FILE", value_name = "FILE", help_heading = "Server")]
    pub ca_file: Option<PathBuf>,
    /// Print the server's JSON as it is
    #[arg(long)]
    pub json: bool,
}

/// What every write takes besides its own fields.
#[derive(Args, Clone, Debug, Default)]
pub(crate) struct WriteArgs {
    /// Names this operation permanently: repeated under the same key, it is not applied again [default: a new key]
    #[arg(long, value_name = "KEY", help_heading = "Writing")]
    pub idempotency_key: Option<String>,
    /// Response as the operation would, and change nothing
    #[arg(long, help_heading = "Writing")]
    pub dry_run: bool,
    /// A JSON object kept with the event
    #[arg(long, value_name = "JSON", value_parser = json_object, help_heading = "Writing")]
    pub metadata: Option<Value>,
    /// What you call it, such as the number of an order: tocos events --reference finds it
    #[arg(long, value_name = "TEXT", help_heading = "Writing")]
    pub reference: Option<String>,
}

fn json_object(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(value),
        Ok(_) => Err("metadata is a JSON object, such as {\"order\":\"17\"}".to_owned()),
        Err(error) => Err(format!("not JSON: {error}")),
    }
}

/// A client with the choices of this run.
pub(crate) struct Session {
    pub client: Client,
    pub json: bool,
    decimals: OnceCell<Decimals>,
}

impl ConnectionArgs {
    /// Gets ready to talk to the server; nothing is sent yet.
    ///
    /// # Errors
    /// The address, key or certificate file makes no sense.
    pub(crate) fn session(&self) -> anyhow::Result<Session> {
        let options = AgentOptions { ca_file: self.ca_file.as_deref(), follow_redirects: false };
        let key = self.key.clone().filter(|key| !key.is_empty());
        let client = Client::new(&self.url, key, options)?;
        Ok(Session { client, json: self.json, decimals: OnceCell::new() })
    }
}

impl Session {
    /// Sends a request. With `--json` a refusal's body goes to stdout as it is.
    ///
    /// # Errors
    /// What the server refused, or that there is none.
    pub(crate) fn send(&self, request: &Request) -> anyhow::Result<Response> {
        self.client.send(request).map_err(|error| self.told(error))
    }

    fn told(&self, error: ClientError) -> anyhow::Error {
        if self.json
            && let ClientError::Refused(problem) | ClientError::Unavailable(problem) = &error
            && let Err(broken) = print_bytes(&problem.body)
        {
            return broken.into();
        }
        error.into()
    }

    /// Sends a write with its fields, under the key it was given or a fresh one.
    ///
    /// # Errors
    /// As `send`. Where the response was lost, the error names the key that finds out.
    pub(crate) fn write(&self, request: Request, fields: Fields, args: &WriteArgs) -> anyhow::Result<Response> {
        let body = fields.with_if("metadata", args.metadata.clone()).with_if("reference", args.reference.clone());
        self.write_request(request.json(&body.into_value()), args)
    }

    /// Sends a write whose body is already there.
    ///
    /// # Errors
    /// As `write`.
    pub(crate) fn write_request(&self, request: Request, args: &WriteArgs) -> anyhow::Result<Response> {
        let key = args.idempotency_key.clone().map_or_else(fresh_key, Ok)?;
        if key.is_empty() || key.len() > 255 || !key.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            return Err(Usage("--idempotency-key: a key has 1 to 255 printable ASCII characters".to_owned()).into());
        }
        let request = if args.dry_run { request.query("dry_run", true) } else { request };
        self.client.send(&request.idempotency_key(&key)).map_err(|error| {
            let unknown = match &error {
                ClientError::Unreachable { maybe_sent, .. } => *maybe_sent,
                ClientError::Unavailable(_) => true,
                ClientError::Refused(_) | ClientError::Untrusted { .. } => false,
            };
            let error = self.told(error);
            if unknown && !args.dry_run {
                error.context(format!(
                    "it may or may not have been applied; repeat the command with --idempotency-key {key}, and it is applied at most once"
                ))
            } else {
                error
            }
        })
    }

    /// Prints a response: with `--json` as it came, else in the words of `words`.
    ///
    /// # Errors
    /// The response is not what was expected, or stdout is gone.
    pub(crate) fn show<T: DeserializeOwned>(
        &self,
        response: &Response,
        words: impl FnOnce(&T) -> String,
    ) -> anyhow::Result<()> {
        if self.json {
            print_bytes(&response.body)?;
        } else {
            print(&words(&parse(response)?))?;
        }
        Ok(())
    }

    /// Prints the response to a write.
    ///
    /// # Errors
    /// As `show`.
    pub(crate) fn show_event(&self, response: &Response, dry_run: bool) -> anyhow::Result<()> {
        let done = match (dry_run, response.replayed) {
            (true, _) => Done::Not,
            (false, true) => Done::Before,
            (false, false) => Done::Now,
        };
        self.show(response, |event: &Event| written(event, self.decimals(), done))
    }

    /// Asks for the decimals again when they are next needed: a coin has changed.
    pub(crate) fn forget_decimals(&mut self) {
        self.decimals.take();
    }

    /// How many decimals each coin shows. Asked once, and only for people; amounts are shown in smallest
    /// units if the server does not say.
    pub(crate) fn decimals(&self) -> &Decimals {
        self.decimals.get_or_init(|| {
            self.client
                .send(&Request::get("/v1/coins"))
                .ok()
                .and_then(|response| parse::<CoinList>(&response).ok())
                .map(|list| Decimals::of(&list.coins))
                .unwrap_or_default()
        })
    }
}

/// Reads a response as the type that is expected.
///
/// # Errors
/// The response is not the expected one: the server is not Tocos, or another version of it.
pub(crate) fn parse<T: DeserializeOwned>(response: &Response) -> anyhow::Result<T> {
    serde_json::from_slice(&response.body)
        .map_err(|error| anyhow!(error))
        .context("the response is not what this version of tocos expects; is --url the address of a Tocos server?")
}

/// The fields of a request's body; what was not given is left out.
#[derive(Debug, Default)]
pub(crate) struct Fields(Map<String, Value>);

impl Fields {
    /// No fields yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Adds a field.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a field, if there is a value for it.
    pub(crate) fn with_if(self, name: &str, value: Option<impl Into<Value>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

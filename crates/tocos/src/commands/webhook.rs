//! `tocos webhook put|list|get|delete|rotate|enable|disable|redeliver|test|deliveries`: where events are delivered to.

use clap::{Args, Subcommand};
use serde::Deserialize;

use crate::client::{Request, Response, encoded};
use crate::session::{ConnectionArgs, Fields, Session, WriteArgs};
use crate::table::{Side, Table};
use crate::terminal::print;
use crate::usage::Usage;

/// URLs that events are delivered to
#[derive(Args, Debug)]
pub(crate) struct WebhookArgs {
    #[command(subcommand)]
    command: WebhookCommand,
}

#[derive(Debug, Subcommand)]
enum WebhookCommand {
    /// Create a webhook, or replace its URL, filter and batch; the secret of a new one is shown once
    Put(Box<Put>),
    /// List webhooks, and how far each has come
    List(List),
    /// Show a webhook
    Get(Named),
    /// Delete a webhook
    Delete(Change),
    /// Replace the secret; the one before goes on signing for a day, or as long as is said
    Rotate(Rotate),
    /// Switch a webhook on; it goes on where it was
    Enable(Change),
    /// Switch a webhook off; it stays where it is
    Disable(Change),
    /// Deliver again from an event on
    Redeliver(Redeliver),
    /// Send a test now, and show what came of it
    Test(Named),
    /// List the last requests to a webhook and their answers
    Deliveries(Named),
}

#[derive(Args, Debug)]
struct Put {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// The webhook's id, which you choose: 1 to 64 of A-Z a-z 0-9 _ -
    webhook: String,
    /// Where requests go
    #[arg(value_name = "URL")]
    target: String,
    /// Only events of these kinds, such as grant,spend [default: all but those about webhooks]
    #[arg(long, value_delimiter = ',', value_name = "KINDS")]
    kinds: Option<Vec<String>>,
    /// Only events about these coins
    #[arg(long, value_delimiter = ',', value_name = "COINS")]
    coins: Option<Vec<String>>,
    /// Only events about users whose ids begin with this
    #[arg(long, value_name = "PREFIX")]
    user_prefix: Option<String>,
    /// Only events that crossed a threshold
    #[arg(long)]
    crossed_only: bool,
    /// Events in one request, at most 100; more than 1 makes requests carry a list
    #[arg(long, value_name = "EVENTS")]
    batch: Option<u16>,
    /// A secret of your own: whsec_ and 24 to 64 bytes in Base64 [default: one is made and shown once]
    #[arg(long, env = "TOCOS_WEBHOOK_SECRET", hide_env_values = true)]
    secret: Option<String>,
    /// For a new webhook: the first event to deliver [default: the next one]
    #[arg(long, value_name = "EVENT")]
    from_event: Option<u64>,
}

#[derive(Args, Debug)]
struct List {
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Args, Debug)]
struct Named {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The webhook's id
    webhook: String,
}

#[derive(Args, Debug)]
struct Change {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// The webhook's id
    webhook: String,
}

#[derive(Args, Debug)]
struct Rotate {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// The webhook's id
    webhook: String,
    /// A secret of your own: whsec_ and 24 to 64 bytes in Base64 [default: one is made and shown once]
    #[arg(long, env = "TOCOS_WEBHOOK_SECRET", hide_env_values = true)]
    secret: Option<String>,
    /// For how many seconds the secret before goes on signing; 0 after a leak [default: 86400]
    #[arg(long, value_name = "SECONDS")]
    keep_s: Option<u32>,
}

#[derive(Args, Debug)]
struct Redeliver {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// The webhook's id
    webhook: String,
    /// The first event to deliver
    #[arg(long, value_name = "EVENT")]
    from_event: u64,
}

#[derive(Deserialize)]
struct Webhook {
    id: String,
    url: String,
    kinds: Option<Vec<String>>,
    coins: Option<Vec<String>>,
    user_prefix: Option<String>,
    crossed_only: bool,
    batch: u16,
    through: u64,
    pending_events: u64,
    enabled: bool,
    disabled_reason: Option<String>,
    failing_since: Option<String>,
    old_secret_until: Option<String>,
    created_at: String,
}

#[derive(Deserialize)]
struct WebhookList {
    webhooks: Vec<Webhook>,
}

#[derive(Deserialize)]
struct Delivery {
    at: String,
    first_event: Option<u64>,
    last_event: Option<u64>,
    delivered: bool,
    status: Option<u16>,
    took_ms: u64,
    answer: String,
    error: Option<String>,
}

#[derive(Deserialize)]
struct DeliveryList {
    deliveries: Vec<Delivery>,
}

/// What is shown once.
#[derive(Deserialize)]
struct Secret {
    #[serde(default)]
    secret: Option<String>,
}

impl WebhookArgs {
    /// Asks and prints the response.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command {
            WebhookCommand::Put(args) => args.run(),
            WebhookCommand::List(args) => args.run(),
            WebhookCommand::Get(args) => args.get(),
            WebhookCommand::Delete(args) => args.delete(),
            WebhookCommand::Rotate(args) => args.run(),
            WebhookCommand::Enable(args) => args.post("enable"),
            WebhookCommand::Disable(args) => args.post("disable"),
            WebhookCommand::Redeliver(args) => args.run(),
            WebhookCommand::Test(args) => args.test(),
            WebhookCommand::Deliveries(args) => args.deliveries(),
        }
    }
}

fn path(webhook: &str) -> String {
    format!("/v1/webhooks/{}", encoded(webhook))
}

/// Shows an event, and behind it the secret that is returned this once.
fn show_with_secret(session: &Session, response: &Response, dry_run: bool) -> anyhow::Result<()> {
    session.show_event(response, dry_run)?;
    let secret: Secret = crate::session::parse(response)?;
    match secret.secret.filter(|_| !session.json) {
        Some(secret) => Ok(print(&format!(
            "{secret}\nThis is the only time it is shown. The receiver checks signatures with it.\n"
        ))?),
        None => Ok(()),
    }
}

impl Put {
    fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let fields = Fields::new()
            .with("url", self.target)
            .with_if("kinds", self.kinds)
            .with_if("coins", self.coins)
            .with_if("user_prefix", self.user_prefix)
            .with_if("crossed_only", self.crossed_only.then_some(true))
            .with_if("batch", self.batch)
            .with_if("secret", self.secret)
            .with_if("from_event", self.from_event);
        let response = session.write(Request::put(path(&self.webhook)), fields, &self.write)?;
        show_with_secret(&session, &response, self.write.dry_run)
    }
}

impl Rotate {
    fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let fields = Fields::new().with_if("secret", self.secret).with_if("keep_s", self.keep_s);
        let request = Request::post(format!("{}/rotate-secret", path(&self.webhook)));
        let response = session.write(request, fields, &self.write)?;
        show_with_secret(&session, &response, self.write.dry_run)
    }
}

impl Redeliver {
    fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let fields = Fields::new().with("from_event", self.from_event);
        let request = Request::post(format!("{}/redeliver", path(&self.webhook)));
        let response = session.write(request, fields, &self.write)?;
        session.show_event(&response, self.write.dry_run)
    }
}

impl Change {
    fn post(self, what: &str) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let request = Request::post(format!("{}/{what}", path(&self.webhook)));
        let response = session.write(request, Fields::new(), &self.write)?;
        session.show_event(&response, self.write.dry_run)
    }

    fn delete(self) -> anyhow::Result<()> {
        if self.write.metadata.is_some() || self.write.reference.is_some() {
            return Err(Usage("--metadata, --reference: a deletion has none".to_owned()).into());
        }
        let session = self.connection.session()?;
        let response = session.write_request(Request::delete(path(&self.webhook)), &self.write)?;
        session.show_event(&response, self.write.dry_run)
    }
}

impl List {
    fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let response = session.send(&Request::get("/v1/webhooks"))?;
        session.show(&response, |list: &WebhookList| {
            if list.webhooks.is_empty() {
                return "no webhooks\n".to_owned();
            }
            let columns = [
                ("id", Side::Left),
                ("state", Side::Left),
                ("through", Side::Right),
                ("pending", Side::Right),
                ("batch", Side::Right),
                ("url", Side::Left),
            ];
            let mut table = Table::new(columns);
            for webhook in &list.webhooks {
                table.row(vec![
                    webhook.id.clone(),
                    state(webhook),
                    webhook.through.to_string(),
                    webhook.pending_events.to_string(),
                    webhook.batch.to_string(),
                    webhook.url.clone(),
                ]);
            }
            table.text()
        })
    }
}

impl Named {
    fn get(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let response = session.send(&Request::get(path(&self.webhook)))?;
        session.show(&response, shown)
    }

    fn test(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        // Sent once: it is the request itself that is tested.
        let response = session.send(&Request::post(format!("{}/test", path(&self.webhook))).once())?;
        session.show(&response, |delivery: &Delivery| format!("{}\n", outcome(delivery)))
    }

    fn deliveries(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let response = session.send(&Request::get(format!("{}/deliveries", path(&self.webhook))))?;
        session.show(&response, |list: &DeliveryList| {
            if list.deliveries.is_empty() {
                return "nothing was delivered since the start\n".to_owned();
            }
            let columns = [("at", Side::Left), ("events", Side::Left), ("took", Side::Right), ("outcome", Side::Left)];
            let mut table = Table::new(columns);
            for delivery in &list.deliveries {
                let events = match (delivery.first_event, delivery.last_event) {
                    (Some(first), Some(last)) if first == last => first.to_string(),
                    (Some(first), Some(last)) => format!("{first}-{last}"),
                    _ => "test".to_owned(),
                };
                let took = format!("{} ms", delivery.took_ms);
                table.row(vec![delivery.at.clone(), events, took, outcome(delivery)]);
            }
            table.text()
        })
    }
}

fn state(webhook: &Webhook) -> String {
    match (&webhook.disabled_reason, &webhook.failing_since) {
        (Some(reason), _) => format!("off ({reason})"),
        (None, Some(since)) => format!("failing since {since}"),
        (None, None) => if webhook.enabled { "on" } else { "off" }.to_owned(),
    }
}

fn outcome(delivery: &Delivery) -> String {
    let answer: String = delivery.answer.chars().filter(|c| !c.is_control()).take(60).collect();
    let answer = if answer.is_empty() { answer } else { format!(": {answer}") };
    match (&delivery.error, delivery.status) {
        (Some(error), _) => format!("{error}{answer}"),
        (None, Some(status)) if delivery.delivered => format!("delivered, {status}{answer}"),
        (None, _) => "delivered".to_owned(),
    }
}

fn shown(webhook: &Webhook) -> String {
    let mut text = format!("webhook {}: {}\n", webhook.id, state(webhook));
    let mut line = |name: &str, value: &str| text.push_str(&format!("  {name:<11} {value}\n"));
    line("url", &webhook.url);
    if let Some(kinds) = &webhook.kinds {
        line("kinds", &kinds.join(", "));
    }
    if let Some(coins) = &webhook.coins {
        line("coins", &coins.join(", "));
    }
    if let Some(prefix) = &webhook.user_prefix {
        line("users", &format!("{prefix}..."));
    }
    if webhook.crossed_only {
        line("only", "events that crossed a threshold");
    }
    line("batch", &webhook.batch.to_string());
    line("through", &format!("event {}, {} pending", webhook.through, webhook.pending_events));
    if let Some(until) = &webhook.old_secret_until {
        line("old secret", &format!("signs until {until}"));
    }
    line("created", &webhook.created_at);
    text
}

//! Webhooks: where events are delivered to, and which of them. The delivery itself is done elsewhere.

use core::fmt;
use core::ops::RangeInclusive;

use crate::refusal::Refusal;

/// A ledger has at most so many.
pub const WEBHOOKS_MAX: usize = 100;
/// Longest id of a webhook, in bytes.
pub const WEBHOOK_ID_LENGTH_MAX: usize = 64;
/// Longest URL of a webhook, in bytes.
pub const WEBHOOK_URL_LENGTH_MAX: usize = 2_048;
/// Most events that one request carries.
pub const WEBHOOK_BATCH_MAX: u16 = 100;
/// Most coins that a filter names.
pub const WEBHOOK_COINS_MAX: usize = 50;
/// Bytes of a secret, as Standard Webhooks has it.
pub const WEBHOOK_SECRET_BYTES: RangeInclusive<usize> = 24..=64;
/// How long a secret that was replaced goes on signing, in seconds: by default a day, at most 30.
pub const WEBHOOK_KEEP_S_DEFAULT: u32 = 86_400;
/// See [`WEBHOOK_KEEP_S_DEFAULT`].
pub const WEBHOOK_KEEP_S_MAX: u32 = 30 * 86_400;

/// The kinds of events that can be delivered. The place of a word is its bit in a filter: new ones go to the end.
pub const DELIVERED_KINDS: [&str; 32] = [
    "user",
    "user_closed",
    "coin",
    "limits",
    "extend",
    "key",
    "key_revoked",
    "leader",
    "thresholds",
    "spend_limit",
    "schedule",
    "schedule_deleted",
    "schedule_paused",
    "schedule_resumed",
    "grant",
    "spend",
    "transfer",
    "hold",
    "capture",
    "release",
    "hold_expired",
    "expire",
    "reverse",
    "rollover",
    "adjustment",
    "webhook",
    "webhook_deleted",
    "webhook_rotated",
    "webhook_failing",
    "webhook_disabled",
    "webhook_enabled",
    "webhook_redelivered",
];

/// Kinds of events: those named, or all but those about webhooks where none is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventKinds(u64);

impl EventKinds {
    /// The kinds with these words, in any order.
    ///
    /// # Errors
    /// [`Refusal::InvalidRequest`] for `kinds` if one is no kind that can be delivered.
    pub fn of<'w>(words: impl IntoIterator<Item = &'w str>) -> Result<Self, Refusal> {
        let mut bits = 0;
        for word in words {
            let at = DELIVERED_KINDS.iter().position(|kind| *kind == word).ok_or_else(|| {
                let words = format!("there is no kind of event {word:?}; there are {}", DELIVERED_KINDS.join(", "));
                Refusal::invalid("kinds", words)
            })?;
            bits |= 1 << at;
        }
        Ok(Self(bits))
    }

    /// Whether events of the kind with this word are among them.
    #[must_use]
    pub fn has(self, word: &str) -> bool {
        if self.0 == 0 {
            return !word.starts_with("webhook");
        }
        self.words().any(|kind| kind == word)
    }

    /// The words of the kinds that were named.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        DELIVERED_KINDS.into_iter().enumerate().filter(move |(at, _)| self.0 & 1 << at != 0).map(|(_, word)| word)
    }

    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    /// None if there are bits that no kind has.
    pub(crate) fn from_bits(bits: u64) -> Option<Self> {
        (bits >> DELIVERED_KINDS.len() == 0).then_some(Self(bits))
    }
}

/// Which events a webhook gets: those that are all of what is named here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WebhookFilter {
    /// Of these kinds.
    pub kinds: EventKinds,
    /// About one of these coins, by number, ascending; any where there are none.
    pub coins: Box<[u16]>,
    /// About a user whose id begins with this.
    pub prefix: Option<Box<str>>,
    /// By which an account's available coins went across a threshold.
    pub crossed: bool,
}

/// What signs requests. It is never shown: `Debug` doesn't either.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct WebhookSecret {
    bytes: [u8; 64],
    length: u8,
}

impl WebhookSecret {
    /// A secret of 24 to 64 bytes; none if it has fewer or more.
    #[must_use]
    pub fn new(secret: &[u8]) -> Option<Self> {
        if !WEBHOOK_SECRET_BYTES.contains(&secret.len()) {
            return None;
        }
        let mut bytes = [0; 64];
        bytes[..secret.len()].copy_from_slice(secret);
        // At most 64.
        Some(Self { bytes, length: secret.len() as u8 })
    }

    /// The bytes that sign.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

impl fmt::Debug for WebhookSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("WebhookSecret")
    }
}

/// Why nothing is delivered to a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookOff {
    /// Somebody switched it off.
    Requested,
    /// The receiver answered that it is gone.
    Gone,
    /// Deliveries failed for three days.
    Failing,
}

impl WebhookOff {
    /// The word the API uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Gone => "gone",
            Self::Failing => "failing",
        }
    }
}

/// What happens to a webhook that is there. `since` names the event that last said where deliveries begin, so that what a node reports of
/// deliveries before that comes to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookChange {
    /// All events through this one were delivered, or were not for it.
    Progress { since: u64, through: u64 },
    /// Deliveries have been failing for a while.
    Failing { since: u64 },
    /// Nothing is delivered from here on.
    Disable { why: WebhookOff, since: Option<u64> },
    /// Deliveries go on where they were.
    Enable,
    /// Deliveries go on from this event, which may be an earlier one.
    Redeliver { from_event: u64 },
    /// Another secret signs. The one before it goes on signing for so long.
    Rotate { secret: WebhookSecret, brought: bool, keep_s: u32 },
}

impl WebhookChange {
    /// The word the API uses for the event's kind.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Progress { .. } => "webhook_progress",
            Self::Failing { .. } => "webhook_failing",
            Self::Disable { .. } => "webhook_disabled",
            Self::Enable => "webhook_enabled",
            Self::Redeliver { .. } => "webhook_redelivered",
            Self::Rotate { .. } => "webhook_rotated",
        }
    }
}

/// What a webhook is to be.
#[derive(Clone, Debug)]
pub struct PutWebhook<'a> {
    /// Its id, of the client's choice.
    pub webhook: &'a str,
    /// Where requests go.
    pub url: &'a str,
    /// Which kinds of events.
    pub kinds: EventKinds,
    /// Events about these coins alone, by code; about any where there are none.
    pub coins: Vec<&'a str>,
    /// Events about users alone whose ids begin with this.
    pub prefix: Option<&'a str>,
    /// Only events that crossed a threshold.
    pub crossed: bool,
    /// Events in one request, at most.
    pub batch: u16,
    /// A secret that the client brought.
    pub secret: Option<WebhookSecret>,
    /// The secret of a new webhook for which the client brought none.
    pub fresh: WebhookSecret,
    /// From which event on; by default from the next one. An existing webhook goes on where it is.
    pub from_event: Option<u64>,
}

impl PutWebhook<'_> {
    /// What can be said against it whatever the state.
    pub(crate) fn check(&self) -> Result<(), Refusal> {
        check_webhook_id(self.webhook).map_err(|reason| Refusal::invalid("webhook", reason))?;
        check_url(self.url).map_err(|reason| Refusal::invalid("url", reason))?;
        if !(1..=WEBHOOK_BATCH_MAX).contains(&self.batch) {
            return Err(Refusal::invalid("batch", format!("a request carries 1 to {WEBHOOK_BATCH_MAX} events")));
        }
        if self.coins.len() > WEBHOOK_COINS_MAX {
            return Err(Refusal::invalid("coins", format!("a webhook names at most {WEBHOOK_COINS_MAX} coins")));
        }
        if self.prefix.is_some_and(|prefix| prefix.is_empty() || prefix.len() > PREFIX_BYTES_MAX) {
            let words = "a prefix of user ids has at least one character, and at most as many as an id".to_owned();
            return Err(Refusal::invalid("user_prefix", words));
        }
        Ok(())
    }
}

/// Bytes of the longest user id.
const PREFIX_BYTES_MAX: usize = 4 * crate::names::USER_ID_LENGTH_MAX;

/// Checks the id of a webhook: 1 to 64 of `A-Z a-z 0-9 _ -`, so that it fits into headers and paths as it is.
///
/// # Errors
/// What is wrong, in words that begin with "a webhook's id".
pub fn check_webhook_id(id: &str) -> Result<(), String> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if (1..=WEBHOOK_ID_LENGTH_MAX).contains(&id.len()) && id.bytes().all(good) {
        return Ok(());
    }
    Err(format!("a webhook's id has 1 to {WEBHOOK_ID_LENGTH_MAX} of A-Z a-z 0-9 _ -"))
}

/// Checks the form of a URL as far as no parser is needed for it.
fn check_url(url: &str) -> Result<(), String> {
    if url.len() > WEBHOOK_URL_LENGTH_MAX {
        return Err(format!("a URL has at most {WEBHOOK_URL_LENGTH_MAX} bytes, this one has {}", url.len()));
    }
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else {
        return Err("a URL begins with https://".to_owned());
    };
    if !url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
        return Err(
            "a URL is printable ASCII without spaces and backslashes; percent-encode everything else".to_owned()
        );
    }
    if url.contains('#') {
        return Err("a fragment is not sent to servers; leave out # and what follows".to_owned());
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.contains('@') {
        return Err("a URL has no user name and password; receivers know requests by their signature".to_owned());
    }
    if authority.is_empty() || authority.starts_with(':') {
        return Err("a URL names a host".to_owned());
    }
    Ok(())
}

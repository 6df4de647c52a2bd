//! The first API key of a ledger whose service is not running.

use tocos_engine::{Engine, Rejection};
use tocos_ledger::{CreateKey, Event, Fact, Operation, Request, Right, State};

use super::secret::{hash_of, new_secret, token};

/// The least length of a secret that Tocos did not make.
const SECRET_BYTES_MIN: usize = 32;

/// Makes the first API key of a ledger whose service is not running, and gives what a client sends.
///
/// # Errors
/// Words that say why not: there is a key already, or the ledger can't be written.
pub fn create_first_key(engine: &Engine, name: &str) -> Result<String, String> {
    let token = new_first_key()?;
    adopt_first_key(engine, name, &token)?;
    Ok(token)
}

/// What a client will send once [`adopt_first_key`] has made it the first API key of a ledger.
///
/// # Errors
/// Words that say why the operating system gave no random bytes.
pub fn new_first_key() -> Result<String, String> {
    new_secret().map(|secret| token(1, &secret))
}

/// Makes `token` the first API key of a ledger whose service is not running, with all rights and no expiry.
///
/// # Errors
/// Words that say why not: it has not the form `tocos_1_SECRET`, there is a key already, or the ledger can't be written.
pub fn adopt_first_key(engine: &Engine, name: &str, token: &str) -> Result<(), String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let secret = token
        .strip_prefix("tocos_1_")
        .filter(|secret| secret.len() >= SECRET_BYTES_MIN && secret.bytes().all(is_plain))
        .ok_or("a first key is written tocos_1_ and then 32 or more of A-Z a-z 0-9 - _, chosen by chance")?;
    if has_keys(engine)? {
        return Err("this ledger has API keys already; make further ones with an admin key".to_owned());
    }
    create_admin_key(engine, name, secret).map(drop)
}

/// Makes another API key with all rights and no expiry of a ledger whose service is not running, where the secrets of those that it has are
/// lost, and gives what a client sends.
///
/// # Errors
/// Words that say why not: there is no key yet, or the ledger can't be written.
pub fn recover_key(engine: &Engine, name: &str) -> Result<String, String> {
    if !has_keys(engine)? {
        return Err("this ledger has no API key yet; tocos key first makes the first one".to_owned());
    }
    let secret = new_secret()?;
    let id = create_admin_key(engine, name, &secret)?;
    Ok(token(id, &secret))
}

/// Gives the key's id.
fn create_admin_key(engine: &Engine, name: &str, secret: &str) -> Result<u16, String> {
    let create = CreateKey { name, hash: hash_of(secret), right: Right::Admin, expires_at: None };
    let request =
        Request { operation: Operation::CreateKey(create), key: None, metadata: None, reference: None, by: 0 };
    let id_of = |event: &Event<'_>, _: &State| match event.fact {
        Fact::KeyCreated { id, .. } => Some(id),
        _ => None,
    };
    let submitted = engine.submit(&request, false, id_of).map_err(|rejection| match rejection {
        Rejection::Refused { refusal, .. } => refusal.to_string(),
        Rejection::Unavailable(unavailable) => unavailable.to_string(),
    })?;
    engine.seal();
    engine.durable(submitted.seen).wait().map_err(|unavailable| unavailable.to_string())?;
    submitted.rendered.ok_or_else(|| "the event of the new key is of another kind".to_owned())
}

/// Whether a ledger ever had an API key.
///
/// # Errors
/// Words that say why the ledger can't be read.
pub fn has_keys(engine: &Engine) -> Result<bool, String> {
    let keys = engine.read(|ledger, _| ledger.state().api_keys().count()).map_err(|error| error.to_string())?;
    Ok(keys.value > 0)
}

//! Events as bytes: a record of 64 bytes, and behind it, only where needed, sections of variable length.
//!
//! The layout is written down in `docs/file-format.md`, section "Records". A plain transfer without key and
//! metadata is its record alone.

mod kind;
mod moves;
mod sections;
mod terms;
mod webhooks;

use crate::amount::MAX_AMOUNT;
use crate::bytes::{Fields, Malformed, NONE_U32, Put};
use crate::event::{Entry, Event, Fact, Key, Leg, Legs, Movement, MovementKind, Place, Whose};
use crate::ledger::Ledger;
use crate::names;
use crate::right::Right;
use crate::state::{AccountId, CoinId, UserId};
pub(crate) use moves::Moves;
use sections::{Sections, Tag, put_section};
pub(crate) use webhooks::off as webhook_off;

/// Bytes of every event's fixed part.
pub const RECORD_BYTES: usize = 64;

const HAS_A: u8 = 1;
const HAS_B: u8 = 2;
const HAS_BLOB: u8 = 4;
const CREATED: u8 = 8;
const JOINED: u8 = 16;

/// The sections of what of an entry is not in the record.
const TAGS_OF_A: [Tag; 4] = [Tag::OpensA, Tag::HeldA, Tag::LotsA, Tag::CrossedA];
const TAGS_OF_B: [Tag; 4] = [Tag::OpensB, Tag::HeldB, Tag::LotsB, Tag::CrossedB];

/// The bytes of a record that contain the offset of its blob.
const BLOB_AT: core::ops::Range<usize> = 12..16;

impl Event<'_> {
    /// The event's record. What does not fit into it is passed to `put_blob`, which returns the offset at
    /// which it is stored.
    pub fn encode(&self, scratch: &mut Vec<u8>, put_blob: impl FnOnce(&[u8]) -> u32) -> [u8; RECORD_BYTES] {
        scratch.clear();
        let mut record = [0u8; RECORD_BYTES];
        record[0] = kind::number_of(&self.fact);
        record[2..4].copy_from_slice(&self.by.to_le_bytes());
        if let Some(key) = &self.key {
            put_section(scratch, Tag::Key, key.text.as_bytes());
        }
        if let Some(metadata) = self.metadata {
            put_section(scratch, Tag::Metadata, metadata.as_bytes());
        }
        if let Some(reference) = self.reference {
            put_section(scratch, Tag::Reference, reference.as_bytes());
        }
        match &self.fact {
            Fact::Moved(movement) => encode_movement(&mut record, scratch, movement),
            fact => encode_other(&mut record, scratch, fact),
        }
        if !scratch.is_empty() {
            record[1] |= HAS_BLOB;
            record[BLOB_AT].copy_from_slice(&put_blob(scratch).to_le_bytes());
        }
        record
    }
}

/// The offset of a record's blob, if it has one.
///
/// # Errors
/// None: any 64 bytes can be looked at.
#[must_use]
pub fn blob_offset(record: &[u8; RECORD_BYTES]) -> Option<u32> {
    let offset = u32::from_le_bytes([record[12], record[13], record[14], record[15]]);
    (record[1] & HAS_BLOB != 0).then_some(offset)
}

/// Whether a record is of an API key that was made or revoked.
#[must_use]
pub fn changes_keys(record: &[u8; RECORD_BYTES]) -> bool {
    matches!(record[0], kind::KEY | kind::KEY_REVOKED)
}

/// Marks a record: the next event belongs to the same atomic batch, so that a ledger ends with neither or with both.
pub fn join_to_next(record: &mut [u8; RECORD_BYTES]) {
    record[1] |= JOINED;
}

/// Whether the next event belongs to the same atomic batch.
#[must_use]
pub fn is_joined_to_next(record: &[u8; RECORD_BYTES]) -> bool {
    record[1] & JOINED != 0
}

fn encode_movement(record: &mut [u8; RECORD_BYTES], blob: &mut Vec<u8>, movement: &Movement) {
    record[16..24].copy_from_slice(&movement.amount.to_le_bytes());
    encode_a(record, blob, &movement.a);
    if let Some(b) = &movement.b {
        record[1] |= HAS_B;
        record[8..12].copy_from_slice(&b.account.0.to_le_bytes());
        record[32..40].copy_from_slice(&b.total.to_le_bytes());
        record[52..58].copy_from_slice(&b.prev.to_le_bytes()[..6]);
        record[58..64].copy_from_slice(&b.skip.to_le_bytes()[..6]);
        sections::put_entry(blob, b, TAGS_OF_B);
    }
    terms::put_terms(blob, movement);
    if movement.legs != usual_legs(&movement.kind, movement.amount, movement.b.is_some()) {
        sections::put_legs(blob, &movement.legs);
    }
}

fn encode_a(record: &mut [u8; RECORD_BYTES], blob: &mut Vec<u8>, a: &Entry) {
    record[1] |= HAS_A;
    record[4..8].copy_from_slice(&a.account.0.to_le_bytes());
    record[24..32].copy_from_slice(&a.total.to_le_bytes());
    record[40..46].copy_from_slice(&a.prev.to_le_bytes()[..6]);
    record[46..52].copy_from_slice(&a.skip.to_le_bytes()[..6]);
    sections::put_entry(blob, a, TAGS_OF_A);
}

/// The legs that a movement of a kind has when it is only about plain coins: these are not written.
fn usual_legs(kind: &MovementKind, amount: u64, has_b: bool) -> Legs {
    let to = if has_b { Place::B } else { Place::Spent };
    let (from, to) = match kind {
        MovementKind::Grant(_) | MovementKind::Adjustment(_) => (Place::Issued, Place::A),
        MovementKind::Hold(_) => (Place::A, Place::Hold),
        MovementKind::Capture(_) => (Place::Hold, to),
        MovementKind::Release(_) | MovementKind::HoldExpired(_) => (Place::Hold, Place::A),
        MovementKind::Reverse(_) => (to, Place::A),
        MovementKind::Rollover(_) => (Place::A, Place::A),
        MovementKind::Spend(_) | MovementKind::Transfer | MovementKind::LotExpired => (Place::A, to),
    };
    Legs { first: Leg::plain(from, to, amount), rest: Vec::new() }
}

fn encode_other(record: &mut [u8; RECORD_BYTES], blob: &mut Vec<u8>, fact: &Fact<'_>) {
    let mut terms = Vec::new();
    match fact {
        Fact::UserPut { user, id, name, created } => {
            record[4..8].copy_from_slice(&user.0.to_le_bytes());
            record[1] |= if *created { CREATED } else { 0 };
            put_section(blob, Tag::Name, id.as_bytes());
            if let Some(name) = name {
                put_section(blob, Tag::Title, name.as_bytes());
            }
        }
        Fact::UserClosed { user } => record[4..8].copy_from_slice(&user.0.to_le_bytes()),
        Fact::CoinPut { coin, code, decimals, created } => {
            record[4..8].copy_from_slice(&u32::from(coin.0).to_le_bytes());
            record[16] = *decimals;
            record[1] |= if *created { CREATED } else { 0 };
            put_section(blob, Tag::Name, code.as_bytes());
        }
        Fact::LimitsPut { entry, floor, ceiling, frozen } => {
            encode_a(record, blob, entry);
            terms.put_i64(*floor);
            terms.put_u64(*ceiling);
            terms.put_u8(u8::from(*frozen));
        }
        Fact::ThresholdsPut { whose, thresholds } => {
            encode_whose(record, blob, whose);
            terms.put_thresholds(thresholds.as_ref());
        }
        Fact::SpendLimitPut { whose, limit } => {
            encode_whose(record, blob, whose);
            terms.put_spend_limit(*limit);
        }
        Fact::SchedulePut { number, id, user, coin, plan, anchor, next } => {
            record[4..8].copy_from_slice(&user.0.to_le_bytes());
            record[8..12].copy_from_slice(&u32::from(coin.0).to_le_bytes());
            record[16..24].copy_from_slice(&number.to_le_bytes());
            record[24..32].copy_from_slice(&anchor.to_le_bytes());
            record[32..36].copy_from_slice(&next.to_le_bytes());
            put_section(blob, Tag::Name, id.as_bytes());
            terms.put_plan(plan);
        }
        Fact::ScheduleEnded { number, id } | Fact::SchedulePaused { number, id } => {
            record[16..24].copy_from_slice(&number.to_le_bytes());
            put_section(blob, Tag::Name, id.as_bytes());
        }
        Fact::ScheduleResumed { number, id, next } => {
            record[16..24].copy_from_slice(&number.to_le_bytes());
            record[32..36].copy_from_slice(&next.unwrap_or(NONE_U32).to_le_bytes());
            put_section(blob, Tag::Name, id.as_bytes());
        }
        Fact::HoldExtended { hold, account, expires_at } => {
            record[4..8].copy_from_slice(&account.0.to_le_bytes());
            record[16..24].copy_from_slice(&hold.to_le_bytes());
            record[24..32].copy_from_slice(&expires_at.to_le_bytes());
        }
        Fact::KeyCreated { id, name, hash, right, expires_at } => {
            record[4..8].copy_from_slice(&u32::from(*id).to_le_bytes());
            record[16] = *right as u8;
            terms.extend_from_slice(hash);
            terms.put_instant(*expires_at);
            put_section(blob, Tag::Title, name.as_bytes());
        }
        Fact::WebhookPut(_) | Fact::WebhookDeleted { .. } | Fact::WebhookChanged { .. } => {
            webhooks::encode(record, blob, &mut terms, fact);
        }
        Fact::KeyRevoked { id } => record[4..8].copy_from_slice(&u32::from(*id).to_le_bytes()),
        Fact::Leader { epoch, node } => {
            record[16..24].copy_from_slice(&epoch.to_le_bytes());
            put_section(blob, Tag::Name, node.as_bytes());
        }
        Fact::Moved(_) => {}
    }
    if !terms.is_empty() {
        put_section(blob, Tag::Terms, &terms);
    }
}

fn encode_whose(record: &mut [u8; RECORD_BYTES], blob: &mut Vec<u8>, whose: &Whose) {
    match whose {
        Whose::Account(entry) => encode_a(record, blob, entry),
        Whose::Coin(coin) => record[4..8].copy_from_slice(&u32::from(coin.0).to_le_bytes()),
    }
}

/// A record taken apart.
struct Fixed {
    kind: u8,
    flags: u8,
    by: u16,
    a: u32,
    b: u32,
    amount: u64,
    a_total: i64,
    b_total: i64,
    links: [u64; 4],
}

impl Fixed {
    fn read(record: &[u8; RECORD_BYTES]) -> Result<Self, Malformed> {
        let mut fields = Fields::new(record);
        let (kind, flags, by) = (fields.u8()?, fields.u8()?, fields.u16()?);
        let (a, b, _blob) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let (amount, a_total, b_total) = (fields.u64()?, fields.i64()?, fields.i64()?);
        let links = [fields.u48()?, fields.u48()?, fields.u48()?, fields.u48()?];
        Ok(Self { kind, flags, by, a, b, amount, a_total, b_total, links })
    }

    fn entry_a(&self, sections: &mut Sections<'_>) -> Result<Entry, Malformed> {
        let [prev, skip, ..] = self.links;
        sections.entry(AccountId(self.a), self.a_total, prev, skip, TAGS_OF_A)
    }

    fn whose(&self, sections: &mut Sections<'_>) -> Result<Whose, Malformed> {
        if self.flags & HAS_A != 0 {
            return self.entry_a(sections).map(Whose::Account);
        }
        Ok(Whose::Coin(CoinId(small(self.a)?)))
    }

    /// The occurrence that comes next, of a schedule.
    fn next(&self) -> Result<u32, Malformed> {
        u32::try_from(self.b_total).map_err(|_| Malformed("an occurrence's number is above 32 bits"))
    }

    fn entry_b(&self, sections: &mut Sections<'_>) -> Result<Entry, Malformed> {
        let [.., prev, skip] = self.links;
        sections.entry(AccountId(self.b), self.b_total, prev, skip, TAGS_OF_B)
    }
}

impl Ledger {
    /// Event `number` of time `at` from its record and blob.
    ///
    /// # Errors
    /// [`Malformed`] if these are not what [`Event::encode`] makes.
    pub fn decode_event<'a>(
        &self,
        number: u64,
        at: i64,
        record: &[u8; RECORD_BYTES],
        blob: &'a [u8],
    ) -> Result<Event<'a>, Malformed> {
        Event::decode_hashed(number, at, record, blob, |key| self.keys.hash(key))
    }
}

impl<'a> Event<'a> {
    /// The same without a ledger: the hash of the event's key is left 0.
    ///
    /// # Errors
    /// [`Malformed`] if these are not what [`Event::encode`] makes.
    pub fn decode(number: u64, at: i64, record: &[u8; RECORD_BYTES], blob: &'a [u8]) -> Result<Self, Malformed> {
        Self::decode_hashed(number, at, record, blob, |_| 0)
    }

    /// The same with a hash for the event's key.
    ///
    /// An event is a few hundred bytes, most of them a movement. It is put together in one place at the end: whatever handed it on
    /// would copy it.
    #[inline]
    pub(crate) fn decode_hashed(
        number: u64,
        at: i64,
        record: &[u8; RECORD_BYTES],
        blob: &'a [u8],
        hash: impl FnOnce(&str) -> u128,
    ) -> Result<Self, Malformed> {
        let fixed = Fixed::read(record)?;
        let mut sections = Sections::read(if fixed.flags & HAS_BLOB == 0 { &[] } else { blob })?;
        let key = sections.text(Tag::Key)?.map(|text| Key { text, hash: hash(text) });
        let metadata = sections.text(Tag::Metadata)?;
        let reference = sections.text(Tag::Reference)?;
        let by = fixed.by;
        if fixed.kind < kind::FIRST_MOVEMENT {
            let fact = decode_other(&fixed, record, &mut sections)?;
            sections.check_all_used()?;
            return Ok(Self { number, at, by, key, metadata, reference, fact });
        }
        let amount = fixed.amount;
        if amount > MAX_AMOUNT {
            return Err(Malformed("an amount is above 2^53-1"));
        }
        let kind = terms::decode_kind(fixed.kind, amount, sections.take(Tag::Terms))?;
        let legs = match sections.take(Tag::Legs) {
            Some(bytes) => sections::legs(bytes)?,
            None => usual_legs(&kind, amount, fixed.flags & HAS_B != 0),
        };
        let a = fixed.entry_a(&mut sections)?;
        let b = if fixed.flags & HAS_B == 0 { None } else { Some(fixed.entry_b(&mut sections)?) };
        sections.check_all_used()?;
        Ok(Self { number, at, by, key, metadata, reference, fact: Fact::Moved(Movement { kind, amount, a, b, legs }) })
    }
}

fn small(value: u32) -> Result<u16, Malformed> {
    u16::try_from(value).map_err(|_| Malformed("a number is above 65,535"))
}

fn schedule_id<'a>(sections: &mut Sections<'a>) -> Result<&'a str, Malformed> {
    let id = sections.text(Tag::Name)?.filter(|id| names::may_name_schedule(id));
    id.ok_or(Malformed("a schedule has no id, or one that is too long"))
}

fn decode_other<'a>(
    fixed: &Fixed,
    record: &[u8; RECORD_BYTES],
    sections: &mut Sections<'a>,
) -> Result<Fact<'a>, Malformed> {
    let created = fixed.flags & CREATED != 0;
    let bytes = sections.take(Tag::Terms);
    let mut terms = Fields::new(bytes.unwrap_or(&[]));
    let fact = match fixed.kind {
        kind::USER => Fact::UserPut {
            user: UserId(fixed.a),
            id: sections.text(Tag::Name)?.ok_or(Malformed("a user has no id"))?,
            name: sections.text(Tag::Title)?,
            created,
        },
        kind::USER_CLOSED => Fact::UserClosed { user: UserId(fixed.a) },
        kind::COIN => Fact::CoinPut {
            coin: CoinId(small(fixed.a)?),
            code: sections.text(Tag::Name)?.ok_or(Malformed("a coin has no code"))?,
            decimals: record[16],
            created,
        },
        kind::LIMITS => Fact::LimitsPut {
            floor: terms.i64()?,
            ceiling: terms.u64()?,
            frozen: terms.flag()?,
            entry: fixed.entry_a(sections)?,
        },
        kind::THRESHOLDS => Fact::ThresholdsPut { thresholds: terms.thresholds()?, whose: fixed.whose(sections)? },
        kind::SPEND_LIMIT => Fact::SpendLimitPut { limit: terms.spend_limit()?, whose: fixed.whose(sections)? },
        kind::SCHEDULE => Fact::SchedulePut {
            number: fixed.amount,
            id: schedule_id(sections)?,
            user: UserId(fixed.a),
            coin: CoinId(small(fixed.b)?),
            plan: terms.plan()?,
            anchor: fixed.a_total,
            next: fixed.next()?,
        },
        kind::SCHEDULE_DELETED => Fact::ScheduleEnded { number: fixed.amount, id: schedule_id(sections)? },
        kind::SCHEDULE_PAUSED => Fact::SchedulePaused { number: fixed.amount, id: schedule_id(sections)? },
        kind::SCHEDULE_RESUMED => Fact::ScheduleResumed {
            number: fixed.amount,
            id: schedule_id(sections)?,
            next: Some(fixed.next()?).filter(|next| *next != NONE_U32),
        },
        kind::EXTEND => {
            Fact::HoldExtended { hold: fixed.amount, account: AccountId(fixed.a), expires_at: fixed.a_total }
        }
        kind::KEY => Fact::KeyCreated {
            id: small(fixed.a)?,
            name: sections.text(Tag::Title)?.unwrap_or(""),
            hash: terms.hash()?,
            right: match record[16] {
                0 => Right::Read,
                1 => Right::Spend,
                2 => Right::Grant,
                3 => Right::Admin,
                _ => return Err(Malformed("a right is not 0 to 3")),
            },
            expires_at: terms.instant()?,
        },
        kind::WEBHOOK => webhooks::decode(fixed, sections, &mut terms)?,
        kind::KEY_REVOKED => Fact::KeyRevoked { id: small(fixed.a)? },
        kind::LEADER => Fact::Leader {
            epoch: fixed.amount,
            node: sections
                .text(Tag::Name)?
                .filter(|node| names::may_name_node(node))
                .ok_or(Malformed("a leader has no node, or one whose name is too long"))?,
        },
        _ => return Err(Malformed("its kind is not known; a newer version may have written it")),
    };
    if terms.is_empty() { Ok(fact) } else { Err(Malformed("its terms are longer than its kind needs")) }
}

impl Event<'_> {
    /// The idempotency key in a record's blob, read without decoding the rest.
    #[must_use]
    pub fn key_in(blob: &[u8]) -> Option<&str> {
        // The key is the first section wherever there is one.
        sections::text_if_first(blob, Tag::Key)
    }

    /// Whether a record may be of an event that mentions something, told without decoding it.
    #[must_use]
    pub fn may_mention(record: &[u8; RECORD_BYTES], blob: &[u8]) -> bool {
        let is_of_schedule = matches!(record[0], kind::SCHEDULE..=kind::SCHEDULE_RESUMED);
        is_of_schedule || record[1] & HAS_BLOB != 0 && sections::has_any(blob, &[Tag::Reference, Tag::Legs])
    }

    /// Whether a record may be of an event for which [`Event::over`] is something, told by its kind alone.
    #[must_use]
    pub fn may_be_over(record: &[u8; RECORD_BYTES]) -> bool {
        matches!(record[0], kind::CAPTURE | kind::RELEASE | kind::HOLD_EXPIRED | kind::REVERSE | kind::ADJUSTMENT)
    }

    /// Whether a record may be of an event that has [`Event::flows`], told by its kind alone.
    #[must_use]
    pub fn may_flow(record: &[u8; RECORD_BYTES]) -> bool {
        record[0] >= kind::FIRST_MOVEMENT && record[0] != kind::TRANSFER
    }
}

/// What a record names, as far as that can be seen without decoding it. It may be wrong where the record is.
pub(crate) enum Peeked<'a> {
    /// A movement, or an account's limits.
    Accounts([Option<AccountId>; 2]),
    /// The id of a user that is made.
    NewUser(&'a str),
    Nothing,
}

impl<'a> Peeked<'a> {
    #[inline]
    pub(crate) fn at(record: &[u8; RECORD_BYTES], blob: &'a [u8]) -> Self {
        let account = |at: usize| AccountId(u32::from_le_bytes([0, 1, 2, 3].map(|i| record[at + i])));
        let named = |flag: u8, at: usize| (record[1] & flag != 0).then(|| account(at));
        if record[1] & HAS_A != 0 {
            return Self::Accounts([named(HAS_A, 4), named(HAS_B, 8)]);
        }
        match sections::text_if_first(blob, Tag::Name) {
            Some(id) if record[0] == kind::USER && record[1] & CREATED != 0 => Self::NewUser(id),
            _ => Self::Nothing,
        }
    }
}

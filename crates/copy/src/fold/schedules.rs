//! Schedules that go on: put, paused, executed, over.

use serde_json::{Value, json};

use super::{Applied, Fold, required};
use crate::batch::ScheduleRow;
use crate::event::Event;
use crate::instant;
use crate::lot::is_promotional;
use crate::rows::storable;

/// The last instant at which anything can be due: the end of the year 9999.
const LAST_INSTANT: i64 = 253_402_300_799_000_000;
const DAY_US: i64 = 86_400_000_000;

/// A schedule that goes on.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pub user: String,
    pub coin: String,
    pub amount: i64,
    /// What it does, as the API shows it.
    pub plan: Value,
    pub is_paused: bool,
    pub anchor: i64,
    pub next_at: Option<i64>,
    pub last_at: Option<i64>,
    pub created_at: i64,
    pub last_grant: Option<i64>,
}

impl Schedule {
    fn number(&self, field: &str) -> Option<i64> {
        self.plan[field].as_i64()
    }

    /// When an occurrence is due, if there is such a one.
    fn instant(&self, occurrence: i64) -> Option<i64> {
        if self.number("occurrences").is_some_and(|count| occurrence >= count) {
            return None;
        }
        let at = match (self.number("every_days"), self.number("every_months")) {
            (Some(days), _) => self.anchor.checked_add(days.checked_mul(DAY_US)?.checked_mul(occurrence)?)?,
            (_, Some(months)) => instant::months_later(self.anchor, months.checked_mul(occurrence)?)?,
            (None, None) if occurrence == 0 => self.anchor,
            (None, None) => return None,
        };
        let ends_at = self.plan["ends_at"].as_str().and_then(instant::parse);
        (at <= LAST_INSTANT && ends_at.is_none_or(|ends_at| at < ends_at)).then_some(at)
    }
}

impl Fold {
    pub(super) fn put_schedule(&mut self, event: &Event<'_>, at: i64) -> Applied {
        let id = storable(required(event.schedule.as_deref(), "schedule")?);
        let anchor = required(event.anchor.as_deref().and_then(instant::parse), "anchor")?;
        let before = self.schedules.get(&id).and_then(Option::as_ref);
        let made_by = before.map_or(self.last_event, |(made_by, _)| *made_by);
        let before = before.map(|(_, schedule)| schedule);
        let schedule = Schedule {
            user: storable(required(event.user.as_deref(), "user")?),
            coin: required(event.coin.as_deref(), "coin")?.to_owned(),
            amount: required(event.amount, "amount")?,
            plan: plan(event),
            is_paused: before.is_some_and(|before| before.is_paused),
            anchor,
            next_at: event.next_at.as_deref().and_then(instant::parse),
            last_at: before.and_then(|before| before.last_at),
            created_at: before.map_or(at, |before| before.created_at),
            last_grant: before.and_then(|before| before.last_grant),
        };
        self.note_schedule(&id, made_by, schedule, None);
        Ok(())
    }

    pub(super) fn change_schedule(&mut self, event: &Event<'_>, at: i64) -> Applied {
        let id = storable(required(event.schedule.as_deref(), "schedule")?);
        let (made_by, mut schedule) = self.schedule_of(&id)?;
        let ended_at = match event.kind {
            "schedule_paused" => {
                schedule.is_paused = true;
                schedule.next_at = None;
                None
            }
            "schedule_resumed" => {
                schedule.is_paused = false;
                schedule.next_at = event.next_occurrence.and_then(|next| schedule.instant(next));
                schedule.next_at.is_none().then_some(at)
            }
            _ => Some(at),
        };
        self.note_schedule(&id, made_by, schedule, ended_at);
        Ok(())
    }

    /// A schedule has granted; after its last occurrence it is over.
    pub(super) fn note_occurrence(&mut self, event: &Event<'_>, due_at: Option<i64>) -> Applied {
        let id = storable(required(event.schedule.as_deref(), "schedule")?);
        let occurrence = required(event.occurrence, "occurrence")?;
        let (made_by, mut schedule) = self.schedule_of(&id)?;
        schedule.last_at = due_at;
        schedule.next_at = schedule.instant(occurrence + 1);
        schedule.last_grant = Some(self.last_event);
        let ended_at = if schedule.next_at.is_none() { due_at } else { None };
        self.note_schedule(&id, made_by, schedule, ended_at);
        Ok(())
    }

    /// What sets apart the coins that a schedule grants.
    pub(super) fn marks_of_schedule(&self, event: &Event<'_>) -> Result<(i16, bool), String> {
        let id = storable(required(event.schedule.as_deref(), "schedule")?);
        let (_, schedule) = self.schedule_of(&id)?;
        let priority = schedule.number("priority").and_then(|priority| i16::try_from(priority).ok()).unwrap_or(50);
        Ok((priority, is_promotional(schedule.plan["category"].as_str())))
    }

    /// The closing of a user ends the user's schedules.
    pub(super) fn end_schedules_of(&mut self, user: &str, at: i64) {
        let user = storable(user);
        let ids: Vec<String> = self
            .schedules
            .iter()
            .filter(|(_, schedule)| schedule.as_ref().is_some_and(|(_, schedule)| schedule.user == user))
            .map(|(id, _)| id.clone())
            .collect();
        for id in ids {
            if let Ok((made_by, schedule)) = self.schedule_of(&id) {
                self.note_schedule(&id, made_by, schedule, Some(at));
            }
        }
    }

    fn schedule_of(&self, id: &str) -> Result<(i64, Schedule), String> {
        self.schedules.get(id).cloned().flatten().ok_or_else(|| format!("there is no schedule {id}"))
    }

    fn note_schedule(&mut self, id: &str, made_by: i64, schedule: Schedule, ended_at: Option<i64>) {
        let state = match (ended_at, schedule.is_paused) {
            (Some(_), _) => "ended",
            (None, true) => "paused",
            (None, false) => "active",
        };
        let row = ScheduleRow {
            id: id.to_owned(),
            user: schedule.user.clone(),
            coin: schedule.coin.clone(),
            amount: schedule.amount,
            plan: schedule.plan.to_string(),
            state,
            anchor: schedule.anchor,
            next_at: if ended_at.is_some() || schedule.is_paused { None } else { schedule.next_at },
            last_at: schedule.last_at,
            created_at: schedule.created_at,
            ended_at,
            last_grant: schedule.last_grant,
            last_event: self.last_event,
        };
        self.state.schedules.insert(made_by, row);
        let going_on = ended_at.is_none().then_some((made_by, schedule));
        self.schedules.insert(id.to_owned(), going_on);
    }
}

/// What a schedule does, under the names of the API.
fn plan(event: &Event<'_>) -> Value {
    let mut plan = serde_json::Map::new();
    let numbers = [
        ("every_days", event.every_days),
        ("every_months", event.every_months),
        ("occurrences", event.occurrences),
        ("expires_after_s", event.expires_after_s),
        ("priority", event.priority.map(i64::from)),
        ("rollover_max", event.rollover_max),
        ("rollover_expires_after_s", event.rollover_expires_after_s),
    ];
    for (name, number) in numbers {
        if let Some(number) = number {
            plan.insert(name.to_owned(), json!(number));
        }
    }
    let texts = [
        ("starts_at", &event.starts_at),
        ("ends_at", &event.ends_at),
        ("expires", &event.expires),
        ("category", &event.category),
        ("rollover_expires", &event.rollover_expires),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            plan.insert(name.to_owned(), json!(&**text));
        }
    }
    Value::Object(plan)
}

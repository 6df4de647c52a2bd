// What the API returns, as far as the console shows it.
import type { Int } from "./json";

export type Right = "read" | "spend" | "grant" | "admin";
export interface OwnKey { id: number | null; name: string; right: Right; expires_at: string | null }
export interface Lot { grant: number | null; amount: Int; expires_at?: string | null; priority?: number; category?: "paid" | "promotional" }
export interface Balance { total: Int; held: Int; available: Int }
export interface SpendLimit { amount: Int; per: "day" | "month" | "hours"; hours?: number }
export interface Spending extends SpendLimit { of: "account" | "coin"; used: Int; left: Int; resets_at: string | null }
export interface Account extends Balance {
  coin: string; floor: Int; ceiling: Int; frozen: boolean; lots: Lot[]; thresholds?: Int[]; spend_limit?: Spending;
}
export interface User {
  id: string; name: string | null; metadata: Record<string, unknown> | null; closed: boolean; created_at: string;
  coins: Record<string, Int>; accounts: Account[];
}
export interface UserSummary { id: string; name: string | null; coins: Record<string, Int> }
export interface Coin {
  code: string; decimals: number; issued: Int; spent: Int; expired: Int; outstanding: Int; held: Int;
  thresholds?: Int[]; spend_limit?: SpendLimit;
}
export interface Hold {
  id: number; state: "open" | "captured" | "released" | "expired"; user: string; coin: string; amount: Int; held: Int;
  captured: Int; created_at: string; lots: Lot[]; expires_at?: string; to?: string; ended_at?: string;
}
export interface Plan {
  user: string; coin: string; amount: Int; every_days?: number; every_months?: number; anchor: string; starts_at?: string;
  ends_at?: string; occurrences?: number; expires?: "never" | "at_next"; expires_after_s?: number; priority: number;
  category: "paid" | "promotional"; rollover_max?: Int; rollover_expires?: "never" | "at_next"; rollover_expires_after_s?: number;
}
export interface Schedule extends Plan { id: string; paused: boolean; next_at: string | null; last_at: string | null }
export interface Entry {
  event: number; kind: string; coin: string; amount: Int; held: Int; balance: Balance; counterpart: string | null; lots: Lot[];
  at: string; metadata?: Record<string, unknown>; reference?: string; idempotency_key?: string;
}
export interface Crossing { user: string; threshold: Int; direction: "up" | "down" }
/** An event: which of these it has depends on its kind. */
export interface LedgerEvent extends Partial<Plan> {
  event: number; kind: string; at: string; id?: number; user?: string; from?: string; to?: string; hold?: number; state?: string;
  name?: string | null; created?: boolean; floor?: Int; ceiling?: Int; frozen?: boolean; thresholds?: Int[] | null; per?: string;
  hours?: number; schedule?: string; occurrence?: number; due_at?: string; next_at?: string; final?: boolean; released?: Int;
  expired?: Int; held?: Int; expires_at?: string | null; lots?: Lot[]; balances?: Record<string, Balance>; crossed?: Crossing[];
  of?: number; of_kind?: string; remaining?: Int; mode?: string; requested?: Int; debt?: Int; right?: Right; epoch?: number;
  node?: string; decimals?: number; reference?: string; idempotency_key?: string; by?: number; metadata?: Record<string, unknown>;
  secret?: string; next_occurrence?: number | null; direction?: "up" | "down"; scheduled_before?: Int; scheduled?: Int; takes_effect?: "now";
  webhook?: string; url?: string; kinds?: string[] | null; coins?: string[] | null; user_prefix?: string | null; crossed_only?: boolean; batch?: number; from_event?: number;
  through?: number; keep_s?: number; reason?: OffReason;
}
export interface Grant {
  event: number; kind: "grant" | "rollover"; user: string; coin: string; amount: Int; expires_at: string | null; priority: number;
  category: string; followed: boolean; created_at: string; left?: Int; held?: Int; spent?: Int; moved_on?: Int; expired?: Int;
  reversed?: Int; added?: Int; schedule?: string; reference?: string;
}
export type Place = "left" | "held" | "spent" | "moved_on" | "expired" | "reversed";
export type GrantUse = { event: LedgerEvent } & Partial<Record<Place, Int>>;
export interface Key { id: number; name: string; right: Right; created_at: string; expires_at: string | null; revoked_at: string | null }
export interface Member { node: string; url: string; last_event: number; seen_ago_s: number }
export interface Cluster {
  node: string; role: string; epoch: number; leader: { node: string; url: string; epoch: number } | null; last_event: number;
  tip_event: number; behind_s: number; lease_age_s: number; in_flight: number; appends: number; healed_frames: number;
  faults: number; rivals: number; changes: number; synchronous: boolean | null; note: string; members: Member[];
}
export interface Status {
  open_holds: number; oldest_hold_at: string | null;
  expiring: { coin: string; within_7_days: Int; within_30_days: Int }[];
  refusals: { code: string; count: number }[];
  /** How many in each span of `span_s` seconds, from then on; the last one is not over yet. */
  refusals_by_time?: { from: string; span_s: number; counts: number[] };
  archive: { lag_s: number; lag_bytes: number; last_success_at: string | null; failures: number } | null;
}
export interface Day { day: string; from: string; until: string; opening: Int; granted: Int; spent: Int; expired: Int; reversed: Int; closing: Int; held?: Int }
/** Why a webhook was switched off. */
export type OffReason = "requested" | "gone" | "failing";
/** Which events a webhook gets. */
export interface Filter { kinds?: string[] | null; coins?: string[] | null; user_prefix?: string | null; crossed_only?: boolean }
export interface Webhook extends Filter {
  id: string; url: string; batch: number; through: number; pending_events: number; enabled: boolean; disabled_reason: OffReason | null;
  disabled_at: string | null; failing_since: string | null; old_secret_until: string | null; created_at: string;
}
export interface Delivery {
  at: string; message: string; first_event: number | null; last_event: number | null; events: number; delivered: boolean;
  status: number | null; took_ms: number; answer: string; error: string | null;
}
export interface EventPage { events: LedgerEvent[]; last_event: number; next_after?: number }

// All that can be done, each as a form and the request that it makes.
import type { Account, Coin, Hold, LedgerEvent, Schedule } from "../api/types";
import { part } from "../api/client";
import type { WriteRequest } from "../api/write";
import { decimalText } from "../format";
import { Name } from "../parts/basics";
import { decimalsOf } from "../state/coins";
import { go, to } from "../state/route";
import type { Action } from "./dialog";
import type { Field, Reader } from "./fields";

const AMOUNT: Field = { name: "amount", label: "Amount", kind: "amount" };
const COIN: Field = { name: "coin", label: "Coin", kind: "coin" };
const REFERENCE: Field = { name: "reference", label: "Reference", kind: "text", more: true, optional: true, hint: "What you call it, such as a ticket or an order. It can be looked up." };
const CATEGORIES: [string, string][] = [["", "Paid"], ["promotional", "Promotional"]];

const typed = (value: number | bigint, coin: string): string => decimalText(value, decimalsOf(coin));
const post = (path: string, body: Record<string, unknown>): WriteRequest => ({ method: "POST", path, body });
const put = (path: string, body: Record<string, unknown>): WriteRequest => ({ method: "PUT", path, body });
const reference = (read: Reader): { reference: string | undefined } => ({ reference: read.text("reference") });
const OF = ({ verb, id }: { verb: string; id: string }) => <>{verb} <Name text={id} /></>;

export const grant = (user: string, coin: string): Action => ({
  title: <OF verb="Grant coins to" id={user} />, verb: "Grant", right: "grant", initial: { coin, amount: "50", category: "" },
  fields: [AMOUNT, COIN, { name: "expires_at", label: "They expire in", kind: "expiry" },
    { name: "category", label: "Category", kind: "choice", options: CATEGORIES, more: true },
    { name: "priority", label: "Priority", kind: "number", more: true, optional: true, hint: "0 to 100; lower ones are spent first. 50 if left out." },
    { name: "lot", label: "Keep as a lot of its own", kind: "check", more: true, hint: "So that its coins can be followed." }, REFERENCE],
  request: (read) => post("/v1/grants", {
    user, coin: read.required("coin"), amount: read.amount("amount"), expires_at: read.text("expires_at"), category: read.text("category"),
    priority: read.integer("priority"), lot: read.flag("lot") || undefined, ...reference(read),
  }),
});

export const spend = (user: string, coin: string): Action => ({
  title: <OF verb="Spend coins of" id={user} />, verb: "Spend", right: "spend", initial: { coin, amount: "", mode: "" },
  fields: [AMOUNT, COIN, { name: "to", label: "Pay to", kind: "user", optional: true, hint: "A user who gets the coins. If left out they are spent." },
    { name: "mode", label: "If there are fewer", kind: "choice", options: [["", "Refuse"], ["up_to", "Take what there is"]], more: true }, REFERENCE],
  request: (read) => post("/v1/spends", { user, coin: read.required("coin"), amount: read.amount("amount"), to: read.text("to"), mode: read.text("mode"), ...reference(read) }),
});

export const transfer = (from: string, coin: string): Action => ({
  title: <OF verb="Transfer coins of" id={from} />, verb: "Transfer", right: "spend", initial: { coin, amount: "", to: "" },
  about: "Lots keep their expiry, priority and category.",
  fields: [AMOUNT, COIN, { name: "to", label: "To", kind: "user" }, REFERENCE],
  request: (read) => post("/v1/transfers", { from, to: read.required("to"), coin: read.required("coin"), amount: read.amount("amount"), ...reference(read) }),
});

export const hold = (user: string, coin: string): Action => ({
  title: <OF verb="Hold coins of" id={user} />, verb: "Hold", right: "spend", initial: { coin, amount: "", minutes: "15" },
  about: "Reserved coins can be captured or released later. The hold ends by itself.",
  fields: [AMOUNT, COIN, { name: "minutes", label: "For how many minutes", kind: "number" },
    { name: "to", label: "For", kind: "user", optional: true, hint: "Who is paid when it is captured." }, REFERENCE],
  request: (read) => post("/v1/holds", {
    user, coin: read.required("coin"), amount: read.amount("amount"), timeout_s: (read.integer("minutes", true) ?? 0) * 60, to: read.text("to"), ...reference(read),
  }),
});

export const capture = (of: Hold): Action => ({
  title: `Capture hold ${of.id}`, verb: "Capture", right: "spend", initial: { coin: of.coin, amount: typed(of.held, of.coin), final: "true" },
  fields: [AMOUNT, { name: "final", label: "Release the rest", kind: "check" },
    { name: "excess", label: "If more is needed than is held", kind: "choice", options: [["", "Refuse"], ["take_available", "Take from the available coins"]], more: true }, REFERENCE],
  request: (read) => post(`/v1/holds/${of.id}/capture`, { amount: read.amount("amount"), final: read.flag("final"), excess: read.text("excess"), ...reference(read) }),
});

export const release = (of: Hold): Action => ({
  title: `Release hold ${of.id}`, verb: "Release", right: "spend", fields: [REFERENCE],
  request: (read) => post(`/v1/holds/${of.id}/release`, reference(read)),
});

export const extend = (of: Hold): Action => ({
  title: `Extend hold ${of.id}`, verb: "Extend", right: "spend", initial: { expires_at: "" },
  fields: [{ name: "expires_at", label: "Until in", kind: "expiry", never: "As it is" }, REFERENCE],
  request: (read) => post(`/v1/holds/${of.id}/extend`, { expires_at: read.required("expires_at"), ...reference(read) }),
});

export const reverse = (event: { event: number; kind: string; coin?: string }): Action => ({
  title: `Undo the ${event.kind === "expire" ? "expiry" : event.kind} of event ${event.event}`, verb: "Undo it", right: "grant",
  initial: { coin: event.coin ?? "", amount: "", mode: "", renew_expires_at: "" },
  about: "Coins go back to where they came from, by an event of its own. Nothing is erased.",
  fields: [{ ...AMOUNT, label: "Only this much", optional: true, more: true, hint: "All that is left of it, if left out." },
    { name: "renew_expires_at", label: event.kind === "expire" ? "They are valid for" : "Expired ones are valid again for", kind: "expiry", never: event.kind === "expire" ? null : "Not at all", more: event.kind !== "expire" },
    { name: "mode", label: "If some of it is gone", kind: "choice", options: [["", "Refuse"], ["up_to", "Take what there is"], ["debt", "Take what there is, the rest is owed"]], more: true }, REFERENCE],
  request: (read, form) => post(`/v1/events/${event.event}/reverse`, {
    amount: read.amount("amount", false), renew_expires_at: event.kind === "expire" ? read.required("renew_expires_at") : read.text("renew_expires_at"),
    mode: form["mode"] ? "up_to" : undefined, debt: form["mode"] === "debt" || undefined, ...reference(read),
  }),
});

export const limits = (user: string, account: Account): Action => {
  const unlimited = "9007199254740991";
  return {
    title: <OF verb={`Limits of ${account.coin} of`} id={user} />, verb: "Set limits", right: "grant",
    initial: { coin: account.coin, floor: typed(account.floor, account.coin), ceiling: String(account.ceiling) === unlimited ? "" : typed(account.ceiling, account.coin), frozen: account.frozen ? "true" : "" },
    fields: [{ name: "floor", label: "Floor", kind: "amount", hint: "How far it may owe: 0 or below." }, { name: "ceiling", label: "Ceiling", kind: "amount", optional: true, hint: "What it may have at most." },
      { name: "frozen", label: "Frozen: no coins can leave", kind: "check" }, REFERENCE],
    request: (read) => put(`/v1/users/${part(user)}/limits/${account.coin}`, { floor: read.amount("floor"), ceiling: read.amount("ceiling", false), frozen: read.flag("frozen"), ...reference(read) }),
  };
};

/** The other limits stay as they are. */
export const freeze = (user: string, account: Account): Action => ({
  title: <OF verb={account.frozen ? "Unfreeze" : "Freeze"} id={user} />, verb: account.frozen ? "Unfreeze" : "Freeze", right: "grant", isDangerous: !account.frozen,
  about: account.frozen ? undefined : `No ${account.coin} can leave the account until it is unfrozen. It still receives, and its lots still expire.`,
  fields: [REFERENCE],
  request: (read) => put(`/v1/users/${part(user)}/limits/${account.coin}`, { floor: account.floor, ceiling: account.ceiling, frozen: !account.frozen, ...reference(read) }),
});

const ofWhom = (user: string | null): string => (user === null ? "" : `/v1/users/${part(user)}`);

export const spendLimit = (user: string | null, coin: string, now: { amount: number | bigint; per: string; hours?: number } | undefined): Action => ({
  title: user === null ? `Spending limit of ${coin}` : <OF verb={`Spending limit of ${coin} of`} id={user} />, verb: "Set limit", right: "grant",
  initial: { coin, amount: now ? typed(now.amount, coin) : "", per: now?.per ?? "day", hours: String(now?.hours ?? 24) },
  fields: [{ ...AMOUNT, label: "At most", optional: true, hint: "Empty removes the limit." },
    { name: "per", label: "Within", kind: "choice", options: [["day", "A day"], ["month", "A month"], ["hours", "A number of hours"]] },
    { name: "hours", label: "Hours", kind: "number", shown: (form) => form["per"] === "hours" }, REFERENCE],
  request: (read, form) => {
    const most = read.amount("amount", false);
    const window = most === undefined ? {} : { amount: most, per: form["per"], hours: form["per"] === "hours" ? read.integer("hours", true) : undefined };
    return put(user === null ? `/v1/coins/${coin}/spend-limit` : `${ofWhom(user)}/spend-limit/${coin}`, { ...window, ...reference(read) });
  },
});

export const thresholds = (user: string | null, coin: string, now: (number | bigint)[] | undefined): Action => ({
  title: user === null ? `Thresholds of ${coin}` : <OF verb={`Thresholds of ${coin} of`} id={user} />, verb: "Set thresholds", right: "grant",
  about: "An event that crosses one says so.", initial: { coin, thresholds: (now ?? []).map((one) => typed(one, coin)).join(" ") },
  fields: [{ name: "thresholds", label: "Amounts of available coins", kind: "amounts", optional: true, hint: "Up to 10, with spaces between them. Empty removes them." }, REFERENCE],
  request: (read) => {
    const amounts = read.amounts("thresholds");
    return put(user === null ? `/v1/coins/${coin}/thresholds` : `${ofWhom(user)}/thresholds/${coin}`, { thresholds: amounts.length > 0 ? amounts : undefined, ...reference(read) });
  },
});

export const closeUser = (user: string): Action => ({
  title: <OF verb="Close" id={user} />, verb: "Close for good", right: "admin", isDangerous: true, fields: [REFERENCE],
  request: (read) => post(`/v1/users/${part(user)}/close`, reference(read)),
});

export const newUser = (): Action => ({
  title: "New user", verb: "Make user", right: "grant", initial: { id: "", name: "" },
  fields: [{ name: "id", label: "Id", kind: "text", hint: "As you call the user elsewhere. It stays." }, { name: "name", label: "Name", kind: "text", optional: true }],
  request: (read) => put(`/v1/users/${part(read.required("id"))}`, { name: read.text("name") }),
  done: (event) => { if (event.user) go(to.user(event.user)); },
});

export const rename = (user: string, name: string | null, metadata: Record<string, unknown> | null): Action => ({
  title: <OF verb="Rename" id={user} />, verb: "Rename", right: "grant", initial: { name: name ?? "" },
  fields: [{ name: "name", label: "Name", kind: "text", optional: true }],
  // What is left out would be removed.
  request: (read) => put(`/v1/users/${part(user)}`, { name: read.text("name"), metadata: metadata ?? undefined }),
});

export const coin = (now?: Coin): Action => ({
  title: now ? `Change ${now.code}` : "New coin", verb: now ? "Change" : "Make coin", right: "grant", initial: { code: now?.code ?? "", decimals: String(now?.decimals ?? 0) },
  fields: [...(now ? [] : [{ name: "code", label: "Code", kind: "text", hint: "1 to 16 of a-z, 0-9, _ and -." } satisfies Field]),
    { name: "decimals", label: "Decimals", kind: "number", hint: "0 to 9. For display: amounts stay whole numbers of the smallest unit." }],
  request: (read) => put(`/v1/coins/${part(read.required("code"))}`, { decimals: read.integer("decimals", true) }),
});

/** `now` is the schedule that is replaced. */
export const schedule = (user: string, coinCode: string, now?: Schedule): Action => ({
  title: now ? <OF verb="Change schedule" id={now.id} /> : <OF verb="New schedule for" id={user} />, verb: now ? "Change" : "Make schedule", right: "grant",
  initial: {
    id: now?.id ?? "", coin: now?.coin ?? coinCode, amount: now ? typed(now.amount, now.coin) : "", unit: now ? (now.every_days ? "days" : now.every_months ? "months" : "once") : "months",
    every: String(now?.every_days ?? now?.every_months ?? 1), anchor: now?.anchor ?? "", occurrences: now?.occurrences ? String(now.occurrences) : "",
    expires: now?.expires_after_s ? "after" : now?.expires ?? "", days: now?.expires_after_s ? String(Math.round(now.expires_after_s / 86_400)) : "30", category: now?.category === "promotional" ? "promotional" : "",
    rollover_max: now?.rollover_max !== undefined ? typed(now.rollover_max, now.coin) : "", priority: now && now.priority !== 50 ? String(now.priority) : "",
  },
  fields: [...(now ? [] : [{ name: "id", label: "Id", kind: "text", hint: "As you call it, such as plan/ana." } satisfies Field]), AMOUNT, COIN,
    { name: "unit", label: "How often", kind: "choice", options: [["once", "Once"], ["days", "Every few days"], ["months", "Every few months"]] },
    { name: "every", label: "Every", kind: "number", shown: (form) => form["unit"] !== "once" },
    { name: "anchor", label: "Begins", kind: "moment", optional: true, hint: "Now, if left out." },
    { name: "expires", label: "The coins expire", kind: "choice", options: [["", "Never"], ["at_next", "At the next occurrence"], ["after", "After a number of days"]] },
    { name: "days", label: "Days", kind: "number", shown: (form) => form["expires"] === "after" },
    { name: "rollover_max", label: "Of what is left, roll over at most", kind: "amount", optional: true, shown: (form) => form["expires"] === "at_next", more: true },
    ...(now ? [{ name: "takes_effect", label: "Takes effect", kind: "choice", options: [["", "At the next occurrence"], ["now", "Now: the last occurrence changes, too"]] } satisfies Field] : []),
    { name: "occurrences", label: "How many times", kind: "number", optional: true, more: true }, { name: "category", label: "Category", kind: "choice", options: CATEGORIES, more: true },
    { name: "priority", label: "Priority", kind: "number", optional: true, more: true }, REFERENCE],
  request: (read, form) => {
    const every = form["unit"] === "once" ? undefined : read.integer("every", true);
    const days = form["expires"] === "after" ? read.integer("days", true) : undefined;
    // Everything else of a schedule that is replaced stays as it is.
    const kept = now ? { starts_at: now.starts_at, ends_at: now.ends_at, rollover_expires: now.rollover_expires, rollover_expires_after_s: now.rollover_expires_after_s } : {};
    return put(`/v1/schedules/${part(read.required("id"))}`, {
      ...kept, user, coin: read.required("coin"), amount: read.amount("amount"), every_days: form["unit"] === "days" ? every : undefined, every_months: form["unit"] === "months" ? every : undefined,
      anchor: read.text("anchor"), occurrences: read.integer("occurrences"), expires: form["expires"] === "at_next" ? "at_next" : undefined,
      expires_after_s: days === undefined ? undefined : now?.expires_after_s && Math.round(now.expires_after_s / 86_400) === days ? now.expires_after_s : days * 86_400,
      category: read.text("category"), priority: read.integer("priority"), rollover_max: read.amount("rollover_max", false), takes_effect: now ? read.text("takes_effect") : undefined, ...reference(read),
    });
  },
});

export const endSchedule = (of: Schedule): Action => ({
  title: <OF verb="End schedule" id={of.id} />, verb: "End it", right: "grant", isDangerous: true, fields: [], about: "What it has granted stays.",
  request: () => ({ method: "DELETE", path: `/v1/schedules/${part(of.id)}` }),
});

export const pauseSchedule = (of: Schedule): Action => ({
  title: <OF verb={of.paused ? "Resume schedule" : "Pause schedule"} id={of.id} />, verb: of.paused ? "Resume" : "Pause", right: "grant", fields: [REFERENCE],
  about: of.paused ? "It goes on with its next occurrence; those that were skipped are not made up for." : "Occurrences are skipped until it is resumed.",
  request: (read) => post(`/v1/schedules/${part(of.id)}/${of.paused ? "resume" : "pause"}`, reference(read)),
});

export const newKey = (isFirst: boolean, done: (event: LedgerEvent) => void): Action => ({
  title: isFirst ? "First API key" : "New API key", verb: "Make key", right: "admin", initial: { name: "", right: isFirst ? "admin" : "read", expires_at: "" },
  about: isFirst ? "From then on every request needs a key. The first one may do everything and does not expire." : "Its secret is shown once.",
  fields: [{ name: "name", label: "Name", kind: "text", optional: true },
    ...(isFirst ? [] : [{ name: "right", label: "It may", kind: "choice", options: [["read", "read"], ["spend", "read and spend"], ["grant", "read, spend and grant"], ["admin", "do everything"]] } satisfies Field, { name: "expires_at", label: "It works for", kind: "expiry", never: "Always" } satisfies Field])],
  request: (read) => post("/v1/keys", { name: read.text("name"), right: read.required("right"), expires_at: read.text("expires_at") }),
  done,
});

export const revokeKey = (id: number, name: string): Action => ({
  title: <OF verb="Revoke key" id={name || String(id)} />, verb: "Revoke", right: "admin", isDangerous: true, about: "It stops working at once, for good.", fields: [],
  request: () => ({ method: "POST", path: `/v1/keys/${id}/revoke` }),
});

export const handOver = (): Action => ({
  title: "Hand the lead over", verb: "Hand over", right: "admin", isBlind: true, fields: [], about: "The node that is furthest on leads from then on. Writes wait for a moment.",
  request: () => ({ method: "POST", path: "/v1/cluster/handover" }),
});

/** What can be undone. */
export const isReversible = (kind: string): boolean => ["grant", "spend", "transfer", "capture", "expire"].includes(kind);

// What can be done with webhooks.
import type { Delivery, LedgerEvent, Webhook } from "../api/types";
import { part } from "../api/client";
import { count, spaced } from "../format";
import { Name } from "../parts/basics";
import { go, to } from "../state/route";
import { EventWords } from "../words";
import type { Action } from "./dialog";
import type { Field, Reader } from "./fields";

/** The kinds of events that can be asked for: about coins, about settings, about webhooks. */
const KINDS = ["grant", "spend", "transfer", "hold", "capture", "release", "hold_expired", "expire", "reverse", "rollover", "adjustment",
  "user", "user_closed", "coin", "limits", "extend", "thresholds", "spend_limit", "schedule", "schedule_deleted", "schedule_paused", "schedule_resumed", "key", "key_revoked", "leader",
  "webhook", "webhook_deleted", "webhook_rotated", "webhook_failing", "webhook_disabled", "webhook_enabled", "webhook_redelivered"];

const REFERENCE: Field = { name: "reference", label: "Reference", kind: "text", more: true, optional: true, hint: "What you call it, such as a ticket. It can be looked up." };
const SECRET: Field = { name: "secret", label: "A secret of your own", kind: "text", more: true, optional: true, hint: "whsec_ and 24 to 64 bytes in Base64. If left out one is made and shown once." };
const URL_FIELD: Field = { name: "url", label: "URL", kind: "text", hint: "Where requests go. It begins with https:// and has no user name and password." };
const FILTER: Field[] = [
  { name: "what", label: "It gets", kind: "choice", options: [["", "All events but those about webhooks"], ["some", "Only some kinds of events"]] },
  { name: "kinds", label: "Kinds", kind: "several", options: KINDS.map((kind) => [kind, spaced(kind)]), shown: (form) => form["what"] === "some" },
  { name: "coins", label: "Only about these coins", kind: "several", more: true, optional: true, hint: "All, if none is chosen." },
  { name: "user_prefix", label: "Only users whose id begins with", kind: "text", more: true, optional: true },
  { name: "crossed_only", label: "Only events that crossed a threshold", kind: "check", more: true },
  { name: "batch", label: "Events in a request, at most", kind: "number", more: true, optional: true, hint: "1 to 100. With more than 1 every request carries a list." },
];

const path = (id: string): string => `/v1/webhooks/${part(id)}`;
const reference = (read: Reader): { reference: string | undefined } => ({ reference: read.text("reference") });

function filterOf(read: Reader, prefix: string | undefined): Record<string, unknown> {
  const coins = read.several("coins");
  const kinds = read.text("what") ? read.several("kinds") : undefined;
  if (kinds?.length === 0) read.errors["kinds"] = "Choose at least one.";
  // A blank at the end of a prefix counts.
  return { url: read.required("url"), kinds, coins: coins.length > 0 ? coins : undefined, user_prefix: prefix || undefined, crossed_only: read.flag("crossed_only") || undefined, batch: read.integer("batch") };
}

/** `done` gets the event and whether a secret was to come with it. */
type Made = (event: LedgerEvent, isAwaited: boolean) => void;

export const newWebhook = (done: Made): Action => {
  let isOwn = false;
  return {
    title: "New webhook", verb: "Make webhook", right: "admin", initial: { id: "", url: "", what: "", kinds: "", coins: "", user_prefix: "", crossed_only: "", batch: "" },
    about: "Events are delivered to it in their order, signed. The secret that signs them is shown once, afterwards.",
    fields: [{ name: "id", label: "Id", kind: "text", hint: "As you call it: letters, digits, - and _." }, URL_FIELD, ...FILTER,
      { name: "from_event", label: "From event", kind: "number", more: true, optional: true, hint: "The first one to deliver. The next one, if left out; 1 for all there are." }, SECRET, REFERENCE],
    request: (read, form) => {
      isOwn = read.text("secret") !== undefined;
      return { method: "PUT", path: path(read.required("id")), body: { ...filterOf(read, form["user_prefix"]), from_event: read.integer("from_event"), secret: read.text("secret"), ...reference(read) } };
    },
    preview: (event) => <>
      <EventWords event={event} isPreview />
      {!event.created && <div class="notice warn"><strong>There is a webhook <Name text={event.webhook ?? ""} /> already</strong><p>This replaces its URL, its filter and the size of its requests.</p></div>}
    </>,
    done: (event) => done(event, event.created === true && !isOwn),
  };
};

export const changeWebhook = (of: Webhook): Action => ({
  title: <>Change webhook <Name text={of.id} /></>, verb: "Change", right: "admin",
  initial: { url: of.url, what: of.kinds ? "some" : "", kinds: (of.kinds ?? []).join(" "), coins: (of.coins ?? []).join(" "), user_prefix: of.user_prefix ?? "", crossed_only: of.crossed_only ? "true" : "", batch: String(of.batch) },
  about: "It goes on where it is and keeps its secret.", fields: [URL_FIELD, ...FILTER, REFERENCE],
  request: (read, form) => ({ method: "PUT", path: path(of.id), body: { ...filterOf(read, form["user_prefix"]), ...reference(read) } }),
});

export const switchWebhook = (of: Webhook): Action => ({
  title: <>Switch webhook <Name text={of.id} /> {of.enabled ? "off" : "on"}</>, verb: of.enabled ? "Switch off" : "Switch on", right: "admin", isDangerous: of.enabled, fields: [REFERENCE],
  request: (read) => ({ method: "POST", path: `${path(of.id)}/${of.enabled ? "disable" : "enable"}`, body: reference(read) }),
});

/** Of one that is failing: without the delay that has grown. */
export const tryNow = (of: Webhook): Action => ({
  title: <>Try webhook <Name text={of.id} /> now</>, verb: "Try now", right: "admin", fields: [REFERENCE], about: "The delay until the next attempt ends.",
  request: (read) => ({ method: "POST", path: `${path(of.id)}/enable`, body: reference(read) }),
});

export const rotateSecret = (of: Webhook, done: Made): Action => {
  let isOwn = false;
  return {
    title: <>New secret for webhook <Name text={of.id} /></>, verb: "Make new secret", right: "admin", initial: { keep_s: "86400" },
    about: "It is shown once, afterwards. Give it to the receiver while both secrets sign.",
    fields: [{ name: "keep_s", label: "The old one goes on signing, too", kind: "choice", options: [["3600", "For an hour"], ["86400", "For a day"], ["604800", "For 7 days"], ["0", "Not at all, after a leak"]] }, SECRET, REFERENCE],
    request: (read) => {
      isOwn = read.text("secret") !== undefined;
      return { method: "POST", path: `${path(of.id)}/rotate-secret`, body: { keep_s: read.integer("keep_s", true), secret: read.text("secret"), ...reference(read) } };
    },
    done: (event) => done(event, !isOwn),
  };
};

/** A test that was sent, and what came of it. */
export const testWebhook = (of: Webhook, done: (delivery: Delivery) => void): Action => ({
  title: <>Send a test to webhook <Name text={of.id} /></>, verb: "Send a test", right: "admin", isBlind: true, fields: [],
  about: <>A request of type ping, signed as all are, goes to <Name text={of.url} /> now. Where it is is not changed.</>,
  request: () => ({ method: "POST", path: `${path(of.id)}/test`, body: {} }),
  // Of all that is done, this alone makes no event.
  done: (answer) => done(answer as unknown as Delivery),
});

/** From an event on; of several webhooks one is chosen. */
export function redeliver(hooks: Webhook[], from?: number): Action {
  const first = hooks[0];
  const chosen = (id: string | undefined): Webhook | undefined => hooks.find((hook) => hook.id === id) ?? first;
  return {
    title: hooks.length === 1 && first ? <>Deliver again to webhook <Name text={first.id} /></> : "Deliver again", verb: "Deliver again", right: "admin",
    initial: { webhook: first?.id ?? "", from_event: from === undefined ? "" : String(from) },
    fields: [...(hooks.length > 1 ? [{ name: "webhook", label: "To", kind: "choice", options: hooks.map((hook): [string, string] => [hook.id, hook.id]) } satisfies Field] : []),
      { name: "from_event", label: "From event", kind: "number", hint: "The first one to deliver. A later one than the next skips those before it." }, REFERENCE],
    request: (read) => ({ method: "POST", path: `${path(read.required("webhook"))}/redeliver`, body: { from_event: read.integer("from_event", true), ...reference(read) } }),
    preview: (event) => {
      const hook = chosen(event.webhook);
      return <><EventWords event={event} isPreview />{hook && <Consequence hook={hook} from={event.from_event ?? 0} />}</>;
    },
  };
}

function Consequence({ hook, from }: { hook: Webhook; from: number }) {
  const { through } = hook;
  const next = through + 1;
  return <div class="words">
    {from <= through && <div class="words-line">Those of the events {count(from)} to {count(through)} that are for it arrive again, in their order. The receiver has to drop what it has.</div>}
    {from === next && <div class="words-line">That is where it is. Nothing is repeated and nothing skipped.</div>}
    {from > next && <div class="notice warn"><strong>Events {count(next)} to {count(from - 1)} are skipped</strong><p>They are not delivered to it, unless it is sent back to them.</p></div>}
    {!hook.enabled && <div class="words-line">It is switched off and stays so.</div>}
  </div>;
}

export const deleteWebhook = (of: Webhook): Action => ({
  title: <>Delete webhook <Name text={of.id} /></>, verb: "Delete", right: "admin", isDangerous: true, fields: [], about: "Its secret and where it is are gone with it. To stop for a while, switch it off.",
  request: () => ({ method: "DELETE", path: path(of.id) }),
  done: () => go(to.webhooks()),
});

// Webhooks: which there are and how each fares; one with its last deliveries and all that can be done.
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, part, Problem } from "../api/client";
import type { Delivery, LedgerEvent, Webhook } from "../api/types";
import { begin } from "../actions/dialog";
import * as act from "../actions/webhooks";
import { ago, clockTime, count, fullTime, many, time } from "../format";
import { Badge, Button, Card, Copy, Empty, EventLink, Facts, Failure, Item, Menu, Name, PageHead, Shown, Skeleton, Table, Time, WebhookLink } from "../parts/basics";
import { useWatched } from "../state/query";
import { go, to } from "../state/route";
import { may } from "../state/session";
import { getsWords, offWords } from "../words";

const DAY_MS = 86_400_000;
/** After this long a webhook that fails is switched off. */
const GIVES_UP_MS = 3 * DAY_MS;
const PREVIEW = 80;

/** A secret that was just made. It is shown until one leaves the page of its webhook, and kept nowhere else. */
const made = signal<{ id: string; secret: string | undefined; isNew: boolean } | null>(null);

function keep(event: LedgerEvent, isAwaited: boolean): void {
  if (isAwaited) made.value = { id: event.webhook ?? "", secret: event.secret, isNew: event.kind === "webhook" };
  if (event.kind === "webhook") go(to.webhook(event.webhook ?? ""));
}

const behind = (hook: Webhook): string => many(hook.pending_events, "event");

/** How it fares, at a glance. */
function State({ hook }: { hook: Webhook }): JSX.Element {
  if (!hook.enabled) return <><Badge word="switched off" tone={hook.disabled_reason === "requested" ? "muted" : "bad"} /> <span class="muted">{offWords(hook.disabled_reason ?? "requested")}{hook.disabled_at && <>, <Time at={hook.disabled_at} relative /></>}{hook.pending_events > 0 && `; behind by ${behind(hook)}`}</span></>;
  if (hook.failing_since) return <><Badge word="failing" tone="bad" /> <span class="muted">since <Time at={hook.failing_since} />; behind by {behind(hook)}</span></>;
  if (hook.pending_events > 0) return <><Badge word="delivering" tone="good" /> <span class="muted">behind by {behind(hook)}</span></>;
  return <Badge word="delivering" tone="good" />;
}

function summary(hooks: Webhook[]): string {
  const off = hooks.filter((hook) => !hook.enabled).length;
  const failing = hooks.filter((hook) => hook.enabled && hook.failing_since).length;
  const well = hooks.length - off - failing;
  return [well > 0 && `${count(well)} delivering`, failing > 0 && `${count(failing)} failing`, off > 0 && `${count(off)} switched off`].filter(Boolean).join(", ");
}

export function Webhooks(): JSX.Element {
  const loaded = useWatched("webhooks", (signal) => get<{ webhooks: Webhook[] }>("/v1/webhooks", signal));
  const hooks = loaded.data?.webhooks ?? [];
  return <><PageHead title="Webhooks" sub={hooks.length > 0 ? summary(hooks) : "Where events are delivered to"} actions={may("admin") && <Button kind="primary" icon="plus" onClick={() => begin(act.newWebhook(keep))}>New webhook</Button>} />
    <Card><Shown of={loaded}>{({ webhooks }) => webhooks.length === 0 ? <Empty title="No webhooks">A webhook is a URL of yours that events are delivered to as they happen, in order and signed.</Empty>
      : <Table caption="Webhooks" rows={webhooks} rowKey={(hook) => hook.id} rowClass={(hook) => (hook.disabled_reason === "requested" ? "gone" : "")} columns={[
        { head: "Webhook", class: "wide", cell: (hook) => <><WebhookLink id={hook.id} /><Name class="under" text={hook.url} /></> }, { head: "State", class: "wide", cell: (hook) => <State hook={hook} /> },
        { head: "Gets", class: "wide", cell: (hook) => getsWords(hook) },
        { head: "Delivered up to", end: true, cell: (hook) => (hook.through > 0 ? <EventLink event={hook.through} /> : <span class="muted">none</span>) },
      ]} />}</Shown></Card></>;
}

function Secret({ id }: { id: string }): JSX.Element | null {
  const shown = made.value;
  // It goes when one leaves the page.
  useEffect(() => () => { if (made.peek()?.id === id) made.value = null; }, [id]);
  if (shown?.id !== id) return null;
  return <div class="notice good" role="status"><strong>{shown.isNew ? <>Webhook <Name text={id} /> was made</> : <>Webhook <Name text={id} /> has a new secret</>}</strong>
    {shown.secret ? <><p>The secret that signs its requests is shown now and never again. The receiver checks signatures with it.</p><p class="secret"><code>{shown.secret}</code><Copy text={shown.secret} what="the secret" /></p></>
      : <p>The answer with its secret was lost. Make a new one: it is shown then.</p>}
    <Button onClick={() => { made.value = null; }}>I have kept it</Button></div>;
}

/** Today's by the clock, with seconds: attempts follow each other closely. */
const Moment = ({ at }: { at: string }): JSX.Element =>
  <time dateTime={at} title={`${fullTime(at)}, ${ago(at)}`}>{new Date(at).toDateString() === new Date().toDateString() ? clockTime(at) : time(at)}</time>;

function Body({ text }: { text: string }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  if (text.length <= PREVIEW) return <code><Name text={text} /></code>;
  return <><code><Name text={isOpen ? text : `${text.slice(0, PREVIEW)}…`} /></code> <Button kind="quiet" onClick={() => setOpen(!isOpen)}>{isOpen ? "Less" : "More"}</Button></>;
}

const Sent = ({ of }: { of: Delivery }): JSX.Element => of.first_event === null || of.last_event === null ? <span class="muted">a test</span>
  : of.first_event === of.last_event ? <EventLink event={of.first_event} /> : <><EventLink event={of.first_event} /> to <EventLink event={of.last_event} /> <span class="muted">({many(of.events, "event")})</span></>;

const Outcome = ({ of }: { of: Delivery }): JSX.Element => <><Badge word={of.delivered ? "delivered" : "failed"} tone={of.delivered ? "good" : "bad"} />{of.status !== null && <span class="num"> {of.status}</span>}</>;

const Answer = ({ of }: { of: Delivery }): JSX.Element => <>{of.error && <div class="error"><Name text={of.error} /></div>}{of.answer ? <Body text={of.answer} /> : of.error ? null : <span class="muted">no body</span>}</>;

/** With a key each that stays when newer ones come. */
function keyed(deliveries: Delivery[]): (Delivery & { key: string })[] {
  const seen = new Map<string, number>();
  return [...deliveries].reverse().map((one) => {
    const name = `${one.at} ${one.message}`;
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    return { ...one, key: `${name} ${times}` };
  }).reverse();
}

function Deliveries({ id }: { id: string }): JSX.Element {
  const loaded = useWatched(`deliveries ${id}`, (signal) => get<{ deliveries: Delivery[] }>(`/v1/webhooks/${part(id)}/deliveries`, signal));
  return <Card title="Last requests"><Shown of={loaded}>{({ deliveries }) => deliveries.length === 0 ? <Empty title="None since the service started">The last 50 requests and their answers appear here.</Empty>
    : <Table caption="Last requests" rows={keyed(deliveries)} rowKey={(one) => one.key} columns={[
      { head: "When", class: "nowrap", cell: (one) => <Moment at={one.at} /> }, { head: "Events", cell: (one) => <Sent of={one} /> }, { head: "Outcome", cell: (one) => <Outcome of={one} /> },
      { head: "Took", end: true, cell: (one) => <span class="num">{count(one.took_ms)} ms</span> }, { head: "Answer", class: "wide", cell: (one) => <Answer of={one} /> },
    ]} />}</Shown></Card>;
}

function Trouble({ hook }: { hook: Webhook }): JSX.Element | null {
  const canAct = may("admin");
  if (!hook.enabled && hook.disabled_reason !== "requested") return <div class="notice bad" role="alert"><strong>It was switched off: {offWords(hook.disabled_reason ?? "failing")}</strong>
    <p>{hook.disabled_at && <>That was {ago(hook.disabled_at)}. </>}It stays where it is; nothing is lost.</p>{canAct && <Button onClick={() => begin(act.switchWebhook(hook))}>Switch on</Button>}</div>;
  if (!hook.enabled || !hook.failing_since) return null;
  return <div class="notice bad" role="alert"><strong>Deliveries are failing since {time(hook.failing_since)}</strong>
    <p>They are tried again by themselves, each time after a longer delay. If all fail until {time(new Date(new Date(hook.failing_since).getTime() + GIVES_UP_MS).toISOString())} it is switched off.</p>{canAct && <Button onClick={() => begin(act.tryNow(hook))}>Try now</Button>}</div>;
}

function Actions({ hook, tested }: { hook: Webhook; tested: (delivery: Delivery) => void }): JSX.Element | null {
  if (!may("admin")) return null;
  return <>
    <Button onClick={() => begin(act.changeWebhook(hook))}>Change</Button>
    <Button onClick={() => begin(act.testWebhook(hook, tested))}>Send a test</Button>
    <Button kind={hook.enabled ? "plain" : "primary"} onClick={() => begin(act.switchWebhook(hook))}>{hook.enabled ? "Switch off" : "Switch on"}</Button>
    <Menu label="More">
      <Item onClick={() => begin(act.redeliver([hook], hook.through || 1))}>Deliver again…</Item>
      <Item onClick={() => begin(act.rotateSecret(hook, keep))}>New secret…</Item>
      <Item isDangerous onClick={() => begin(act.deleteWebhook(hook))}>Delete…</Item>
    </Menu>
  </>;
}

export function WebhookPage({ id }: { id: string }): JSX.Element {
  const loaded = useWatched(`webhook ${id}`, (signal) => get<Webhook>(`/v1/webhooks/${part(id)}`, signal));
  const [tested, setTested] = useState<Delivery | null>(null);
  const hook = loaded.data;
  const head = <PageHead title={id}><Name text={id} /></PageHead>;
  if (loaded.error) return <>{head}<Card>{loaded.error instanceof Problem && ["webhook_not_found", "invalid_request"].includes(loaded.error.code) ? <Empty title="There is no such webhook"><a href={to.webhooks()}>All webhooks</a></Empty> : <Failure error={loaded.error} retry={loaded.reload} />}</Card></>;
  if (!hook) return <>{head}<Secret id={id} /><Card><Skeleton /></Card></>;
  return <>
    <PageHead title={id} sub={<><State hook={hook} /></>} actions={<Actions hook={hook} tested={setTested} />}><Name text={id} /></PageHead>
    <Secret id={id} />
    <Trouble hook={hook} />
    {tested && <div class={tested.delivered ? "notice good" : "notice bad"} role="status"><strong>{tested.delivered ? `The test was delivered in ${count(tested.took_ms)} ms` : "The test failed"}</strong>
      <p>{tested.status !== null && <>It answered {tested.status}. </>}{tested.error && <Name text={tested.error} />}</p>{tested.answer && <Body text={tested.answer} />}<Button onClick={() => setTested(null)}>Close</Button></div>}
    <div class="two even">
      <Card title="Settings"><Facts rows={[
        ["URL", <><Name text={hook.url} /> <Copy text={hook.url} what="the URL" /></>], ["Gets", getsWords(hook, true)], ["Events in a request", hook.batch > 1 ? `a list of up to ${count(hook.batch)}` : "one"],
        ["Secret", hook.old_secret_until && new Date(hook.old_secret_until).getTime() > Date.now() ? <>two sign, the old one until <Time at={hook.old_secret_until} /></> : "one signs; it is not shown again"], ["Made", <Time at={hook.created_at} />],
      ]} /></Card>
      <Card title="Where it is"><Facts rows={[
        ["Delivered up to", hook.through > 0 ? <EventLink event={hook.through} /> : "no event yet"], ["Behind by", hook.pending_events > 0 ? behind(hook) : "none"],
      ]} /></Card>
    </div>
    <Deliveries id={id} />
  </>;
}

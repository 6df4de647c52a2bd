// The feed of events, live, and single events with all that belongs to them.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, part, Problem, url } from "../api/client";
import { stringify } from "../api/json";
import type { EventPage, Grant, GrantUse, Hold, LedgerEvent, Place, Webhook } from "../api/types";
import { dryRun } from "../api/write";
import { begin } from "../actions/dialog";
import * as act from "../actions/list";
import { redeliver } from "../actions/webhooks";
import { amount, count, signed, spaced } from "../format";
import { Amount, Badge, Button, Card, Empty, EventLink, Facts, Failure, Name, PageHead, Shown, Skeleton, Table, Time, WebhookLink } from "../parts/basics";
import { useLoaded } from "../state/query";
import { go, route, setQuery, to } from "../state/route";
import { lastEvent, may } from "../state/session";
import { EventWords, headline } from "../words";
import { GrantBar, holdActions } from "./user";

const PAGE = 50;
const BY: [string, string][] = [["reference", "Reference"], ["idempotency_key", "Idempotency key"], ["schedule", "Schedule"], ["event", "Event number"]];

const Rows = ({ events }: { events: LedgerEvent[] }): JSX.Element => <Table caption="Events" rows={events} rowKey={(event) => event.event} columns={[
  { head: "Event", cell: (event) => <EventLink event={event.event} /> }, { head: "When", class: "nowrap", cell: (event) => <Time at={event.at} /> },
  { head: "Kind", cell: (event) => <Badge word={event.kind} /> }, { head: "What happened", class: "wide", cell: (event) => headline(event) },
  { head: "Reference", cell: (event) => event.reference ? <a href={to.events(`reference=${part(event.reference)}`)}><Name text={event.reference} /></a> : "" },
]} />;

function Found({ by, text }: { by: string; text: string }): JSX.Element {
  const [after, setAfter] = useState<number[]>([0]);
  useEffect(() => setAfter([0]), [by, text]);
  const from = after[after.length - 1] ?? 0;
  const page = useLoaded(`found ${by} ${text} ${from}`, (signal) => get<EventPage>(url("/v1/events", { [by]: text, after: from, limit: PAGE }), signal), true, true);
  return <Card title={<>Events that name <Name text={text} /></>}><Shown of={page}>{(data) => data.events.length === 0 ? <Empty title="No event names it">It must be written exactly so, upper and lower case included.</Empty> : <><Rows events={data.events} />
    {(after.length > 1 || (data.next_after ?? data.last_event) < data.last_event) && <nav class="pager" aria-label="Pages"><Button icon="back" disabled={after.length === 1} onClick={() => setAfter(after.slice(0, -1))}>Back</Button><Button disabled={(data.next_after ?? data.last_event) >= data.last_event} onClick={() => setAfter([...after, data.next_after ?? 0])}>Next</Button></nav>}</>}</Shown></Card>;
}

function Feed(): JSX.Element {
  // The number before the oldest event that is shown; null is live, at the newest.
  const [fixed, setFixed] = useState<number | null>(null);
  const [onlyCrossed, setCrossed] = useState(false);
  const after = fixed ?? Math.max(0, lastEvent.value - PAGE);
  const page = useLoaded(`feed ${onlyCrossed} ${fixed === null ? "live" : fixed}`, (signal) => get<EventPage>(url("/v1/events", { after: onlyCrossed && fixed === null ? Math.max(0, lastEvent.value - 10_000) : after, limit: PAGE, crossed: onlyCrossed || undefined }), signal), fixed === null, true);
  const events = [...(page.data?.events ?? [])].reverse();
  const first = events[events.length - 1]?.event ?? after + 1;
  return <Card title={fixed === null ? "Newest" : <>Up to event {count(events[0]?.event ?? after)}</>} actions={<div class="toolbar small">
    <label class="inline check"><input type="checkbox" checked={onlyCrossed} onChange={(event) => setCrossed(event.currentTarget.checked)} /> Only those that cross a threshold</label>
    <Button onClick={() => setFixed(fixed === null ? after : null)}>{fixed === null ? "Pause" : "Go live"}</Button></div>}>
    <Shown of={page} rows={8}>{() => events.length === 0 ? <Empty title={onlyCrossed ? "None among the newest" : "Nothing happened yet"} /> : <><Rows events={events} />
      {!onlyCrossed && <nav class="pager" aria-label="Pages"><Button icon="back" disabled={fixed === null || after + PAGE >= lastEvent.value} onClick={() => setFixed(after + PAGE)}>Newer</Button><Button disabled={first <= 1} onClick={() => setFixed(Math.max(0, first - 1 - PAGE))}>Older</Button></nav>}</>}</Shown>
  </Card>;
}

export function Events(): JSX.Element {
  const query = route.value.query;
  const found = BY.find(([name]) => name !== "event" && query.get(name));
  const [by, setBy] = useState(found?.[0] ?? "reference");
  const [text, setText] = useState(found ? query.get(found[0]) ?? "" : "");
  const look = (): void => {
    if (by === "event" && text.trim()) go(to.event(Number(text.trim())));
    else setQuery(text ? { [by]: text } : {});
  };
  return <>
    <PageHead title="Events" sub="All that happened, in order, as it happens" />
    <form class="toolbar" role="search" aria-label="Events" onSubmit={(event) => { event.preventDefault(); look(); }}>
      <label class="inline">Find by <select value={by} onChange={(event) => setBy(event.currentTarget.value)}>{BY.map(([name, label]) => <option key={name} value={name}>{label}</option>)}</select></label>
      <span class="search-box"><input type="search" aria-label="What to find" value={text} dir="auto" placeholder="Exactly as it was written" onInput={(event) => setText(event.currentTarget.value)} /></span>
      <Button type="submit">Find</Button>
      {found && <Button kind="quiet" onClick={() => { setText(""); setQuery({}); }}>Show all</Button>}
    </form>
    {found ? <Found by={found[0]} text={query.get(found[0]) ?? ""} /> : <Feed />}
  </>;
}

const PLACES: Place[] = ["left", "held", "spent", "moved_on", "expired", "reversed"];

function Uses({ grant }: { grant: Grant }): JSX.Element {
  const [after, setAfter] = useState<number[]>([0]);
  const from = after[after.length - 1] ?? 0;
  const page = useLoaded(`uses ${grant.event} ${from}`, (signal) => get<{ uses: GrantUse[]; next_after: number | null }>(url(`/v1/grants/${grant.event}/uses`, { after: from, limit: 20 }), signal), true, true);
  return <Shown of={page}>{({ uses, next_after }) => uses.length === 0 ? <p class="muted">Nothing used them yet.</p> : <><ul class="feed">{uses.map((use) => <li key={use.event.event}><EventLink event={use.event.event} /><span class="feed-words">{headline(use.event)}<span class="muted"> {PLACES.filter((place) => use[place] !== undefined).map((place) => `${spaced(place)} ${signed(use[place] ?? 0, grant.coin)}`).join(", ")}</span></span><span class="muted"><Time at={use.event.at} /></span></li>)}</ul>
    {(after.length > 1 || next_after !== null) && <nav class="pager" aria-label="Pages"><Button icon="back" disabled={after.length === 1} onClick={() => setAfter(after.slice(0, -1))}>Back</Button><Button disabled={next_after === null} onClick={() => next_after !== null && setAfter([...after, next_after])}>Next</Button></nav>}</>}</Shown>;
}

function GrantCard({ event }: { event: number }): JSX.Element {
  const grant = useLoaded(`grant ${event}`, (signal) => get<Grant>(`/v1/grants/${event}`, signal));
  return <Card title="Where its coins are"><Shown of={grant} rows={2}>{(data) => <><GrantBar grant={data} />{data.followed && <><h3>What used them</h3><Uses grant={data} /></>}</>}</Shown></Card>;
}

function HoldCard({ id }: { id: number }): JSX.Element {
  const hold = useLoaded(`hold ${id}`, (signal) => get<Hold>(`/v1/holds/${id}`, signal));
  return <Card title={<>Hold <EventLink event={id} /></>} actions={hold.data && holdActions(hold.data)}><Shown of={hold} rows={2}>{(data) => <Facts rows={[["State", <Badge word={data.state} />], ["Held", <Amount value={data.held} coin={data.coin} />], ["Captured", <Amount value={data.captured} coin={data.coin} />], ["Ends", data.expires_at && <Time at={data.expires_at} />], ["Ended", data.ended_at && <Time at={data.ended_at} />]]} />}</Shown></Card>;
}

/** How much of it can still be undone: a dry run says so. */
function Undo({ event }: { event: LedgerEvent }): JSX.Element | null {
  const tried = useLoaded(`undo ${event.event}`, async (signal) => {
    if (event.kind === "expire") return { words: "" };
    try {
      const undone = await dryRun<LedgerEvent>({ method: "POST", path: `/v1/events/${event.event}/reverse`, body: {} }, signal);
      const rest = undone.amount ?? 0;
      return { words: BigInt(rest) === BigInt(event.amount ?? 0) ? "" : `${amount(rest, event.coin ?? "")} of it can still be undone.` };
    } catch (error) {
      if (error instanceof Problem && error.code === "already_reversed") return { words: "All of it was undone.", isDone: true };
      if (error instanceof Problem) return { words: `Not as a whole: ${error.message}` };
      throw error;
    }
  });
  if (!tried.data) return null;
  return <span class="undo"><span class="muted" dir="auto">{tried.data.words}</span>{!tried.data.isDone && <Button icon="undo" onClick={() => begin(act.reverse(event))}>Undo</Button>}</span>;
}

const isOfDelivery = (event: LedgerEvent): boolean => ["webhook_failing", "webhook_progress"].includes(event.kind) || (event.reason !== undefined && event.reason !== "requested");

/** Where there are webhooks. */
function Redeliver({ event }: { event: number }): JSX.Element | null {
  const loaded = useLoaded("webhooks", (signal) => get<{ webhooks: Webhook[] }>("/v1/webhooks", signal));
  const hooks = loaded.data?.webhooks ?? [];
  return hooks.length === 0 ? null : <Button onClick={() => begin(redeliver(hooks, event))}>Deliver again from here</Button>;
}

export function EventPageView({ number }: { number: number }): JSX.Element {
  const loaded = useLoaded(`event ${number}`, (signal) => get<LedgerEvent>(`/v1/events/${number}`, signal), false);
  const title = `Event ${count(number)}`;
  if (loaded.error) return <><PageHead title={title} /><Card>{loaded.error instanceof Problem && loaded.error.code === "event_not_found" ? <Empty title="There is no such event"><a href={to.events()}>All events</a></Empty> : <Failure error={loaded.error} retry={loaded.reload} />}</Card></>;
  const event = loaded.data;
  if (!event) return <><PageHead title={title} /><Card><Skeleton /></Card></>;
  return <>
    <PageHead title={title} sub={<><Badge word={event.kind} /> <Time at={event.at} /></>} actions={<>{act.isReversible(event.kind) && may("grant") && <Undo event={event} />}{may("admin") && <Redeliver event={event.event} />}</>} />
    <Card title="What happened"><EventWords event={event} /></Card>
    <div class="two even">
      <Card title="Belongs to"><Facts rows={[
        ["Hold", event.hold !== undefined && <EventLink event={event.hold} />], ["Reverses", event.of !== undefined && <><EventLink event={event.of} /> ({spaced(event.of_kind ?? "")})</>],
        ["Schedule", event.schedule && <a href={to.events(`schedule=${part(event.schedule)}`)}><Name text={event.schedule} /></a>], ["Webhook", event.webhook && <WebhookLink id={event.webhook} />], ["Occurrence", event.occurrence], ["Due", event.due_at && <Time at={event.due_at} />],
        ["Reference", event.reference && <a href={to.events(`reference=${part(event.reference)}`)}><Name text={event.reference} /></a>],
        ["Idempotency key", event.idempotency_key && <a href={to.events(`idempotency_key=${part(event.idempotency_key)}`)}><Name text={event.idempotency_key} /></a>],
        ["Made by", event.by ? <>API key {event.by}</> : ["expire", "hold_expired", "rollover", "adjustment"].includes(event.kind) || event.occurrence !== undefined ? "the clock" : isOfDelivery(event) ? "the service, as deliveries went" : "no key"],
        ["Metadata", event.metadata && <code>{stringify(event.metadata)}</code>],
        ["Around it", <><a href={to.event(Math.max(1, number - 1))}>before</a> · <a href={to.event(number + 1)}>after</a></>],
      ]} /></Card>
      <Card title="Balances after it">{Object.keys(event.balances ?? {}).length === 0 ? <p class="muted">It moved no coins.</p> : <Table caption="Balances after it" rows={Object.entries(event.balances ?? {})} rowKey={([id]) => id} columns={[{ head: "User", cell: ([id]) => <a href={to.user(id)}><Name text={id} /></a> },
        { head: "Total", end: true, cell: ([, balance]) => <Amount value={balance.total} coin={event.coin ?? ""} unit={false} /> }, { head: "Held", end: true, cell: ([, balance]) => <Amount value={balance.held} coin={event.coin ?? ""} unit={false} /> }, { head: "Available", end: true, cell: ([, balance]) => <Amount value={balance.available} coin={event.coin ?? ""} unit={false} /> }]} />}</Card>
    </div>
    {(event.kind === "grant" || event.kind === "rollover") && <GrantCard event={event.event} />}
    {event.kind === "hold" && event.id !== undefined && <HoldCard id={event.id} />}
    {event.hold !== undefined && <HoldCard id={event.hold} />}
    <Card><details><summary>As the API returns it</summary><pre class="json" tabIndex={0}>{stringify(event)}</pre></details></Card>
  </>;
}

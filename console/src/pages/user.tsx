// One user: what they have, why, and all that can be done.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, part, Problem, url } from "../api/client";
import type { Account, Entry, Grant, Hold, Place, Schedule, User } from "../api/types";
import { begin } from "../actions/dialog";
import * as act from "../actions/list";
import { amount, ago, count, many, when } from "../format";
import { inBurnOrder } from "../lots";
import { Amount, Badge, Button, Card, Change, Copy, Empty, EventLink, Facts, Failure, Item, Menu, Name, PageHead, Shown, Skeleton, Table, Time, UserLink, usePages } from "../parts/basics";
import { Timeline } from "../parts/timeline";
import { coins } from "../state/coins";
import { useLoaded } from "../state/query";
import { route, setQuery, to } from "../state/route";
import { may } from "../state/session";
import { everyWords, LotWords, perWords } from "../words";

const PAGE = 50;
const LOTS_MAX = 12;
export const KINDS = ["grant", "spend", "transfer", "hold", "capture", "release", "hold_expired", "expire", "reverse", "rollover", "adjustment", "limits", "thresholds", "spend_limit"];

const NONE = (coin: string): Account => ({ coin, total: 0, held: 0, available: 0, floor: 0, ceiling: 9007199254740991n, frozen: false, lots: [] });

function Actions({ user, account }: { user: User; account: Account }): JSX.Element | null {
  if (user.closed || !may("spend")) return null;
  const { id } = user;
  const { coin } = account;
  return <>
    {may("grant") && <Button kind="primary" onClick={() => begin(act.grant(id, coin))}>Grant</Button>}
    <Button onClick={() => begin(act.spend(id, coin))}>Spend</Button>
    <Button onClick={() => begin(act.transfer(id, coin))}>Transfer</Button>
    <Button onClick={() => begin(act.hold(id, coin))}>Hold</Button>
    {may("grant") && <Menu label="More">
      <Item onClick={() => begin(act.schedule(id, coin))}>New schedule…</Item>
      <Item onClick={() => begin(act.limits(id, account))}>Limits…</Item>
      <Item onClick={() => begin(act.spendLimit(id, coin, account.spend_limit?.of === "account" ? account.spend_limit : undefined))}>Spending limit…</Item>
      <Item onClick={() => begin(act.thresholds(id, coin, account.thresholds))}>Thresholds…</Item>
      <Item onClick={() => begin(act.rename(id, user.name, user.metadata))}>Rename…</Item>
      <Item isDangerous={!account.frozen} onClick={() => begin(act.freeze(id, account))}>{account.frozen ? "Unfreeze" : "Freeze"} {coin}…</Item>
      {may("admin") && <Item isDangerous onClick={() => begin(act.closeUser(id))}>Close user…</Item>}
    </Menu>}
  </>;
}

const PLACES: [Place, string][] = [["left", "left"], ["held", "held"], ["spent", "spent"], ["moved_on", "moved on"], ["expired", "expired"], ["reversed", "reversed"]];

export function GrantBar({ grant }: { grant: Grant }): JSX.Element {
  const added = BigInt(grant.added ?? 0);
  const whole = BigInt(grant.amount) + added;
  if (!grant.followed) return <p class="muted">These are plain coins, which can’t be told apart. So it is not known where they are.</p>;
  return <div class="grant-bar">
    <span class="bar" aria-hidden="true">{PLACES.map(([name]) => <i key={name} class={`place-${name}`} style={{ width: `${whole > 0n ? Number((BigInt(grant[name] ?? 0) * 1000n) / whole) / 10 : 0}%` }} />)}</span>
    <ul class="legends">{PLACES.filter(([name]) => BigInt(grant[name] ?? 0) !== 0n).map(([name, label]) => <li class="legend" key={name}><i class={`place-${name}`} />{amount(grant[name] ?? 0, grant.coin)} {label}</li>)}</ul>
    {added > 0n && <p class="muted">{amount(added, grant.coin)} of them were added when the schedule was changed.</p>}
  </div>;
}

/** Why the balance is what it is: where each lot comes from, what is held, what happened last. */
function Why({ user, account, holds }: { user: User; account: Account; holds: Hold[] | undefined }): JSX.Element {
  const { coin } = account;
  const grants = inBurnOrder(account.lots).flatMap((lot) => (lot.grant === null ? [] : [lot.grant])).slice(0, 5);
  const loaded = useLoaded(`why ${user.id} ${coin} ${grants.join(" ")}`, async (signal) => Promise.all(grants.map((event) => get<Grant>(`/v1/grants/${event}`, signal))), true, true);
  const plain = account.lots.find((lot) => lot.grant === null)?.amount ?? 0;
  return <div class="why" role="region" aria-label={`Why the balance of ${coin} is what it is`}>
    <p class="equation"><strong>{amount(account.available, coin)}</strong> available = <strong>{amount(account.total, coin)}</strong> in all − <strong>{amount(account.held, coin)}</strong> held</p>
    <p class="muted">The coins in all: {amount(plain, coin)} plain, and {many(account.lots.filter((lot) => lot.grant !== null).length, "lot")}. Held ones are reserved by {many((holds ?? []).filter((one) => one.coin === coin).length, "open hold")}.</p>
    {grants.length > 0 && <><h3>Where the {grants.length < account.lots.filter((lot) => lot.grant !== null).length ? "next" : ""} lots come from</h3>
      {loaded.data ? <ul class="why-lots">{loaded.data.map((grant) => <li key={grant.event}><p><EventLink event={grant.event}>Grant {grant.event}</EventLink> gave <Amount value={grant.amount} coin={coin} strong /> {ago(grant.created_at)}{grant.reference && <>, reference <Name text={grant.reference} /></>}{grant.schedule && <>, by schedule <Name text={grant.schedule} /></>}. {grant.expires_at ? <>Expires on {when(grant.expires_at)}.</> : "Never expires."}</p><GrantBar grant={grant} /></li>)}</ul> : loaded.error ? <Failure error={loaded.error} /> : <Skeleton rows={3} />}</>}
    <p class="muted">The history below has every change and the balance after it.</p>
  </div>;
}

function AccountCard({ user, account, holds }: { user: User; account: Account; holds: Hold[] | undefined }): JSX.Element {
  const [asks, setAsks] = useState(false);
  const [showsAll, setAll] = useState(false);
  const { coin } = account;
  const lots = inBurnOrder(account.lots);
  const shown = showsAll ? lots : lots.slice(0, LOTS_MAX);
  const isUnlimited = BigInt(account.ceiling) >= 9007199254740991n;
  return <Card class="account" title={<>{coin}{account.frozen && <> <Badge word="frozen" /></>}</>} actions={<Button kind="quiet" onClick={() => setAsks(!asks)}>{asks ? "Close the explanation" : "Why this balance?"}</Button>}>
    <div class="balance">
      <div><span class="figure-name">Available</span><span class="big"><Amount value={account.available} coin={coin} unit={false} /></span></div>
      <div><span class="figure-name">Held</span><span class="medium"><Amount value={account.held} coin={coin} unit={false} /></span></div>
      <div><span class="figure-name">Total</span><span class="medium"><Amount value={account.total} coin={coin} unit={false} /></span></div>
    </div>
    {asks && <Why user={user} account={account} holds={holds} />}
    <Timeline lots={account.lots} coin={coin} />
    {lots.length === 0 ? <p class="muted">No coins.</p> : <><h3>Spent in this order</h3><ol class="lot-list">{shown.map((lot, at) => <li key={at}><span class="order" aria-hidden="true">{at + 1}</span><span><LotWords lot={lot} coin={coin} /></span></li>)}</ol></>}
    {lots.length > LOTS_MAX && <Button kind="quiet" onClick={() => setAll(!showsAll)}>{showsAll ? "Fewer" : `All ${count(lots.length)} lots`}</Button>}
    <Facts rows={[
      ["Floor", BigInt(account.floor) === 0n ? null : amount(account.floor, coin)], ["Ceiling", isUnlimited ? null : amount(account.ceiling, coin)],
      ["Spending limit", account.spend_limit && <>{amount(account.spend_limit.amount, coin)} {perWords(account.spend_limit)}, {amount(account.spend_limit.left, coin)} left{account.spend_limit.resets_at && <> until <Time at={account.spend_limit.resets_at} /></>}{account.spend_limit.of === "coin" ? " (of the coin)" : ""}</>],
      ["Thresholds", account.thresholds?.length ? account.thresholds.map((one) => amount(one, coin)).join(", ") : null],
    ]} />
  </Card>;
}

export const holdActions = (hold: Hold): JSX.Element | null => hold.state === "open" && may("spend")
  ? <span class="row-actions"><Button kind="quiet" onClick={() => begin(act.capture(hold))}>Capture</Button><Button kind="quiet" onClick={() => begin(act.release(hold))}>Release</Button><Button kind="quiet" onClick={() => begin(act.extend(hold))}>Extend</Button></span> : null;

export const scheduleActions = (schedule: Schedule): JSX.Element | null => may("grant")
  ? <span class="row-actions"><Button kind="quiet" onClick={() => begin(act.schedule(schedule.user, schedule.coin, schedule))}>Change</Button><Button kind="quiet" onClick={() => begin(act.pauseSchedule(schedule))}>{schedule.paused ? "Resume" : "Pause"}</Button><Button kind="quiet" onClick={() => begin(act.endSchedule(schedule))}>End</Button></span> : null;

export function expiryWords(schedule: Schedule): string {
  if (schedule.expires === "at_next") return "until the next one";
  return schedule.expires_after_s ? `for ${count(Math.round(schedule.expires_after_s / 86_400))} days` : "never expire";
}

function EntryRow({ entry, user }: { entry: Entry; user: User }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  const canUndo = act.isReversible(entry.kind) && may("grant") && !user.closed;
  return <>
    <tr class={isOpen ? "open" : ""}>
      <td class="nowrap"><Time at={entry.at} /></td>
      <td><button type="button" class="expander" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}><Badge word={entry.kind} /></button></td>
      <td class="entry-words">{entry.counterpart && !entry.counterpart.startsWith("@") ? <>{BigInt(entry.amount) < 0n ? "to " : "from "}<UserLink id={entry.counterpart} /></> : entry.counterpart ? <span class="system">{entry.counterpart}</span> : ""}{entry.reference && <span class="reference" title="Reference"><Name text={entry.reference} /></span>}</td>
      <td class="end"><Change value={entry.amount} coin={entry.coin} />{BigInt(entry.held) !== 0n && <span class="held-change">held <Change value={entry.held} coin={entry.coin} /></span>}</td>
      <td class="end"><Amount value={entry.balance.total} coin={entry.coin} /></td>
      <td class="end"><EventLink event={entry.event} /></td>
      <td class="end actions-cell">{canUndo && <Button kind="quiet" icon="undo" onClick={() => begin(act.reverse(entry))} label={`Undo event ${entry.event}`}>Undo</Button>}</td>
    </tr>
    {isOpen && <tr class="entry-more"><td colSpan={7}>
      {entry.lots.length > 0 && <ol class="lot-list">{entry.lots.map((lot, at) => <li key={at}><span class="order" aria-hidden="true">{at + 1}</span><span><LotWords lot={lot} coin={entry.coin} /></span></li>)}</ol>}
      <Facts rows={[["Balance after it", <>{amount(entry.balance.total, entry.coin)}, {amount(entry.balance.held, entry.coin)} held, {amount(entry.balance.available, entry.coin)} available</>],
        ["Reference", entry.reference && <a href={to.events(`reference=${part(entry.reference)}`)}><Name text={entry.reference} /></a>],
        ["Idempotency key", entry.idempotency_key && <a href={to.events(`idempotency_key=${part(entry.idempotency_key)}`)}><Name text={entry.idempotency_key} /></a>],
        ["Metadata", entry.metadata && <code>{JSON.stringify(entry.metadata)}</code>], ["Belongs to", <EventLink event={entry.event}>Event {entry.event}: lots, grant, hold, schedule</EventLink>]]} />
    </td></tr>}
  </>;
}

interface History { entries: Entry[]; next_cursor: string | null }

function HistoryCard({ user }: { user: User }): JSX.Element {
  const query = route.value.query;
  const [coin, setCoin] = useState(query.get("coin") ?? "");
  const [kind, setKind] = useState(query.get("kind") ?? "");
  const [from, setFrom] = useState(query.get("from") ?? "");
  const [until, setUntil] = useState(query.get("until") ?? "");
  useEffect(() => setQuery({ coin, kind, from, until }), [coin, kind, from, until]);
  const key = `history ${user.id} ${coin} ${kind} ${from} ${until}`;
  const { cursor, pager } = usePages(key);
  const instant = (day: string, days: number): string => { const at = new Date(`${day}T00:00:00`); at.setDate(at.getDate() + days); return day && !Number.isNaN(at.getTime()) ? at.toISOString() : ""; };
  const page = useLoaded(`${key} ${cursor}`, (signal) => get<History>(url(`/v1/users/${part(user.id)}/history`, { coin, kind, from: instant(from, 0), until: instant(until, 1), limit: PAGE, cursor }), signal), true, true);
  const isFiltered = coin || kind || from || until;
  return <Card class="history" title="History" actions={<div class="toolbar small">
    <label class="inline">Coin <select value={coin} onChange={(event) => setCoin(event.currentTarget.value)}><option value="">All</option>{user.accounts.map((one) => <option key={one.coin}>{one.coin}</option>)}</select></label>
    <label class="inline">Kind <select value={kind} onChange={(event) => setKind(event.currentTarget.value)}><option value="">All</option>{KINDS.map((one) => <option key={one} value={one}>{one.replaceAll("_", " ")}</option>)}</select></label>
    <label class="inline">From <input type="date" value={from} onChange={(event) => setFrom(event.currentTarget.value)} /></label>
    <label class="inline">To <input type="date" value={until} onChange={(event) => setUntil(event.currentTarget.value)} /></label>
  </div>}>
    <Shown of={page} rows={6}>{({ entries, next_cursor }) => entries.length === 0 ? <Empty title={isFiltered ? "Nothing matches" : "Nothing happened yet"} /> : <>
      <div class="table-frame" role="region" aria-label="History" tabIndex={0}><table class="history-table"><caption class="visually-hidden">History, newest first, with the balance after each entry</caption>
        <thead><tr><th scope="col">When</th><th scope="col">What</th><th scope="col">With</th><th scope="col" class="end">Change</th><th scope="col" class="end">Balance after</th><th scope="col" class="end">Event</th><th scope="col"><span class="visually-hidden">Actions</span></th></tr></thead>
        <tbody>{entries.map((entry) => <EntryRow key={`${entry.event} ${entry.coin}`} entry={entry} user={user} />)}</tbody></table></div>
      {pager(next_cursor)}</>}</Shown>
  </Card>;
}

export function UserPage({ id }: { id: string }): JSX.Element {
  const loaded = useLoaded(`user ${id}`, (signal) => get<User>(`/v1/users/${part(id)}`, signal));
  const holds = useLoaded(`holds ${id}`, (signal) => get<{ holds: Hold[]; next_cursor: string | null }>(url("/v1/holds", { user: id, limit: 20 }), signal));
  const schedules = useLoaded(`schedules ${id}`, (signal) => get<{ schedules: Schedule[] }>(url("/v1/schedules", { user: id, limit: 20 }), signal));
  const [chosen, choose] = useState("");
  const user = loaded.data;
  const accounts = user?.accounts ?? [];
  const account = accounts.find((one) => one.coin === chosen) ?? accounts[0] ?? NONE(coins.value[0]?.code ?? "toco");
  if (loaded.error) return <><PageHead title={id}><Name text={id} /></PageHead>{loaded.error instanceof Problem && loaded.error.code === "user_not_found" ? <Card><Empty title="There is no such user"><a href={to.users()}>Look for another one</a></Empty></Card> : <Failure error={loaded.error} retry={loaded.reload} />}</>;
  if (!user) return <><PageHead title={id}><Name text={id} /></PageHead><Card><Skeleton rows={6} /></Card></>;
  return <>
    <PageHead title={user.name ?? user.id} sub={<><Name class="id" text={user.id} /> <Copy text={user.id} what="the id" />{user.closed && <Badge word="closed" />}<span class="muted">since <Time at={user.created_at} /></span></>} actions={<Actions user={user} account={account} />}><Name text={user.name ?? user.id} /></PageHead>
    {accounts.length > 1 && <div class="segments accounts" role="group" aria-label="Coin">{accounts.map((one) => <button type="button" key={one.coin} aria-pressed={one.coin === account.coin} onClick={() => choose(one.coin)}>{one.coin} <Amount value={one.available} coin={one.coin} unit={false} /></button>)}</div>}
    {user.accounts.length === 0 ? <Card><Empty title="No coins yet">{user.closed ? "This user was closed." : "Grant some to begin."}</Empty></Card> : <AccountCard key={account.coin} user={user} account={account} holds={holds.data?.holds} />}
    <div class="two even">
      <Card title="Open holds"><Shown of={holds} rows={2}>{({ holds: list, next_cursor }) => list.length === 0 ? <p class="muted">None.</p> : <ul class="items">{list.map((hold) => <li key={hold.id}><div><EventLink event={hold.id}>Hold {hold.id}</EventLink> <Amount value={hold.held} coin={hold.coin} strong />{hold.to && <> for <UserLink id={hold.to} /></>}<div class="muted">ends {hold.expires_at && <Time at={hold.expires_at} relative />}</div></div>{holdActions(hold)}</li>)}{next_cursor && <li class="muted">and more</li>}</ul>}</Shown></Card>
      <Card title="Schedules"><Shown of={schedules} rows={2}>{({ schedules: list }) => list.length === 0 ? <p class="muted">None.</p> : <ul class="items">{list.map((one) => <li key={one.id}><div><a href={to.events(`schedule=${part(one.id)}`)}><Name text={one.id} /></a> <Amount value={one.amount} coin={one.coin} strong /> {everyWords(one)}{one.paused && <> <Badge word="paused" /></>}<div class="muted">{expiryWords(one)}; next {one.next_at ? <Time at={one.next_at} relative /> : "none"}</div></div>{scheduleActions(one)}</li>)}</ul>}</Shown></Card>
    </div>
    {user.metadata && <Card title="Metadata"><pre class="json">{JSON.stringify(user.metadata, (_name, value: unknown) => (typeof value === "bigint" ? String(value) : value), 2)}</pre></Card>}
    <HistoryCard user={user} />
  </>;
}

export function HoldsPage(): JSX.Element {
  const { cursor, pager } = usePages("holds");
  const page = useLoaded(`holds ${cursor}`, (signal) => get<{ holds: Hold[]; next_cursor: string | null }>(url("/v1/holds", { limit: PAGE, cursor }), signal), true, true);
  return <><PageHead title="Open holds" sub="Reserved coins, the oldest first" /><Card><Shown of={page}>{({ holds, next_cursor }) => holds.length === 0 ? <Empty title="No open holds">Coins that are reserved for a while appear here.</Empty>
    : <><Table caption="Open holds" rows={holds} rowKey={(hold) => hold.id} columns={[{ head: "Hold", cell: (hold) => <EventLink event={hold.id} /> }, { head: "User", class: "wide", cell: (hold) => <UserLink id={hold.user} /> }, { head: "For", cell: (hold) => (hold.to ? <UserLink id={hold.to} /> : <span class="muted">—</span>) },
      { head: "Held", end: true, cell: (hold) => <Amount value={hold.held} coin={hold.coin} /> }, { head: "Made", cell: (hold) => <Time at={hold.created_at} relative /> }, { head: "Ends", cell: (hold) => hold.expires_at && <Time at={hold.expires_at} relative /> }, { head: "", end: true, cell: holdActions }]} />{pager(next_cursor)}</>}</Shown></Card></>;
}

export function SchedulesPage(): JSX.Element {
  const { cursor, pager } = usePages("schedules");
  const page = useLoaded(`schedules ${cursor}`, (signal) => get<{ schedules: Schedule[]; next_cursor: string | null }>(url("/v1/schedules", { limit: PAGE, cursor }), signal), true, true);
  return <><PageHead title="Schedules" sub="Grants that are made by themselves" /><Card><Shown of={page}>{({ schedules, next_cursor }) => schedules.length === 0 ? <Empty title="No schedules">A user’s page has the button for a new one.</Empty>
    : <><Table caption="Schedules" rows={schedules} rowKey={(one) => one.id} columns={[{ head: "Schedule", class: "wide", cell: (one) => <><a href={to.events(`schedule=${part(one.id)}`)}><Name text={one.id} /></a>{one.paused && <> <Badge word="paused" /></>}</> }, { head: "User", class: "wide", cell: (one) => <UserLink id={one.user} /> }, { head: "Amount", end: true, cell: (one) => <Amount value={one.amount} coin={one.coin} /> },
      { head: "How often", class: "nowrap", cell: everyWords }, { head: "Valid", cell: expiryWords }, { head: "Next", class: "nowrap", cell: (one) => (one.next_at ? <Time at={one.next_at} relative /> : <span class="muted">none</span>) }, { head: "", end: true, cell: scheduleActions }]} />{pager(next_cursor)}</>}</Shown></Card></>;
}

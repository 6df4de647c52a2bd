// How all is, at a glance.
import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import { get, Problem, url } from "../api/client";
import type { Coin, Day, EventPage, Status } from "../api/types";
import type { Int } from "../api/json";
import { ago, amount, between, bytes, count, day, many, minuteTime, spaced } from "../format";
import { Amount, Card, Empty, EventLink, Failure, PageHead, Shown, Skeleton, Table, Time } from "../parts/basics";
import { Bars, Chart, type Line } from "../parts/chart";
import { coins, loadCoins } from "../state/coins";
import { useLoaded } from "../state/query";
import { to } from "../state/route";
import { lastEvent } from "../state/session";
import { headline } from "../words";
import { Attention } from "./attention";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

function Part({ label, value, coin, tone, whole }: { label: string; value: Int; coin: Coin; tone: string; whole: bigint }): JSX.Element {
  const width = whole > 0n ? Number((BigInt(value) * 1000n) / whole) / 10 : 0;
  return <div class="figure"><span class="figure-name"><i class={tone} />{label}</span><Amount value={value} coin={coin.code} unit={false} /><span class="figure-share">{whole > 0n ? `${Math.max(0, width).toFixed(0)} %` : ""}</span></div>;
}

function CoinCard({ coin, expiring, isChosen, choose }: { coin: Coin; expiring: Int | undefined; isChosen: boolean; choose: () => void }): JSX.Element {
  const whole = BigInt(coin.issued) > 0n ? BigInt(coin.issued) : 0n;
  const share = (value: Int): string => `${whole > 0n ? Number((BigInt(value) * 10_000n) / whole) / 100 : 0}%`;
  const held = BigInt(coin.held) > 0n ? BigInt(coin.held) : 0n;
  const free = BigInt(coin.outstanding) - held;
  return <button type="button" class={isChosen ? "coin-card card on" : "coin-card card"} aria-pressed={isChosen} onClick={choose}>
    <span class="coin-head"><strong>{coin.code}</strong><span class="muted"><i class="free" />outstanding</span></span>
    <span class="big"><Amount value={coin.outstanding} coin={coin.code} unit={false} /></span>
    <span class="bar" aria-hidden="true"><i class="spent" style={{ width: share(coin.spent) }} /><i class="expired" style={{ width: share(coin.expired) }} /><i class="held" style={{ width: share(held) }} /><i class="free" style={{ width: share(free > 0n ? free : 0n) }} /></span>
    <span class="figures"><Part label="Issued" value={coin.issued} coin={coin} tone="issued" whole={0n} /><Part label="Spent" value={coin.spent} coin={coin} tone="spent" whole={whole} />
      <Part label="Expired" value={coin.expired} coin={coin} tone="expired" whole={whole} /><Part label="Held" value={coin.held} coin={coin} tone="held" whole={whole} />
      {expiring !== undefined && <Part label="Expires within 7 days" value={expiring} coin={coin} tone="soon" whole={whole} />}</span>
  </button>;
}

const RANGES: [string, number][] = [["7 days", 7], ["30 days", 30], ["90 days", 90], ["1 year", 365]];

const hasHeld = (rows: Day[]): boolean => rows.length > 0 && rows.every((row) => row.held !== undefined && row.held !== null);

function CoinChart({ coin }: { coin: Coin }): JSX.Element {
  const [days, setDays] = useState(30);
  const [minute, setMinute] = useState(0);
  useEffect(() => { const timer = setInterval(() => setMinute((now) => now + 1), 60_000); return () => clearInterval(timer); }, []);
  const from = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - (days - 1) * DAY_MS).toISOString();
  const report = useLoaded(`${coin.code} ${days} ${minute}`, async (signal) => {
    const loaded = await get<{ rows: Day[] }>(url("/v1/reports/liability", { coin: coin.code, by: "day", from }), signal);
    return { rows: loaded.rows, code: coin.code };
  }, false, true);
  const rows = report.data?.code === coin.code ? report.data.rows : undefined;
  const shown = useMemo(() => {
    if (!rows) return null;
    const line = (label: string, name: "closing" | "held" | "granted" | "spent" | "expired", color: string, kind: "line" | "bars"): Line =>
      ({ label, color, kind, values: rows.map((row) => Number(row[name])), text: (at) => amount(rows[at]?.[name] ?? 0, coin.code) });
    return { times: rows.map((row) => new Date(row.from).getTime() / 1_000), stock: [line("Outstanding", "closing", "--series-1", "line"), ...(hasHeld(rows) ? [line("Held", "held", "--lot-promotional", "line")] : [])], flows: [line("Issued", "granted", "--series-2", "bars"), line("Spent", "spent", "--series-3", "bars"), line("Expired", "expired", "--series-4", "bars")] };
  }, [rows, coin.code, coin.decimals]);
  return <Card title={<>{coin.code} by day</>} actions={<div class="segments" role="group" aria-label="Span">{RANGES.map(([label, length]) => <button type="button" key={label} aria-pressed={days === length} onClick={() => setDays(length)}>{label}</button>)}</div>}>
    {report.error ? report.error instanceof Problem && report.error.code === "invalid_request" ? <Empty title="Nothing happened yet" /> : <Failure error={report.error} retry={report.reload} />
      : !shown || !rows ? <Skeleton rows={6} /> : <>
        <Chart times={shown.times} lines={shown.stock} scale={10 ** coin.decimals} height={170} label={`${coin.code}: outstanding${hasHeld(rows) ? " and held" : ""} by day. The table below has the numbers.`} />
        <Chart times={shown.times} lines={shown.flows} scale={10 ** coin.decimals} height={150} label={`${coin.code}: issued, spent and expired by day. The table below has the numbers.`} />
        <details class="as-table"><summary>As a table</summary><Table caption={`${coin.code} by day`} rows={[...rows].reverse()} rowKey={(row) => row.from} columns={[
          { head: "Day", cell: (row) => day(row.from) }, ...(["granted", "spent", "expired", "reversed", "closing", ...(hasHeld(rows) ? ["held" as const] : [])] as const).map((name) => ({ head: name === "closing" ? "outstanding" : name === "granted" ? "issued" : name, end: true, cell: (row: Day) => <Amount value={row[name] ?? 0} coin={coin.code} unit={false} /> }))]} /></details></>}
  </Card>;
}

function Tile({ label, value, note, href, picture }: { label: string; value: JSX.Element | string; note?: JSX.Element | string; href?: string; picture?: JSX.Element }): JSX.Element {
  const inside = <><span class="tile-name">{label}</span><span class="tile-value">{value}</span>{note && <span class="muted tile-note">{note}</span>}{picture}</>;
  return href ? <a class="tile card" href={href}>{inside}</a> : <div class="tile card">{inside}</div>;
}

type ByTime = NonNullable<Status["refusals_by_time"]>;

/** The refusals of the last 24 hours in spans; null where the service had not started yet. */
function lastDay({ from, span_s, counts }: ByTime): { times: number[]; values: (number | null)[] } {
  const length = Math.ceil(DAY_MS / 1_000 / span_s);
  const missing = Math.max(0, length - counts.length);
  const first = new Date(from).getTime() / 1_000 - missing * span_s;
  const values = [...Array.from({ length: missing }, () => null), ...counts];
  return { times: values.map((_, at) => first + at * span_s), values };
}

/** The same by the hour, from now back. */
function byHour({ span_s, counts }: ByTime): number[] {
  const each = Math.max(1, Math.round(HOUR_MS / 1_000 / span_s));
  return Array.from({ length: 24 }, (_, ago) => {
    const end = counts.length - ago * each;
    return counts.slice(Math.max(0, end - each), Math.max(0, end)).reduce((sum, one) => sum + one, 0);
  }).reverse();
}

const spanWords = (at: Date, span_s: number): string => between(at, new Date(at.getTime() + span_s * 1_000));

function RefusalChart({ by }: { by: ByTime }): JSX.Element {
  const key = `${by.from} ${by.counts.join(" ")}`;
  const { times, values, lines, say } = useMemo(() => {
    const { times, values } = lastDay(by);
    const lines: Line[] = [{ label: "Refused", color: "--series-3", kind: "bars", values, text: (at) => (values[at] === null ? "not counted: the service had not started" : count(values[at] ?? 0)) }];
    return { times, values, lines, say: (at: Date) => spanWords(at, by.span_s) };
  }, [key]);
  const rows = times.map((at, place) => ({ at: new Date(at * 1_000), count: values[place] ?? 0 })).filter((row) => row.count > 0).reverse();
  return <>
    <Chart times={times} lines={lines} scale={1} height={120} step_s={by.span_s} mark={minuteTime} say={say} label="Refusals of each 10 minutes of the last 24 hours. The table below has the numbers." />
    <details class="as-table"><summary>As a table</summary>{rows.length === 0 ? <p class="muted">Nothing was refused in the last 24 hours.</p> : <Table caption="Refusals by time" rows={rows} rowKey={(row) => row.at.getTime()} columns={[
      { head: "Time", cell: (row) => `${day(row.at)}, ${spanWords(row.at, by.span_s)}` }, { head: "Refused", end: true, cell: (row) => <span class="num">{count(row.count)}</span> }]} />}</details></>;
}

/** What was refused over time, and which refusals those were. */
function Refusals({ data, sum }: { data: Status; sum: number }): JSX.Element {
  if (sum === 0) return <Empty title="None">Nothing was refused since the service started.</Empty>;
  return <>
    {data.refusals_by_time && <RefusalChart by={data.refusals_by_time} />}
    <h3>Since the service started</h3>
    <ul class="counts">{[...data.refusals].sort((a, b) => b.count - a.count).slice(0, 10).map((one) => <li key={one.code}><span>{spaced(one.code)}</span><span class="num">{count(one.count)}</span><span class="bar" aria-hidden="true"><i class="spent" style={{ width: `${(one.count / sum) * 100}%` }} /></span></li>)}</ul></>;
}

export function Overview(): JSX.Element {
  const status = useLoaded("status", (signal) => get<Status>("/v1/status", signal));
  const loaded = useLoaded("coins", loadCoins);
  const events = useLoaded("newest", (signal) => get<EventPage>(url("/v1/events", { after: Math.max(0, lastEvent.value - 8), limit: 8 }), signal));
  const [chosen, choose] = useState("");
  const list = coins.value;
  const coin = list.find((one) => one.code === chosen) ?? list[0];
  const refusals = (status.data?.refusals ?? []).reduce((sum, one) => sum + one.count, 0);
  // Refusals make no event: they are asked for now and then.
  useEffect(() => { const timer = setInterval(() => status.reload(), 5_000); return () => clearInterval(timer); }, []);
  const expiring = (status.data?.expiring ?? []).find((one) => one.coin === coin?.code);
  return <>
    <PageHead title="Overview" sub="All coins, live" />
    <Attention />
    <Shown of={status} rows={2}>{(data) => <div class="tiles">
      <Tile label="Events" value={count(lastEvent.value)} href={to.events()} note="durable" />
      <Tile label="Open holds" value={count(data.open_holds)} href={to.holds()} note={data.oldest_hold_at ? `oldest ${ago(data.oldest_hold_at)}` : "none open"} />
      {coin && <Tile label={`Expiring ${coin.code}`} value={<Amount value={expiring?.within_7_days ?? 0} coin={coin.code} unit={false} />} note={`within 7 days; ${amount(expiring?.within_30_days ?? 0, coin.code)} within 30`} />}
      <Tile label="Refusals" value={count(data.refusals_by_time ? data.refusals_by_time.counts.reduce((sum, one) => sum + one, 0) : refusals)} note={data.refusals_by_time ? "in the last 24 hours" : "since the service started"} picture={data.refusals_by_time && <Bars values={byHour(data.refusals_by_time)} label="Refusals of each of the last 24 hours" />} />
      {data.archive && <Tile label="Archive" value={`${data.archive.lag_s.toFixed(0)} s`} note={`behind; ${bytes(data.archive.lag_bytes)}${data.archive.failures ? `, ${many(data.archive.failures, "failure")}` : ""}`} />}
    </div>}</Shown>
    <Shown of={loaded}>{() => <div class="coin-cards">{list.map((one) => <CoinCard key={one.code} coin={one} expiring={status.data?.expiring.find((other) => other.coin === one.code)?.within_7_days} isChosen={one.code === coin?.code} choose={() => choose(one.code)} />)}</div>}</Shown>
    {coin && <CoinChart coin={coin} />}
    <div class="two">
      <Card title="Newest events" actions={<a href={to.events()}>All events</a>}>
        <Shown of={events}>{(page) => page.events.length === 0 ? <Empty title="Nothing happened yet">Make a user and grant some coins.</Empty> : <ul class="feed">{[...page.events].reverse().map((event) => <li key={event.event}><EventLink event={event.event} /><span class="feed-words">{headline(event)}</span><span class="muted"><Time at={event.at} relative /></span></li>)}</ul>}</Shown>
      </Card>
      <Card title="Refusals"><Shown of={status}>{(data) => <Refusals data={data} sum={refusals} />}</Shown></Card>
    </div>
  </>;
}

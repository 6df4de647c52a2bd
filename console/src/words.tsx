// Events in plain words: what happened, or in a dry run what would happen.
import type { ComponentChildren, JSX } from "preact";
import type { Filter, LedgerEvent, Lot, OffReason } from "./api/types";
import { amount, count, span, spaced, when } from "./format";
import { Amount, EventLink, Name, UserLink, WebhookLink } from "./parts/basics";
import { inBurnOrder } from "./lots";

const Who = ({ id }: { id: string | undefined }) => id === undefined ? null : id.startsWith("@") ? <span class="system">{id}</span> : <UserLink id={id} />;

/** A lot by what people know of it. */
export function LotWords({ lot, coin }: { lot: Lot; coin: string }): JSX.Element {
  return <>
    <Amount value={lot.amount} coin={coin} unit={false} strong />{" "}
    {lot.grant === null ? "of the plain coins, which never expire" : <>
      of the {lot.category === "promotional" ? "promotional " : ""}lot that {lot.expires_at ? <>{new Date(lot.expires_at).getTime() < Date.now() ? "expired" : "expires"} on {when(lot.expires_at)}</> : "never expires"}
      {lot.priority !== undefined && lot.priority !== 50 && <>, priority {lot.priority}</>} (grant <EventLink event={lot.grant} />)
    </>}
  </>;
}

/** "every 30 days", "every month". */
export function everyWords(plan: { every_days?: number; every_months?: number; occurrences?: number }): string {
  if (plan.every_days) return plan.every_days === 1 ? "every day" : `every ${count(plan.every_days)} days`;
  if (plan.every_months) return plan.every_months === 1 ? "every month" : `every ${count(plan.every_months)} months`;
  return "once";
}

const coinsOf = (event: LedgerEvent): JSX.Element => <Amount value={event.amount ?? 0} coin={event.coin ?? ""} />;

const LISTED = 4;

/** Which events a webhook gets; of many kinds the first ones. */
export function getsWords(filter: Filter, isWhole = false): JSX.Element {
  const { kinds, coins, user_prefix: prefix } = filter;
  const listed = kinds?.slice(0, isWhole ? kinds.length : LISTED) ?? [];
  const rest = (kinds?.length ?? 0) - listed.length;
  return <>
    {kinds ? <>events of {kinds.length === 1 ? "the kind" : "the kinds"} {listed.map(spaced).join(", ")}{rest > 0 && ` and ${count(rest)} more`}</> : "all events but those about webhooks"}
    {coins && coins.length > 0 && <>, of {coins.join(", ")}</>}
    {prefix && <>, of users that begin with <Name text={prefix} /></>}
    {filter.crossed_only && ", only if they crossed a threshold"}
  </>;
}

const OFF: Record<OffReason, string> = { requested: "by a request", gone: "it answered 410 Gone", failing: "it failed for three days" };
export const offWords = (reason: OffReason): string => OFF[reason];

/** What it did, in one sentence without its end. */
export function headline(event: LedgerEvent): ComponentChildren {
  const who = <Who id={event.user} />;
  const hook = <WebhookLink id={event.webhook ?? ""} />;
  switch (event.kind) {
    case "user": return <>User {who} {event.created ? "was made" : "was changed"}{event.name ? <>, named <Name text={event.name} /></> : ""}</>;
    case "user_closed": return <>User {who} was closed for good</>;
    case "coin": return <>Coin <strong>{event.coin}</strong> {event.created ? "was made" : "was changed"}, with {event.decimals} decimals</>;
    case "grant": return <>{who} gets {coinsOf(event)}{event.schedule ? <> by schedule <Name text={event.schedule} /></> : ""}</>;
    case "spend": return event.to ? <>{who} pays {coinsOf(event)} to <Who id={event.to} /></> : <>{who} spends {coinsOf(event)}</>;
    case "transfer": return <><Who id={event.from} /> sends {coinsOf(event)} to <Who id={event.to} /></>;
    case "hold": return <>{coinsOf(event)} of {who} are held{event.to ? <> for <Who id={event.to} /></> : ""}</>;
    case "capture": return <>{coinsOf(event)} of {who} are captured{event.to ? <> and paid to <Who id={event.to} /></> : ""}</>;
    case "release": return <>{coinsOf(event)} of {who} are released</>;
    case "hold_expired": return <>A hold of {who} expired: {coinsOf(event)} are released</>;
    case "extend": return <>A hold of {who} is extended</>;
    case "expire": return <>{coinsOf(event)} of {who} expired</>;
    case "adjustment": return event.direction === "down" ? <>{coinsOf(event)} of {who} are taken back by schedule <Name text={event.schedule ?? ""} /></> : <>{who} gets {coinsOf(event)} more by schedule <Name text={event.schedule ?? ""} /></>;
    case "rollover": return <>{coinsOf(event)} of {who} roll over</>;
    case "reverse": return event.from ? <>{coinsOf(event)} go back from <Who id={event.from} /> to <Who id={event.to} /></>
      : event.of_kind === "grant" ? <>{coinsOf(event)} are taken back from {who}</> : <>{coinsOf(event)} come back to {who}</>;
    case "limits": return <>Limits of {who}’s {event.coin}: {event.frozen ? "frozen" : "not frozen"}, floor {amount(event.floor ?? 0, event.coin ?? "")}, ceiling {amount(event.ceiling ?? 0, event.coin ?? "")}</>;
    case "thresholds": return <>Thresholds of {event.user ? <>{who}’s </> : "coin "}{event.coin}: {event.thresholds === null || event.thresholds === undefined || event.thresholds.length === 0 ? "none" : event.thresholds.map((one) => amount(one, event.coin ?? "")).join(", ")}</>;
    case "spend_limit": return <>Spending limit of {event.user ? <>{who}’s </> : "coin "}{event.coin}: {event.amount === null || event.amount === undefined ? "none" : <>{coinsOf(event)} {perWords(event)}</>}</>;
    case "schedule": return <>Schedule <Name text={event.schedule ?? ""} />: {who} gets {coinsOf(event)} {everyWords(event)}</>;
    case "schedule_deleted": return <>Schedule <Name text={event.schedule ?? ""} /> ended</>;
    case "schedule_paused": return <>Schedule <Name text={event.schedule ?? ""} /> is paused</>;
    case "schedule_resumed": return <>Schedule <Name text={event.schedule ?? ""} /> goes on</>;
    case "key": return <>API key <Name text={event.name || `${event.id}`} /> was made, with the right {event.right}</>;
    case "key_revoked": return <>API key {event.id} was revoked</>;
    case "leader": return <>Node <Name text={event.node ?? ""} /> leads, epoch {event.epoch}</>;
    case "webhook": return <>Webhook {hook} {event.created ? "was made" : "was changed"}: {getsWords(event)} go to <Name text={event.url ?? ""} /></>;
    case "webhook_deleted": return <>Webhook <Name text={event.webhook ?? ""} /> was deleted</>;
    case "webhook_rotated": return <>Webhook {hook} signs with a new secret</>;
    case "webhook_failing": return <>Deliveries to webhook {hook} are failing</>;
    case "webhook_disabled": return <>Webhook {hook} was switched off{event.reason && event.reason !== "requested" ? <>: {offWords(event.reason)}</> : ""}</>;
    case "webhook_enabled": return <>Webhook {hook} was switched on</>;
    case "webhook_redelivered": return <>Deliveries to webhook {hook} go on from event <EventLink event={event.from_event ?? 0} /></>;
    case "webhook_progress": return <>Webhook {hook} has what is for it up to event <EventLink event={event.through ?? 0} /></>;
    default: return spaced(event.kind);
  }
}

export function perWords(limit: { per?: string; hours?: number }): string {
  return limit.per === "hours" ? `within ${span((limit.hours ?? 0) * 3_600)}` : `a ${limit.per ?? "day"}`;
}

const TAKES = new Set(["spend", "transfer", "hold", "capture"]);

/** The sentences that follow: which lots, until when, what is left. */
export function details(event: LedgerEvent): ComponentChildren[] {
  const said: ComponentChildren[] = [];
  const coin = event.coin ?? "";
  const many = (event.lots?.length ?? 0) > 1;
  if (event.kind === "grant") {
    said.push(event.expires_at ? <>They expire on {when(event.expires_at)}.</> : <>They never expire.</>);
    if (event.category === "promotional" || (event.priority !== undefined && event.priority !== 50)) said.push(<>They are {event.category} coins of priority {event.priority}.</>);
  }
  if ((event.kind === "hold" || event.kind === "extend") && event.expires_at) said.push(<>The hold ends by itself on {when(event.expires_at)}.</>);
  if (event.requested !== undefined && event.requested !== event.amount) said.push(<>{amount(event.requested, coin)} were asked for; this is what there is.</>);
  if (event.kind === "adjustment") said.push(<>The schedule was changed from {amount(event.scheduled_before ?? 0, coin)} to {amount(event.scheduled ?? 0, coin)}, also for its last occurrence.</>);
  if (event.kind === "schedule" && event.takes_effect === "now") said.push(<>What its last occurrence granted changes at once: what is missing is added, what is too much is taken from what is left of it.</>);
  if (event.kind === "schedule" && event.next_at) said.push(<>The next time is {when(event.next_at)}.</>);
  if (event.lots && event.lots.length > 0 && (TAKES.has(event.kind) || event.kind === "reverse" || event.kind === "expire")) {
    const goes = event.kind === "reverse" ? "These go back" : event.kind === "hold" ? "These are reserved" : "These go";
    said.push(<>{goes}{many && TAKES.has(event.kind) ? ", in this order" : ""}:
      <ol class={many ? "lots-taken" : "lots-taken one"}>{event.lots.map((lot, at) => <li key={at}><LotWords lot={lot} coin={coin} /></li>)}</ol></>);
  }
  if (event.kind === "capture" && BigInt(event.released ?? 0) > 0n) said.push(<>The rest of the hold, {amount(event.released ?? 0, coin)}, becomes available again.</>);
  if (event.kind === "capture" && event.state === "open") said.push(<>{amount(event.held ?? 0, coin)} stay held.</>);
  if (BigInt(event.expired ?? 0) > 0n) said.push(<>{amount(event.expired ?? 0, coin)} of them have expired meanwhile, and go to @expired at once.</>);
  if (BigInt(event.debt ?? 0) > 0n) said.push(<>{amount(event.debt ?? 0, coin)} of them are owed: the balance goes below zero.</>);
  if (event.kind === "reverse" && BigInt(event.remaining ?? 0) > 0n) said.push(<>{amount(event.remaining ?? 0, coin)} of the event stay as they are.</>);
  if (event.kind === "limits" && event.frozen) said.push(<>No coins can leave the account; it can still receive.</>);
  if (event.kind === "user_closed") said.push(<>This can’t be undone, and the id can’t be used again.</>);
  if (event.kind === "webhook") {
    if (event.from_event !== undefined) said.push(<>{event.created ? "The first one is" : "It goes on where it is:"} event {count(event.from_event)}{event.created ? "." : " is next."}</>);
    if ((event.batch ?? 1) > 1) said.push(<>A request carries up to {count(event.batch ?? 1)} of them.</>);
  }
  if (event.kind === "webhook_rotated") said.push((event.keep_s ?? 0) > 0 ? <>For {span(event.keep_s ?? 0)} requests are signed with the one before, too.</> : <>The one before no longer signs anything.</>);
  if (event.kind === "webhook_failing") said.push(<>It is tried again by itself. After three days of failures it is switched off.</>);
  if (event.kind === "webhook_disabled") said.push(<>Nothing is delivered until it is switched on again. It stays where it is.</>);
  if (event.kind === "webhook_enabled") said.push(<>Deliveries go on where they were, at once.</>);
  if (event.kind === "webhook_deleted") said.push(<>Nothing more is delivered to it.</>);
  for (const crossing of event.crossed ?? []) said.push(<>This crosses the threshold {amount(crossing.threshold, coin)} of <Who id={crossing.user} /> {crossing.direction === "up" ? "upwards" : "downwards"}.</>);
  return said;
}

/** What the accounts have after it. */
export function After({ event, isPreview }: { event: LedgerEvent; isPreview: boolean }): JSX.Element | null {
  const coin = event.coin ?? "";
  const rows = Object.entries(event.balances ?? {}).filter(([id]) => !id.startsWith("@"));
  if (rows.length === 0) return null;
  return <ul class="after">{rows.map(([id, balance]) => <li key={id}>
    After this <UserLink id={id} /> {isPreview ? "has" : "had"} <Amount value={balance.total} coin={coin} strong />
    {BigInt(balance.held) > 0n && <>, {amount(balance.held, coin)} of them held, <strong>{amount(balance.available, coin)}</strong> available</>}.
  </li>)}</ul>;
}

export function EventWords({ event, isPreview = false }: { event: LedgerEvent; isPreview?: boolean }): JSX.Element {
  return <div class="words">
    <p class="words-head">{headline(event)}.</p>
    {details(event).map((sentence, at) => <div class="words-line" key={at}>{sentence}</div>)}
    <After event={event} isPreview={isPreview} />
  </div>;
}

/** Lots as a table, in the order in which they are spent. */
export function LotTable({ lots, coin, isOrdered = true }: { lots: Lot[]; coin: string; isOrdered?: boolean }): JSX.Element {
  const rows = isOrdered ? inBurnOrder(lots) : lots;
  return <ol class="lot-list">{rows.map((lot, at) => <li key={at}><span class="order" aria-hidden="true">{at + 1}</span><span><LotWords lot={lot} coin={coin} /></span></li>)}</ol>;
}

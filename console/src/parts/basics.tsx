// The small parts that all pages are made of.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Int } from "../api/json";
import { Problem } from "../api/client";
import { ago, amount, fullTime, signed, spaced, time } from "../format";
import { to } from "../state/route";
import type { Loaded } from "../state/query";

/** A name of someone else: its direction must not turn what is around it. */
export const Name = ({ text, class: name }: { text: string; class?: string }) => <bdi class={name}>{text}</bdi>;

export const UserLink = ({ id }: { id: string }) => id.startsWith("@")
  ? <span class="system">{id}</span>
  : <a class="name-link" href={to.user(id)}><Name text={id} /></a>;

export const WebhookLink = ({ id }: { id: string }) => <a class="name-link" href={to.webhook(id)}><Name text={id} /></a>;

export const EventLink = ({ event, children }: { event: number; children?: ComponentChildren }) =>
  <a class="num" href={to.event(event)}>{children ?? `#${event}`}</a>;

export const Amount = ({ value, coin, unit = true, strong = false }: { value: Int; coin: string; unit?: boolean; strong?: boolean }) =>
  <span class={strong ? "amount strong" : "amount"}>{amount(value, coin)}{unit && <span class="unit"> {coin}</span>}</span>;

export const Change = ({ value, coin }: { value: Int; coin: string }) => {
  const exact = BigInt(value);
  return <span class={`amount ${exact > 0n ? "plus" : exact < 0n ? "minus" : "muted"}`}>{signed(value, coin)}</span>;
};

export const Time = ({ at, relative = false }: { at: string; relative?: boolean }) =>
  <time dateTime={at} title={relative ? fullTime(at) : `${fullTime(at)}, ${ago(at)}`}>{relative ? ago(at) : time(at)}</time>;

const TONES: Record<string, string> = {
  grant: "good", rollover: "good", adjustment: "info", spend: "bad", capture: "bad", expire: "warn", hold_expired: "warn", reverse: "info", hold: "info", transfer: "info",
  webhook_failing: "bad", webhook_disabled: "bad", webhook_deleted: "warn", webhook_enabled: "good",
  open: "info", captured: "good", released: "muted", expired: "warn", closed: "bad", frozen: "warn", paused: "warn", revoked: "bad",
};
export const Badge = ({ word, tone }: { word: string; tone?: string }) => <span class={`badge ${tone ?? TONES[word] ?? "muted"}`}>{spaced(word)}</span>;

const PATHS: Record<string, string> = {
  overview: "M3 12h4l3-8 4 16 3-8h4", users: "M16 20v-1.5a4 4 0 0 0-4-4H7a4 4 0 0 0-4 4V20M9.5 10.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7M21 20v-1.5a4 4 0 0 0-3-3.9M15.5 3.7a3.5 3.5 0 0 1 0 6.7",
  events: "M8 6h13M8 12h13M8 18h13M3.5 6h.01M3.5 12h.01M3.5 18h.01", coins: "M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16M12 8v8M9.5 10h3.7a1.8 1.8 0 0 1 0 3.6H10",
  keys: "M14 10a4.5 4.5 0 1 0-4.2 4.5L12 17h2.5v2.5H17V22h4v-3.5L13.6 11M8.5 9.5h.01", group: "M5 4h14v6H5zM5 14h14v6H5zM8.5 7h.01M8.5 17h.01",
  webhooks: "M12 5H5v14h14v-7M15 4h5v5M20 4l-9 9",
  holds: "M7 11V7.5a5 5 0 0 1 10 0V11M5 11h14v9H5z", schedules: "M4 6h16v14H4zM4 10.5h16M8.5 3v5M15.5 3v5", search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13M20 20l-4.7-4.7",
  close: "M6 6l12 12M18 6L6 18", moon: "M20 14.5A8 8 0 0 1 9.5 4a8 8 0 1 0 10.5 10.5", sun: "M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
  menu: "M4 6.5h16M4 12h16M4 17.5h16", out: "M14 4H5v16h9M10 12h11M17.5 8.5L21 12l-3.5 3.5", next: "M9 5l7 7-7 7", back: "M15 5l-7 7 7 7", undo: "M8 5L3.5 9.5 8 14M4 9.5h10a5.5 5.5 0 0 1 0 11h-3", plus: "M12 5v14M5 12h14", copy: "M9 9h11v11H9zM5 15H4V4h11v1",
};
export const Icon = ({ name }: { name: string }) =>
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false"><path d={PATHS[name] ?? ""} /></svg>;

type ButtonProps = { children: ComponentChildren; onClick?: () => void; kind?: "primary" | "danger" | "plain" | "quiet"; disabled?: boolean; icon?: string; type?: "button" | "submit"; label?: string };
export const Button = ({ children, onClick, kind = "plain", disabled, icon, type = "button", label }: ButtonProps) =>
  <button type={type} class={`button ${kind}`} onClick={onClick} disabled={disabled} aria-label={label}>{icon && <Icon name={icon} />}<span>{children}</span></button>;

export const Menu = ({ label, children }: { label: string; children: ComponentChildren }): JSX.Element =>
  <details class="menu" onKeyDown={(event) => { if (event.key === "Escape") { event.currentTarget.open = false; event.currentTarget.querySelector("summary")?.focus(); } }}
    onFocusOut={(event) => { if (!event.currentTarget.contains(event.relatedTarget as Node)) event.currentTarget.open = false; }}>
    <summary class="button plain">{label}</summary><div class="menu-items" onClick={(event) => { (event.currentTarget.parentElement as HTMLDetailsElement).open = false; }}>{children}</div></details>;

export const Item = ({ children, onClick, isDangerous = false }: { children: ComponentChildren; onClick: () => void; isDangerous?: boolean }): JSX.Element =>
  <button type="button" class={isDangerous ? "danger" : ""} onClick={onClick}>{children}</button>;

export const Card = ({ title, actions, children, class: name = "" }: { title?: ComponentChildren; actions?: ComponentChildren; children: ComponentChildren; class?: string }) =>
  <section class={`card ${name}`}>
    {(title || actions) && <header class="card-head">{title && <h2>{title}</h2>}{actions && <div class="card-actions">{actions}</div>}</header>}
    {children}
  </section>;

export const Empty = ({ title, children }: { title: string; children?: ComponentChildren }) =>
  <div class="empty"><p class="empty-title">{title}</p>{children && <div class="muted">{children}</div>}</div>;

export const Skeleton = ({ rows = 4 }: { rows?: number }) =>
  <div class="skeleton" role="status" aria-label="Loading">{Array.from({ length: rows }, (_, at) => <span key={at} />)}</div>;

export const Failure = ({ error, retry }: { error: Error; retry?: () => void }) =>
  <div class="notice bad" role="alert">
    <strong>{error instanceof Problem ? error.title : "This could not be loaded"}</strong>
    <p>{error.message}</p>
    {retry && <Button onClick={retry}>Try again</Button>}
  </div>;

/** What is loaded, or that it is on its way, or why it is not there. */
export function Shown<T>({ of, rows, children }: { of: Loaded<T>; rows?: number; children: (data: T) => ComponentChildren }): JSX.Element {
  if (of.error) return <Failure error={of.error} retry={of.reload} />;
  if (of.data === undefined) return <Skeleton rows={rows} />;
  return <>{children(of.data)}</>;
}

/** How a column is sorted, and what its head does. */
export interface Sort { is: "ascending" | "descending" | undefined; turn: () => void }
export interface Column<T> { head: string; end?: boolean; class?: string; sort?: Sort; cell: (row: T) => ComponentChildren }

export function Table<T>({ caption, columns, rows, rowKey, rowClass }: {
  caption: string; columns: Column<T>[]; rows: T[]; rowKey: (row: T) => string | number; rowClass?: (row: T) => string;
}): JSX.Element {
  return <div class="table-frame" role="region" aria-label={caption} tabIndex={0}>
    <table class="stack">
      <caption class="visually-hidden">{caption}</caption>
      <thead><tr>{columns.map((column, place) => <th key={place} scope="col" class={`${column.end ? "end" : ""} ${column.class ?? ""}`} aria-sort={column.sort ? column.sort.is ?? "none" : undefined}>{column.sort ? <button type="button" class="sort" onClick={column.sort.turn}>{column.head}<i aria-hidden="true" /></button> : column.head || <span class="visually-hidden">Actions</span>}</th>)}</tr></thead>
      <tbody>{rows.map((row) => <tr key={rowKey(row)} class={rowClass?.(row)}>{columns.map((column, place) =>
        <td key={place} class={`${column.end ? "end" : ""} ${column.class ?? ""}`} data-head={column.head}><span class="cell">{column.cell(row)}</span></td>)}</tr>)}</tbody>
    </table>
  </div>;
}

export const Facts = ({ rows }: { rows: [string, ComponentChildren][] }) =>
  <dl class="facts">{rows.filter(([, value]) => value !== undefined && value !== null && value !== "" && value !== false).map(([name, value]) =>
    <div key={name}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;

/** Names its page in the title of the window, and for who can't see it. */
export function PageHead({ title, sub, actions, children }: { title: string; sub?: ComponentChildren; actions?: ComponentChildren; children?: ComponentChildren }): JSX.Element {
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => { document.title = `${title} · Tocos`; }, [title]);
  return <header class="page-head">
    <div class="page-title"><h1 ref={head} tabIndex={-1}>{children ?? title}</h1>{sub && <div class="sub">{sub}</div>}</div>
    {actions && <div class="page-actions">{actions}</div>}
  </header>;
}

export function Copy({ text, what }: { text: string; what: string }): JSX.Element {
  const [done, setDone] = useState(false);
  const copy = (): void => {
    void navigator.clipboard?.writeText(text).then(() => { setDone(true); setTimeout(() => setDone(false), 1_500); });
  };
  return <Button kind="quiet" icon="copy" onClick={copy} label={`Copy ${what}`}>{done ? "Copied" : "Copy"}</Button>;
}

/** Pages by cursor: the cursors of the pages before are kept for the way back. */
export function usePages(key: string): { cursor: string; pager: (next: string | null) => JSX.Element | null; page: number } {
  const [state, setState] = useState<{ key: string; cursors: string[] }>({ key, cursors: [] });
  const cursors = state.key === key ? state.cursors : [];
  const cursor = cursors[cursors.length - 1] ?? "";
  const pager = (next: string | null): JSX.Element | null => cursors.length === 0 && !next ? null : <nav class="pager" aria-label="Pages">
    <Button icon="back" disabled={cursors.length === 0} onClick={() => setState({ key, cursors: cursors.slice(0, -1) })}>Back</Button>
    <span class="muted">Page {cursors.length + 1}</span>
    <Button disabled={!next} onClick={() => next && setState({ key, cursors: [...cursors, next] })}>Next</Button>
  </nav>;
  return { cursor, pager, page: cursors.length };
}

// The fields of forms. Values are texts as they were typed; a request reads them exactly.
import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { get, url } from "../api/client";
import type { UserSummary } from "../api/types";
import { readAmount, time } from "../format";
import { coins, loadCoins } from "../state/coins";
import { useLoaded, useRested } from "../state/query";

export type Form = Record<string, string>;

export interface Field {
  name: string;
  label: string;
  kind: "amount" | "user" | "coin" | "text" | "number" | "check" | "choice" | "expiry" | "moment" | "amounts" | "several";
  hint?: string;
  /** Of a choice, or of several; several without them are coins. */
  options?: [string, string][];
  /** Left out of the form, and of the request, unless this holds. */
  shown?: (form: Form) => boolean;
  /** Behind "More". */
  more?: boolean;
  optional?: boolean;
  /** For expiries: whether there is a "never". */
  never?: string | null;
}

const DAY_MS = 86_400_000;

/** Without milliseconds, as people say it. */
const inDays = (days: number): string => `${new Date(Date.now() + days * DAY_MS).toISOString().slice(0, 19)}Z`;

/** A moment as an input of the browser writes it: in local time. */
function localText(at: string): string {
  if (!at) return "";
  const date = new Date(at);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function fromLocal(text: string): string {
  const date = new Date(text);
  return text && !Number.isNaN(date.getTime()) ? date.toISOString() : "";
}

interface InputProps { field: Field; form: Form; id: string; described: string; error: string; set: (value: string) => void }

function UserInput({ form, field, id, described, error, set }: InputProps): JSX.Element {
  const value = form[field.name] ?? "";
  const rested = useRested(value.trim(), 120);
  const list = useId();
  const found = useLoaded(rested ? `q:${rested}` : null, (signal) => get<{ users: UserSummary[] }>(url("/v1/users", { q: rested, limit: 8 }), signal), false, true);
  return <>
    <input id={id} type="text" value={value} list={list} autocomplete="off" dir="auto" spellcheck={false} aria-describedby={described} aria-invalid={!!error}
      onInput={(event) => set(event.currentTarget.value)} />
    <datalist id={list}>{(found.data?.users ?? []).map((user) => <option key={user.id} value={user.id}>{user.name ?? ""}</option>)}</datalist>
  </>;
}

const CHIPS: [string, number][] = [["7 days", 7], ["30 days", 30], ["90 days", 90], ["1 year", 365]];

function ExpiryInput({ form, field, id, described, set }: InputProps): JSX.Element {
  const value = form[field.name] ?? "";
  const [chosen, choose] = useState(value ? "other" : "never");
  const chip = (name: string, label: string, next: string): JSX.Element =>
    <label class={chosen === name ? "chip on" : "chip"} key={name}>
      <input type="radio" name={id} checked={chosen === name} onChange={() => { choose(name); set(next); }} />{label}
    </label>;
  return <div class="chips" role="radiogroup" aria-label={field.label} aria-describedby={described} id={id}>
    {field.never !== null && chip("never", field.never ?? "Never", "")}
    {CHIPS.map(([label, days]) => chip(label, label, chosen === label ? value : inDays(days)))}
    {chip("other", "Other", value || inDays(30))}
    {chosen === "other" && <input type="datetime-local" aria-label={`${field.label}: other`} value={localText(value)} onInput={(event) => set(fromLocal(event.currentTarget.value))} />}
    {value && <span class="muted chip-note">{time(value)}</span>}
  </div>;
}

/** All coins, also those that were made since the page was opened. */
function CoinInput({ form, field, id, described, error, set }: InputProps): JSX.Element {
  useLoaded("coins", loadCoins);
  return <select id={id} aria-describedby={described} aria-invalid={!!error} value={form[field.name] ?? ""} onChange={(event) => set(event.currentTarget.value)}>
    {coins.value.map((coin) => <option key={coin.code} value={coin.code}>{coin.code}</option>)}
  </select>;
}

/** Any number of them; the value is what was chosen, with blanks between. */
function SeveralInput({ form, field, id, described, set }: InputProps): JSX.Element {
  useLoaded(field.options ? null : "coins", loadCoins);
  const chosen = new Set((form[field.name] ?? "").split(" ").filter(Boolean));
  const options = field.options ?? coins.value.map((coin): [string, string] => [coin.code, coin.code]);
  const turn = (key: string, isOn: boolean): void => {
    if (isOn) chosen.add(key); else chosen.delete(key);
    // In the order of the options, so that the same choice is the same request.
    set([...options.map(([name]) => name).filter((name) => chosen.delete(name)), ...chosen].join(" "));
  };
  return <div class="chips" role="group" aria-label={field.label} aria-describedby={described} id={id}>{options.map(([key, label]) =>
    <label class={chosen.has(key) ? "chip on" : "chip"} key={key}><input type="checkbox" checked={chosen.has(key)} onChange={(event) => turn(key, event.currentTarget.checked)} />{label}</label>)}</div>;
}

function Input(props: InputProps): JSX.Element {
  const { field, form, id, described, error, set } = props;
  const value = form[field.name] ?? "";
  const shared = { id, "aria-describedby": described, "aria-invalid": !!error };
  switch (field.kind) {
    case "user": return <UserInput {...props} />;
    case "expiry": return <ExpiryInput {...props} />;
    case "several": return <SeveralInput {...props} />;
    case "coin": return <CoinInput {...props} />;
    case "choice": return <select {...shared} value={value} onChange={(event) => set(event.currentTarget.value)}>{(field.options ?? []).map(([key, label]) => <option key={key} value={key}>{label}</option>)}</select>;
    case "moment": return <input {...shared} type="datetime-local" value={localText(value)} onInput={(event) => set(fromLocal(event.currentTarget.value))} />;
    case "amount": return <span class="with-unit"><input {...shared} type="text" inputMode="decimal" autocomplete="off" class="num" value={value} onInput={(event) => set(event.currentTarget.value)} />{form["coin"] && <span class="unit">{form["coin"]}</span>}</span>;
    default: return <input {...shared} type="text" inputMode={field.kind === "number" ? "numeric" : "text"} autocomplete="off" dir="auto" value={value} onInput={(event) => set(event.currentTarget.value)} />;
  }
}

export function FieldRow({ field, form, error, set }: { field: Field; form: Form; error: string; set: (value: string) => void }): JSX.Element {
  const id = useId();
  if (field.kind === "check") {
    return <label class="field check"><input type="checkbox" checked={form[field.name] === "true"} onChange={(event) => set(event.currentTarget.checked ? "true" : "")} /><span>{field.label}{field.hint && <small>{field.hint}</small>}</span></label>;
  }
  const described = `${id}-about`;
  return <div class={`field ${field.kind}`}>
    {field.kind === "expiry" || field.kind === "several" ? <span class="label">{field.label}{field.optional && <span class="muted"> (optional)</span>}</span> : <label class="label" for={id}>{field.label}{field.optional && <span class="muted"> (optional)</span>}</label>}
    <Input field={field} form={form} id={id} described={described} error={error} set={set} />
    <small id={described} class={error ? "error" : ""}>{error || field.hint}</small>
  </div>;
}

/** Reads a form into a request; what is missing or wrong is collected by field. */
export class Reader {
  readonly errors: Record<string, string> = {};
  constructor(private readonly form: Form) {}

  text(name: string): string | undefined { return this.form[name]?.trim() || undefined; }

  required(name: string): string {
    const value = this.text(name);
    if (value === undefined) this.errors[name] = "";
    return value ?? "";
  }

  amount(name: string, isRequired = true): bigint | undefined {
    const text = this.form[name] ?? "";
    if (!text.trim()) {
      if (isRequired) this.errors[name] = "";
      return undefined;
    }
    const read = readAmount(text, this.form["coin"] ?? "");
    if (typeof read === "bigint") return read;
    this.errors[name] = read;
    return undefined;
  }

  amounts(name: string): bigint[] {
    const texts = (this.form[name] ?? "").split(/[;\s]+/).filter(Boolean);
    return texts.flatMap((text) => {
      const read = readAmount(text, this.form["coin"] ?? "");
      if (typeof read === "bigint") return [read];
      this.errors[name] = read;
      return [];
    });
  }

  /** What was chosen of several. */
  several(name: string): string[] { return (this.form[name] ?? "").split(" ").filter(Boolean); }

  integer(name: string, isRequired = false): number | undefined {
    const text = (this.form[name] ?? "").trim();
    if (!text) {
      if (isRequired) this.errors[name] = "";
      return undefined;
    }
    if (!/^\d{1,15}$/.test(text)) { this.errors[name] = "This is not a whole number."; return undefined; }
    return Number(text);
  }

  flag(name: string): boolean { return this.form[name] === "true"; }
}

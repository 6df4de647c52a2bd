// Numbers and times as the browser's locale writes them. Amounts are never put through a floating-point number.
import type { Int } from "./api/json";
import { decimalsOf } from "./state/coins";

const plain = new Intl.NumberFormat();
const formats = new Map<number, Intl.NumberFormat>();

function formatOf(decimals: number): Intl.NumberFormat {
  let format = formats.get(decimals);
  if (!format) {
    format = new Intl.NumberFormat(undefined, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    formats.set(decimals, format);
  }
  return format;
}

/** `1234` with two decimals is `12.34`, exactly. */
export function decimalText(value: Int, decimals: number): string {
  const exact = BigInt(value);
  const digits = (exact < 0n ? -exact : exact).toString().padStart(decimals + 1, "0");
  const sign = exact < 0n ? "-" : "";
  return decimals === 0 ? sign + digits : `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}

/** An amount of a coin, without its name. */
export function amount(value: Int, coin: string): string {
  const decimals = decimalsOf(coin);
  if (decimals === 0) return plain.format(value);
  return formatOf(decimals).format(decimalText(value, decimals) as unknown as number);
}

/** With a sign also where it grows. */
export function signed(value: Int, coin: string): string {
  const exact = BigInt(value);
  if (exact === 0n) return amount(0, coin);
  return exact > 0n ? `+${amount(exact, coin)}` : `\u2212${amount(-exact, coin)}`;
}

export const count = (value: Int): string => plain.format(value);
/** "1 hold", "2 holds". */
export const many = (value: number, word: string): string => `${plain.format(value)} ${word}${value === 1 ? "" : "s"}`;

const compact = new Intl.NumberFormat(undefined, { notation: "compact", maximumFractionDigits: 1 });
/** For axes, where there is no room. */
export const brief = (value: number): string => compact.format(value);

const separators = (() => {
  const parts = plain.formatToParts(1234567.5).concat(new Intl.NumberFormat(undefined, { minimumFractionDigits: 1 }).formatToParts(1.5));
  return {
    group: parts.find((part) => part.type === "group")?.value ?? ",",
    decimal: parts.find((part) => part.type === "decimal")?.value ?? ".",
  };
})();
const zero = plain.format(0);

/** What was typed as an amount of a coin, exactly; a text says why it is none. */
export function readAmount(text: string, coin: string): bigint | string {
  const decimals = decimalsOf(coin);
  let clean = text.trim().replaceAll("\u2212", "-").replaceAll("\u00a0", "").replaceAll("\u202f", "").replaceAll(" ", "").replaceAll("'", "").replaceAll("’", "");
  // Digits of the locale's own script.
  const base = zero.codePointAt(0) ?? 48;
  if (base !== 48) clean = [...clean].map((c) => { const digit = (c.codePointAt(0) ?? 0) - base; return digit >= 0 && digit <= 9 ? String(digit) : c; }).join("");
  if (separators.group.trim()) clean = clean.replaceAll(separators.group, "");
  clean = clean.replace(separators.decimal, ".");
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(clean);
  if (!match) return text.trim() ? "This is not a number." : "";
  const fraction = match[3] ?? "";
  if (fraction.length > decimals) return decimals === 0 ? "This coin has no decimals." : `This coin has ${decimals} decimals.`;
  return BigInt(`${match[1]}${match[2]}${fraction.padEnd(decimals, "0")}`);
}

const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const exactTime = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const dayOnly = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const shortDay = new Intl.DateTimeFormat(undefined, { month: "short", day: "numeric" });
const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const minute = new Intl.DateTimeFormat(undefined, { timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const weekday = new Intl.DateTimeFormat(undefined, { weekday: "long", hour: "numeric", minute: "2-digit" });

export const time = (at: string): string => dateTime.format(new Date(at));
export const fullTime = (at: string): string => exactTime.format(new Date(at));
export const date = (at: string | Date): string => dayOnly.format(new Date(at));
export const day = (at: string | Date): string => shortDay.format(new Date(at));
export const clockTime = (at: string): string => clock.format(new Date(at));
export const minuteTime = (at: string | Date): string => minute.format(new Date(at));
/** The times from one to the other: "14:10 – 14:20". */
export const between = (from: Date, until: Date): string => minute.formatRange(from, until);

// Years and months only from two on: "in 45 days" says more than "next month".
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [["year", 63_115_200], ["month", 5_259_600], ["day", 86_400], ["hour", 3_600], ["minute", 60]];

/** "in 30 days", "2 minutes ago". */
export function ago(at: string, now = Date.now()): string {
  const seconds = (new Date(at).getTime() - now) / 1_000;
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) >= length * 0.95) return relative.format(Math.round(seconds / (unit === "year" || unit === "month" ? length / 2 : length)), unit);
  }
  return relative.format(Math.round(seconds), "second");
}

/** A time in a sentence: the weekday if it is near, else the date. */
export function when(at: string): string {
  const days = (new Date(at).getTime() - Date.now()) / 86_400_000;
  return days > 0 && days < 6.5 ? `${weekday.format(new Date(at))} (${ago(at)})` : `${time(at)} (${ago(at)})`;
}

const UNITS: [number, string][] = [[86_400, "day"], [3_600, "hour"], [60, "minute"], [1, "second"]];
/** A length of time in whole units: "30 days". */
export function span(seconds: number): string {
  const [length, unit] = UNITS.find(([length]) => seconds >= length && seconds % length === 0) ?? [1, "second"];
  return new Intl.NumberFormat(undefined, { style: "unit", unit, unitDisplay: "long" }).format(seconds / length);
}

const bytesFormat = (unit: string): Intl.NumberFormat => new Intl.NumberFormat(undefined, { style: "unit", unit, maximumFractionDigits: 1 });
export function bytes(value: number): string {
  if (value < 1_024) return bytesFormat("byte").format(value);
  return value < 1_048_576 ? bytesFormat("kilobyte").format(value / 1_024) : bytesFormat("megabyte").format(value / 1_048_576);
}

/** `insufficient_funds` as "insufficient funds". */
export const spaced = (word: string): string => word.replaceAll("_", " ");

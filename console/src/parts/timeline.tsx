// The lots of an account on a line of time: when each expires, how large it is, and the order in which they are spent.
import type { JSX } from "preact";
import type { Lot } from "../api/types";
import { ago, amount, brief, date, day } from "../format";
import { inBurnOrder } from "../lots";

/** Beyond this the line is too crowded to be read. */
const SHOWN_MAX = 40;

export function Timeline({ lots, coin }: { lots: Lot[]; coin: string }): JSX.Element | null {
  const ordered = inBurnOrder(lots);
  const expiring = ordered.filter((lot) => lot.expires_at).slice(0, SHOWN_MAX);
  if (expiring.length === 0) return null;
  const now = Date.now();
  const ends = expiring.map((lot) => new Date(lot.expires_at ?? "").getTime());
  const length = Math.max(86_400_000, Math.max(...ends) - now);
  // Near lots matter most and lie close together.
  const place = (at: number): number => Math.sqrt(Math.max(0, (at - now) / length)) * 78 + 2;
  const largest = Math.max(...ordered.map((lot) => Number(lot.amount)), 1);
  const height = (lot: Lot): number => Math.max(14, Math.sqrt(Number(lot.amount) / largest) * 72);
  const never = ordered.filter((lot) => !lot.expires_at);
  const marks = [0.1, 0.42, 1].map((part) => now + length * part);
  return <div class="timeline"><div role="img" aria-label={`Lots by expiry: ${ordered.slice(0, 12).map((lot, at) => `${at + 1}. ${amount(lot.amount, coin)}, ${lot.expires_at ? date(lot.expires_at) : "never"}`).join("; ")}`}>
    <svg class="timeline-svg" aria-hidden="true" width="100%" height="132">
      <line x1="2%" x2="82%" y1="104" y2="104" class="rule" />
      <text x="2%" y="124" class="axis">now</text>
      {marks.map((at) => <g key={at}><line x1={`${place(at)}%`} x2={`${place(at)}%`} y1="100" y2="108" class="rule" /><text x={`${place(at)}%`} y="124" class="axis middle">{day(new Date(at))}</text></g>)}
      {never.length > 0 && <text x="90%" dx="11" y="124" class="axis middle">never</text>}
      {never.map((lot, at) => <g key={`n${at}`}><title>{`${amount(lot.amount, coin)} ${coin}, never expires`}</title>
        <rect x={`${90 + at * 4}%`} y={104 - height(lot)} width="22" height={height(lot)} rx="4" class={lot.category === "promotional" ? "lot promotional" : "lot plain"} />
        <text x={`${90 + at * 4}%`} dx="11" y={96 - height(lot)} class="order middle">{ordered.indexOf(lot) + 1}</text></g>)}
      {expiring.map((lot, at) => <g key={at}><title>{`${amount(lot.amount, coin)} ${coin}, expires ${ago(lot.expires_at ?? "")}`}</title>
        <rect x={`${place(ends[at] ?? now)}%`} transform="translate(-11 0)" y={104 - height(lot)} width="22" height={height(lot)} rx="4" class={lot.category === "promotional" ? "lot promotional" : "lot paid"} />
        <text x={`${place(ends[at] ?? now)}%`} y={96 - height(lot)} class="order middle">{ordered.indexOf(lot) + 1}</text>
        {height(lot) > 30 && <text x={`${place(ends[at] ?? now)}%`} y="99" class="inside middle">{brief(Number(lot.amount))}</text>}</g>)}
    </svg></div>
    <div class="legends"><span class="legend"><i class="paid" />paid</span><span class="legend"><i class="promotional" />promotional</span>{never.length > 0 && <span class="legend"><i class="plain" />plain</span>}<span class="muted">Numbers say the order in which they are spent.</span></div>
  </div>;
}

// The order in which lots are spent: rule 13 of docs/rules.md.
import type { Lot } from "./api/types";

const PRIORITY = 50;

export function inBurnOrder(lots: Lot[]): Lot[] {
  const time = (lot: Lot): number => (lot.expires_at ? new Date(lot.expires_at).getTime() : Infinity);
  return [...lots].sort((a, b) =>
    (a.priority ?? PRIORITY) - (b.priority ?? PRIORITY)
    || (time(a) === time(b) ? 0 : time(a) - time(b))
    || Number(a.category !== "promotional") - Number(b.category !== "promotional")
    || (a.grant ?? 0) - (b.grant ?? 0));
}

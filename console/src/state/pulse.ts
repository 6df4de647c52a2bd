// What makes the console live: one long poll that notices new events, and that the service went away and came back.
import { signal } from "@preact/signals";
import { away, Away, get, url } from "../api/client";
import type { EventPage } from "../api/types";
import { lastEvent, phase } from "./session";

/** Grows whenever what is shown may have changed. */
export const tick = signal(0);

const PAUSE_MS = 700;
const AWAY_MS = 1_000;
const WAIT_S = 20;
const sleep = (ms: number): Promise<void> => new Promise((done) => { setTimeout(done, ms); });

let running = 0;

export async function live(): Promise<void> {
  const mine = ++running;
  while (mine === running && phase.value === "in") {
    try {
      // Of many new events one is fetched: only their last number matters here.
      const wait = away.value === null && !document.hidden ? WAIT_S : undefined;
      const page = await get<EventPage>(url("/v1/events", { after: lastEvent.value, limit: 1, wait_s: wait }));
      if (mine !== running) return;
      const isBack = away.value !== null;
      if (isBack) away.value = null;
      if (isBack || page.last_event !== lastEvent.value) {
        lastEvent.value = page.last_event;
        tick.value += 1;
      }
      await sleep(document.hidden ? 5_000 : PAUSE_MS);
    } catch (error) {
      if (!(error instanceof Away) && phase.value !== "in") return;
      await sleep(AWAY_MS);
    }
  }
}

/** Shows at once what was just written. */
export function touch(): void { tick.value += 1; }

// The feed of events, without end: after a break it goes on behind the last event that was seen.
import type { CallOptions } from "./options.js";
import type { Transport } from "./transport.js";
import type { Event } from "./types.js";

/** Where the feed begins, and what it has. */
export interface FollowOptions {
  /**
   * The number of the last event that was seen; `latest` begins with what comes next. Default: 0, the beginning. Keep the number of each event
   * with what you make of it, and pass it here after a restart: then none is missed and none comes twice.
   */
  after?: number | "latest" | undefined;
  /** Only events that crossed a threshold. */
  crossed?: boolean | undefined;
  /** Ends the feed: the loop over it then throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** How long a request waits for the next event, from 1 to 60 seconds. Default: 30. */
  waitS?: number | undefined;
  /** How long the feed goes on without reaching the service. Default: forever. */
  timeoutMs?: number | undefined;
}

interface EventList {
  events: Event[];
  last_event: number;
  next_after?: number;
}

// Beyond every event.
const END = Number.MAX_SAFE_INTEGER;

export async function* follow(transport: Transport, options: FollowOptions): AsyncGenerator<Event, void, undefined> {
  const { crossed, signal, waitS = 30 } = options;
  const call: CallOptions = {
    signal,
    timeoutMs: waitS * 1_000 + (options.timeoutMs ?? Infinity),
    attemptTimeoutMs: waitS * 1_000 + transport.attemptTimeoutMs,
    maxRetries: Infinity,
  };
  const load = (query: Record<string, number | boolean | undefined>): Promise<EventList> =>
    transport.send<EventList>({ method: "GET", path: "/v1/events", query, kind: "read", options: call });
  let after = options.after === "latest" ? (await load({ after: END, limit: 1 })).last_event : (options.after ?? 0);
  for (;;) {
    const page = await load({ after, limit: 1_000, wait_s: waitS, crossed });
    for (const event of page.events) {
      signal?.throwIfAborted();
      yield event;
      after = event.event;
    }
    after = Math.max(after, page.next_after ?? 0);
  }
}

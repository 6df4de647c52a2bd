// The events in order, those that name something, and what reverses one.
import { path } from "../transport.js";
import { follow, type FollowOptions } from "../feed.js";
import type { ReadOptions, WriteOptions } from "../options.js";
import { Pages } from "../pages.js";
import { Resource } from "./resource.js";
import type { Event, Query, ReverseBody, ReverseEvent } from "../types.js";

interface EventList {
  events: Event[];
  last_event: number;
  next_after?: number;
}

export class Events extends Resource {
  get(event: number, options: ReadOptions = {}): Promise<Event> {
    return this.read(path`/v1/events/${event}`, options);
  }

  /**
   * The events up to now, in order: all, those that crossed a threshold, or those that name an `idempotency_key`, a `reference` or a `schedule`.
   * `follow` goes on with what comes next.
   */
  list(query: Omit<Query<"get_v1_events">, "wait_s"> = {}, options: ReadOptions = {}): Pages<Event, number> {
    return new Pages<Event, number>(async (after) => {
      const page = await this.read<EventList>("/v1/events", options, { ...query, ...(after === undefined ? {} : { after }) });
      const next = page.next_after ?? page.events.at(-1)?.event ?? page.last_event;
      return { items: page.events, next: next < page.last_event ? next : null };
    });
  }

  /** The events as they come, without end: after a break it goes on behind the last event that was seen. */
  follow(options: FollowOptions = {}): AsyncGenerator<Event, void, undefined> {
    return follow(this.transport, options);
  }

  /** Moves coins of a grant, spend, transfer, capture or expiry back: `amount`, or what is left of it. */
  reverse(event: number, body: ReverseBody = {}, options: WriteOptions = {}): Promise<ReverseEvent> {
    return this.write("POST", path`/v1/events/${event}/reverse`, body, options);
  }
}

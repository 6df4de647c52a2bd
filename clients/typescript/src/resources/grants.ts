// Where the coins of a grant are.
import { path } from "../transport.js";
import type { ReadOptions } from "../options.js";
import { Pages } from "../pages.js";
import { Resource } from "./resource.js";
import type { Grant, GrantUse, Query } from "../types.js";

export class Grants extends Resource {
  /** Where the coins of a grant or a rollover are. After a million uses the response takes seconds. */
  get(event: number, options: ReadOptions = {}): Promise<Grant> {
    return this.longRead(path`/v1/grants/${event}`, options);
  }

  /** The events that used the coins of a grant, each with what it changed. */
  uses(event: number, query: Query<"get_v1_grants_event_uses"> = {}, options: ReadOptions = {}): Pages<GrantUse, number> {
    return new Pages<GrantUse, number>(async (after) => {
      const page = await this.longRead<{ uses: GrantUse[]; next_after: number | null }>(path`/v1/grants/${event}/uses`, options, {
        ...query,
        ...(after === undefined ? {} : { after }),
      });
      return { items: page.uses, next: page.next_after };
    });
  }
}

// Holds: coins that are reserved before the work, and captured or released after it.
import { path } from "../transport.js";
import type { ReadOptions, WriteOptions } from "../options.js";
import type { Pages } from "../pages.js";
import { Resource } from "./resource.js";
import type { CaptureBody, CaptureEvent, ExtendBody, ExtendEvent, Hold, HoldBody, HoldEvent, Query, ReleaseBody, ReleaseEvent } from "../types.js";

export class Holds extends Resource {
  /** Reserves coins. `Tocos.hold` and `Tocos.withHold` do that with a scope that releases them. */
  create(body: HoldBody, options: WriteOptions = {}): Promise<HoldEvent> {
    return this.write("POST", "/v1/holds", body, options);
  }

  /** The open holds, the oldest first. */
  list(query: Query<"get_v1_holds"> = {}, options: ReadOptions = {}): Pages<Hold> {
    return this.cursorList<Hold>("/v1/holds", "holds", query, options);
  }

  get(hold: number, options: ReadOptions = {}): Promise<Hold> {
    return this.read(path`/v1/holds/${hold}`, options);
  }

  /** Takes held coins: `amount`, or everything. Unless `final` is false, the rest is released. */
  capture(hold: number, body: CaptureBody = {}, options: WriteOptions = {}): Promise<CaptureEvent> {
    return this.write("POST", path`/v1/holds/${hold}/capture`, body, options);
  }

  /** Returns the held coins. */
  release(hold: number, body: ReleaseBody = {}, options: WriteOptions = {}): Promise<ReleaseEvent> {
    return this.write("POST", path`/v1/holds/${hold}/release`, body, options);
  }

  /** Sets a later expiry. */
  extend(hold: number, body: ExtendBody, options: WriteOptions = {}): Promise<ExtendEvent> {
    return this.write("POST", path`/v1/holds/${hold}/extend`, body, options);
  }
}

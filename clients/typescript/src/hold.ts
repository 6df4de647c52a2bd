// A hold that can't be forgotten: who leaves its scope without a capture, by an error or otherwise, releases it.
import { HoldEndedError } from "./problems.js";
import type { CallOptions, WriteOptions } from "./options.js";
import type { Holds } from "./resources/holds.js";
import type { CaptureBody, CaptureEvent, ExtendBody, ExtendEvent, HoldEvent, ReleaseBody, ReleaseEvent } from "./types.js";

/** An open hold. */
export class OpenHold {
  readonly #holds: Holds;
  readonly #timeouts: CallOptions;
  #open = true;

  constructor(
    holds: Holds,
    /** The event that made the hold. */
    readonly event: HoldEvent,
    options: CallOptions,
  ) {
    this.#holds = holds;
    // Not the signal: a hold is released also, and above all, when its work is aborted.
    this.#timeouts = { timeoutMs: options.timeoutMs, attemptTimeoutMs: options.attemptTimeoutMs };
  }

  get id(): number {
    return this.event.id;
  }

  /**
   * Takes what the work cost and, unless `final` is false, releases the rest. The amount must be given, so that a bill that is missing by
   * mistake does not take everything; `captureAll` takes everything.
   */
  async capture(amount: number, body: Omit<CaptureBody, "amount"> = {}, options: WriteOptions = {}): Promise<CaptureEvent> {
    if (typeof amount !== "number") throw new TypeError(`capture: an amount was expected, not ${String(amount)}`);
    return this.#capture({ ...body, amount }, options);
  }

  /** Takes everything that is held. */
  captureAll(body: Omit<CaptureBody, "amount" | "final" | "excess"> = {}, options: WriteOptions = {}): Promise<CaptureEvent> {
    return this.#capture(body, options);
  }

  async #capture(body: CaptureBody, options: WriteOptions): Promise<CaptureEvent> {
    const event = await this.#holds.capture(this.id, body, options);
    if (event.state !== "open" && !options.dryRun) this.#open = false;
    return event;
  }

  /** Returns everything that is still held. */
  async release(body: ReleaseBody = {}, options: WriteOptions = {}): Promise<ReleaseEvent> {
    const event = await this.#holds.release(this.id, body, options);
    if (!options.dryRun) this.#open = false;
    return event;
  }

  /** Sets a later expiry. */
  extend(body: ExtendBody, options: WriteOptions = {}): Promise<ExtendEvent> {
    return this.#holds.extend(this.id, body, options);
  }

  /** Releases what is still held. `await using` calls it. A hold that has ended meanwhile is fine. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#end();
  }

  async #end(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    try {
      await this.#holds.release(this.id, {}, this.#timeouts);
    } catch (error) {
      if (!(error instanceof HoldEndedError)) throw error;
    }
  }

  /** What `await using` does at the end of its scope, for code without it. */
  close(): Promise<void> {
    return this.#end();
  }
}

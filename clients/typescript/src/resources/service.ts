// The service itself: its clock, its group of nodes.
import type { CallOptions, ReadOptions } from "../options.js";
import { Resource } from "./resource.js";
import type { Clock as ClockState, Cluster as ClusterState, Handover, TestClock } from "../types.js";

export class Clock extends Resource {
  /** The ledger's time and the system's. */
  get(options: ReadOptions = {}): Promise<ClockState> {
    return this.read("/v1/clock", options);
  }

  /** Accepts a clock that is implausible. What expires up to then expires permanently. */
  accept(body: { system_time?: string } = {}, options: CallOptions = {}): Promise<ClockState> {
    return this.once("/v1/clock/accept", body, options);
  }

  /** Moves the time of a ledger with a test clock forward. */
  advance(seconds: number, options: CallOptions = {}): Promise<TestClock> {
    return this.once("/v1/test-clock/advance", { seconds }, options);
  }
}

export class Cluster extends Resource {
  /** Who leads, and how far each node is. */
  get(options: ReadOptions = {}): Promise<ClusterState> {
    return this.read("/v1/cluster", options);
  }

  /** Hands the lead over to the node that is furthest on. */
  handover(options: CallOptions = {}): Promise<Handover> {
    return this.once("/v1/cluster/handover", {}, options);
  }
}

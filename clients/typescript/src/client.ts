// The client: what the API can do, by name.
import { OpenHold } from "./hold.js";
import type { JsonObject } from "./json.js";
import type { CallOptions, ClientOptions, ReadOptions, WriteOptions } from "./options.js";
import { Coins } from "./resources/coins.js";
import { Events } from "./resources/events.js";
import { Grants } from "./resources/grants.js";
import { Holds } from "./resources/holds.js";
import { Keys } from "./resources/keys.js";
import { Resource } from "./resources/resource.js";
import { Schedules } from "./resources/schedules.js";
import { Clock, Cluster } from "./resources/service.js";
import { Users } from "./resources/users.js";
import { Webhooks } from "./resources/webhooks.js";
import { Transport } from "./transport.js";
import type {
  BatchOperation,
  BatchResult,
  GrantBody,
  GrantEvent,
  HoldBody,
  LiabilityReport,
  Query,
  SpendBody,
  SpendEvent,
  Status,
  TransferBody,
  TransferEvent,
  Version,
} from "./types.js";

/** How a batch is applied. */
export interface BatchOptions extends WriteOptions {
  /** All operations or none. Default: each independently. */
  atomic?: boolean | undefined;
  /** What `results` has: only what was refused, or an entry for each operation. Default: `refusals`. */
  results?: "refusals" | "all" | undefined;
}

/** A client of a ledger. It keeps no connection and can be shared; nothing needs to be closed. */
export class Tocos extends Resource {
  readonly users: Users;
  readonly coins: Coins;
  readonly grants: Grants;
  readonly holds: Holds;
  readonly schedules: Schedules;
  readonly events: Events;
  readonly webhooks: Webhooks;
  readonly keys: Keys;
  readonly clock: Clock;
  readonly cluster: Cluster;

  constructor(options: ClientOptions) {
    const transport = new Transport(options);
    super(transport);
    this.users = new Users(transport);
    this.coins = new Coins(transport);
    this.grants = new Grants(transport);
    this.holds = new Holds(transport);
    this.schedules = new Schedules(transport);
    this.events = new Events(transport);
    this.webhooks = new Webhooks(transport);
    this.keys = new Keys(transport);
    this.clock = new Clock(transport);
    this.cluster = new Cluster(transport);
  }

  /** The last event that a response to this client was as of. As `minEvent` of a read elsewhere it makes that read wait for it. */
  get lastEvent(): number {
    return this.transport.lastEvent;
  }

  /** Issues new coins to a user. */
  grant(body: GrantBody, options: WriteOptions = {}): Promise<GrantEvent> {
    return this.write("POST", "/v1/grants", body, options);
  }

  /** Spends coins, or pays them `to` a user. */
  spend(body: SpendBody, options: WriteOptions = {}): Promise<SpendEvent> {
    return this.write("POST", "/v1/spends", body, options);
  }

  /** Moves coins from user to user; they keep their expiry, priority and category. */
  transfer(body: TransferBody, options: WriteOptions = {}): Promise<TransferEvent> {
    return this.write("POST", "/v1/transfers", body, options);
  }

  /**
   * Reserves coins until the end of a scope: `await using hold = await tocos.hold(...)`. Leaving the scope without a capture, by an error or
   * otherwise, releases them. `withHold` is the same as a function.
   */
  async hold(body: HoldBody, options: Omit<WriteOptions, "dryRun"> = {}): Promise<OpenHold> {
    return new OpenHold(this.holds, await this.holds.create(body, options), options);
  }

  /**
   * Reserves coins, does the work, and releases what was not captured, also if the work throws. If the release fails as well, the hold's expiry
   * releases the coins, and the error of the work is thrown.
   */
  async withHold<T>(body: HoldBody, work: (hold: OpenHold) => Promise<T> | T, options: Omit<WriteOptions, "dryRun"> = {}): Promise<T> {
    const hold = await this.hold(body, options);
    let result: T;
    try {
      result = await work(hold);
    } catch (error) {
      await hold.close().catch(() => undefined);
      throw error;
    }
    await hold.close();
    return result;
  }

  /** Applies up to 10,000 operations. Unless it is atomic, look at `refused` and `results`: a batch of refusals is no error. */
  batch(operations: readonly BatchOperation[], options: BatchOptions = {}): Promise<BatchResult> {
    const { atomic = false, results = "refusals" } = options;
    return this.write("POST", "/v1/batch", { operations, atomic, results }, options);
  }

  /** What users have of a coin at the ends of a span, and what changed it. Sums are `bigint` where they are beyond 2^53-1. */
  liability(query: Query<"get_v1_reports_liability">, options: ReadOptions = {}): Promise<LiabilityReport> {
    return this.longRead("/v1/reports/liability", options, query);
  }

  /** Open holds, what expires soon, refusals since the start, the archive. Up to 10 s old. */
  status(options: ReadOptions = {}): Promise<Status> {
    return this.read("/v1/status", options);
  }

  /** The name, version and commit of the service. */
  version(options: CallOptions = {}): Promise<Version> {
    return this.read("/version", options);
  }

  /** The OpenAPI document of the service. */
  openapi(options: CallOptions = {}): Promise<JsonObject> {
    return this.read("/openapi.json", options);
  }
}

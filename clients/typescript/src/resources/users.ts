// Users, their limits, and what happened to them.
import { path } from "../transport.js";
import type { ReadOptions, WriteOptions } from "../options.js";
import type { Pages } from "../pages.js";
import { Resource } from "./resource.js";
import type {
  Body,
  HistoryEntry,
  LimitsBody,
  LimitsEvent,
  NoteBody,
  Query,
  SpendLimitBody,
  SpendLimitEvent,
  ThresholdsBody,
  ThresholdsEvent,
  User,
  UserBody,
  UserClosedEvent,
  UserEvent,
  UserSummary,
} from "../types.js";

export class Users extends Resource {
  /** Lists users and their coins, by id unless `order` says otherwise; with `q` those whose id or name contains it, with `id` those named. */
  list(query: Query<"get_v1_users"> = {}, options: ReadOptions = {}): Pages<UserSummary> {
    return this.cursorList<UserSummary>("/v1/users", "users", query, options);
  }

  /** A user with accounts and lots; `at` (the number of an event, or a time) shows them as they were. */
  get(user: string, query: Query<"get_v1_users_user"> = {}, options: ReadOptions = {}): Promise<User> {
    return this.read(path`/v1/users/${user}`, options, query);
  }

  /** Makes a user under an id of yours, or replaces name and metadata. */
  put(user: string, body: UserBody = {}, options: WriteOptions = {}): Promise<UserEvent> {
    return this.write("PUT", path`/v1/users/${user}`, body, options);
  }

  /** The same with the id in the body. */
  create(body: Body<"post_v1_users">, options: WriteOptions = {}): Promise<UserEvent> {
    return this.write("POST", "/v1/users", body, options);
  }

  /** Closes a user permanently. The user must have no coins and no open hold. */
  close(user: string, body: NoteBody = {}, options: WriteOptions = {}): Promise<UserClosedEvent> {
    return this.write("POST", path`/v1/users/${user}/close`, body, options);
  }

  /** What happened to a user, the newest first unless `order` says otherwise, with the balance after it. */
  history(user: string, query: Query<"get_v1_users_user_history"> = {}, options: ReadOptions = {}): Pages<HistoryEntry> {
    return this.cursorList<HistoryEntry>(path`/v1/users/${user}/history`, "entries", query, options);
  }

  /** Sets how far an account may owe, how much it may have, and whether it is frozen. */
  setLimits(user: string, coin: string, body: LimitsBody, options: WriteOptions = {}): Promise<LimitsEvent> {
    return this.write("PUT", path`/v1/users/${user}/limits/${coin}`, body, options);
  }

  /** Sets how much an account may spend within a time. */
  setSpendLimit(user: string, coin: string, body: SpendLimitBody & { amount: number }, options: WriteOptions = {}): Promise<SpendLimitEvent> {
    return this.write("PUT", path`/v1/users/${user}/spend-limit/${coin}`, body, options);
  }

  /** Removes an account's own spending limit; that of the coin remains. */
  removeSpendLimit(user: string, coin: string, body: NoteBody = {}, options: WriteOptions = {}): Promise<SpendLimitEvent> {
    return this.write("PUT", path`/v1/users/${user}/spend-limit/${coin}`, body, options);
  }

  /** Sets amounts of available coins; events that cross one say so. */
  setThresholds(user: string, coin: string, body: ThresholdsBody, options: WriteOptions = {}): Promise<ThresholdsEvent> {
    return this.write("PUT", path`/v1/users/${user}/thresholds/${coin}`, body, options);
  }
}

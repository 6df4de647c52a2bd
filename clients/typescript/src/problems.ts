// The refusals of the service: one class for each code. docs/api.md lists the codes.
import { TocosError, type Failure } from "./errors.js";
import type { components } from "./generated/schema.js";

/** A refusal as the service sends it (RFC 9457). */
export type Problem = components["schemas"]["Problem"];
/** The stable name of what was refused, and why. */
export type Code = Problem["code"];

/** The service refused the request. `code` says why and is stable; `message` is a text for people. */
export class ProblemError<C extends string = string> extends TocosError {
  override readonly name: string = "ProblemError";
  readonly code: C;
  readonly status: number;
  readonly title: string;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** Finds the request in the service's log. */
  readonly requestId: string | undefined;

  constructor(
    /** Everything that the service said. */
    readonly problem: Problem,
    requestId?: string,
    failure: Failure = {},
  ) {
    super(problem.detail, failure);
    this.code = problem.code as string as C;
    this.status = problem.status;
    this.title = problem.title;
    this.retryable = problem.retryable;
    this.requestId = requestId;
  }
}

// What a code says besides what all say.
function detail(problem: Problem, name: string): unknown {
  return (problem as unknown as Record<string, unknown>)[name];
}

/** `invalid_request`: The request is not valid. */
export class InvalidRequestError extends ProblemError<"invalid_request"> {
  override readonly name: string = "InvalidRequestError";
  /** The field, parameter or header that is wrong; `body` if the body is not JSON. */
  get field(): string {
    return detail(this.problem, "field") as string;
  }
}

/** `unauthenticated`: No valid API key. */
export class UnauthenticatedError extends ProblemError<"unauthenticated"> {
  override readonly name: string = "UnauthenticatedError";
}

/** `insufficient_funds`: Not enough coins. */
export class InsufficientFundsError extends ProblemError<"insufficient_funds"> {
  override readonly name: string = "InsufficientFundsError";
  get available(): number {
    return detail(this.problem, "available") as number;
  }
  get needed(): number {
    return detail(this.problem, "needed") as number;
  }
  get user(): string {
    return detail(this.problem, "user") as string;
  }
  get coin(): string {
    return detail(this.problem, "coin") as string;
  }
}

/** `forbidden`: Not allowed. */
export class ForbiddenError extends ProblemError<"forbidden"> {
  override readonly name: string = "ForbiddenError";
}

/** `not_found`: No such route. */
export class NotFoundError extends ProblemError<"not_found"> {
  override readonly name: string = "NotFoundError";
}

/** `user_not_found`: No such user. */
export class UserNotFoundError extends ProblemError<"user_not_found"> {
  override readonly name: string = "UserNotFoundError";
  get user(): string {
    return detail(this.problem, "user") as string;
  }
}

/** `coin_not_found`: No such coin. */
export class CoinNotFoundError extends ProblemError<"coin_not_found"> {
  override readonly name: string = "CoinNotFoundError";
  get coin(): string {
    return detail(this.problem, "coin") as string;
  }
}

/** `hold_not_found`: No such hold. */
export class HoldNotFoundError extends ProblemError<"hold_not_found"> {
  override readonly name: string = "HoldNotFoundError";
  get hold(): number {
    return detail(this.problem, "hold") as number;
  }
}

/** `event_not_found`: No such event. */
export class EventNotFoundError extends ProblemError<"event_not_found"> {
  override readonly name: string = "EventNotFoundError";
  get event(): number {
    return detail(this.problem, "event") as number;
  }
}

/** `schedule_not_found`: No such schedule. */
export class ScheduleNotFoundError extends ProblemError<"schedule_not_found"> {
  override readonly name: string = "ScheduleNotFoundError";
  get schedule(): string {
    return detail(this.problem, "schedule") as string;
  }
}

/** `webhook_not_found`: No such webhook. */
export class WebhookNotFoundError extends ProblemError<"webhook_not_found"> {
  override readonly name: string = "WebhookNotFoundError";
  get webhook(): string {
    return detail(this.problem, "webhook") as string;
  }
}

/** `key_not_found`: No such API key. */
export class KeyNotFoundError extends ProblemError<"key_not_found"> {
  override readonly name: string = "KeyNotFoundError";
  get key(): number {
    return detail(this.problem, "key") as number;
  }
}

/** `method_not_allowed`: Method not allowed. */
export class MethodNotAllowedError extends ProblemError<"method_not_allowed"> {
  override readonly name: string = "MethodNotAllowedError";
}

/** `request_timeout`: The request took too long to arrive. */
export class RequestTimeoutError extends ProblemError<"request_timeout"> {
  override readonly name: string = "RequestTimeoutError";
}

/** `idempotency_key_reused`: The idempotency key was used for another request. */
export class IdempotencyKeyReusedError extends ProblemError<"idempotency_key_reused"> {
  override readonly name: string = "IdempotencyKeyReusedError";
  /** What differs. */
  get field(): string {
    return detail(this.problem, "field") as string;
  }
  /** The event that the key names. */
  get event(): number {
    return detail(this.problem, "event") as number;
  }
}

/** `hold_ended`: The hold has ended. */
export class HoldEndedError extends ProblemError<"hold_ended"> {
  override readonly name: string = "HoldEndedError";
  get hold(): number {
    return detail(this.problem, "hold") as number;
  }
  /** How it ended. */
  get endedAs(): "captured" | "released" | "expired" {
    return detail(this.problem, "ended_as") as "captured" | "released" | "expired";
  }
}

/** `hold_amount_exceeded`: The amount is more than is held. */
export class HoldAmountExceededError extends ProblemError<"hold_amount_exceeded"> {
  override readonly name: string = "HoldAmountExceededError";
  get hold(): number {
    return detail(this.problem, "hold") as number;
  }
  get held(): number {
    return detail(this.problem, "held") as number;
  }
}

/** `already_reversed`: The amount is more than is left to reverse. */
export class AlreadyReversedError extends ProblemError<"already_reversed"> {
  override readonly name: string = "AlreadyReversedError";
  get event(): number {
    return detail(this.problem, "event") as number;
  }
  /** What is left to reverse. */
  get remaining(): number {
    return detail(this.problem, "remaining") as number;
  }
}

/** `not_reversible`: The event is not reversible. */
export class NotReversibleError extends ProblemError<"not_reversible"> {
  override readonly name: string = "NotReversibleError";
  get event(): number {
    return detail(this.problem, "event") as number;
  }
  get kind(): string {
    return detail(this.problem, "kind") as string;
  }
}

/** `above_ceiling`: Above the account's ceiling. */
export class AboveCeilingError extends ProblemError<"above_ceiling"> {
  override readonly name: string = "AboveCeilingError";
  get user(): string {
    return detail(this.problem, "user") as string;
  }
  get coin(): string {
    return detail(this.problem, "coin") as string;
  }
  get ceiling(): number {
    return detail(this.problem, "ceiling") as number;
  }
  /** What the account would have. */
  get total(): number {
    return detail(this.problem, "total") as number;
  }
}

/** `spend_limit_reached`: The account's spending limit is reached. */
export class SpendLimitReachedError extends ProblemError<"spend_limit_reached"> {
  override readonly name: string = "SpendLimitReachedError";
  get user(): string {
    return detail(this.problem, "user") as string;
  }
  get coin(): string {
    return detail(this.problem, "coin") as string;
  }
  get left(): number {
    return detail(this.problem, "left") as number;
  }
  get needed(): number {
    return detail(this.problem, "needed") as number;
  }
  /** When the limit begins anew, where that is known. */
  get resetsAt(): string | undefined {
    return detail(this.problem, "resets_at") as string | undefined;
  }
}

/** `account_frozen`: The account is frozen. */
export class AccountFrozenError extends ProblemError<"account_frozen"> {
  override readonly name: string = "AccountFrozenError";
  get user(): string {
    return detail(this.problem, "user") as string;
  }
  get coin(): string {
    return detail(this.problem, "coin") as string;
  }
}

/** `user_closed`: The user is closed. */
export class UserClosedError extends ProblemError<"user_closed"> {
  override readonly name: string = "UserClosedError";
  get user(): string {
    return detail(this.problem, "user") as string;
  }
}

/** `user_not_empty`: The user still has coins. */
export class UserNotEmptyError extends ProblemError<"user_not_empty"> {
  override readonly name: string = "UserNotEmptyError";
  get user(): string {
    return detail(this.problem, "user") as string;
  }
  get coin(): string {
    return detail(this.problem, "coin") as string;
  }
  get total(): number {
    return detail(this.problem, "total") as number;
  }
}

/** `supply_exhausted`: The supply of this coin is exhausted. */
export class SupplyExhaustedError extends ProblemError<"supply_exhausted"> {
  override readonly name: string = "SupplyExhaustedError";
  get coin(): string {
    return detail(this.problem, "coin") as string;
  }
  get remaining(): number {
    return detail(this.problem, "remaining") as number;
  }
}

/** `no_successor`: No other node can lead. */
export class NoSuccessorError extends ProblemError<"no_successor"> {
  override readonly name: string = "NoSuccessorError";
}

/** `payload_too_large`: The body is too large. */
export class PayloadTooLargeError extends ProblemError<"payload_too_large"> {
  override readonly name: string = "PayloadTooLargeError";
}

/** `too_many_requests`: Too many requests. */
export class TooManyRequestsError extends ProblemError<"too_many_requests"> {
  override readonly name: string = "TooManyRequestsError";
}

/** `internal_error`: Internal error. */
export class InternalErrorError extends ProblemError<"internal_error"> {
  override readonly name: string = "InternalErrorError";
}

/** `storage_unavailable`: The storage is not available. */
export class StorageUnavailableError extends ProblemError<"storage_unavailable"> {
  override readonly name: string = "StorageUnavailableError";
}

/** `storage_full`: The disk is full. */
export class StorageFullError extends ProblemError<"storage_full"> {
  override readonly name: string = "StorageFullError";
}

/** `archive_unavailable`: The archive is not available. */
export class ArchiveUnavailableError extends ProblemError<"archive_unavailable"> {
  override readonly name: string = "ArchiveUnavailableError";
}

/** `clock_implausible`: The system's clock is implausible. */
export class ClockImplausibleError extends ProblemError<"clock_implausible"> {
  override readonly name: string = "ClockImplausibleError";
  get ledgerTime(): string {
    return detail(this.problem, "ledger_time") as string;
  }
  get systemTime(): string {
    return detail(this.problem, "system_time") as string;
  }
}

/** `not_leader`: No leader at the moment. */
export class NotLeaderError extends ProblemError<"not_leader"> {
  override readonly name: string = "NotLeaderError";
}

/** `outcome_unknown`: The request may or may not have been applied. */
export class OutcomeUnknownError extends ProblemError<"outcome_unknown"> {
  override readonly name: string = "OutcomeUnknownError";
}

/** `behind`: The event is not there yet. */
export class BehindError extends ProblemError<"behind"> {
  override readonly name: string = "BehindError";
  /** The last event of the node. */
  get event(): number {
    return detail(this.problem, "event") as number;
  }
  get minEvent(): number {
    return detail(this.problem, "min_event") as number;
  }
}

/** `diverged`: The group went on without this node. */
export class DivergedError extends ProblemError<"diverged"> {
  override readonly name: string = "DivergedError";
}

/** `recovering`: The service is starting. */
export class RecoveringError extends ProblemError<"recovering"> {
  override readonly name: string = "RecoveringError";
}

/** `shutting_down`: The service is shutting down. */
export class ShuttingDownError extends ProblemError<"shutting_down"> {
  override readonly name: string = "ShuttingDownError";
}

type ProblemClass = new (problem: Problem, requestId?: string, failure?: Failure) => ProblemError<Code>;

/** The class of each code. The compiler checks that none is missing. */
export const PROBLEMS = {
  invalid_request: InvalidRequestError,
  unauthenticated: UnauthenticatedError,
  insufficient_funds: InsufficientFundsError,
  forbidden: ForbiddenError,
  not_found: NotFoundError,
  user_not_found: UserNotFoundError,
  coin_not_found: CoinNotFoundError,
  hold_not_found: HoldNotFoundError,
  event_not_found: EventNotFoundError,
  schedule_not_found: ScheduleNotFoundError,
  webhook_not_found: WebhookNotFoundError,
  key_not_found: KeyNotFoundError,
  method_not_allowed: MethodNotAllowedError,
  request_timeout: RequestTimeoutError,
  idempotency_key_reused: IdempotencyKeyReusedError,
  hold_ended: HoldEndedError,
  hold_amount_exceeded: HoldAmountExceededError,
  already_reversed: AlreadyReversedError,
  not_reversible: NotReversibleError,
  above_ceiling: AboveCeilingError,
  spend_limit_reached: SpendLimitReachedError,
  account_frozen: AccountFrozenError,
  user_closed: UserClosedError,
  user_not_empty: UserNotEmptyError,
  supply_exhausted: SupplyExhaustedError,
  no_successor: NoSuccessorError,
  payload_too_large: PayloadTooLargeError,
  too_many_requests: TooManyRequestsError,
  internal_error: InternalErrorError,
  storage_unavailable: StorageUnavailableError,
  storage_full: StorageFullError,
  archive_unavailable: ArchiveUnavailableError,
  clock_implausible: ClockImplausibleError,
  not_leader: NotLeaderError,
  outcome_unknown: OutcomeUnknownError,
  behind: BehindError,
  diverged: DivergedError,
  recovering: RecoveringError,
  shutting_down: ShuttingDownError,
} as const satisfies Record<Code, ProblemClass>;

/** The error for a refusal. A code that this version does not know becomes a `ProblemError`. */
export function problemError(problem: Problem, requestId?: string, failure: Failure = {}): ProblemError {
  const known = Object.hasOwn(PROBLEMS, problem.code) ? PROBLEMS[problem.code] : ProblemError;
  return new known(problem, requestId, failure);
}

/** Whether a value is a refusal as the service sends it, such as an entry of a batch's `results`. */
export function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "code" in value && "type" in value && String(value.type).startsWith("urn:tocos:problem:");
}

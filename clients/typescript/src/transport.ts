// Sends requests, and sends them again where that is safe. Every write has one idempotency key for all its attempts.
import { ConnectionError, DeadlineError, TocosError, UnexpectedResponseError } from "./errors.js";
import { parse, stringify } from "./json.js";
import type { Attempt, CallOptions, ClientOptions, ReadOptions, WriteOptions } from "./options.js";
import { randomId } from "./random.js";
import { ProblemError, isProblem, problemError, type Problem } from "./problems.js";

const DEADLINE_MS = 30_000;
const ATTEMPT_MS = 10_000;
const BASE_MS = 100;
const PAUSE_MS_MAX = 5_000;
// Timers of JavaScript hold no more.
const TIMER_MS_MAX = 2 ** 31 - 1;

const RETRYABLE = new Set([408, 429, 502, 503, 504]);
// The request did not leave this machine.
const UNSENT = new Set(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH"]);
// After these a write may have been applied. docs/api.md says so of each.
const UNKNOWN = new Set(["storage_unavailable", "shutting_down", "outcome_unknown", "internal_error"]);

type Parameter = string | number | boolean | readonly string[] | null | undefined;

/** One operation of the API. */
export interface Call {
  method: "GET" | "POST" | "PUT" | "DELETE";
  path: string;
  query?: Readonly<Record<string, Parameter>> | undefined;
  body?: object | undefined;
  /** `once`: a write without an idempotency key, which is sent again only if it is certain that it was not applied. */
  kind: "read" | "write" | "once";
  options: ReadOptions & WriteOptions;
}

/** What came of one attempt. */
interface Outcome {
  value?: unknown;
  error?: TocosError;
  retry: boolean;
  /** Whether the attempt may have changed the ledger. */
  unknown: boolean;
  retryAfterMs: number;
  headers?: Headers;
  status?: number;
}

/** Makes a path of its parts, each escaped. A part that would lead to another route is refused. */
export function path(texts: TemplateStringsArray, ...parts: (string | number)[]): string {
  const escaped = parts.map((part) => {
    const text = String(part);
    if (text === "" || text === "." || text === "..") throw new TypeError(`${JSON.stringify(text)} is not valid as a part of a path`);
    return encodeURIComponent(text);
  });
  return String.raw({ raw: texts }, ...escaped);
}

/** Knows where the service is, and how to reach it. */
export class Transport {
  readonly #base: string;
  readonly #options: ClientOptions;
  readonly #fetch: typeof fetch;
  #lastEvent = 0;

  constructor(options: ClientOptions) {
    const url = new URL(options.url);
    if (!/^https?:$/.test(url.protocol)) throw new TypeError(`${url.href} is not an address of HTTP`);
    if (url.search || url.hash || url.username) throw new TypeError("url has a query, a fragment or a user; only the address of the service was expected");
    this.#base = url.href.replace(/\/+$/, "");
    this.#options = options;
    // Called as a method of another object, the `fetch` of browsers throws.
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
  }

  /** The last event that a response was as of. */
  get lastEvent(): number {
    return this.#lastEvent;
  }

  /** How long to wait for one response, unless a call says otherwise. */
  get attemptTimeoutMs(): number {
    return this.#options.attemptTimeoutMs ?? ATTEMPT_MS;
  }

  async send<T>(call: Call): Promise<T> {
    const { signal } = call.options;
    signal?.throwIfAborted();
    const key = call.kind === "write" ? keyOf(call.options) : undefined;
    const url = this.#base + call.path + queryOf(call);
    const headers = this.#headers(call, key);
    // The same bytes each time.
    const body = call.body === undefined ? undefined : stringify(call.body);
    const timeoutMs = call.options.timeoutMs ?? this.#options.timeoutMs ?? DEADLINE_MS;
    const deadline = performance.now() + timeoutMs;
    const retriesMax = call.options.maxRetries ?? this.#options.maxRetries ?? Infinity;
    let unknown = false;
    let before: TocosError | undefined;
    for (let number = 1; ; number += 1) {
      const started = performance.now();
      const ownLimitMs = call.options.attemptTimeoutMs ?? this.attemptTimeoutMs;
      const limitMs = Math.min(ownLimitMs, deadline - started);
      const outcome = await this.#attempt(call, url, headers, body, limitMs);
      unknown = (unknown && !settles(outcome.error)) || outcome.unknown;
      const pauseMs = this.#pauseMs(number, outcome.retryAfterMs);
      const again = outcome.retry && number <= retriesMax && performance.now() + pauseMs < deadline && !signal?.aborted;
      this.#tell(call, number, started, outcome, key, again ? pauseMs : undefined);
      if (signal?.aborted && outcome.error) throw signal.reason;
      if (!outcome.error) return outcome.value as T;
      if (!again) {
        // An attempt that the deadline cut short says less than the one before.
        const error = outcome.error instanceof DeadlineError && limitMs < ownLimitMs ? (before ?? outcome.error) : outcome.error;
        error.idempotencyKey = key;
        error.attempts = number;
        error.mayHaveBeenApplied = unknown;
        throw error;
      }
      before = outcome.error;
      await sleep(pauseMs, signal);
    }
  }

  async #attempt(call: Call, url: string, headers: Record<string, string>, body: string | undefined, limitMs: number): Promise<Outcome> {
    const { signal, dryRun } = call.options;
    const changes = call.kind !== "read" && dryRun !== true;
    const controller = new AbortController();
    const stop = (): void => {
      controller.abort();
    };
    signal?.addEventListener("abort", stop);
    const tooLate = new DeadlineError(`No whole response came within ${Math.round(limitMs)} ms`);
    const timer = setTimeout(
      () => {
        controller.abort(tooLate);
      },
      Math.min(limitMs, TIMER_MS_MAX),
    );
    try {
      const response = await this.#fetch(url, { method: call.method, headers, body: body ?? null, redirect: "error", signal: controller.signal });
      return this.#read(call, response, await response.text(), changes);
    } catch (cause) {
      const late = controller.signal.reason === tooLate;
      const error = late
        ? tooLate
        : new ConnectionError(`The service could not be reached, or its response was cut off: ${reason(cause)}`, { cause });
      const unsent = !late && UNSENT.has(codeOf(cause));
      return { error, retry: call.kind !== "once" || unsent, unknown: changes && !unsent, retryAfterMs: 0 };
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    }
  }

  #read(call: Call, response: Response, text: string, changes: boolean): Outcome {
    const { status, headers } = response;
    const outcome = { retry: false, unknown: false, retryAfterMs: retryAfterMs(headers), headers, status };
    let value: unknown;
    try {
      value = parse(text);
    } catch (cause) {
      // A cut response ends like this where its length was not announced.
      if (response.ok) return { ...outcome, error: new ConnectionError("The response was cut off", { cause }), retry: call.kind !== "once", unknown: changes };
    }
    if (response.ok && typeof value === "object" && value !== null) {
      this.#lastEvent = Math.max(this.#lastEvent, Number(headers.get("tocos-event") ?? 0));
      return { ...outcome, value };
    }
    if (!response.ok && isProblem(value)) {
      const unknown = changes && UNKNOWN.has(value.code);
      const retry = RETRYABLE.has(status) && value.retryable && (call.kind !== "once" || !unknown);
      return { ...outcome, error: problemError(value, headers.get("x-request-id") ?? undefined), retry, unknown };
    }
    const error = new UnexpectedResponseError(status, text.slice(0, 1_000));
    return { ...outcome, error, retry: RETRYABLE.has(status) && call.kind !== "once", unknown: changes && (response.ok || status >= 500) };
  }

  #headers(call: Call, key: string | undefined): Record<string, string> {
    const { leader } = call.options;
    const minEvent = call.options.minEvent ?? (this.#options.readYourWrites && this.#lastEvent > 0 ? this.#lastEvent : undefined);
    return {
      accept: "application/json",
      ...(this.#options.apiKey === undefined ? {} : { authorization: `Bearer ${this.#options.apiKey}` }),
      ...(call.body === undefined ? {} : { "content-type": "application/json" }),
      ...(key === undefined ? {} : { "idempotency-key": key }),
      ...(call.kind === "read" && call.path.startsWith("/v1/") && minEvent !== undefined ? { "tocos-min-event": String(minEvent) } : {}),
      ...(call.kind === "read" && leader ? { "tocos-read": "leader" } : {}),
    };
  }

  /** Full jitter: clients that failed together don't come back together. */
  #pauseMs(number: number, retryAfter: number): number {
    const { baseMs = BASE_MS, maxMs = PAUSE_MS_MAX } = this.#options.backoff ?? {};
    return retryAfter + Math.random() * Math.min(maxMs, baseMs * 2 ** (number - 1));
  }

  #tell(call: Call, number: number, started: number, outcome: Outcome, key: string | undefined, retryInMs: number | undefined): void {
    const { headers } = outcome;
    const event = headers?.get("tocos-event");
    const attempt: Attempt = {
      method: call.method,
      path: call.path,
      number,
      durationMs: performance.now() - started,
      status: outcome.status,
      requestId: headers?.get("x-request-id") ?? undefined,
      event: event ? Number(event) : undefined,
      replayed: headers?.get("idempotency-replayed") === "true",
      idempotencyKey: key,
      error: outcome.error,
      retryInMs,
    };
    this.#options.onAttempt?.(attempt);
  }
}

function keyOf(options: WriteOptions): string | undefined {
  const key = options.idempotencyKey;
  if (key === undefined) return options.dryRun ? undefined : randomId();
  // HTTP drops spaces at the ends, so that two keys would become one.
  if (!/^[!-~](?:[ -~]{0,253}[!-~])?$/.test(key)) {
    throw new TypeError("idempotencyKey: 1 to 255 printable ASCII characters without spaces at the ends were expected");
  }
  return key;
}

function queryOf(call: Call): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value === undefined || value === null) continue;
    for (const one of typeof value === "object" ? value : [String(value)]) query.append(name, one);
  }
  if (call.options.dryRun) query.append("dry_run", "true");
  const text = query.toString();
  return text && `?${text}`;
}

/** Whether an earlier attempt can't have been applied either: the ledger looks at the key before it refuses for one of these reasons. */
function settles(error: TocosError | undefined): boolean {
  if (error === undefined) return true;
  if (!(error instanceof ProblemError)) return false;
  const { status, code } = error as ProblemError<Problem["code"]>;
  return status === 402 || status === 409 || (status === 404 && code !== "not_found");
}

function retryAfterMs(headers: Headers): number {
  const text = headers.get("retry-after");
  if (text === null) return 0;
  const ms = /^[0-9]+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - Date.now();
  return Number.isNaN(ms) ? 0 : Math.max(0, ms);
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

function codeOf(error: unknown): string {
  const cause = causeOf(error);
  return typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : "";
}

function reason(error: unknown): string {
  const cause = causeOf(error);
  if (cause instanceof Error && cause.message) return cause.message;
  return error instanceof Error ? error.message : String(error);
}

/** Waits; throws the signal's reason as soon as it is aborted. */
export function sleep(ms: number, signal: CallOptions["signal"]): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the reason is the caller's own
      reject(signal?.reason);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener("abort", stop);
        resolve();
      },
      Math.min(ms, TIMER_MS_MAX),
    );
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

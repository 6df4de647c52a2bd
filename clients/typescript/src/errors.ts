// What can go wrong besides a refusal of the service; refusals are in problems.ts.

/** What is known of a request that failed. */
export interface Failure {
  /** The request's idempotency key, if it has one. The same request under the same key is safe to send again, at any time. */
  idempotencyKey?: string | undefined;
  /** How often the request was sent. */
  attempts?: number;
  /** Whether the ledger may have applied the request nevertheless. */
  mayHaveBeenApplied?: boolean;
  cause?: unknown;
}

/** The class of all errors of this client. (A signal that aborts a request throws its own reason.) */
export class TocosError extends Error {
  override readonly name: string = "TocosError";
  /** The request's idempotency key, if it has one. The same request under the same key is safe to send again, at any time. */
  idempotencyKey: string | undefined;
  /** How often the request was sent. */
  attempts: number;
  /** Whether the ledger may have applied the request nevertheless. False for reads and dry runs. */
  mayHaveBeenApplied: boolean;

  constructor(message: string, failure: Failure = {}) {
    super(message, failure.cause === undefined ? undefined : { cause: failure.cause });
    this.idempotencyKey = failure.idempotencyKey;
    this.attempts = failure.attempts ?? 0;
    this.mayHaveBeenApplied = failure.mayHaveBeenApplied ?? false;
  }
}

/** The service could not be reached, or its response did not arrive whole. `cause` is the error of `fetch`. */
export class ConnectionError extends TocosError {
  override readonly name: string = "ConnectionError";
}

/** There was no whole response in time. */
export class DeadlineError extends TocosError {
  override readonly name: string = "DeadlineError";
}

/** A response that is not one of Tocos, such as the page of a proxy that stands before it. */
export class UnexpectedResponseError extends TocosError {
  override readonly name: string = "UnexpectedResponseError";

  constructor(
    readonly status: number,
    /** The beginning of the body. */
    readonly body: string,
    failure: Failure = {},
  ) {
    super(`The response with the status ${status} is not one of Tocos: ${body.slice(0, 200)}`, failure);
  }
}

/**
 * An API key was made, but the response with its secret was lost, and the service gives a secret out only once. Revoke the key and make
 * another one.
 */
export class KeySecretLostError extends TocosError {
  override readonly name: string = "KeySecretLostError";

  constructor(
    /** The id of the key. */
    readonly keyId: number,
    failure: Failure = {},
  ) {
    super(`The API key ${keyId} was made, but the response with its secret was lost. Revoke it and make another one.`, failure);
  }
}

/**
 * A webhook got a new secret, but the response with it was lost, and the service gives a secret out only once. `webhooks.rotateSecret` makes
 * another one.
 */
export class WebhookSecretLostError extends TocosError {
  override readonly name: string = "WebhookSecretLostError";

  constructor(
    /** The id of the webhook. */
    readonly webhook: string,
    failure: Failure = {},
  ) {
    super(`The webhook ${webhook} got a new secret, but the response with it was lost. Rotate its secret to get another one.`, failure);
  }
}

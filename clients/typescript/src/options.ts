// What callers may set, for a client and for one call.

/** Options of a client. */
export interface ClientOptions {
  /** Where the service is, such as `https://ledger.example.com`. */
  url: string | URL;
  /** The API key, `tocos_...`. Without one only a service that has no keys responds. */
  apiKey?: string | undefined;
  /** How long a call may take, all retries included. Default: 30,000. */
  timeoutMs?: number | undefined;
  /** How long to wait for one response before the request is sent again. Default: 10,000. */
  attemptTimeoutMs?: number | undefined;
  /** How often a request is sent again at most. Default: as often as `timeoutMs` allows. */
  maxRetries?: number | undefined;
  /** The pause before the nth retry is random, from 0 to `baseMs` * 2^(n-1), and `maxMs` at most. Default: 100 and 5,000. */
  backoff?: { baseMs?: number; maxMs?: number } | undefined;
  /**
   * In a group of nodes: each read waits until its node has the last event that this client knows of. Default: false.
   */
  readYourWrites?: boolean | undefined;
  /** Called after each request that was sent, for logs and metrics. */
  onAttempt?: ((attempt: Attempt) => void) | undefined;
  /** The `fetch` to use. Default: the global one. */
  fetch?: typeof fetch | undefined;
}

/** One request that was sent, and what became of it. */
export interface Attempt {
  method: string;
  path: string;
  /** 1 for the first. */
  number: number;
  durationMs: number;
  /** Undefined if no response came. */
  status: number | undefined;
  /** The service's id of the request. */
  requestId: string | undefined;
  /** The event that the response is as of. */
  event: number | undefined;
  /** Whether the write had been applied before, and this is its response again. */
  replayed: boolean;
  idempotencyKey: string | undefined;
  error: Error | undefined;
  /** Milliseconds until the request is sent again; undefined if it is not. */
  retryInMs: number | undefined;
}

/** Options of every call. */
export interface CallOptions {
  /** Ends the call, which then throws the signal's reason. A write may have been applied nevertheless. */
  signal?: AbortSignal | undefined;
  /** As in `ClientOptions`, for this call. */
  timeoutMs?: number | undefined;
  /** As in `ClientOptions`, for this call. */
  attemptTimeoutMs?: number | undefined;
  /** As in `ClientOptions`, for this call. */
  maxRetries?: number | undefined;
}

/** Options of a read. */
export interface ReadOptions extends CallOptions {
  /** Wait until the service has this event. */
  minEvent?: number | undefined;
  /** In a group of nodes: ask the leader. */
  leader?: boolean | undefined;
}

/** Options of a write. */
export interface WriteOptions extends CallOptions {
  /**
   * Names the operation permanently: however often it is sent, it is applied once. Default: a new random one, under which the retries of this
   * call are safe. Give one of your own, such as the number of an order, to be safe also when your process ends amid the call.
   */
  idempotencyKey?: string | undefined;
  /** Get the response that the write would get, and apply nothing. */
  dryRun?: boolean | undefined;
}

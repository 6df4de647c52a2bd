// One request to the service. Whatever is not an answer of the service is `Away`; whatever it refuses is a `Problem`.
import { signal } from "@preact/signals";
import { parse, stringify } from "./json";

/** The API key that requests are sent with; empty without one. */
export const apiKey = signal("");
/** Why the service can't be used at the moment; null while it can. */
export const away = signal<string | null>(null);
/** Called when the service no longer accepts the key. */
export const rejected = { handler: (_problem: Problem): void => {} };
/** In a group a read waits for the last write of this tab. */
export const written = { event: 0, isGroup: false };

/** A refusal, as the API describes it. */
export class Problem extends Error {
  constructor(readonly status: number, readonly code: string, readonly title: string, detail: string, readonly retryable: boolean, readonly more: Record<string, unknown>) {
    super(detail);
  }
}

/** There was no answer, or the service can't do anything at the moment. Whether a write was applied is not known. */
export class Away extends Error {}

export interface Call {
  method: "GET" | "POST" | "PUT" | "DELETE";
  /** With its query. */
  path: string;
  body?: unknown;
  idempotencyKey?: string;
  signal?: AbortSignal;
  /** Another key than that of the session. */
  key?: string;
}

const AWAY = new Set(["recovering", "shutting_down", "storage_unavailable", "not_leader", "outcome_unknown", "diverged", "behind"]);
const TIMEOUT_MS = 40_000;

export async function send<T>(call: Call): Promise<T> {
  const headers: Record<string, string> = {};
  const key = call.key ?? apiKey.value;
  if (key) headers["authorization"] = `Bearer ${key}`;
  if (call.body !== undefined) headers["content-type"] = "application/json";
  if (call.idempotencyKey) headers["idempotency-key"] = call.idempotencyKey;
  if (call.method === "GET" && written.isGroup && written.event > 0) headers["tocos-min-event"] = String(written.event);
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  let response: Response;
  let text: string;
  try {
    response = await fetch(call.path, {
      method: call.method,
      headers,
      body: call.body === undefined ? undefined : stringify(call.body),
      cache: "no-store",
      credentials: "omit",
      signal: call.signal ? AbortSignal.any([call.signal, timeout]) : timeout,
    });
    text = await response.text();
  } catch (error) {
    if (call.signal?.aborted) throw error;
    const words = "The service doesn't answer.";
    away.value = words;
    throw new Away(words);
  }
  let body: unknown;
  try {
    body = parse(text);
  } catch {
    // A proxy in between answers for a service that is away.
    const words = `The answer (${response.status}) is not from the service.`;
    away.value = words;
    throw new Away(words);
  }
  if (response.ok) {
    if (call.method !== "GET" && !call.path.includes("dry_run=true")) {
      written.event = Math.max(written.event, Number(response.headers.get("tocos-event") ?? 0));
    }
    return body as T;
  }
  const { code = "unknown", title = "Refused", detail = "", retryable = false, ...more } = body as Record<string, never>;
  const problem = new Problem(response.status, code, title, detail, retryable, more);
  if (AWAY.has(problem.code)) {
    away.value = problem.message;
    throw new Away(problem.message);
  }
  if (problem.status === 401 && call.key === undefined && key === apiKey.value) rejected.handler(problem);
  throw problem;
}

export const get = <T>(path: string, signal?: AbortSignal): Promise<T> => send<T>({ method: "GET", path, signal });

/** A path and its query; what is undefined or empty is left out. */
export function url(path: string, query: Record<string, string | number | boolean | undefined | null> = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = pairs.map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`).join("&");
  return text ? `${path}?${text}` : path;
}

/** A part of a path. */
export const part = (text: string | number): string => encodeURIComponent(String(text));

// A write under one idempotency key: the same request keeps its key however often it is sent, another request gets another key.
import { send, type Call } from "./client";
import { stringify } from "./json";

export interface WriteRequest { method: "POST" | "PUT" | "DELETE"; path: string; body?: unknown }

function newKey(): string {
  // crypto.randomUUID is missing where the page is not served from a secure origin.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `console-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** The keys of one dialog, which makes one when it opens. */
export class Keyring {
  private readonly first = newKey();
  // A request that was changed and changed back is the same request: it may have been applied.
  private readonly keys = new Map<string, string>();

  /** The key of this request. */
  keyOf(request: WriteRequest): string {
    const text = `${request.method} ${request.path} ${stringify(request.body ?? null)}`;
    const key = this.keys.get(text) ?? (this.keys.size === 0 ? this.first : newKey());
    this.keys.set(text, key);
    return key;
  }
}

function asCall(request: WriteRequest): Call {
  return { method: request.method, path: request.path, body: request.body };
}

export function dryRun<T>(request: WriteRequest, signal: AbortSignal): Promise<T> {
  return send<T>({ ...asCall(request), path: `${request.path}?dry_run=true`, signal });
}

export function apply<T>(request: WriteRequest, key: string): Promise<T> {
  return send<T>({ ...asCall(request), idempotencyKey: key });
}

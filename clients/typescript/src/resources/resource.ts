// What all resources share: reads, writes and lists.
import type { CallOptions, ReadOptions, WriteOptions } from "../options.js";
import { Pages } from "../pages.js";
import type { Call, Transport } from "../transport.js";

type Query = Call["query"];

interface CursorPage<T> {
  next_cursor: string | null;
  [name: string]: T[] | string | null;
}

export class Resource {
  constructor(protected readonly transport: Transport) {}

  protected read<T>(path: string, options: ReadOptions, query?: Query): Promise<T> {
    return this.transport.send<T>({ method: "GET", path, query, kind: "read", options });
  }

  /** A read that may work for long: one whose client has gone away ends, so it is waited for, and not asked again. */
  protected longRead<T>(path: string, options: ReadOptions, query?: Query): Promise<T> {
    const timeoutMs = options.timeoutMs ?? 300_000;
    return this.read<T>(path, { ...options, timeoutMs, attemptTimeoutMs: options.attemptTimeoutMs ?? timeoutMs }, query);
  }

  protected write<T>(method: Call["method"], path: string, body: object | undefined, options: WriteOptions): Promise<T> {
    return this.transport.send<T>({ method, path, body, kind: "write", options });
  }

  /** A write that takes no idempotency key: it is sent again only if it is certain that it was not applied. */
  protected once<T>(path: string, body: object, options: CallOptions): Promise<T> {
    return this.transport.send<T>({ method: "POST", path, body, kind: "once", options });
  }

  /** A list with `cursor` and `next_cursor`. */
  protected cursorList<T>(path: string, name: string, query: Query, options: ReadOptions): Pages<T> {
    return new Pages<T>(async (cursor) => {
      const page = await this.read<CursorPage<T>>(path, options, { ...query, ...(cursor === undefined ? {} : { cursor }) });
      return { items: page[name] as T[], next: page.next_cursor };
    });
  }
}

// Lists, page by page or entry by entry.

/** One page of a list. */
export interface Page<T, C extends string | number = string> {
  items: T[];
  /** Pass it as `cursor` (or `after`, where the list has that) to get the next page; null on the last one. */
  next: C | null;
}

/**
 * A list. `for await` goes over its entries and fetches each page when it is reached. Nothing is fetched before that.
 */
export class Pages<T, C extends string | number = string> implements AsyncIterable<T> {
  readonly #load: (cursor: C | undefined) => Promise<Page<T, C>>;

  constructor(load: (cursor: C | undefined) => Promise<Page<T, C>>) {
    this.#load = load;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for await (const page of this.pages()) yield* page.items;
  }

  /** Goes over the list page by page. */
  async *pages(): AsyncGenerator<Page<T, C>, void, undefined> {
    let cursor: C | undefined;
    do {
      const page = await this.#load(cursor);
      yield page;
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
  }

  /** Fetches the first page alone. */
  page(): Promise<Page<T, C>> {
    return this.#load(undefined);
  }

  /** Fetches everything. */
  async toArray(): Promise<T[]> {
    const all: T[] = [];
    for await (const page of this.pages()) all.push(...page.items);
    return all;
  }
}

// Loading what a view shows: old data stays while new data is on its way, and nothing is loaded twice at a time.
import { useEffect, useRef, useState } from "preact/hooks";
import { away, Away } from "../api/client";
import { tick } from "./pulse";

export interface Loaded<T> { data: T | undefined; error: Error | undefined; isLoading: boolean; reload: () => void }

interface State<T> { key: string | null; data?: T; error?: Error; isLoading: boolean }

/** `key` says what is loaded: another key drops the data. With `isLive` it is loaded again when something happened. */
export function useLoaded<T>(key: string | null, load: (signal: AbortSignal) => Promise<T>, isLive = true, keeps = false): Loaded<T> {
  const [state, setState] = useState<State<T>>({ key, isLoading: key !== null });
  const running = useRef<{ key: string; control: AbortController; isStale: boolean } | null>(null);
  const latest = useRef(load);
  latest.current = load;
  const version = isLive ? tick.value : 0;
  const back = away.value === null;

  const begin = (wanted: string): void => {
    const current = running.current;
    if (current?.key === wanted) { current.isStale = true; return; }
    current?.control.abort();
    const mine = { key: wanted, control: new AbortController(), isStale: false };
    running.current = mine;
    setState((before) => (before.key === wanted ? { ...before, isLoading: true } : { key: wanted, data: keeps ? before.data : undefined, isLoading: true }));
    const end = (result: Partial<State<T>>): void => {
      if (running.current !== mine) return;
      running.current = null;
      setState((before) => ({ key: wanted, data: before.data, isLoading: false, ...result }));
      if (mine.isStale) begin(wanted);
    };
    latest.current(mine.control.signal).then(
      (data) => end({ data, error: undefined }),
      // While the service is away, what was loaded stays as it is.
      (error: Error) => end(error instanceof Away ? {} : { error }),
    );
  };

  useEffect(() => { if (key !== null && back) begin(key); }, [key, version, back]);
  useEffect(() => () => { running.current?.control.abort(); running.current = null; }, []);

  const isOf = state.key === key || keeps;
  return {
    data: isOf ? state.data : undefined,
    error: state.key === key ? state.error : undefined,
    isLoading: key !== null && (state.isLoading || !isOf),
    reload: () => { if (key !== null) begin(key); },
  };
}

const WATCH_MS = 2_000;

/** Also what changes without an event is loaded again, while somebody looks. */
export function useWatched<T>(key: string | null, load: (signal: AbortSignal) => Promise<T>): Loaded<T> {
  const loaded = useLoaded(key, load);
  const latest = useRef(loaded);
  latest.current = loaded;
  useEffect(() => {
    const timer = setInterval(() => {
      const { isLoading, error, reload } = latest.current;
      if (!isLoading && !error && !document.hidden && away.peek() === null) reload();
    }, WATCH_MS);
    return () => clearInterval(timer);
  }, []);
  return loaded;
}

const SELDOM_MS = 5_000;

/** What is dear to make is loaded again only now and then when something happened. */
export function useSeldom<T>(loaded: Loaded<T>, isOn: boolean): void {
  const latest = useRef(loaded);
  latest.current = loaded;
  useEffect(() => {
    if (!isOn) return undefined;
    let seen = tick.peek();
    const timer = setInterval(() => {
      const { isLoading, error, reload } = latest.current;
      if (seen === tick.peek() || isLoading || error || document.hidden || away.peek() !== null) return;
      seen = tick.peek();
      reload();
    }, SELDOM_MS);
    return () => clearInterval(timer);
  }, [isOn]);
}

/** A value that follows another one when that has rested. */
export function useRested<T>(value: T, ms: number): T {
  const [rested, setRested] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setRested(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return rested;
}

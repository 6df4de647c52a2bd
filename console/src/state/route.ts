// Where in the console one is: the part of the address behind `#`. It never contains a key.
import { computed, signal } from "@preact/signals";
import { part } from "../api/client";

const hash = signal(location.hash);
addEventListener("hashchange", () => { hash.value = location.hash; });

export interface Route { segments: string[]; query: URLSearchParams }

function decoded(text: string): string {
  try { return decodeURIComponent(text); } catch { return text; }
}

export const route = computed<Route>(() => {
  const [path = "", query = ""] = hash.value.replace(/^#\/?/, "").split("?", 2);
  return { segments: path.split("/").filter(Boolean).map(decoded), query: new URLSearchParams(query) };
});

export const to = {
  overview: () => "#/",
  users: (q?: string) => (q ? `#/users?q=${part(q)}` : "#/users"),
  user: (id: string) => `#/users/${part(id)}`,
  event: (number: number) => `#/events/${number}`,
  events: (query?: string) => (query ? `#/events?${query}` : "#/events"),
  holds: () => "#/holds",
  schedules: () => "#/schedules",
  coins: () => "#/coins",
  webhooks: () => "#/webhooks",
  webhook: (id: string) => `#/webhooks/${part(id)}`,
  keys: () => "#/keys",
  group: () => "#/group",
};

export function go(address: string): void { location.hash = address; }

/** Replaces the query of the address without a step in the history. */
export function setQuery(values: Record<string, string>): void {
  const path = hash.value.split("?")[0] || "#/";
  const pairs = Object.entries(values).filter(([, value]) => value !== "");
  const query = pairs.map(([name, value]) => `${name}=${part(value)}`).join("&");
  const next = query ? `${path}?${query}` : path;
  if (next === hash.value) return;
  history.replaceState(null, "", next);
  hash.value = next;
}

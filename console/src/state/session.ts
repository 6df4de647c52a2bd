// Who is signed in. A key is kept with the tab, or on this device if asked.
import { computed, signal } from "@preact/signals";
import { apiKey, Away, Problem, rejected, send, written } from "../api/client";
import type { Cluster, OwnKey, Right } from "../api/types";

const NAME = "tocos-key";
const ORDER: Right[] = ["read", "spend", "grant", "admin"];

export type Phase = "starting" | "signed_out" | "in" | "refused";
export const phase = signal<Phase>("starting");
/** Why one is signed out or refused, in words. */
export const reason = signal("");
export const own = signal<OwnKey | null>(null);
export const cluster = signal<Cluster | null>(null);
export const version = signal("");
/** The last durable event that is known. */
export const lastEvent = signal(0);

/** Whether the key allows what takes this right. */
export const may = (right: Right): boolean => own.value !== null && ORDER.indexOf(own.value.right) >= ORDER.indexOf(right);
export const isGroup = computed(() => cluster.value !== null && cluster.value.role !== "alone");

function stored(): string {
  try { return sessionStorage.getItem(NAME) ?? localStorage.getItem(NAME) ?? ""; } catch { return ""; }
}

function forget(): void {
  try { sessionStorage.removeItem(NAME); localStorage.removeItem(NAME); } catch { /* There is nothing to forget. */ }
}

async function enter(key: string): Promise<void> {
  own.value = await send<OwnKey>({ method: "GET", path: "/v1/keys/self", key });
  apiKey.value = own.value.id === null ? "" : key;
  cluster.value = await send<Cluster>({ method: "GET", path: "/v1/cluster", key });
  lastEvent.value = cluster.value.last_event;
  written.isGroup = cluster.value.role !== "alone";
  version.value = (await send<{ version: string }>({ method: "GET", path: "/version", key })).version;
  phase.value = "in";
  reason.value = "";
}

/** With the stored key, or without one where none is needed. */
export async function start(): Promise<void> {
  try {
    await enter(stored());
  } catch (error) {
    if (error instanceof Problem && error.status === 401) {
      if (stored()) reason.value = error.message;
      forget();
      phase.value = "signed_out";
    } else if (error instanceof Away) {
      setTimeout(() => { void start(); }, 1_000);
    } else {
      reason.value = error instanceof Error ? error.message : String(error);
      phase.value = "refused";
    }
  }
}

/** Throws a problem if the key is not accepted. */
export async function signIn(key: string, stay: boolean): Promise<void> {
  await enter(key);
  forget();
  try { (stay ? localStorage : sessionStorage).setItem(NAME, key); } catch { /* It is then kept in memory alone. */ }
}

export function signOut(words = ""): void {
  forget();
  apiKey.value = "";
  own.value = null;
  reason.value = words;
  phase.value = "signed_out";
}

rejected.handler = (problem) => { if (phase.value === "in") signOut(problem.message); };

// The coins and their decimals, which every amount is shown with.
import { signal } from "@preact/signals";
import { get } from "../api/client";
import type { Coin } from "../api/types";

export const coins = signal<Coin[]>([]);

export async function loadCoins(signal?: AbortSignal): Promise<Coin[]> {
  const loaded = (await get<{ coins: Coin[] }>("/v1/coins", signal)).coins;
  coins.value = loaded;
  return loaded;
}

export const decimalsOf = (code: string): number => coins.value.find((coin) => coin.code === code)?.decimals ?? 0;

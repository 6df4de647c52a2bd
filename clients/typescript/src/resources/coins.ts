// Coins, and limits that hold for all accounts of one.
import { path } from "../transport.js";
import type { ReadOptions, WriteOptions } from "../options.js";
import { Resource } from "./resource.js";
import type { Coin, CoinBody, CoinEvent, NoteBody, SpendLimitBody, SpendLimitEvent, ThresholdsBody, ThresholdsEvent } from "../types.js";

export class Coins extends Resource {
  /** All coins: how much was issued, spent, expired, and is outstanding and held. */
  async list(options: ReadOptions = {}): Promise<Coin[]> {
    return (await this.read<{ coins: Coin[] }>("/v1/coins", options)).coins;
  }

  get(coin: string, options: ReadOptions = {}): Promise<Coin> {
    return this.read(path`/v1/coins/${coin}`, options);
  }

  /** Makes a coin, or replaces its metadata. */
  put(coin: string, body: CoinBody = {}, options: WriteOptions = {}): Promise<CoinEvent> {
    return this.write("PUT", path`/v1/coins/${coin}`, body, options);
  }

  /** Sets how much each account of the coin may spend within a time. */
  setSpendLimit(coin: string, body: SpendLimitBody & { amount: number }, options: WriteOptions = {}): Promise<SpendLimitEvent> {
    return this.write("PUT", path`/v1/coins/${coin}/spend-limit`, body, options);
  }

  removeSpendLimit(coin: string, body: NoteBody = {}, options: WriteOptions = {}): Promise<SpendLimitEvent> {
    return this.write("PUT", path`/v1/coins/${coin}/spend-limit`, body, options);
  }

  /** Sets amounts of available coins for all accounts of the coin; events that cross one say so. */
  setThresholds(coin: string, body: ThresholdsBody, options: WriteOptions = {}): Promise<ThresholdsEvent> {
    return this.write("PUT", path`/v1/coins/${coin}/thresholds`, body, options);
  }
}

// API keys.
import { KeySecretLostError } from "../errors.js";
import { path } from "../transport.js";
import type { ReadOptions, WriteOptions } from "../options.js";
import { Resource } from "./resource.js";
import type { Event, Key, KeyBody, NewKey, NoteBody, OwnKey } from "../types.js";

export class Keys extends Resource {
  async list(options: ReadOptions = {}): Promise<Key[]> {
    return (await this.read<{ keys: Key[] }>("/v1/keys", options)).keys;
  }

  /**
   * Makes a key. Its `secret` is in this response only. If the response is lost on its way, the retry finds the key made and no secret: then
   * this throws a `KeySecretLostError` with its id. (A dry run returns no secret.)
   */
  async create(body: KeyBody, options: WriteOptions = {}): Promise<NewKey> {
    const key = await this.write<NewKey>("POST", "/v1/keys", body, options);
    if (key.secret === undefined && !options.dryRun) {
      throw new KeySecretLostError(key.id, { idempotencyKey: key.idempotency_key, mayHaveBeenApplied: true });
    }
    return key;
  }

  /** The key that this client has. Without keys its `id` is null and its `right` is `admin`. */
  self(options: ReadOptions = {}): Promise<OwnKey> {
    return this.read("/v1/keys/self", options);
  }

  revoke(id: number, body: NoteBody = {}, options: WriteOptions = {}): Promise<Event> {
    return this.write("POST", path`/v1/keys/${id}/revoke`, body, options);
  }
}

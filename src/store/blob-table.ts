/**
 * Blobs as rows of chunks, where every hub on the database sees them; also for a store in memory.
 *
 * Rows and not PostgreSQL's large objects: they go through the same port and the same backup as all
 * else, a reader meets no permission of its own, and what is left over is found by a query. Each
 * chunk is a transaction of its own under the place of its upload, so that no long one holds the
 * database; the blob's row, written with what names it, is what makes the chunks count.
 */
import { createHash } from 'node:crypto';
import type { Random } from '../core/random.ts';
import type { Blobs, Checks, Range, Received, Written } from './blobs.ts';
import { BlobMissingError } from './blobs.ts';
import {
  dropChunks,
  dropUnnamed,
  findChunk,
  findRow,
  insertChunk,
  keepRow,
  listLeftPlaces,
} from './blob-rows.ts';
import type { Store } from './db.ts';

const CHUNK_BYTES = 1024 * 1024;
/** Longer than any upload lasts: another hub may be writing. */
const LEFT_MS = 2 * 60 * 60_000;
const SWEPT_AT_ONCE = 100;

export interface TableOptions {
  store: Store;
  random: Random;
  nowMs: () => number;
}

export function tableBlobs(options: TableOptions): Blobs {
  return new TableBlobs(options);
}

class TableBlobs implements Blobs {
  readonly #options: TableOptions;

  constructor(options: TableOptions) {
    this.#options = options;
  }

  async write(body: AsyncIterable<Uint8Array>, checks: Checks): Promise<Written> {
    const place = Buffer.from(this.#options.random.bytes(16)).toString('hex');
    try {
      const { sha256, bytes } = await this.#receive(place, body, checks);
      return {
        sha256,
        bytes,
        keep: (tx, nowMs) => keepRow(tx, { sha256, bytes, place }, nowMs),
        release: () => this.#release(sha256, place),
      };
    } catch (error) {
      // A sweep finds what a database that is away leaves behind now.
      await this.#drop(place).catch(() => {});
      throw error;
    }
  }

  async *read(sha256: string, { start, end }: Range): AsyncGenerator<Uint8Array> {
    const { read } = this.#options.store;
    const row = await findRow(read, sha256);
    if (row === undefined) throw new BlobMissingError(`blob ${sha256} is not there`);
    for (let at = start; at < end;) {
      const number = Math.floor(at / CHUNK_BYTES);
      const from = number * CHUNK_BYTES;
      const chunk = await findChunk(read, row.place, number);
      const part = chunk?.data.subarray(at - from, end - from);
      if (part === undefined || part.length === 0) {
        throw new BlobMissingError(`chunk ${number} of blob ${sha256} is not there`);
      }
      yield part;
      at += part.length;
    }
  }

  async sweep(nowMs: number): Promise<number> {
    const { store } = this.#options;
    await store.transaction((tx) => dropUnnamed(tx, nowMs - LEFT_MS));
    const left = await listLeftPlaces(store.read, nowMs - LEFT_MS, SWEPT_AT_ONCE);
    for (const { place } of left) await this.#drop(place);
    return left.length;
  }

  async #receive(
    place: string,
    body: AsyncIterable<Uint8Array>,
    checks: Checks,
  ): Promise<Received> {
    const hash = createHash('sha256');
    let bytes = 0;
    let number = 0;
    for await (const data of wholeChunks(body, checks)) {
      hash.update(data);
      bytes += data.length;
      const chunk = { place, number: number++, data, writtenAtMs: this.#options.nowMs() };
      await this.#options.store.transaction((tx) => insertChunk(tx, chunk));
    }
    const received = { sha256: hash.digest('hex'), bytes };
    checks.end(received);
    return received;
  }

  /**
   * The same content may have been there before. Where no row is found it is left to a sweep: the
   * transaction whose connection was lost may be committed yet.
   */
  async #release(sha256: string, place: string): Promise<void> {
    const row = await findRow(this.#options.store.read, sha256);
    if (row !== undefined && row.place !== place) await this.#drop(place);
  }

  async #drop(place: string): Promise<void> {
    await this.#options.store.transaction((tx) => dropChunks(tx, place));
  }
}

/** The same bytes in chunks of one size; only the last one is smaller. */
async function* wholeChunks(
  body: AsyncIterable<Uint8Array>,
  checks: Checks,
): AsyncGenerator<Uint8Array> {
  let buffer = new Uint8Array(CHUNK_BYTES);
  let filled = 0;
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    checks.bytes(bytes);
    for (let from = 0; from < chunk.length;) {
      const part = chunk.subarray(from, from + CHUNK_BYTES - filled);
      buffer.set(part, filled);
      from += part.length;
      filled += part.length;
      if (filled < CHUNK_BYTES) continue;
      yield buffer;
      buffer = new Uint8Array(CHUNK_BYTES);
      filled = 0;
    }
  }
  if (filled > 0) yield buffer.subarray(0, filled);
}

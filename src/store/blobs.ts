/**
 * The port of blobs: files of any size, streamed in and out, kept once under the hash of their
 * content. Two adapters: a folder, for a hub that is alone with its disk, and a table of chunks,
 * where several hubs share one database.
 *
 * Invariants
 * - What `write` has answered is on disk in full, but it belongs to nobody yet. The transaction
 *   that names it calls `keep`; whatever came of that transaction, `release` is called after it.
 * - A sweep takes only what no row names and nobody is about to name, so a blob that was kept is
 *   there as long as its row is. What a crash left behind is named by no row.
 */
import type { Tx } from './db.ts';
import { StoreError } from './errors.ts';

export interface Written extends Received {
  /** In the transaction that names it, which may be run again. */
  keep(tx: Tx, nowMs: number): Promise<void>;
  /** After that transaction, also where it failed. */
  release(): Promise<void>;
}

/** What a stream must pass; each throws where it does not. */
export interface Checks {
  /** Sees how many bytes have come, before the last of them are written. */
  bytes(soFar: number): void;
  end(received: Received): void;
}

export interface Received {
  sha256: string;
  bytes: number;
}

export interface Range {
  start: number;
  /** The first byte that is left out. */
  end: number;
}

export interface Blobs {
  /** Reads the stream to its end. Leaves nothing behind where the stream throws, or a check. */
  write(body: AsyncIterable<Uint8Array>, checks: Checks): Promise<Written>;
  /** Throws BlobMissingError where it is not there. */
  read(sha256: string, range: Range): AsyncIterable<Uint8Array>;
  /** Removes what no row names; answers how many blobs that were. */
  sweep(nowMs: number): Promise<number>;
}

/** The database names it, and its bytes are not there: only a backup brings it back. */
export class BlobMissingError extends StoreError {
  override readonly name = 'BlobMissingError';
}

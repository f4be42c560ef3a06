/** The rows that say which blobs are kept, and the chunks of those that lie in the database. */
import type { Db, Tx } from './db.ts';
import { limitTo, sql } from './sql.ts';

export interface BlobRow {
  sha256: string;
  bytes: number;
  /** Which chunks are its own; empty where it is a file. */
  place: string;
}

/** Keeps the place that was there first. */
export async function keepRow(tx: Tx, row: BlobRow, nowMs: number): Promise<void> {
  await tx.run(sql`
    insert into blobs (sha256, bytes, place, kept_at_ms)
    values (${row.sha256}, ${row.bytes}, ${row.place}, ${nowMs})
    on conflict (sha256) do update set kept_at_ms = excluded.kept_at_ms`);
}

export function findRow(db: Db, sha256: string): Promise<BlobRow | undefined> {
  return db.get(sql`select sha256, bytes, place from blobs where sha256 = ${sha256}`);
}

/** Those that nothing names, and that were not named anew since `beforeMs`. */
export function dropUnnamed(tx: Tx, beforeMs: number): Promise<number> {
  return tx.run(sql`
    delete from blobs where kept_at_ms < ${beforeMs}
      and not exists (select 1 from artifacts where artifacts.sha256 = blobs.sha256)`);
}

export interface Chunk {
  place: string;
  number: number;
  data: Uint8Array;
  writtenAtMs: number;
}

export async function insertChunk(tx: Tx, chunk: Chunk): Promise<void> {
  await tx.run(sql`
    insert into blob_chunks (place, number, data, written_at_ms)
    values (${chunk.place}, ${chunk.number}, ${chunk.data}, ${chunk.writtenAtMs})`);
}

export function findChunk(
  db: Db,
  place: string,
  number: number,
): Promise<{ data: Uint8Array } | undefined> {
  return db.get(sql`select data from blob_chunks where place = ${place} and number = ${number}`);
}

/** Places that no blob names and that nobody has written to since `beforeMs`. */
export function listLeftPlaces(
  db: Db,
  beforeMs: number,
  limit: number,
): Promise<{ place: string }[]> {
  return db.all(sql`
    select place from blob_chunks
    where not exists (select 1 from blobs where blobs.place = blob_chunks.place)
    group by place having max(written_at_ms) < ${beforeMs} order by place ${limitTo(limit)}`);
}

export async function dropChunks(tx: Tx, place: string): Promise<void> {
  await tx.run(sql`delete from blob_chunks where place = ${place}`);
}

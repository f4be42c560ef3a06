/** Both places of blobs: in and out whole, once for each content, and nothing left of what failed. */
import { createHash } from 'node:crypto';
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { seededRandom } from '../core/random.ts';
import {
  eachEngine,
  openTestStore,
  testFolder,
  type TestEngine,
} from '../../test/support/engines.ts';
import { openFolderBlobs } from './blob-folder.ts';
import { tableBlobs } from './blob-table.ts';
import { BlobMissingError, type Blobs, type Checks, type Written } from './blobs.ts';
import type { Store } from './db.ts';
import { sql } from './sql.ts';

const MIB = 1024 * 1024;
const DAY_MS = 24 * 60 * 60_000;
const anything: Checks = { bytes: () => {}, end: () => {} };

interface Place {
  store: Store;
  blobs: Blobs;
  /** How many contents and halves of contents lie there. */
  count: () => Promise<number>;
}

async function inTable(engine: TestEngine): Promise<Place> {
  const { store } = await openTestStore(engine);
  const blobs = tableBlobs({ store, random: seededRandom(1), nowMs: () => 1_000 });
  const places = sql`select count(distinct place) as count from blob_chunks`;
  const count = async () => (await store.read.get<{ count: number }>(places))?.count ?? 0;
  return { store, blobs, count };
}

async function inFolder(engine: TestEngine): Promise<Place & { folder: string }> {
  const { store } = await openTestStore(engine);
  const folder = testFolder();
  const blobs = await openFolderBlobs({ store, folder, random: seededRandom(1) });
  return { store, blobs, folder, count: async () => filesIn(folder).length };
}

function filesIn(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

/** Names it as an artifact does. */
async function named(store: Store, blob: Written): Promise<void> {
  await store.transaction(async (tx) => {
    await blob.keep(tx, 1_000);
    await tx.run(sql`insert into cases (project, id, version, state, created_at_ms, updated_at_ms,
      updated_by) values ('default', 'abc', 1, '{}', 1, 1, 'ada') on conflict do nothing`);
    await tx.run(sql`insert into artifacts (id, project, case_id, stage, name, version, is_latest,
      media_type, bytes, sha256, uploaded_by, created_at_ms) values (${blob.sha256}, 'default',
      'abc', 's', ${blob.sha256}, 1, 1, 'text/plain', ${blob.bytes}, ${blob.sha256}, 'ada', 1)
      on conflict do nothing`);
  });
  await blob.release();
}

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function* breakingOff(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(3 * MIB);
  throw new Error('the wire broke');
}

function hashOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function placeTests(open: () => Promise<Place>): void {
  test('what goes in comes out, in any pieces and any range', async () => {
    const { store, blobs } = await open();
    const size = fc.oneof(
      fc.nat({ max: 2_000 }),
      fc.constantFrom(0, 1, MIB - 1, MIB, MIB + 1, 2 * MIB, 2 * MIB + 7),
    );
    const cut = fc.double({ min: 0, max: 1, noNaN: true });
    const example = fc.tuple(size, fc.integer({ min: 1, max: 700_000 }), cut, cut, fc.nat());
    await fc.assert(
      fc.asyncProperty(example, async ([length, piece, one, other, seed]) => {
        const bytes = seededRandom(seed).bytes(length);
        const blob = await blobs.write(
          inPieces(bytes, length < 2_000 ? 1 + (piece % 97) : 8_000 + piece),
          anything,
        );
        expect(blob).toMatchObject({ bytes: length, sha256: hashOf(bytes) });
        await named(store, blob);
        const [start = 0, end = 0] = [one, other]
          .map((part) => Math.floor(part * length))
          .toSorted((a, b) => a - b);
        for (const range of [
          { start: 0, end: length },
          { start, end },
        ]) {
          const read = await buffer(blobs.read(blob.sha256, range));
          expect(read.equals(bytes.subarray(range.start, range.end))).toBe(true);
        }
      }),
      { numRuns: 12 },
    );
  });

  test('the same content is kept once', async () => {
    const { store, blobs, count } = await open();
    for (let round = 0; round < 3; round++) {
      await named(store, await blobs.write(inPieces(Buffer.from('the same'), 2), anything));
    }
    expect(await count()).toBe(1);
  });

  test('a stream that breaks off, and one that is refused, leave nothing behind', async () => {
    const { blobs, count } = await open();
    await expect(blobs.write(breakingOff(), anything)).rejects.toThrow('the wire broke');
    const tooLong = {
      ...anything,
      bytes(soFar: number) {
        if (soFar > 2 * MIB) throw new Error('too long');
      },
    };
    const bytes = new Uint8Array(3 * MIB);
    await expect(blobs.write(inPieces(bytes, 100_000), tooLong)).rejects.toThrow('too long');
    const end = () => {
      throw new Error('not what was declared');
    };
    await expect(blobs.write(inPieces(bytes, MIB), { ...anything, end })).rejects.toThrow(
      'declared',
    );
    expect(await count()).toBe(0);
  });

  test('a sweep takes what nothing names and leaves what is named, or about to be', async () => {
    const { store, blobs, count } = await open();
    const kept = await blobs.write(inPieces(Buffer.from('kept'), 1), anything);
    await named(store, kept);
    const lost = await blobs.write(inPieces(Buffer.from('lost'), 1), anything);
    await lost.release();
    const pending = await blobs.write(inPieces(Buffer.from('pending'), 1), anything);
    expect(await count()).toBe(3);
    await blobs.sweep(1_000);
    await named(store, pending);
    await blobs.sweep(DAY_MS);
    expect(await count()).toBe(2);
    for (const [blob, text] of [
      [kept, 'kept'],
      [pending, 'pending'],
    ] as const) {
      const range = { start: 0, end: blob.bytes };
      expect((await buffer(blobs.read(blob.sha256, range))).toString()).toBe(text);
    }
  });

  test('a content that is not there is an error of its own', async () => {
    const { blobs } = await open();
    const read = buffer(blobs.read(hashOf(Buffer.from('x')), { start: 0, end: 1 }));
    await expect(read).rejects.toBeInstanceOf(BlobMissingError);
  });
}

eachEngine((engine) => {
  describe('in the database', () => placeTests(() => inTable(engine)));
  describe.skipIf(engine === 'postgres')('in a folder', () => placeTests(() => inFolder(engine)));
});

test('a folder is emptied of what an earlier process was receiving', async () => {
  const { store, folder } = await inFolder('sqlite memory');
  writeFileSync(join(folder, 'incoming', 'half'), 'half of it');
  const again = await openFolderBlobs({ store, folder, random: seededRandom(1) });
  expect(filesIn(folder)).toEqual([]);
  await named(store, await again.write(inPieces(Buffer.from('whole'), 2), anything));
  expect(filesIn(folder)).toHaveLength(1);
});

test('a folder that is gone is told as a store that cannot be used, not by its path', async () => {
  const { blobs, folder } = await inFolder('sqlite memory');
  rmSync(folder, { recursive: true });
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const write = blobs.write(inPieces(Buffer.from('x'), 1), anything);
  await expect(write).rejects.toMatchObject({ name: 'StoreUnavailableError' });
  await expect(write).rejects.not.toThrow(folder);
});

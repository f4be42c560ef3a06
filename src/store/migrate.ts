/**
 * Brings a database up to what this program knows. Migrations are numbered texts, applied in order,
 * each in a transaction together with its line in the `migrations` table: whenever it is killed,
 * the next start goes on from there. Two hubs that start at once take turns, migration by
 * migration.
 *
 * What was applied is never edited: a text whose checksum differs from what the database has
 * recorded, and a database with a migration that is not known here, are refused.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import type { EngineStore, ScriptTx } from './db.ts';
import { StoreDamagedError, StoreError } from './errors.ts';
import { sql } from './sql.ts';

export interface Migration {
  number: number;
  name: string;
  text: string;
}

type Engine = EngineStore['engine'];

const FOLDER = new URL('./migrations/', import.meta.url);
const FILE_NAME = /^(\d{4})_([a-z0-9_-]+?)(?:\.(sqlite|postgres))?\.sql$/;

/** Reads `NNNN_name.sql`, or of a pair `NNNN_name.sqlite.sql`/`.postgres.sql` the engine's one. */
export function loadMigrations(engine: Engine, folder: URL = FOLDER): Migration[] {
  const migrations: Migration[] = [];
  const files = readdirSync(folder).toSorted();
  for (const file of files) {
    const [, digits, name, only] = FILE_NAME.exec(file) ?? [];
    if (digits === undefined || name === undefined) {
      throw new StoreError(`${file} is not named like a migration`);
    }
    if (only !== undefined && only !== engine) {
      if (files.includes(`${digits}_${name}.${engine}.sql`)) continue;
      throw new StoreError(`${file} has no partner for ${engine}`);
    }
    const text = readFileSync(new URL(file, folder), 'utf8');
    migrations.push({ number: Number(digits), name, text });
  }
  migrations.forEach((migration, index) => {
    if (migration.number === index + 1) return;
    throw new StoreError(`migrations are not numbered in a row at ${migration.name} for ${engine}`);
  });
  return migrations;
}

/** Answers how many migrations were applied. */
export async function migrate(store: EngineStore, migrations: Migration[]): Promise<number> {
  await store.transaction(prepareTable);
  let count = 0;
  while (await store.transaction((tx) => applyNext(tx, migrations))) count++;
  return count;
}

async function prepareTable(tx: ScriptTx): Promise<void> {
  await tx.get(tx.dialect.lockMigrations);
  await tx.script(`create table if not exists migrations (
    number bigint primary key, name text not null, checksum text not null)`);
}

async function applyNext(tx: ScriptTx, migrations: Migration[]): Promise<boolean> {
  await tx.get(tx.dialect.lockMigrations);
  const applied = await tx.all<AppliedRow>(
    sql`select number, name, checksum from migrations order by number`,
  );
  for (const row of applied) checkApplied(row, migrations[row.number - 1]);
  const next = migrations[applied.length];
  if (next === undefined) return false;
  await tx.script(next.text);
  await tx.run(sql`insert into migrations (number, name, checksum)
    values (${next.number}, ${next.name}, ${checksum(next)})`);
  return true;
}

interface AppliedRow {
  number: number;
  name: string;
  checksum: string;
}

function checkApplied(row: AppliedRow, known: Migration | undefined): void {
  if (known === undefined) {
    throw new StoreDamagedError(
      `the database has migration ${row.number} (${row.name}), which this version does not know: ` +
        'it was made by a newer Signalbox; update this one',
    );
  }
  if (row.checksum === checksum(known)) return;
  throw new StoreDamagedError(
    `migration ${row.number} (${known.name}) was changed after it was applied to this database: ` +
      'use the version that made it, or restore the text of the migration',
  );
}

function checksum(migration: Migration): string {
  return createHash('sha256').update(migration.text).digest('hex');
}

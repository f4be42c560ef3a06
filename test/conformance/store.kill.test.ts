/**
 * What was answered is there after `kill -9`, and nothing is there by half: with a real process.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, onTestFinished, test } from 'vitest';
import { systemRandom } from '../../src/core/random.ts';
import { sql } from '../../src/store/sql.ts';
import { openSqlite } from '../../src/store/sqlite.ts';
import { testFolder } from '../support/engines.ts';

const ROUNDS = 12;
const WRITERS = 8;

/**
 * Writes pairs from many writers at once, refuses every fifth, and prints each number that was
 * answered.
 */
const PROGRAM = `
import { openSqlite } from ${moduleUrl('sqlite.ts')};
import { sql } from ${moduleUrl('sql.ts')};
const [file, round] = process.argv.slice(1);
const store = openSqlite({ file });
const table = 'create table if not exists pairs (id text, half integer)';
await store.transaction((tx) => tx.script(table));
const write = async (id, number) => {
  await store.transaction(async (tx) => {
    await tx.run(sql\`insert into pairs values (\${id}, 1)\`);
    if (number % 5 === 4) throw new Error('refused');
    await tx.run(sql\`insert into pairs values (\${id}, 2)\`);
  });
  process.stdout.write(id + '\\n');
};
for (let writer = 0; writer < ${WRITERS}; writer++) {
  void (async () => {
    for (let number = 0; ; number++) {
      await write([round, writer, number].join('-'), number).catch(() => 0);
    }
  })();
}`;

function moduleUrl(file: string): string {
  return JSON.stringify(new URL(`../../src/store/${file}`, import.meta.url).href);
}

test(
  'kill -9 loses nothing that was answered and leaves nothing by half',
  { timeout: 60_000 },
  async () => {
    const file = join(testFolder(), 'hub.db');
    const answered: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      answered.push(...(await writtenUntilKilled(file, round)));
      const store = openSqlite({ file });
      const counts = await store.read.all<{ id: string; halves: number }>(
        sql`select id, count(*) as halves from pairs group by id`,
      );
      await store.close();
      const halves = new Map(counts.map((row) => [row.id, row.halves]));
      expect(answered.filter((id) => halves.get(id) !== 2)).toEqual([]);
      expect(counts.filter((row) => row.halves !== 2)).toEqual([]);
    }
    expect(answered.length).toBeGreaterThan(ROUNDS * WRITERS);
  },
);

/** Lets the program write for a random while after its first answer. */
async function writtenUntilKilled(file: string, round: number): Promise<string[]> {
  const words = ['--input-type=module-typescript', '-e', PROGRAM, file, String(round)];
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const answers: string[] = [];
  const enough = 1 + Math.floor(systemRandom().fraction() * 2000);
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => {
    answers.push(line);
    if (answers.length === enough) child.kill('SIGKILL');
  });
  await Promise.all([once(child, 'exit'), once(lines, 'close')]);
  // The last line may have been cut by the kill.
  return answers.filter((line) => /^\d+-\d+-\d+$/.test(line)).slice(0, -1);
}

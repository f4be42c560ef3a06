/**
 * The temporary PostgreSQL of the tests: it runs, and it leaves nothing, however its runner ends.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { Client } from 'pg';
import { expect, inject, onTestFinished, test } from 'vitest';
import { startPostgres } from '../support/postgres.ts';

const isSkipped = inject('postgresUrl') === null;

function folderOf(url: string): string {
  return new URL(url).searchParams.get('host') ?? '';
}

async function answers(url: string): Promise<boolean> {
  const client = new Client(url);
  await client.connect();
  const { rows } = await client.query('select 1 as one');
  await client.end();
  return rows.length === 1;
}

test.skipIf(isSkipped)('it answers while it runs, and stopping removes its folder', async () => {
  const server = await startPostgres();
  if ('unavailable' in server) throw new Error(server.unavailable);
  onTestFinished(() => server.stop());
  expect(await answers(server.url)).toBe(true);
  await server.stop();
  expect(existsSync(folderOf(server.url))).toBe(false);
});

test.skipIf(isSkipped)('a runner that was killed leaves no server and no folder', async () => {
  const program = `
    const { startPostgres } = await import(${JSON.stringify(support('postgres.ts'))});
    console.log((await startPostgres()).url);
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [line] = await once(child.stdout, 'data');
  const url = String(line).trim();
  expect(await answers(url)).toBe(true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  await expect.poll(() => existsSync(folderOf(url)), { timeout: 20_000 }).toBe(false);
  await expect(answers(url)).rejects.toThrow();
});

test('where it cannot be had, the line that would help is said', async () => {
  const server = await startPostgres([]);
  expect('unavailable' in server ? server.unavailable : '').toMatch(
    /This would help: .*apt-get install -y postgresql$/,
  );
});

function support(file: string): string {
  return new URL(`../support/${file}`, import.meta.url).href;
}

import { mkdtemp, readdir, readFile, rm, stat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openRotatedLog } from './rotated-log.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'signalbox-log-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a log never holds more than its bound, and keeps what came last', async () => {
  const file = join(folder, 'deep', 'ada.log');
  const log = await openRotatedLog({ file, bytesMax: 1_000, filesMax: 3 });
  for (let number = 0; number < 500; number++) log.line(`line ${number}`);
  const names = (await readdir(join(folder, 'deep'))).sort();
  expect(names).toEqual(['ada.log', 'ada.log.1', 'ada.log.2']);
  let all = '';
  for (const name of names.toReversed()) {
    const text = await readFile(join(folder, 'deep', name), 'utf8');
    expect(text.length).toBeLessThanOrEqual(1_000);
    all += text;
  }
  const lines = all.trimEnd().split('\n');
  expect(lines.at(-1)).toBe('line 499');
  const first = 500 - lines.length;
  expect(lines).toEqual(lines.map((_, index) => `line ${first + index}`));
  expect((await stat(file)).mode & 0o777).toBe(0o600);
});

test('a log goes on where an earlier run ended', async () => {
  const file = join(folder, 'ada.log');
  (await openRotatedLog({ file })).line('before');
  (await openRotatedLog({ file })).line('after');
  expect(await readFile(file, 'utf8')).toBe('before\nafter\n');
});

test('what cannot be written harms nothing, and is counted', async () => {
  const file = join(folder, 'gone', 'ada.log');
  const log = await openRotatedLog({ file });
  await rm(join(folder, 'gone'), { recursive: true });
  log.line('lost');
  log.line('lost too');
  await mkdir(join(folder, 'gone'));
  log.line('here again');
  expect(await readFile(file, 'utf8')).toBe('\n… 2 lines could not be written\nhere again\n');
});

test('where old files cannot be moved on, the bound holds all the same', async () => {
  const file = join(folder, 'ada.log');
  const log = await openRotatedLog({ file, bytesMax: 100, filesMax: 2 });
  await mkdir(`${file}.1`);
  await mkdir(join(`${file}.1`, 'full'));
  for (let number = 0; number < 50; number++) log.line(`line ${number}`);
  expect((await stat(file)).size).toBeLessThanOrEqual(100);
});

test('a file that cannot be written is refused at the start', async () => {
  await expect(openRotatedLog({ file: folder })).rejects.toMatchObject({ code: 'invalid_input' });
});

import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { z } from 'zod';
import { openShelf, type Shelf } from './durable.ts';

let root: string;
let folder: string;
let aside: string[];
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sidecar-durable-'));
  folder = join(root, 'shelf');
  aside = [];
});
afterEach(() => rm(root, { recursive: true, force: true }));

const open = (): Promise<Shelf<{ count: number }>> =>
  openShelf({
    folder,
    schema: z.strictObject({ count: z.int() }),
    asideFolder: join(root, 'aside'),
    onAside: (path) => aside.push(path),
  });

test('what was put is found again, in the order of the names', async () => {
  const shelf = await open();
  await shelf.put('b', { count: 1 });
  await shelf.put('a', { count: 2 });
  await shelf.put('b', { count: 3 });
  expect(await (await open()).list()).toEqual([
    { name: 'a', value: { count: 2 } },
    { name: 'b', value: { count: 3 } },
  ]);
});

test('what was removed is gone, and removing it again does no harm', async () => {
  const shelf = await open();
  await shelf.put('a', { count: 1 });
  await shelf.remove('a');
  await shelf.remove('a');
  expect(await shelf.list()).toEqual([]);
});

test('nobody else may read the files', async () => {
  const shelf = await open();
  await shelf.put('a', { count: 1 });
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect((await stat(join(folder, 'a.json'))).mode & 0o777).toBe(0o600);
});

test('a file that was only half written leaves the one before in its place', async () => {
  await (await open()).put('a', { count: 1 });
  await writeFile(join(folder, 'a.json.half'), '{"cou');
  expect(await (await open()).list()).toEqual([{ name: 'a', value: { count: 1 } }]);
  expect(await readdir(folder)).toEqual(['a.json']);
});

test.each(['', '{"count":', '{"count":"1"}', '{"count":1,"more":2}', '\0\0\0'])(
  'a file that holds %j is set aside and told, and keeps its neighbours readable',
  async (text) => {
    const shelf = await open();
    await shelf.put('good', { count: 1 });
    for (const number of [1, 2]) {
      await writeFile(join(folder, 'bad.json'), text);
      expect(await shelf.list()).toEqual([{ name: 'good', value: { count: 1 } }]);
      expect(aside[number - 1]).toBe(join(root, 'aside', `bad.json.${number}`));
    }
    expect((await readdir(join(root, 'aside'))).sort()).toEqual(['bad.json.1', 'bad.json.2']);
  },
);

test('a value that cannot be written leaves nothing behind', async () => {
  const shelf = await open();
  await mkdir(join(folder, 'a.json'));
  await expect(shelf.put('a', { count: 1 })).rejects.toThrow();
  expect(await readdir(folder)).toEqual(['a.json']);
});

/** What a start says when its data cannot be opened: never that it is a defect of ours. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { errorTable } from '../contract/errors.ts';
import { makeHome } from './fixture.ts';

async function started(prepare: (folder: string) => Promise<void>) {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-trouble-'));
  const home = await makeHome();
  onTestFinished(async () => {
    await home.close();
    await rm(folder, { recursive: true });
  });
  await prepare(folder);
  return home.run(['start', '--port', '0', '--data', join(folder, 'data'), '--json']);
}

test('a damaged database is left as it is, and the way out is said', async () => {
  const { code, stderr } = await started(async (folder) => {
    await mkdir(join(folder, 'data'));
    await writeFile(join(folder, 'data', 'hub.db'), 'no database at all '.repeat(1_000));
  });
  expect(code).toBe(errorTable.unavailable.exit);
  expect(stderr).toContain('damaged');
  expect(stderr).toContain('backup');
});

test('a data folder that cannot be one is refused', async () => {
  const { code, stderr } = await started((folder) => writeFile(join(folder, 'data'), 'a file'));
  expect(code).toBe(errorTable.invalid_input.exit);
  expect(stderr).toContain('--data');
});

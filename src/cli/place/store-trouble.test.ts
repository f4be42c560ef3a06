/** What a start says when its data cannot be opened: never that it is a defect of ours. */
import { mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { errorTable } from '../../contract/errors.ts';
import { makeHome, type Ended, type Home } from '../fixture.ts';

interface Place {
  home: Home;
  folder: string;
}

async function makePlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-trouble-'));
  const home = await makeHome();
  onTestFinished(async () => {
    await home.close();
    await rm(folder, { recursive: true });
  });
  return { home, folder };
}

function start(data: string): string[] {
  return ['start', '--port', '0', '--data', data, '--json'];
}

async function started(prepare: (folder: string) => Promise<void>): Promise<Ended> {
  const { home, folder } = await makePlace();
  await prepare(folder);
  return home.run(start(join(folder, 'data')));
}

test('an empty address of a database is refused, not taken for whatever database is near', async () => {
  const { home, folder } = await makePlace();
  const ended = await home.run([...start(folder), '--database-url', '']);
  expect(ended.code).toBe(errorTable.invalid_input.exit);
  expect(ended.stderr).toContain('--database-url is empty.');
});

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

test.each([
  ['start', '--port', '0'],
  ['agent', 'run', '--name', 'ada', '--url', 'http://127.0.0.1:1', '--', 'true'],
  ['verifier', 'run', '--url', 'http://127.0.0.1:1'],
])('%s %s refuses a data folder that nobody can make', async (...words) => {
  const { home } = await makePlace();
  const at = words.indexOf('--');
  const line = words.toSpliced(at === -1 ? words.length : at, 0, '--data', '/proc/none/data');
  const running = home.start(line);
  await running.until('--data');
  expect(running.stderr()).toContain('/proc/none/data cannot be made');
  expect((await running.ended).code).toBe(errorTable.invalid_input.exit);
});

test('a data folder is made with all that is missing above it', async () => {
  const { home, folder } = await makePlace();
  const hub = home.start(start(join(folder, 'a', 'b', 'data')));
  await hub.until('"dataDir"');
  expect((await stat(join(folder, 'a', 'b'))).mode & 0o777).toBe(0o700);
});

test('a data folder that is in use is refused, naming the hub that has it', async () => {
  const { home, folder } = await makePlace();
  const hub = home.start(start(join(folder, 'data')));
  await hub.until('"dataDir"');
  const { url } = z.object({ url: z.string() }).parse(JSON.parse(hub.stdout()));
  const { code, stderr } = await home.run(start(join(folder, 'data')));
  expect(code).toBe(errorTable.unavailable.exit);
  expect(stderr).toContain(`It answers at ${url} (process ${hub.child.pid})`);
});

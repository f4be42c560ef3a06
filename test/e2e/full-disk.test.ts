/**
 * A disk that is really full under a hub, or under a sidecar whose command has filled it: what was
 * answered or made stays, what is new is refused, and all goes on when there is room again.
 */
import { readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { makeHome, type Home } from '../../src/cli/fixture.ts';
import type { Client } from '../../src/client/index.ts';
import { makePlace, type Place } from '../../src/git/fixture.ts';
import { refusal } from '../support/hub.ts';
import { tinyDisk } from '../support/tiny-disk.ts';
import { startHub } from './hub-process.ts';

const NO_DISK = 'a small file system can be mounted only by root';
const BODY_CHARS = 100_000;
const WAIT = { timeout: 30_000, interval: 50 };

let home: Home;
let place: Place;
let closing: (() => void)[];

beforeEach(async () => {
  home = await makeHome();
  place = await makePlace();
  closing = [];
});
afterEach(async () => {
  for (const close of closing) close();
  await home.close();
  await place.remove();
});

async function openHub(data?: string) {
  const opened = await startHub(home, { more: ['--no-verifier'], ...(data && { data }) });
  closing.push(opened.close);
  return opened;
}

/** Each task that is there, by its title. */
async function titles(client: Client): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.task.list({ limit: 200, cursor });
    found.push(...page.items.map(({ title }) => title));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return found.toSorted();
}

test('a hub whose disk is full keeps what it answered, refuses, and goes on with room', async ({
  skip,
}) => {
  const disk = tinyDisk('24m');
  if (disk === undefined) return skip(NO_DISK);
  const data = join(disk.folder, 'hub');
  const { hub, admin, url } = await openHub(data);
  // It ends with the home in any case.
  const wait = join(home.root, 'wait');
  await writeFile(wait, '');
  const command = ['sh', '-c', `while [ -e ${wait} ]; do sleep 0.05; done; echo done`];
  const sidecar = home.start(['agent', 'run', '--json', '--name', 'ada', '--', ...command]);
  await sidecar.until('"connected"');
  const answered: string[] = [];
  const submit = async (body = ''): Promise<string> => {
    const title = `task ${answered.length}`;
    const { id } = await admin.task.submit({ title, body });
    answered.push(title);
    return id;
  };
  const inHand = await submit();
  const stateOf = async (): Promise<string> => (await admin.task.show({ id: inHand })).task.state;
  await vi.waitFor(async () => expect(await stateOf()).toBe('running'), WAIT);

  disk.fill();
  const full = await refusal(
    (async () => {
      for (;;) await submit('x'.repeat(BODY_CHARS));
    })(),
  );
  expect(full).toMatchObject({ code: 'storage_full', hint: expect.stringMatching(/disk|room/) });
  expect(await titles(admin)).toEqual(answered.toSorted());
  await rm(wait);
  await sidecar.until('"ended"');
  expect((await refusal(submit('x'.repeat(BODY_CHARS)))).code).toBe('storage_full');
  expect((await fetch(`${url}/live`)).status).toBe(200);
  expect(await stateOf()).toBe('running');

  disk.clear();
  await submit('x'.repeat(BODY_CHARS));
  await vi.waitFor(async () => expect(await stateOf()).toBe('done'), WAIT);
  expect((await admin.task.show({ id: inHand })).attempts).toMatchObject([{ outcome: 'done' }]);
  hub.child.kill('SIGKILL');
  await hub.ended;
  const again = await openHub(data);
  expect(await titles(again.admin)).toEqual(answered.toSorted());
});

test('work under which the disk was filled is kept, and is pushed when there is room', async ({
  skip,
}) => {
  const disk = tinyDisk('24m');
  if (disk === undefined) return skip(NO_DISK);
  const repository = await place.remote('app');
  const { admin } = await openHub();
  const fill = `cat /dev/zero > ${disk.folder}/ballast`;
  const command = `echo x > made.txt; [ "$SIGNALBOX_ATTEMPT" != 1 ] || { ${fill}; exit 1; }`;
  const line = ['agent', 'run', '--json', '--name', 'ada', '--data', disk.folder];
  const sidecar = home.start([...line, '--', 'sh', '-c', command]);
  await sidecar.until('"connected"');
  const { id } = await admin.task.submit({ title: 'fill', repository });
  await sidecar.until('"kept"');
  await vi.waitFor(async () => {
    expect((await admin.task.show({ id })).task.state).toBe('queued');
  }, WAIT);
  sidecar.child.kill('SIGTERM');
  await sidecar.ended;

  disk.clear();
  const again = home.start([...line, '--', 'sh', '-c', command]);
  await again.until('"connected"');
  const { attempts } = await vi.waitFor(async () => {
    const shown = await admin.task.show({ id });
    expect(shown.task.state).toBe('verifying');
    return shown;
  }, WAIT);
  expect(attempts).toMatchObject([
    { outcome: 'failed', failure: expect.stringMatching(/No space left[^]*kept on the machine/) },
    { outcome: 'handed_in' },
  ]);
  for (const attempt of [1, 2]) {
    const made = () => place.plain(repository, 'show', `signalbox/${id}/${attempt}:made.txt`);
    await vi.waitFor(async () => expect(await made()).toBe('x'), WAIT);
  }
  const [folder = ''] = (await readdir(disk.folder)).filter((name) => name.startsWith('ada'));
  await vi.waitFor(async () => {
    for (const name of ['attempts', 'outbox', 'work']) {
      expect(await readdir(join(disk.folder, folder, name))).toEqual([]);
    }
  }, WAIT);
});

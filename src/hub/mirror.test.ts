/** The folder that shows the cases: kept current, made right again, and never left. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  eachEngine,
  openTestStore,
  testFolder,
  type TestEngine,
} from '../../test/support/engines.ts';
import { hubOn, reopen, type TestHub } from '../../test/support/hub.ts';
import type { Client } from '../client/index.ts';
import { limits } from '../contract/index.ts';
import { sql } from '../store/sql.ts';

interface Scene {
  hub: TestHub;
  ada: Client;
  person: Client;
  folder: string;
  /** Every file of the cases with its text. */
  files: () => Record<string, string>;
  /** Waits until the mirror has these files. */
  shows: (files: Record<string, string>) => Promise<void>;
  again: () => Promise<Omit<Scene, 'again'>>;
}

async function open(engine: TestEngine): Promise<Scene> {
  const { store, options } = await openTestStore(engine);
  const folder = join(testFolder(), 'mirror');
  const first = await sceneOf(await hubOn(store, { mirror: folder }), folder);
  return {
    ...first,
    async again() {
      await first.hub.close();
      return sceneOf(await reopen(options, { mirror: folder, clock: first.hub.clock }), folder);
    },
  };
}

async function sceneOf(hub: TestHub, folder: string): Promise<Omit<Scene, 'again'>> {
  const files = () => textsOf(join(folder, 'clients'));
  const shows = async (wanted: Record<string, string>): Promise<void> => {
    await expect
      .poll(async () => {
        await hub.pass(1);
        return files();
      })
      .toMatchObject(wanted);
  };
  const [ada, person] = [await hub.as('ada'), await hub.as('pat', 'operator')];
  return { hub, ada, person, folder, files, shows };
}

function textsOf(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const files = names.filter((name) => statSync(join(folder, name)).isFile());
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const state = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

async function filled({ ada, person }: Pick<Scene, 'ada' | 'person'>): Promise<void> {
  await person.pipeline.set({ name: 'max', stages: [{ name: 'pulse' }, { name: 'first' }] });
  await ada.case.put({ id: 'abc-123', state: { lead: 'x' }, pipeline: 'max' });
  await ada.artifact.upload({ caseId: 'abc-123', stage: 'first', name: 'b.txt' }, bytes('bee'));
  await ada.artifact.upload({ caseId: 'abc-123', name: 'a.txt' }, bytes('one'));
}

eachEngine((engine) => {
  test('each case is a folder with its state and the files of its stages', async () => {
    const scene = await open(engine);
    await filled(scene);
    await scene.shows({
      'abc-123/state.json': state({ lead: 'x' }),
      'abc-123/stage-1-pulse/a.txt': 'one',
      'abc-123/stage-2-first/b.txt': 'bee',
    });
    await scene.ada.case.patch({ id: 'abc-123', patch: { lead: 'y' } });
    await scene.ada.artifact.upload({ caseId: 'abc-123', name: 'a.txt' }, bytes('two'));
    await scene.ada.case.advance({ id: 'abc-123' });
    await scene.shows({
      'abc-123/state.json': state({ lead: 'y' }),
      'abc-123/stage-1-pulse/a.txt': 'two',
    });
    const about: unknown = JSON.parse(scene.files()['abc-123/case.json'] ?? '');
    expect(about).toMatchObject({ id: 'abc-123', version: 3, stage: 'first', pipeline: 'max' });
    const modes = Object.keys(scene.files()).map((name) => {
      return statSync(join(scene.folder, 'clients', name)).mode & 0o777;
    });
    expect(new Set(modes)).toEqual(new Set([0o444]));
  });

  test('what happened while the hub was away is shown when it is back', async () => {
    const scene = await open(engine);
    await filled(scene);
    await scene.shows({ 'abc-123/state.json': state({ lead: 'x' }) });
    await scene.ada.case.put({ id: 'abc-123', state: { lead: 'late' } });
    if (engine === 'sqlite memory') return;
    const back = await scene.again();
    await back.shows({ 'abc-123/state.json': state({ lead: 'late' }) });
  });
});

test('stages that change places take their files along', async () => {
  const scene = await open('sqlite memory');
  await filled(scene);
  await scene.shows({ 'abc-123/stage-1-pulse/a.txt': 'one' });
  await scene.person.pipeline.set({ name: 'max', stages: [{ name: 'first' }, { name: 'pulse' }] });
  await scene.shows({ 'abc-123/stage-2-pulse/a.txt': 'one' });
  expect(Object.keys(scene.files()).toSorted()).toEqual([
    'abc-123/case.json',
    'abc-123/stage-1-first/b.txt',
    'abc-123/stage-2-pulse/a.txt',
    'abc-123/state.json',
  ]);
});

test('a cursor that is gone, or is of another database, makes all of it anew', async () => {
  for (const cursor of ['not JSON', '{"cursor":999999}', '{"cursor":1}']) {
    const scene = await open('sqlite file');
    await filled(scene);
    await scene.shows({ 'abc-123/stage-1-pulse/a.txt': 'one' });
    await scene.hub.store.transaction((tx) => tx.run(sql`delete from events where seq < 5`));
    rmSync(join(scene.folder, '.cursor.json'));
    writeFileSync(join(scene.folder, '.cursor.json'), cursor);
    rmSync(join(scene.folder, 'clients'), { recursive: true });
    await (await scene.again()).shows({ 'abc-123/stage-1-pulse/a.txt': 'one' });
  }
});

test('what a process left half written, and a file that is not whole, is put right', async () => {
  const scene = await open('sqlite file');
  await filled(scene);
  await scene.shows({ 'abc-123/stage-1-pulse/a.txt': 'one' });
  const damaged = join(scene.folder, 'clients/abc-123/stage-1-pulse/a.txt');
  rmSync(damaged);
  writeFileSync(damaged, 'o');
  writeFileSync(join(scene.folder, '.incoming', '7'), 'half');
  await scene.ada.case.patch({ id: 'abc-123', patch: { n: 1 } });
  const back = await scene.again();
  await back.shows({ 'abc-123/stage-1-pulse/a.txt': 'one' });
  expect(readdirSync(join(scene.folder, '.incoming'))).toEqual([]);
});

test('no link leads the mirror out of its folder', async () => {
  const scene = await open('sqlite memory');
  const outside = testFolder();
  writeFileSync(join(outside, 'state.json'), 'mine');
  mkdirSync(join(scene.folder, 'clients'));
  symlinkSync(outside, join(scene.folder, 'clients/abc-123'));
  await filled(scene);
  await scene.shows({ 'abc-123/stage-1-pulse/a.txt': 'one' });
  const stage = join(scene.folder, 'clients/abc-123/stage-1-pulse');
  rmSync(stage, { recursive: true });
  symlinkSync(outside, stage);
  rmSync(join(scene.folder, 'clients/abc-123/state.json'));
  symlinkSync(join(outside, 'state.json'), join(scene.folder, 'clients/abc-123/state.json'));
  await scene.ada.case.patch({ id: 'abc-123', patch: { lead: 'z' } });
  await scene.shows({
    'abc-123/state.json': state({ lead: 'z' }),
    'abc-123/stage-1-pulse/a.txt': 'one',
  });
  expect(textsOf(outside)).toEqual({ 'state.json': 'mine' });
});

test('a pipe in the place of a file of ours does not stop the mirror', async () => {
  const scene = await open('sqlite file');
  await filled(scene);
  await scene.shows({ 'abc-123/stage-1-pulse/a.txt': 'one' });
  const pipe = (name: string): void => {
    rmSync(join(scene.folder, name));
    execFileSync('mkfifo', [join(scene.folder, name)]);
  };
  pipe('clients/abc-123/case.json');
  await scene.ada.case.patch({ id: 'abc-123', patch: { n: 1 } });
  await scene.shows({ 'abc-123/state.json': state({ lead: 'x', n: 1 }) });
  pipe('.cursor.json');
  await scene.ada.case.patch({ id: 'abc-123', patch: { n: 2 } });
  await (await scene.again()).shows({ 'abc-123/state.json': state({ lead: 'x', n: 2 }) });
});

test('a list of files that is longer than ours can be is not read', async () => {
  const scene = await open('sqlite memory');
  await filled(scene);
  await scene.shows({ 'abc-123/stage-1-pulse/a.txt': 'one' });
  const folder = join(scene.folder, 'clients/abc-123');
  const other = join(folder, 'stage-1-pulse/other.txt');
  writeFileSync(other, 'mine');
  rmSync(join(folder, 'case.json'));
  const artifacts = [{ path: 'stage-1-pulse/other.txt', sha256: 'x' }];
  const list = JSON.stringify({ artifacts }) + ' '.repeat(limits.mirrorListBytesMax);
  writeFileSync(join(folder, 'case.json'), list);
  await scene.ada.case.patch({ id: 'abc-123', patch: { n: 1 } });
  await scene.shows({ 'abc-123/state.json': state({ lead: 'x', n: 1 }) });
  expect(readFileSync(other, 'utf8')).toBe('mine');
});

test('a list of files that somebody else wrote makes the mirror delete nothing of theirs', async () => {
  const scene = await open('sqlite memory');
  await filled(scene);
  await scene.shows({ 'abc-123/stage-1-pulse/a.txt': 'one' });
  const outside = join(scene.folder, '..', 'precious');
  writeFileSync(outside, 'mine');
  const list = join(scene.folder, 'clients/abc-123/case.json');
  rmSync(list);
  const paths = [
    '../../../precious',
    'stage-1-../../../../precious',
    '/etc/passwd',
    'stage-1-x/..',
  ];
  const artifacts = paths.map((path) => ({ path, sha256: 'x' }));
  writeFileSync(list, JSON.stringify({ artifacts }));
  await scene.ada.case.patch({ id: 'abc-123', patch: { n: 1 } });
  await scene.shows({ 'abc-123/state.json': state({ lead: 'x', n: 1 }) });
  expect(readFileSync(outside, 'utf8')).toBe('mine');
});

test('a case that cannot be written holds up no other, and is tried again', async () => {
  const { store } = await openTestStore('sqlite memory');
  const folder = join(testFolder(), 'mirror');
  const defects: string[] = [];
  const hub = await hubOn(store, { mirror: folder, onDefect: (where) => defects.push(where) });
  const scene = await sceneOf(hub, folder);
  await scene.ada.case.put({ id: 'aaa', state: {}, stage: 'pulse' });
  const { sha256 } = await scene.ada.artifact.upload({ caseId: 'aaa', name: 'a' }, bytes('x'));
  await store.transaction((tx) =>
    tx.run(sql`update blobs set place = 'gone' where sha256 = ${sha256}`),
  );
  await scene.ada.case.put({ id: 'bbb', state: { b: 1 } });
  await scene.shows({ 'bbb/state.json': state({ b: 1 }) });
  expect(defects).toContain('mirror');
  const own = sql`select place from blob_chunks limit 1`;
  const place = (await store.read.get<{ place: string }>(own))?.place ?? '';
  await store.transaction((tx) => tx.run(sql`update blobs set place = ${place}`));
  await scene.shows({ 'aaa/stage-1-pulse/a': 'x', 'aaa/state.json': state({}) });
});
